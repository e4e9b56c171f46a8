"""What the world tells the interpreter. ``op`` is that of the command which an occurrence answers."""

from pizzabar.documents import JSON
from pizzabar.record import record


@record
class Started:
    """The execution may go."""


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
    """Somebody has an execution that failed go on from there."""


@record
class Stopped:
    """Somebody stops the execution."""

    error: str | None = None
    cause: str | None = None


Occurrence = (
    Started | TimerFired | TaskTaken | TaskSubmitted | TaskSucceeded | TaskFailed | TaskHeartbeat | Redriven | Stopped
)
