"""
Arrivals: who waits until a queue has something to give, and the moments at which it comes to have it.

A delay is a wait that an application asks for. The end of a visibility timeout is a limit, and so is a message's age:
speed does not touch them, and a clock that moves by itself does not go for them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from pizzabar.clock import Clock, Timer
from pizzabar.work import resting

Kind = Literal["delay", "visibility", "age"]
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


class Arrivals:
    """Those who wait at queues, and the next moments of these; ``come`` is called at each moment."""

    def __init__(self, clock: Clock, come: Callable[[str, Kind, float], None]) -> None:
        self._clock = clock
        self._come = come
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._timers: dict[tuple[str, Kind], Timer] = {}
        self._is_closed = False

    async def wait(self, queue: str, until: datetime, seconds: float) -> bool:
        """Wait until something arrives, or at most until a time; tell whether there is reason to look.

        Where the clock stands still, those who wait do not: they give up after so many seconds all the same.
        """
        loop = asyncio.get_running_loop()
        if self._is_closed or self._clock.now() >= until or seconds <= 0:
            return False
        arrival: asyncio.Future[None] = loop.create_future()
        waiting = self._waiting.setdefault(queue, deque())
        waiting.append(arrival)
        timer = self._clock.call_at(until, lambda: _end(arrival))
        limit = loop.call_later(seconds, _end, arrival)
        try:
            with resting():
                await arrival
        finally:
            timer.cancel()
            limit.cancel()
            if arrival in waiting:
                waiting.remove(arrival)
        return True

    def wake(self, queue: str) -> None:
        """Let those who wait at a queue look."""
        for arrival in self._waiting.pop(queue, ()):
            _end(arrival)

    def close(self) -> None:
        """Let nobody wait any more."""
        self._is_closed = True
        for queue in tuple(self._waiting):
            self.wake(queue)

    def expect(self, queue: str, kind: Kind, when: float | None) -> None:
        """Expect that something changes at a time, unless it is expected to before."""
        if when is None:
            return
        at = min(datetime.fromtimestamp(when, UTC), END_OF_TIME)
        known = self._timers.get((queue, kind))
        if known is not None:
            if known.when <= at:
                return
            known.cancel()
        call = self._clock.wake_at if kind == "delay" else self._clock.call_at
        self._timers[queue, kind] = call(at, lambda: self._arrive(queue, kind, when))

    def forget(self, queue: str) -> None:
        """Expect nothing of a queue any more."""
        for kind in ("delay", "visibility", "age"):
            timer = self._timers.pop((queue, kind), None)
            if timer is not None:
                timer.cancel()
        self.wake(queue)

    def _arrive(self, queue: str, kind: Kind, when: float) -> None:
        del self._timers[queue, kind]
        self._come(queue, kind, when)


def _end(arrival: asyncio.Future[None]) -> None:
    if not arrival.done():
        arrival.set_result(None)
