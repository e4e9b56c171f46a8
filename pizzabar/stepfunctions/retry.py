"""
Retry and Catch: who handles an error, and after how long.

Pure: no clock, no randomness. Jitter comes in as a number between 0 and 1.

Rules (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html):
- the first retrier or catcher that matches an error handles it;
- each retrier counts its own attempts over one visit of the state; when they are used up, the catchers are asked;
- ``States.ALL`` matches all but ``States.Runtime`` and ``States.DataLimitExceeded``, ``States.TaskFailed`` all but
  ``States.Timeout`` and those two;
- ``States.Runtime`` is never retried;
- a missed heartbeat answers to ``States.HeartbeatTimeout`` and to ``States.Timeout``.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.stepfunctions.paths import Path
from pizzabar.stepfunctions.scope import Scope

Expression = Callable[[Scope], JSON]

ALL = "States.ALL"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"

MAX_DELAY = 31_622_400
"""Seconds that no delay exceeds: the bound of MaxDelaySeconds."""

_BEYOND_ALL = frozenset({RUNTIME, DATA_LIMIT_EXCEEDED})
_BEYOND_TASK_FAILED = _BEYOND_ALL | {TIMEOUT, HEARTBEAT_TIMEOUT}


@record
class Retrier:
    """One entry of a ``Retry`` field."""

    errors: tuple[str, ...]
    interval: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay: int | None = None
    has_jitter: bool = False

    def delay(self, attempt: int, jitter: float) -> timedelta:
        """Tell how long to wait before a retry; the first attempt is 0, and ``jitter`` is from 0 to 1."""
        try:
            seconds = self.interval * self.backoff_rate**attempt
        except OverflowError:
            seconds = MAX_DELAY
        seconds = min(seconds, MAX_DELAY if self.max_delay is None else self.max_delay)
        return timedelta(seconds=seconds * jitter if self.has_jitter else seconds)


@record
class Catcher:
    """One entry of a ``Catch`` field. A ``result_path`` of None drops the error output."""

    errors: tuple[str, ...]
    next: str
    result_path: Path | None
    output: Expression | None = None
    assign: Expression | None = None


def matches(errors: Sequence[str], error: str) -> bool:
    """Whether an ``ErrorEquals`` field names an error."""
    return (
        error in errors
        or (ALL in errors and error not in _BEYOND_ALL)
        or (TASK_FAILED in errors and error not in _BEYOND_TASK_FAILED)
        or (TIMEOUT in errors and error == HEARTBEAT_TIMEOUT)
    )


def find_retrier(retriers: Sequence[Retrier], error: str) -> int | None:
    """Give the index of the retrier for an error, whether or not it has attempts left."""
    if error == RUNTIME:
        return None
    return next((index for index, retrier in enumerate(retriers) if matches(retrier.errors, error)), None)


def find_catcher(catchers: Sequence[Catcher], error: str) -> Catcher | None:
    """Give the catcher for an error."""
    return next((catcher for catcher in catchers if matches(catcher.errors, error)), None)
