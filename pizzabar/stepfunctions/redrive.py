"""
Redrive: which executions may go on after they have ended, and what they are told of it.

Pure.
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
"""

from dataclasses import replace
from datetime import datetime, timedelta

from pizzabar.stepfunctions.execution import RUNNING, SUCCEEDED, Execution
from pizzabar.stepfunctions.history import MOST_EVENTS
from pizzabar.stepfunctions.occurrences import Redriven

REDRIVABLE_FOR = timedelta(days=14)
LONGEST_EXECUTION = timedelta(days=365)
MOST_REDRIVES = 1000
"""How often an execution may be redriven, or a map run."""

TOKENS_KEPT = 10
TOKEN_LIFE = timedelta(minutes=15)


def not_redrivable(execution: Execution, now: datetime) -> str | None:
    """Say why an execution cannot be redriven, by itself or by its map run, if it cannot.

    AWS has no published word for the 1,000th redrive; that one is ours.
    """
    if execution.status in (RUNNING, SUCCEEDED):
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.is_express:
        return None if is_child_of_express(execution) else "Execution is EXPRESS and cannot be redriven"
    if execution.next_event >= MOST_EVENTS:
        return "Execution history event limit exceeded"
    if now > execution.started + LONGEST_EXECUTION:
        return "Execution has exceeded the max execution time"
    if execution.stopped is None or now > execution.stopped + REDRIVABLE_FOR:
        return "Execution redrivable period exceeded"
    if execution.redrives >= MOST_REDRIVES:
        return "Execution redrive limit exceeded"
    if not execution.resumes:
        # An older version of the emulator did not keep where it stood.
        return "Execution was started before the launch of RedriveExecution"
    return None


def redrive_status(execution: Execution, now: datetime) -> dict[str, str]:
    """Tell whether an execution can be redriven, and by whom, as DescribeExecution does."""
    reason = not_redrivable(execution, now)
    if reason is not None:
        return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    return {"redriveStatus": "REDRIVABLE" if execution.map_run_arn is None else "REDRIVABLE_BY_MAP_RUN"}


def is_child_of_express(execution: Execution) -> bool:
    """Whether an execution ended unsuccessfully that its map run may begin anew."""
    return execution.is_express and execution.map_run_arn is not None and execution.status not in (RUNNING, SUCCEEDED)


def redriven_by(execution: Execution, token: str | None, now: datetime) -> datetime | None:
    """Tell when a client token has redriven an execution; None if it has not, or that is too long ago."""
    when = None if token is None else dict(execution.tokens).get(token)
    return when if when is not None and now <= when + TOKEN_LIFE else None


def redriven(execution: Execution, occurrence: Redriven, now: datetime) -> Execution:
    """Give an execution that has ended as it goes on."""
    tokens = execution.tokens
    if occurrence.token is not None:
        others = [entry for entry in tokens if entry[0] != occurrence.token]
        tokens = (*others, (occurrence.token, now))[-TOKENS_KEPT:]
    return replace(
        execution,
        # One of Express begins anew, and does not tell of the times before.
        started=now if execution.is_express else execution.started,
        redriven=None if execution.is_express else now,
        redrives=execution.redrives + 1,
        tokens=tokens,
        map_run_redrives=occurrence.map_run_redrives,
        resumes=(),
    )
