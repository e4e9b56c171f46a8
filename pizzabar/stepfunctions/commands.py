"""What the interpreter asks of the world. ``op`` numbers a command within its execution, and never comes again."""

from datetime import datetime

from pizzabar.documents import JSON
from pizzabar.record import record


@record
class RunTask:
    """Call what a Task state names, and answer with ``TaskSucceeded`` or ``TaskFailed``.

    An activity is not called: whoever works at it is given its token, of which ``TaskTaken`` tells.
    With a token, the call itself is answered with ``TaskSubmitted``, and the success comes from whoever has the
    token. ``parameters`` are shared with the execution: nobody may change them. The time-outs are told for the
    sake of the call; the interpreter keeps them itself, by timers.
    """

    op: int
    resource: str
    parameters: JSON
    token: str | None = None
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None
    is_activity: bool = False


@record
class StartTimer:
    """Answer with ``TimerFired`` at an instant.

    ``is_wait`` is true of waits that the application asks for (a Wait state, the back-off of a retry), false of
    limits (time-outs, heartbeats).
    """

    op: int
    when: datetime
    is_wait: bool


@record
class Finish:
    """The execution has ended; nothing further is asked of the world."""

    status: str
    output: JSON = None
    error: str | None = None
    cause: str | None = None


Command = RunTask | StartTimer | Finish
