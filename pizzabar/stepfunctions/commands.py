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
    role: str | None = None
    """The role that it is done as, where that is not the execution's."""
    job: str | None = None
    """What the task waits for, where it was started already: the ARN of an execution."""


@record
class ReadItems:
    """Read the items of a distributed Map state, and answer with ``TaskSucceeded`` that has their array.

    ``parameters`` say which object or objects, ``config`` how to read them.
    """

    op: int
    resource: str
    parameters: JSON
    config: JSON


@record
class RunMapRun:
    """Run an execution for each input, and answer with ``TaskSucceeded`` that has the array of their outputs.

    Each child is an execution of ``definition``, under names that the same map run always gives the same child. Too
    many failures are answered with ``TaskFailed``. With a ``writer``, the results go to a bucket. A map run that was
    redriven keeps the children that have succeeded.
    """

    op: int
    arn: str
    machine_arn: str
    """That of the children's state machine."""
    definition: str
    is_express: bool
    inputs: list[JSON]
    concurrency: int
    tolerated_count: int | None = None
    tolerated_percentage: float | None = None
    has_batches: bool = False
    writer: JSON = None
    """Bucket, Prefix, and the WriterConfig."""
    redrives: int = 0
    """How often the map run was redriven: children that failed before the last time are set going again."""


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


Command = RunTask | ReadItems | RunMapRun | StartTimer | Finish
