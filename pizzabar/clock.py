"""
The one clock over everything.

Nothing sleeps: whoever needs to go on later asks the clock to be called. There are two ways to ask, because
speed applies to one of them only:

- ``wake_at`` is for a wait that the application asks for: a Wait state, the back-off before a retry. At speed 60
  it ends after a sixtieth of the time that was left when it was asked for.
- ``call_at`` is for a limit or a time of day: a time-out, TTL, an idle connection. Speed does not touch it: code
  takes as long as it takes, and a session must not expire because waits are short.

So the time of day is the real one at any speed. A virtual clock stands still until it is moved, for both.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Protocol, TypeVar

from pizzabar.work import Work, go_on

T = TypeVar("T")
log = logging.getLogger("pizzabar")


class Timer:
    """A call that the clock owes."""

    __slots__ = ("callback", "is_wait", "when")

    def __init__(self, when: datetime, callback: Callable[[], None] | None, *, is_wait: bool) -> None:
        self.when = when
        self.callback = callback
        self.is_wait = is_wait

    def cancel(self) -> None:
        """Take the call back; nothing happens if it was made already."""
        self.callback = None

    def fire(self) -> None:
        """Make the call. A fault in it is logged: it is nobody else's, and other calls are due."""
        if self.callback is None:
            return
        try:
            self.callback()
        except Exception:
            log.exception("a call of the clock failed")


class Clock(Protocol):
    """What the rooms know of time."""

    def now(self) -> datetime:
        """Tell the time, aware, in UTC."""

    def timestamp(self) -> float:
        """Tell the time in seconds since 1970: a sixth of the cost."""

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        """Call at a time of day; soon, if that has passed."""

    def wake_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        """Call at the end of a wait, which speed shortens."""


