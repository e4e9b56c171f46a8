"""
Progress: what is told of something that takes a while.

On a terminal it is one line with the seconds that pass; elsewhere a line at the beginning, and one at the end.
"""

import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

TICK = 0.1
OF_SECONDS = len("   9999 s")
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
CLEAR = "\r\x1b[2K"


class Progress:
    """Tells of what is under way; ``tell`` takes the lines where there is no terminal."""

    def __init__(self, tell: Callable[[str], object], terminal: TextIO | None = None) -> None:
        self._tell = tell
        self._terminal = terminal if terminal is not None else sys.stderr

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Tell of something while it is done on the event loop, and how long it took if it ends well."""
        began = time.perf_counter()
        ticking = None
        if self._terminal.isatty():
            ticking = _Ticking(self._terminal, what, began)
        else:
            self._tell(f"{what} ...")
        try:
            yield
        finally:
            if ticking is not None:
                ticking.stop()
        self._tell(f"{what}: done in {time.perf_counter() - began:.1f} s")


class _Ticking:
    """A line of a terminal that changes until it is stopped, which clears it."""

    def __init__(self, terminal: TextIO, what: str, began: float) -> None:
        self._terminal = terminal
        self._what = what
        self._began = began
        self._handle: asyncio.TimerHandle | None = None
        self._tick()

    def stop(self) -> None:
        """Clear the line."""
        if self._handle is not None:
            self._handle.cancel()
        self._terminal.write(CLEAR)
        self._terminal.flush()

    def _tick(self) -> None:
        seconds = time.perf_counter() - self._began
        frame = FRAMES[int(seconds / TICK) % len(FRAMES)]
        # In one row: what wraps could not be cleared.
        room = shutil.get_terminal_size().columns - len(frame) - OF_SECONDS
        what = self._what if len(self._what) <= room else f"{self._what[: room - 1]}…"
        self._terminal.write(f"{CLEAR}{frame} {what}  {seconds:.0f} s")
        self._terminal.flush()
        self._handle = asyncio.get_running_loop().call_later(TICK, self._tick)
