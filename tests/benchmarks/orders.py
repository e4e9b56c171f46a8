"""
Whole orders: how many a second, and what CPU time of the server each takes.

Run with ``python -m tests.benchmarks.orders``. Beside pizzabar, in the same run, a bare uvicorn server that answers
an order with six frames and does nothing else.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from tests.benchmarks.clients import Client
from tests.benchmarks.servers import Measured, bare, pizzabar

ROUNDS = ((1, 400), (50, 40), (200, 20))
"""Connections, and orders each."""


async def measure(server: Measured, connections: int, orders: int) -> tuple[float, float]:
    """Give orders per second and milliseconds of server CPU per order."""
    clients = await asyncio.gather(*(Client.connect(server.port) for _ in range(connections)))
    await asyncio.gather(*(client.order() for client in clients))

    async def go(client: Client) -> None:
        for _ in range(orders):
            await client.order()

    cpu, began = server.cpu_seconds, time.perf_counter()
    await asyncio.gather(*map(go, clients))
    seconds, used = time.perf_counter() - began, server.cpu_seconds - cpu
    for client in clients:
        client.close()
    count = connections * orders
    return count / seconds, used / count * 1000


def main() -> None:
    """Print a table."""
    print(f"{'connections':>11} {'server':>10} {'orders/s':>9} {'CPU ms/order':>13} {'orders/CPU s':>13}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with bare(path) as plain, pizzabar(path / "state.db") as whole:
            for connections, orders in ROUNDS:
                for name, server in (("bare", plain), ("pizzabar", whole)):
                    rate, cpu = asyncio.run(measure(server, connections, orders))
                    print(f"{connections:>11} {name:>10} {rate:>9.0f} {cpu:>13.3f} {1000 / cpu:>13.0f}", flush=True)


if __name__ == "__main__":
    main()
