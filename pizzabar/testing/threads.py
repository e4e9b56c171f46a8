"""An event loop in a thread of its own, and what is done in it from outside."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from pizzabar.errors import PizzabarError

T = TypeVar("T")


class InTheWorld(PizzabarError):
    """Raised when code that runs in the world itself waits for the world, which would wait for it."""


class LoopThread:
    """An event loop that runs in a thread until it is closed."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop, and wait for it. Raise what it raises, or ``InTheWorld``."""
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise InTheWorld("a handler in the world's own loop cannot wait for it: await context.call(…) instead")
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def awaited(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop, and wait for it in another one. Raise what it raises."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self.loop))

    def close(self) -> None:
        """Stop the loop, when nothing is left in it."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
