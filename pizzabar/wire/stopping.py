"""
The wish to stop, heard before the server waits for open answers.

ASGI tells an application of the end when every request is over; one that follows the journal is over only when it is
told. So the signals that end a server are listened to as well, and handed on to whoever had them.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def when_stopped(callback: Callable[[], None]) -> Iterator[None]:
    """Have a callback called on the event loop when a signal is about to end the server, for as long as this lasts.

    It does nothing where a signal has no handler, or outside of the main thread, whose affair signals are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}
    ours: dict[signal.Signals, Any] = {}
    for each in SIGNALS:
        handler = signal.getsignal(each)
        if not callable(handler) or handler is signal.default_int_handler:
            continue

        def handle(number: int, frame: FrameType | None, handler: Any = handler) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(callback)
            handler(number, frame)

        before[each], ours[each] = handler, handle
        signal.signal(each, handle)
    try:
        yield
    finally:
        for each, handler in before.items():
            # Who has taken it meanwhile keeps it.
            if signal.getsignal(each) is ours[each]:
                signal.signal(each, handler)
