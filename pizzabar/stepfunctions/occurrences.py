"""What the world tells the interpreter. ``op`` is that of the command which an occurrence answers."""

from collections.abc import Mapping
from dataclasses import field

from pizzabar.documents import JSON
from pizzabar.record import record


@record
class Started:
    """The execution is to start, with variables that are there already.

    ``is_mocked`` tells that its first state is a test's: it waits for ``Mocked`` instead of doing its work.
    """

    variables: Mapping[str, JSON] = field(default_factory=dict)
    is_mocked: bool = False


@record
class Mocked:
    """The first state has done its work, as a test says it has."""

    result: JSON
    error: str | None = None
    cause: str | None = None
    is_error: bool = False


@record
class TimerFired:
    """The instant of a timer has come."""

    op: int


@record
class TaskTaken:
    """A worker has taken the task of an activity."""

    op: int
    worker: str | None = None


@record
class TaskSubmitted:
    """The call of a task that waits for its token has returned."""

    op: int
    result: JSON


@record
class TaskSucceeded:
    """A task is done."""

    op: int
    result: JSON


@record
class TaskFailed:
    """A task has failed."""

    op: int
    error: str | None = None
    cause: str | None = None


@record
class TaskHeartbeat:
    """Whoever works at a task is still at it."""

    op: int


@record
class Redriven:
    """Somebody has an execution that ended unsuccessfully go on from there; one of Express begins anew.

    ``token`` is the client's; ``map_run_redrives`` tells which redrive of its map run it is part of.
    """

    token: str | None = None
    map_run_redrives: int = 0


@record
class Stopped:
    """Somebody stops the execution."""

    error: str | None = None
    cause: str | None = None


Occurrence = (
    Started
    | Mocked
    | TimerFired
    | TaskTaken
    | TaskSubmitted
    | TaskSucceeded
    | TaskFailed
    | TaskHeartbeat
    | Redriven
    | Stopped
)