class SystemClock:
    """Real time; ``speed`` divides waits. A speed of 1 is AWS's own pace."""

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, not {speed}")
        self.speed = speed
        self.now: Callable[[], datetime] = partial(datetime.now, UTC)
        """Tell the time, aware, in UTC."""
        self.timestamp: Callable[[], float] = time.time
        """Tell the time in seconds since 1970."""
        self._timers = _Timers()
        self._handle: asyncio.TimerHandle | None = None
        self._handle_due = float("inf")

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        return self._add(Timer(when, callback, is_wait=False))

    def wake_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        return self._add(Timer(when, callback, is_wait=True))

    def next_call(self) -> datetime | None:
        """Tell when the next call is due, by the time of day that it was asked for."""
        timer = self._timers.first()
        return None if timer is None else timer.when

    def take_over(self, timers: list[Timer]) -> None:
        """Go on with the calls that another clock owed."""
        for timer in timers:
            self._add(timer)

    def give_up(self) -> list[Timer]:
        """Stop, and answer with the calls still owed."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle, self._handle_due = None, float("inf")
        return self._timers.clear()

    def _add(self, timer: Timer) -> Timer:
        delay = timer.when.timestamp() - time.time()
        if timer.is_wait:
            delay /= self.speed
        due = time.monotonic() + max(delay, 0.0)
        self._timers.push(due, timer)
        if due < self._handle_due:
            self._arm(due)
        return timer

    def _arm(self, due: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle_due = due
        # The loop is not bound to be exact; a day at a time keeps far timers within its range.
        delay = min(max(due - time.monotonic(), 0.0), 86_400.0)
        self._handle = asyncio.get_running_loop().call_later(delay, self._fire)

    def _fire(self) -> None:
        self._handle, self._handle_due = None, float("inf")
        for timer in self._timers.pop_until(time.monotonic()):
            timer.fire()
        due = self._timers.first_due()
        if due is not None and due < self._handle_due:
            self._arm(due)


class VirtualClock:
    """Time that stands still until ``advance`` moves it.

    In ``auto`` it jumps to the end of the next wait whenever work is settled; limits it only comes to on its way,
    for a session or a connection that nobody uses should last.
    """

    def __init__(self, work: Work, start: datetime | None = None, *, auto: bool = False) -> None:
        self.work = work
        self.auto = auto
        self._now = start if start is not None else datetime.now(UTC)
        self._waits = _Timers()
        self._limits = _Timers()
        work.on_idle(self._idle)

    def now(self) -> datetime:
        return self._now

    def timestamp(self) -> float:
        return self._now.timestamp()

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        return self._add(Timer(when, callback, is_wait=False))

    def wake_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        return self._add(Timer(when, callback, is_wait=True))

    def next_call(self) -> datetime | None:
        """Tell when the next call is due."""
        timers = [timer for timer in (self._waits.first(), self._limits.first()) if timer is not None]
        return min((timer.when for timer in timers), default=None)

    async def advance(self, duration: timedelta) -> None:
        """Let time pass. Each call is made at its own time, and what follows from it settles before the next."""
        target = self._now + duration
        await self.work.settled()
        while (due := self.next_call()) is not None and due <= target:
            self.move(due)
            await self.work.settled()
        self._now = max(self._now, target)

    def move(self, when: datetime) -> None:
        """Set the time and make the calls due, without waiting for what follows from them."""
        self._now = max(self._now, when)
        due = self._now.timestamp()
        for timer in sorted(self._waits.pop_until(due) + self._limits.pop_until(due), key=lambda each: each.when):
            timer.fire()

    def take_over(self, timers: list[Timer]) -> None:
        """Go on with the calls that another clock owed."""
        for timer in timers:
            self._add(timer)

    def give_up(self) -> list[Timer]:
        """Stop, and answer with the calls still owed."""
        self.auto = False
        return self._waits.clear() + self._limits.clear()

    def _add(self, timer: Timer) -> Timer:
        timers = self._waits if timer.is_wait else self._limits
        timers.push(timer.when.timestamp(), timer)
        if timer.when <= self._now or (self.auto and not self.work.is_busy):
            # At once, or to have the clock look whether there is nothing else to do.
            self.work.begin()
            asyncio.get_running_loop().call_soon(self._fire_due)
        return timer

    def _fire_due(self) -> None:
        self.move(self._now)
        self.work.end()

    def _idle(self) -> None:
        # Limits on the way to the next wait come at their own time, and what follows from them settles first.
        if self.auto and self._waits.first() is not None and (due := self.next_call()) is not None:
            self.work.begin()
            self.move(due)
            self.work.end()


class EmulatorClock:
    """The clock of a running emulator: real, scaled or virtual, and changed from one to another at any time."""

    def __init__(self, clock: SystemClock | VirtualClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock.now()

    def timestamp(self) -> float:
        """Tell the time in seconds since 1970."""
        return self._clock.timestamp()

    @property
    def current(self) -> SystemClock | VirtualClock:
        """The clock that goes at present."""
        return self._clock

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        return self._clock.call_at(when, callback)

    def wake_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        return self._clock.wake_at(when, callback)

    def switch(self, clock: SystemClock | VirtualClock) -> None:
        """Go on by another clock; every call still owed moves over to it. What is left of a wait stays the same."""
        timers = self._clock.give_up()
        leap = clock.now() - self._clock.now()
        for timer in timers:
            if timer.is_wait:
                timer.when += leap
        self._clock = clock
        clock.take_over(timers)

    def stop(self) -> None:
        """Owe nothing any more."""
        self._clock.give_up()


async def within(clock: Clock, deadline: datetime, awaitable: Awaitable[T]) -> T:
    """Wait for something until a deadline by the clock; then cancel it and raise ``TimeoutError``."""
    # Most have nothing to wait for, and need no timer.
    steps = awaitable.__await__()
    try:
        waits_for = next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    task = asyncio.current_task()
    assert task is not None
    cancellations = task.cancelling()
    is_late = False

    def stop() -> None:
        nonlocal is_late
        is_late = True
        task.cancel()

    timer = clock.call_at(deadline, stop)
    try:
        return await go_on(steps, waits_for)
    except asyncio.CancelledError:
        if is_late and task.cancelling() <= cancellations + 1:
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        if is_late:
            task.uncancel()


class _Timers:
    """Timers by when they are due; calls due at once are made in the order they were asked for."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = 0

    def push(self, due: float, timer: Timer) -> None:
        self._count += 1
        heappush(self._heap, (due, self._count, timer))
        # Cancelled timers are let go when they come up, or here, before they become the greater part.
        if self._count % 4096 == 0:
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapify(self._heap)

    def first_due(self) -> float | None:
        self._drop_cancelled()
        return self._heap[0][0] if self._heap else None

    def first(self) -> Timer | None:
        self._drop_cancelled()
        return self._heap[0][2] if self._heap else None

    def pop_until(self, due: float) -> list[Timer]:
        popped = []
        while self._heap and self._heap[0][0] <= due:
            popped.append(heappop(self._heap)[2])
        return popped

    def clear(self) -> list[Timer]:
        timers = [entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2])]
        self._heap = []
        return [timer for timer in timers if timer.callback is not None]

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].callback is None:
            heappop(self._heap)
