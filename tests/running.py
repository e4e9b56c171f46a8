"""A server of its own process, for tests that need a real one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 30
"""How long a server may take to begin."""


def environment(**settings: object) -> dict[str, str]:
    """Give this process's environment with these settings alone."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PIZZABAR_")}
    return inherited | {f"PIZZABAR_{name.upper()}": str(value) for name, value in settings.items()}


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pizzabar(*arguments: str, **settings: object) -> subprocess.Popen[str]:
    """Run the command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from pizzabar.cli import main; main()", *arguments],
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def running(**settings: object) -> Iterator[int]:
    """Run ``uvicorn pizzabar.app:app`` on the pizza bar, in memory and without waits; give its port."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "pizzabar.app:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, env=environment(**{"state": ":memory:", "speed": 1_000_000} | settings))
    try:
        wait_for(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_for(process: subprocess.Popen[Any], port: int) -> None:
    """Return when a server listens."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise TimeoutError("the server does not listen")
