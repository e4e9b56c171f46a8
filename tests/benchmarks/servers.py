"""Servers to measure: pizzabar in a process of its own, and a bare one that answers and does nothing else."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

BARE = """
import json
STATUSES = (
    "order accepted", "order is now being prepared", "order is undergoing the baking process",
    "order is packed", "order is sent for delivery", "order delivered",
)
FRAMES = [
    json.dumps({"type": "CHANGED_EVENT", "message": json.dumps({"name": "STATUS_CHANGED_EVENT", "status": status})})
    for status in STATUSES
]
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] == "websocket.receive":
        for frame in FRAMES:
            await send({"type": "websocket.send", "text": frame})
"""


class Measured:
    """A server process whose CPU time and memory are read from the operating system."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        self._psutil = psutil.Process(process.pid)

    @property
    def cpu_seconds(self) -> float:
        """CPU time that the process has used, user and system."""
        times = self._psutil.cpu_times()
        return float(times.user + times.system)

    @property
    def memory_bytes(self) -> int:
        """Resident memory."""
        return int(self._psutil.memory_info().rss)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def pizzabar(state: Path | str, *, speed: float = 1_000_000, **settings: object) -> Iterator[Measured]:
    """Run `pizzabar up` on a state file."""
    port = free_port()
    command = [sys.executable, "-c", "from pizzabar.cli import main; main()", "up"]
    options = {"state": state, "speed": speed, "port": port, **settings}
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    with _running(command, port) as measured:
        yield measured


@contextmanager
def bare(folder: Path) -> Iterator[Measured]:
    """Run a uvicorn server that answers every message with the six frames, and does nothing else."""
    (folder / "bare_server.py").write_text(BARE)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bare_server:app", "--app-dir", str(folder), "--port", str(port)]
    command += ["--ws", "websockets-sansio", "--ws-per-message-deflate", "false", "--log-level", "warning"]
    with _running(command, port) as measured:
        yield measured


@contextmanager
def dynalite(script: Path, folder: Path) -> Iterator[Measured]:
    """Run dynalite, by its ``cli.js``, on a LevelDB of its own; tables are there at once."""
    port = free_port()
    options = {"port": port, "path": folder, "createTableMs": 0, "deleteTableMs": 0, "updateTableMs": 0}
    command = ["node", str(script), *(f"--{name}={value}" for name, value in options.items())]
    with _running(command, port) as measured:
        yield measured


@contextmanager
def _running(command: list[str], port: int) -> Iterator[Measured]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIZZABAR_")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(process, port)
        yield Measured(process, port)
    finally:
        process.terminate()
        process.wait(20)


def wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when a server listens."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.005)
    raise TimeoutError("the server does not listen")
