"""
Idle connections: how fast they are accepted, with their session item each, and what memory they take.

Run with ``python -m tests.benchmarks.idle``. Beside pizzabar, in the same run, a bare uvicorn server. Both processes
need as many open files as there are connections.
"""

import asyncio
import resource
import tempfile
import time
from pathlib import Path

from tests.benchmarks.clients import Client
from tests.benchmarks.servers import Measured, bare, pizzabar

CONNECTIONS = 10_000
AT_ONCE = 100


async def connect_all(name: str, server: Measured) -> None:
    """Open the connections and print what they cost."""
    warm = [await Client.connect(server.port) for _ in range(50)]
    before, cpu, began = server.memory_bytes, server.cpu_seconds, time.perf_counter()
    clients: list[Client] = []

    async def go(count: int) -> None:
        for _ in range(count):
            clients.append(await Client.connect(server.port))

    await asyncio.gather(*(go(CONNECTIONS // AT_ONCE) for _ in range(AT_ONCE)))
    seconds, used = time.perf_counter() - began, server.cpu_seconds - cpu
    memory = server.memory_bytes - before
    print(
        f"{name:>10} {CONNECTIONS / seconds:>11.0f} {CONNECTIONS / used:>13.0f} {memory / CONNECTIONS / 1024:>8.1f}",
        flush=True,
    )
    for client in (*warm, *clients):
        client.close()


def main() -> None:
    """Print the figures."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    print(f"{'server':>10} {'connects/s':>11} {'per CPU s':>13} {'KB each':>8}   ({CONNECTIONS} connections)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with bare(path) as server:
            asyncio.run(connect_all("bare", server))
        with pizzabar(path / "state.db") as server:
            asyncio.run(connect_all("pizzabar", server))


if __name__ == "__main__":
    main()
