"""
The seam of what schedules have set off: their targets are to be asked.

What it promises: an invocation is durable before anything that follows from it leaves the process; it is handled at
least once; one that is tried again holds up no other.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Protocol

from pizzabar.documents import JSON
from pizzabar.record import record

_TIMES = ("scheduled", "due", "missed_since")


@record
class Invocation:
    """One time of a schedule: the target as it was then.

    ``scheduled`` is the time, ``due`` the moment in its window. ``completes`` says that it is the last one.
    ``missed_since`` is the first of the times before it that nobody came by for, if there are any.
    """

    schedule_arn: str
    name: str
    group_arn: str
    revision: str
    target: JSON
    scheduled: datetime
    due: datetime
    completes: bool
    missed_since: datetime | None = None

    @property
    def key(self) -> str:
        """What names the time, of the schedule as it is."""
        return f"{self.schedule_arn}/{self.revision}/{self.scheduled.timestamp()}"

    def as_json(self) -> JSON:
        """Write the invocation for a queue on disk."""
        times = {name: getattr(self, name) for name in _TIMES}
        return {**asdict(self), **{name: None if time is None else time.timestamp() for name, time in times.items()}}

    @classmethod
    def from_json(cls, document: Mapping[str, JSON]) -> "Invocation":
        """Read what ``as_json`` wrote."""
        times = {name: document[name] for name in _TIMES if document[name] is not None}
        return cls(**{**document, **{name: datetime.fromtimestamp(time, UTC) for name, time in times.items()}})


Handle = Callable[[Invocation, int], Awaitable[datetime | None]]
"""Handles an invocation, of which so many attempts were made before; gives the time of the next one, if any."""


class ScheduledInvocations(Protocol):
    """The queue of what schedules have set off."""

    async def open(self, handle: Handle) -> None:
        """Begin, with those first that an earlier process left unhandled."""

    def accept(self, invocation: Invocation) -> None:
        """Take one."""
