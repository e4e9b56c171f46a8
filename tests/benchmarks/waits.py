"""
Many orders with real Waits: is any status lost, doubled or out of order, and how late is it.

Run with ``python -m tests.benchmarks.waits``: 1,000 connections, an order each, five Waits of five seconds. Also how
soon the first push comes on an idle machine.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.clients import ORDER, STATUSES, Client
from tests.benchmarks.servers import Measured, pizzabar

CONNECTIONS = 1_000
WAIT = 5.0
OVER = 10.0
"""The orders are placed over so many seconds."""


async def order(client: Client, delay: float, lateness: list[float]) -> None:
    """Place an order after a while, and note how much later than its Wait each status comes."""
    await asyncio.sleep(delay)
    client.send(ORDER)
    last = 0.0
    for number, status in enumerate(STATUSES):
        frame = await client.receive()
        now = time.perf_counter()
        assert b'"' + status + b'\\"' in frame, (status, frame)
        if number:
            lateness.append((now - last - WAIT) * 1000)
        last = now
    # Nothing comes twice.
    try:
        raise AssertionError(await asyncio.wait_for(client.receive(), 1))
    except TimeoutError:
        pass


async def first_pushes(server: Measured) -> list[float]:
    """Measure, on an idle server, the time from an order to its first status, in milliseconds."""
    client = await Client.connect(server.port)
    times = []
    for _ in range(200):
        await asyncio.sleep(0.02)
        began = time.perf_counter()
        client.send(ORDER)
        await client.receive()
        times.append((time.perf_counter() - began) * 1000)
    client.close()
    return times


async def run(server: Measured) -> None:
    """Print the figures."""
    clients = await asyncio.gather(*(Client.connect(server.port) for _ in range(CONNECTIONS)))
    lateness: list[float] = []
    cpu = server.cpu_seconds
    await asyncio.gather(
        *(order(client, number / CONNECTIONS * OVER, lateness) for number, client in enumerate(clients))
    )
    used = server.cpu_seconds - cpu
    for client in clients:
        client.close()
    print(f"{CONNECTIONS} orders with real Waits: none lost, doubled or out of order")
    _print("a status, beyond its Wait", lateness)
    print(f"{used / CONNECTIONS * 1000:.2f} ms of server CPU an order")


def _print(what: str, times: list[float]) -> None:
    cuts = statistics.quantiles(times, n=100)
    print(f"{what}: p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms, max {max(times):.2f} ms")


def main() -> None:
    """Measure on servers of their own."""
    with tempfile.TemporaryDirectory() as folder:
        with pizzabar(Path(folder) / "idle.db", speed=1) as server:
            _print("first push on an idle machine", asyncio.run(first_pushes(server)))
        with pizzabar(Path(folder) / "state.db", speed=1) as server:
            asyncio.run(run(server))


if __name__ == "__main__":
    main()
