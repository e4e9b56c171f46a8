"""
Work under way, so that it can be waited for: "settled" is a fact here, not a guess.

Whatever goes on in the background is either a task that ``start`` was given, or stands between ``begin`` and
``end`` (a commit that is queued, say). The world is settled when none of either is left.
"""

import asyncio
import logging
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

T = TypeVar("T")
log = logging.getLogger("pizzabar")


ERRAND: ContextVar["Work | None"] = ContextVar("errand", default=None)
"""Where what is done at present is counted, if it is an errand or a background task."""


@contextmanager
def resting() -> Iterator[None]:
    """Let an errand, or a background task, not count as under way while it waits for what others do: a worker's task,
    an execution's end, a message."""
    work = ERRAND.get()
    if work is None:
        yield
        return
    work.end()
    try:
        yield
    finally:
        work.begin()


class Work:
    """The background tasks of one emulator."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._begun = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._idle_callbacks: list[Callable[[], None]] = []
        self._wake_scheduled = False

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        return self._begun > 0

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine in the background. If it fails, that is logged with its traceback."""
        context = self._context()
        task = asyncio.get_running_loop().create_task(coroutine, context=context)
        self._tasks.add(task)
        self._begun += 1
        task.add_done_callback(self._finished)
        return task

    def start_now(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run a coroutine here and now; only if it comes to wait for something does a task go on with it.

        It must not ask which task it runs in: so it is for code of our own, never for that of a user. Raise what it
        raises before it waits.
        """
        context = self._context()
        self._begun += 1
        try:
            waits_for = context.run(coroutine.send, None)
        except BaseException as end:
            self._begun -= 1
            if not self._begun:
                self._rest()
            if type(end) is StopIteration:
                return None
            raise
        task = asyncio.get_running_loop().create_task(go_on(coroutine, waits_for), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _context(self) -> Context:
        """Give a context like the present one, for work that is counted here."""
        context = copy_context()
        if ERRAND.get() is not self:
            context.run(ERRAND.set, self)
        return context

    def begin(self) -> None:
        """Count one thing as under way; each call is followed by one of ``end``."""
        self._begun += 1

    def end(self) -> None:
        """Count one thing as done."""
        self._begun -= 1
        if not self._begun:
            self._rest()

    @contextmanager
    def errand(self) -> Iterator[None]:
        """Count what is done meanwhile for somebody outside as under way, but for where it is ``resting``."""
        self.begin()
        token = ERRAND.set(self)
        try:
            yield
        finally:
            ERRAND.reset(token)
            self.end()

    def _rest(self) -> None:
        if (self._waiting or self._idle_callbacks) and not self._wake_scheduled:
            self._wake_scheduled = True
            # What has just ended may have made others ready that the loop has not reached yet.
            asyncio.get_running_loop().call_soon(self._wake)

    def on_idle(self, callback: Callable[[], None]) -> None:
        """Have a callback called each time nothing is left under way."""
        self._idle_callbacks.append(callback)

    async def settled(self) -> None:
        """Return when nothing is under way, and no idle callback has begun anything either."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        while True:
            while self._begun or self._wake_scheduled:
                waiter = loop.create_future()
                self._waiting.append(waiter)
                await waiter
            # Whoever awaited what has ended just now may be about to begin something.
            await asyncio.sleep(0)
            if not (self._begun or self._wake_scheduled):
                return

    async def stop(self) -> None:
        """Cancel every task and wait until they have ended."""
        current = asyncio.current_task()
        while tasks := [task for task in self._tasks if task is not current]:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self.end()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a background task failed", exc_info=error)

    def _wake(self) -> None:
        self._wake_scheduled = False
        if self._begun:
            return
        for callback in self._idle_callbacks:
            callback()
        if self._begun or self._wake_scheduled:
            return
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


@types.coroutine
def go_on(begun: Generator[Any, Any, T] | Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """Go on with something that was begun by hand and came to wait for something."""
    while True:
        try:
            yield waits_for
        except BaseException as error:
            try:
                waits_for = begun.throw(error)
            except StopIteration as end:
                result: T = end.value
                return result
        else:
            result = yield from begun  # type: ignore[misc]
            return result
