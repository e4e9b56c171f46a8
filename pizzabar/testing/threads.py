"""An event loop in a thread of its own, and what is done in it from outside."""

import asyncio
import threading
import warnings
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from pizzabar.errors import PizzabarError
from pizzabar.journal import CAUSE

T = TypeVar("T")
SECONDS = 5.0
"""How long what still runs in threads is waited for at the end."""


class InTheWorld(PizzabarError):
    """Raised when code that runs in the world itself waits for the world, which would wait for it."""


class LoopThread:
    """An event loop that runs in a thread until it is closed."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._executor = ThreadPoolExecutor(thread_name_prefix=f"{name}-handler")
        self.loop.set_default_executor(self._executor)
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def do(self, coroutine: Coroutine[Any, Any, T], *, by_handlers: bool = False) -> T:
        """Do something in the loop, and wait for it: if that is cut short, it is cancelled.

        ``by_handlers`` lets handlers in threads do so too. Raise what it raises, or ``InTheWorld``.
        """
        future = self._begin(coroutine, by_handlers=by_handlers)
        try:
            return future.result()
        finally:
            # Nothing, once it is done.
            future.cancel()

    async def awaited(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop, and wait for it in another one; see ``do``."""
        return await asyncio.wrap_future(self._begin(coroutine, by_handlers=False))

    def _begin(self, coroutine: Coroutine[Any, Any, T], *, by_handlers: bool) -> Future[T]:
        if self.loop.is_closed():
            coroutine.close()
            raise PizzabarError("the world is not open")
        is_inside = threading.current_thread() is self._thread
        if is_inside or (CAUSE.get() is not None and not by_handlers):
            coroutine.close()
            raise InTheWorld("a handler cannot wait for the world that it runs in: it has context.call(…)")
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def close(self) -> None:
        """Stop the loop. What is left in it is cancelled; a thread that does not end is told of by a warning."""
        asyncio.run_coroutine_threadsafe(_cancel_the_rest(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        ending = threading.Thread(target=self._executor.shutdown, daemon=True)
        ending.start()
        ending.join(SECONDS)
        if ending.is_alive():
            warnings.warn(
                "a handler still runs in a thread of a world that was closed", ResourceWarning, stacklevel=2
            )
        self.loop.close()


async def _cancel_the_rest() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
