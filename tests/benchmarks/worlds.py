"""
Worlds for tests: what one costs to make and to end, and what a thousand in a row leave behind.

Run with ``python -m tests.benchmarks.worlds``. Every tenth has an order with its six statuses.
"""

import gc
import threading
import time

import psutil

from pizzabar.testing import World
from tests.benchmarks.clients import ORDER, STATUSES

WORLDS = 1000


def live(*, orders: bool) -> None:
    """Open a world, and end it."""
    with World() as world:
        if orders:
            guest = world.connect()
            guest.send(ORDER.decode())
            world.advance(25)
            assert len(guest.frames) == len(STATUSES)


def main() -> None:
    """Print what it costs and what is left."""
    live(orders=True)
    gc.collect()
    process = psutil.Process()
    memory, files, threads = process.memory_info().rss, process.num_fds(), threading.active_count()
    cpu, began = time.process_time(), time.perf_counter()
    for number in range(WORLDS):
        live(orders=number % 10 == 0)
    used, took = time.process_time() - cpu, time.perf_counter() - began
    gc.collect()
    print(f"a world: {used / WORLDS * 1000:.1f} ms CPU, {took / WORLDS * 1000:.1f} ms")
    print(
        f"left after {WORLDS}: {(process.memory_info().rss - memory) / 1e6:+.1f} MB, "
        f"{process.num_fds() - files:+} files, {threading.active_count() - threads:+} threads"
    )


if __name__ == "__main__":
    main()
