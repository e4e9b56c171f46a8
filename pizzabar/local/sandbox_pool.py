"""
The sandboxes of one function: those that are free, and who waits for one.

A sandbox is used again only while the function is what it was made of.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from pizzabar.lambda_.function import Function
from pizzabar.local.processes import Built
from pizzabar.local.sandbox import Sandbox


class Kept:
    """A sandbox that is ready, and what it was made of."""

    def __init__(self, sandbox: Sandbox, generation: int) -> None:
        self.sandbox = sandbox
        self.generation = generation
        self.timer: asyncio.TimerHandle | None = None


class SandboxPool:
    """The sandboxes of ``function`` as it is at present.

    At most ``most`` are there at once. One that is free is given up after ``idle_seconds``; ``drop`` is handed those
    that nobody is to have any more.
    """

    def __init__(
        self, function: Function, built: Built, drop: Callable[[Sandbox], object], *, most: int, idle_seconds: float
    ) -> None:
        self.function = function
        self.built = built
        self.generation = 0
        self._drop = drop
        self._most = most
        self._idle_seconds = idle_seconds
        self._idle: list[Kept] = []
        self._count = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> Kept | None:
        """Take a sandbox that is free; None when there is room for another, which is then to be kept or freed."""
        while True:
            while self._idle:
                kept = self._idle.pop()
                _disarm(kept)
                is_ready = False
                try:
                    is_ready = await kept.sandbox.is_ready()
                finally:
                    if not is_ready:
                        self.free(kept.sandbox)
                if is_ready:
                    return kept
            if self._count < self._most:
                self._count += 1
                return None
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    # It was this one's turn, and is the next one's now.
                    self._wake()
                raise

    def keep(self, kept: Kept) -> None:
        """Have a sandbox ready for the next invocation, unless it is of what the function was."""
        if kept.generation != self.generation or not kept.sandbox.is_alive:
            self.free(kept.sandbox)
            return
        kept.timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._retire, kept)
        self._idle.append(kept)
        self._wake()

    def add(self, sandbox: Sandbox) -> None:
        """Have one more ready."""
        self._count += 1
        self.keep(Kept(sandbox, self.generation))

    def free(self, sandbox: Sandbox | None = None) -> None:
        """Make room for another, in place of a sandbox or of one that has not come to be."""
        self._count -= 1
        if sandbox is not None:
            self._drop(sandbox)
        self._wake()

    def renew(self, function: Function, built: Built | None = None) -> None:
        """Let no sandbox be used any more that was made of what the function was."""
        self.function = function
        self.built = built or self.built
        self.generation += 1
        for kept in tuple(self._idle):
            _disarm(kept)
            self._retire(kept)

    def close(self) -> None:
        """Give up none any more."""
        for kept in self._idle:
            _disarm(kept)

    def _retire(self, kept: Kept) -> None:
        self._idle.remove(kept)
        self.free(kept.sandbox)

    def _wake(self) -> None:
        """Let one look again that waits for a sandbox."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


def _disarm(kept: Kept) -> None:
    if kept.timer is not None:
        kept.timer.cancel()
