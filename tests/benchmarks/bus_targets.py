"""
How a healthy target of a rule fares beside bad ones: how soon it gets an event, alone and with neighbours.

Run: ``python -m tests.benchmarks.bus_targets``. The neighbours get every event too: three that are healthy, or a
function that takes two seconds, one that always fails (and is tried again), and one that never comes back before its
time-out. The times are from the call of PutEvents to the healthy function's begin, with a durable state file, in real
time, and with the garbage collector set as the server sets it.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from pizzabar.application import Application
from pizzabar.documents import write
from pizzabar.emulator import Emulator
from pizzabar.wire.http import settle_in

EVENTS = 3_000
PAUSE = 0.004
ROUNDS = 3
PATTERN = {"source": ["bench"]}


KINDS = ("alone", "beside three healthy ones", "beside a slow, a failing and a hanging one")


class Taken:
    """When the healthy target began with each event."""

    def __init__(self) -> None:
        self.times: dict[int, float] = {}
        self.are_complete = asyncio.Event()

    def note(self, number: int) -> None:
        """Note that it begins with an event; one that comes again does not count."""
        self.times.setdefault(number, time.perf_counter())
        if len(self.times) == EVENTS:
            self.are_complete.set()


def application(state: Path, kind: str, taken: Taken) -> Application:
    """Make a back end of rules: a healthy one, and its neighbours."""
    app = Application(state=state)

    @app.rule(PATTERN)
    async def healthy(event: Any, context: Any) -> None:
        taken.note(event["detail"]["number"])

    if kind == KINDS[1]:
        for name in ("second", "third", "fourth"):
            app.rule(PATTERN)(app.function(name)(neighbour))

    if kind == KINDS[2]:

        @app.rule(PATTERN)
        async def slow(event: Any, context: Any) -> None:
            await asyncio.sleep(2)

        @app.rule(PATTERN)
        async def failing(event: Any, context: Any) -> None:
            raise RuntimeError("the oven is cold")

        @app.rule(PATTERN)
        async def hanging(event: Any, context: Any) -> None:
            await asyncio.Event().wait()

    return app


async def neighbour(event: Any, context: Any) -> None:
    """Do nothing, as quickly as the healthy one."""


async def latencies(emulator: Emulator, taken: Taken) -> list[float]:
    """Put events one after another, and tell how many milliseconds each took to the healthy function."""
    begun = {}
    for number in range(EVENTS):
        entry = {"Source": "bench", "DetailType": "tick", "Detail": write({"number": number})}
        begun[number] = time.perf_counter()
        await emulator.call("events", "PutEvents", {"Entries": [entry]})
        await asyncio.sleep(PAUSE)
    await asyncio.wait_for(taken.are_complete.wait(), 60)
    return [(taken.times[number] - begun[number]) * 1000 for number in range(EVENTS)]


async def measure(folder: Path, kind: str, number: int) -> list[float]:
    """Measure once, on a state of its own."""
    taken = Taken()
    app = application(folder / f"{KINDS.index(kind)}-{number}.db", kind, taken)
    async with app.emulator() as emulator:
        settle_in()
        return await latencies(emulator, taken)


async def main() -> None:
    """Measure in turns, and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for number in range(ROUNDS):
            for kind in KINDS:
                found[kind] += await measure(Path(folder), kind, number)
                gc.unfreeze()
                gc.collect()
    for kind, times in found.items():
        cuts = statistics.quantiles(times, n=100)
        print(f"a healthy target {kind}: p50 {cuts[49]:.3f} ms, p99 {cuts[98]:.3f} ms")


if __name__ == "__main__":
    asyncio.run(main())
