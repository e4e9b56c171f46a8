"""
What a server takes in the long run: its memory, and its state file, while orders go on.

Run with ``python -m tests.benchmarks.soak``, which takes three to four minutes.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from tests.benchmarks.clients import Client
from tests.benchmarks.servers import pizzabar

CONNECTIONS, TURNS, SECONDS = 10, 10, 20


async def order(port: int, seconds: float) -> int:
    """Order over some connections for so long; tell how often."""
    clients = await asyncio.gather(*(Client.connect(port) for _ in range(CONNECTIONS)))
    end = time.monotonic() + seconds
    count = 0

    async def go(client: Client) -> None:
        nonlocal count
        while time.monotonic() < end:
            await client.order()
            count += 1

    await asyncio.gather(*map(go, clients))
    for client in clients:
        client.close()
    return count


def main() -> None:
    """Print a row for each turn."""
    print(f"{'orders':>8} {'memory':>8} {'state':>8}")
    with tempfile.TemporaryDirectory() as folder, pizzabar(Path(folder) / "state.db") as server:
        orders = 0
        for _ in range(TURNS):
            orders += asyncio.run(order(server.port, SECONDS))
            size = sum(file.stat().st_size for file in Path(folder).iterdir())
            print(f"{orders:>8} {server.memory_bytes / 1e6:>5.0f} MB {size / 1e6:>5.0f} MB", flush=True)


if __name__ == "__main__":
    main()
