"""
A sandbox: one process that runs a function's handler, and the Runtime API that it asks.

What the process writes comes through one pipe, so that its lines keep their order. The process is killed with
everything that it has started when it takes too long, and with pizzabar when that is killed.
"""

import asyncio
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pizzabar.errors import PizzabarError
from pizzabar.journal import Cause
from pizzabar.lambda_.function import RuntimeFault
from pizzabar.local.runtime_api import RuntimeApi, Task

T = TypeVar("T")
MAX_READ = 65_536
MOST_READS = 32
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Overdue(PizzabarError):
    """Raised when a process takes longer than it may."""


class Sandbox:
    """One execution environment. ``access_key`` is what it signs its requests with; ``keeps`` tells of a line that
    the process writes whether it is to be taken."""

    def __init__(
        self,
        access_key: str,
        log_stream: str,
        write: Callable[[list[str]], None],
        keeps: Callable[[str], bool] = lambda line: True,
    ) -> None:
        self.access_key = access_key
        self.log_stream = log_stream
        self.write = write
        """Takes the lines that the process writes; another one for each invocation."""
        self.keeps = keeps
        self.cause: Cause | None = None
        """What the invocation at hand is to those it calls."""
        self.api = RuntimeApi()
        self._pipe = -1
        self._rest = b""
        self._transport: asyncio.SubprocessTransport | None = None
        self._exited: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._transport is not None and not self._exited.done()

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, *, memory: int | None
    ) -> None:
        """Start the process in a folder. ``memory`` limits its data, in bytes. Raise ``RuntimeFault``."""
        await self.api.open()
        loop = asyncio.get_running_loop()
        self._pipe, theirs = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            transport, _ = await loop.subprocess_exec(
                lambda: _Exit(self._end),
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                cwd=folder,
                env={**environment, "AWS_LAMBDA_RUNTIME_API": self.api.address},
                start_new_session=True,
                preexec_fn=lambda: _bind(memory),
            )
        except OSError as error:
            await self.stop()
            raise RuntimeFault("Runtime.InvalidEntrypoint", f"{command[0]} does not start: {error}") from None
        finally:
            os.close(theirs)
        self._transport = transport
        loop.add_reader(self._pipe, self._read)

    async def initialise(self, seconds: float | None) -> None:
        """Wait until the handler is loaded. Raise ``FunctionError``, ``RuntimeFault`` or ``Overdue``."""
        await self._outcome(self.api.asked, seconds)

    async def is_ready(self) -> bool:
        """Wait until the process asks for another invocation; tell whether it does, and has not ended."""
        await asyncio.wait((self.api.asked, self._exited), return_when=asyncio.FIRST_COMPLETED)
        return self.is_alive

    async def handle(self, task: Task, seconds: float | None) -> str:
        """Have an invocation handled. Raise ``FunctionError``, ``RuntimeFault`` or ``Overdue``."""
        return await self._outcome(self.api.give(task), seconds)

    def memory_used(self) -> int | None:
        """Give the most memory that the process has had at once, in MB, where the system tells."""
        if self._transport is None:
            return None
        try:
            status = Path(f"/proc/{self._transport.get_pid()}/status").read_text(encoding="ascii")
        except OSError:
            return None
        line = next((each for each in status.splitlines() if each.startswith("VmHWM:")), None)
        return None if line is None else -(-int(line.split()[1]) // 1024)

    async def stop(self) -> None:
        """Kill the process, and whatever it has started."""
        if self._transport is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
            # Whoever is cancelled while it waits cancels nobody else's wait.
            await asyncio.wait((self._exited,))
            self._transport.close()
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
        self.api.close()

    async def _outcome(self, awaited: "asyncio.Future[T]", seconds: float | None) -> T:
        """Wait for what the runtime tells, or for the end of its process, in real time."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait((awaited, self._exited), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise Overdue from None
        finally:
            # What was written before is in the pipe by now.
            self._read(is_last=True)
        if awaited.done():
            return awaited.result()
        raise RuntimeFault("Runtime.ExitError", self._exited.result())

    def _read(self, *, is_last: bool = False) -> None:
        """Take the lines that are there."""
        if self._pipe < 0:
            return
        parts = [self._rest]
        # More than a pipe holds; one who writes without end holds up nobody.
        for _ in range(MOST_READS):
            try:
                part = os.read(self._pipe, MAX_READ)
            except BlockingIOError:
                break
            if not part:
                # Nobody has the other end any more.
                asyncio.get_running_loop().remove_reader(self._pipe)
                is_last = True
                break
            parts.append(part)
        *lines, self._rest = b"".join(parts).split(b"\n")
        if is_last and self._rest:
            lines.append(self._rest)
            self._rest = b""
        if kept := [line for line in map(_line, lines) if self.keeps(line)]:
            self.write(kept)

    def _end(self) -> None:
        assert self._transport is not None
        self._exited.set_result(_exit_reason(self._transport.get_returncode() or 0))


class _Exit(asyncio.SubprocessProtocol):
    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end

    def process_exited(self) -> None:
        # The transport is known to whoever has started the process only after this turn of the loop.
        asyncio.get_running_loop().call_soon(self._end)


def _bind(memory: int | None) -> None:
    """Tie a process, before it begins, to its parent's life and to its memory."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if memory is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (memory if hard < 0 else min(memory, hard), hard))


def _line(written: bytes) -> str:
    """Read a line; carriage returns stand for line ends within an event."""
    return written.decode(errors="replace").rstrip("\r").replace("\r", "\n")


def _exit_reason(code: int) -> str:
    """Tell of a process that ended, as Lambda does."""
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    if code < 0:
        return f"Runtime exited with error: signal: {(signal.strsignal(-code) or str(-code)).lower()}"
    return "Runtime exited without providing a reason"
