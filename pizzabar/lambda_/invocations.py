"""
The seam of asynchronous invocations: events that a function has accepted and not yet handled.

What it promises: an event is durable before anything that follows from it leaves the process; it is handled at least
once; events of one lane are first handled in the order they were accepted; an event that is tried again holds up no
other.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from pizzabar.documents import JSON
from pizzabar.record import record


@record
class Invocation:
    """An event for a function, accepted at a time in seconds since 1970. ``attempts`` counts those made before."""

    function_arn: str
    request_id: str
    payload: JSON
    attempts: int
    accepted: float


Handle = Callable[[Invocation], Awaitable[datetime | None]]
"""Handles an invocation; gives the time of the next attempt, or None when there is to be none."""


class Invocations(Protocol):
    """The queue of asynchronous invocations."""

    async def open(self, handle: Handle) -> None:
        """Begin, with those first that an earlier process left unhandled."""

    def accept(self, lane: str, function_arn: str, request_id: str, payload: JSON) -> None:
        """Take an event."""
