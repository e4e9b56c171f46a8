"""How executions end, as their segments tell."""

from datetime import datetime

from pizzabar.record import record


@record
class Ending:
    """How an execution stands: when it stopped, if it has, and with which error."""

    stopped: datetime | None
    error: str | None = None
    cause: str | None = None
