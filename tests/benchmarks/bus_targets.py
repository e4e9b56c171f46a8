"""
How a healthy target of a rule fares beside bad ones: how soon it gets an event, alone and with neighbours.

Run: ``python -m tests.benchmarks.bus_targets``. The neighbours get every event too.
100 events a second are put, at random. The times are of CPU, from the call of PutEvents to the healthy function's
begin, for what else goes on on the machine is no matter here; an event that comes while the one thread is at work for
others waits in addition, for as long as that stretch of work lasts. The state file is durable, retries come after
seconds, and the garbage collector is set as the server sets it.

A round measures every kind once, each round in another order. What is printed are medians over the rounds: of a p99,
with the quartiles, and of how far it is from the one beside three healthy neighbours in the same round.
"""

import asyncio
import gc
import random
import selectors
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from pizzabar.application import Application
from pizzabar.documents import write
from pizzabar.emulator import Emulator
from pizzabar.wire.http import settle_in

ROUNDS = 6
WARM_UP = 100
EVENTS = 1_000
A_SECOND = 100
PATTERN = {"source": ["bench"]}

Handler = Callable[[Any, Any], Coroutine[Any, Any, None]]


async def quick(event: Any, context: Any) -> None:
    """Do nothing, as quickly as the healthy one."""


async def slow(event: Any, context: Any) -> None:
    """Take two seconds, as an API that is asked may."""
    await asyncio.sleep(2)


async def failing(event: Any, context: Any) -> None:
    """Fail always, and be tried again."""
    raise RuntimeError("the oven is cold")


async def hanging(event: Any, context: Any) -> None:
    """Go on until the time-out."""
    await asyncio.Event().wait()


HEALTHY = "beside three healthy ones"
KINDS: dict[str, tuple[Handler, ...]] = {
    "alone": (),
    HEALTHY: (quick, quick, quick),
    "beside a slow, a failing and a hanging one": (slow, failing, hanging),
    "beside three slow ones": (slow, slow, slow),
}


class Taken:
    """When the healthy target began with each event."""

    def __init__(self) -> None:
        self.times: dict[int, float] = {}
        self.are_complete = asyncio.Event()

    def note(self, number: int) -> None:
        """Note that it begins with an event; one that comes again does not count."""
        self.times.setdefault(number, time.thread_time())
        if len(self.times) == WARM_UP + EVENTS:
            self.are_complete.set()


def application(folder: Path, neighbours: tuple[Handler, ...], taken: Taken) -> Application:
    """Make a back end of rules: a healthy one, and its neighbours."""
    app = Application(state=folder / "state.db", speed=60)

    @app.rule(PATTERN)
    async def healthy(event: Any, context: Any) -> None:
        taken.note(event["detail"]["number"])

    for number, neighbour in enumerate(neighbours):

        async def handle(event: Any, context: Any, neighbour: Handler = neighbour) -> None:
            await neighbour(event, context)

        handle.__name__ = f"neighbour{number}"
        app.rule(PATTERN)(handle)
    return app


class Waits(selectors.DefaultSelector):
    """Where the event loop waits; it knows how long the loop was busy between."""

    def __init__(self) -> None:
        super().__init__()
        self.stretches: list[float] = []
        """In CPU seconds."""
        self._began = time.thread_time()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait."""
        self.stretches.append(time.thread_time() - self._began)
        ready = super().select(timeout)
        self._began = time.thread_time()
        return ready


async def latencies(emulator: Emulator, taken: Taken, waits: Waits) -> list[float]:
    """Put events at random times, and tell how many milliseconds each took to the healthy function."""
    began = {}
    chance = random.Random(EVENTS)
    for number in range(WARM_UP + EVENTS):
        if number == WARM_UP:
            waits.stretches.clear()
        await asyncio.sleep(chance.expovariate(A_SECOND))
        entry = {"Source": "bench", "DetailType": "tick", "Detail": write({"number": number})}
        began[number] = time.thread_time()
        await emulator.call("events", "PutEvents", {"Entries": [entry]})
    await asyncio.wait_for(taken.are_complete.wait(), 60)
    return [(taken.times[number] - began[number]) * 1000 for number in range(WARM_UP, WARM_UP + EVENTS)]


def measure(neighbours: tuple[Handler, ...]) -> tuple[float, float, float]:
    """Measure once, on a state and a loop of their own: give p50, p99, and the longest stretch of work."""
    waits = Waits()

    async def run(folder: Path) -> list[float]:
        taken = Taken()
        async with application(folder, neighbours, taken).emulator() as emulator:
            settle_in()
            found = await latencies(emulator, taken, waits)
            longest.append(max(waits.stretches) * 1000)
            return found

    longest: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(waits)) as runner,
    ):
        cuts = statistics.quantiles(runner.run(run(Path(folder))), n=100)
    gc.unfreeze()
    gc.collect()
    return cuts[49], cuts[98], longest[0]


def main() -> None:
    """Measure in turns, and print the figures."""
    found: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in KINDS}
    for number in range(ROUNDS):
        for kind in random.Random(number).sample(list(KINDS), len(KINDS)):
            found[kind].append(measure(KINDS[kind]))
    print(f"{ROUNDS} rounds of {EVENTS:,} events; medians over the rounds, quartiles in brackets")
    for kind, rounds in found.items():
        p50s, p99s, longest = zip(*rounds, strict=True)
        low, middle, high = statistics.quantiles(p99s, n=4)
        moved = statistics.median(own / beside[1] - 1 for own, beside in zip(p99s, found[HEALTHY], strict=True))
        print(
            f"a healthy target {kind}: p50 {statistics.median(p50s):.3f} ms,"
            f" p99 {middle:.3f} ms ({low:.3f} to {high:.3f}), {moved:+.0%};"
            f" the longest stretch of work {statistics.median(longest):.1f} ms"
        )


if __name__ == "__main__":
    main()
