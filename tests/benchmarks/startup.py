"""
Start-up and idle memory: from the start of the process to the first socket that is accepted.

Run with ``python -m tests.benchmarks.startup``. Beside pizzabar, in the same run, a bare uvicorn server.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.clients import Client
from tests.benchmarks.servers import bare, pizzabar

RUNS = 7


def main() -> None:
    """Print a table."""
    seconds: dict[str, list[float]] = {"bare": [], "pizzabar": []}
    cpu: dict[str, list[float]] = {"bare": [], "pizzabar": []}
    memory: dict[str, list[float]] = {"bare": [], "pizzabar": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for _ in range(RUNS):
            for name in ("bare", "pizzabar"):
                began = time.perf_counter()
                with bare(path) if name == "bare" else pizzabar(path / "state.db") as server:
                    asyncio.run(_connect(server.port))
                    seconds[name].append(time.perf_counter() - began)
                    cpu[name].append(server.cpu_seconds)
                    memory[name].append(server.memory_bytes / 1e6)
    print(f"{'server':>10} {'first socket, s':>16} {'CPU, s':>8} {'memory, MB':>11}   (medians of {RUNS})")
    for name in seconds:
        row = (statistics.median(figures[name]) for figures in (seconds, cpu, memory))
        print("{:>10} {:>16.2f} {:>8.2f} {:>11.1f}".format(name, *row))


async def _connect(port: int) -> None:
    (await Client.connect(port)).close()


if __name__ == "__main__":
    main()
