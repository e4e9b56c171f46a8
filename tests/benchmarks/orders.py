"""
Whole orders: how many a second, and what CPU time of the server each takes.

Run with ``python -m tests.benchmarks.orders``. Beside pizzabar, in the same run and turn about, a bare uvicorn server
that answers an order with six frames and does nothing else. Of as many turns as there are, the median is told, and of
the CPU time the least too, which is the nearest to what a machine with nothing else to do would say.
"""

import asyncio
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.benchmarks.clients import Client
from tests.benchmarks.servers import Measured, bare, pizzabar

LOADS = ((1, 100), (50, 10), (200, 5))
"""Connections, and orders each in a turn; the bare server has ten times as many, or no time is to be seen."""
TURNS = 9


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
    print(f"{'connections':>11} {'server':>10} {'orders/s':>9} {'CPU ms/order':>13} {'least':>7}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with bare(path) as plain, pizzabar(path / "state.db") as whole:
            servers = (("bare", plain, 10), ("pizzabar", whole, 1))
            for connections, orders in LOADS:
                turns = defaultdict(list)
                for _ in range(TURNS):
                    for name, server, times in servers:
                        turns[name].append(asyncio.run(measure(server, connections, orders * times)))
                for name, measured in turns.items():
                    rates, costs = zip(*measured, strict=True)
                    figures = f"{median(rates):>9.0f} {median(costs):>13.3f} {min(costs):>7.3f}"
                    print(f"{connections:>11} {name:>10} {figures}", flush=True)


if __name__ == "__main__":
    main()
