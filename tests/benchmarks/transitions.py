"""
State machines: transitions a CPU-second, computed and stored; items of a Map state; JSONata; executions that wait.

Run with ``python -m tests.benchmarks.transitions``, with a number of waiting executions other than 100,000 behind it.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings

STATES = 100
EXECUTIONS = 100

CHAIN = {
    "StartAt": "0",
    "States": {
        str(number): {"Type": "Pass", "Next": str(number + 1)}
        if number < STATES - 1
        else {"Type": "Pass", "End": True}
        for number in range(STATES)
    },
}
THREE = {
    "StartAt": "Look",
    "States": {
        "Look": {"Type": "Pass", "Next": "Choose"},
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.size", "StringEquals": "L", "Next": "Large"}],
            "Default": "Large",
        },
        "Large": {"Type": "Pass", "End": True},
    },
}


async def run(state: Path) -> None:
    """Print the figures."""
    emulator = await Emulator.open(Settings(state=state))
    for name, definition, count in (("chain", CHAIN, EXECUTIONS), ("three states", THREE, EXECUTIONS * 20)):
        machine = emulator.state_machines.create(name.replace(" ", "-"), json.dumps(definition))
        began = time.process_time()
        for _ in range(0, count, 20):
            await asyncio.gather(
                *(emulator.state_machines.start_execution(machine.arn, '{"size":"L"}') for _ in range(20))
            )
        await emulator.settled()
        seconds = time.process_time() - began
        states = len(definition["States"])
        print(f"{name}: {count / seconds:.0f} executions, {count * states / seconds:.0f} states a CPU-second")
    await maps(emulator)
    await emulator.close()


async def maps(emulator: Emulator) -> None:
    """Print what inline Map states cost, as Express, whose history has no end."""
    processor = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    each = {"StartAt": "A", "States": {"A": {"Type": "Map", "ItemProcessor": processor, "End": True}}}
    doubled = {**processor["States"]["I"], "Output": "{% $states.input * 2 %}"}  # type: ignore[index]
    jsonata = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": doubled}}, "End": True},
        },
    }
    for name, definition, counts in (("Map", each, (2_500, 5_000, 10_000)), ("JSONata Map", jsonata, (1_000, 2_000))):
        machine = emulator.state_machines.create(name.replace(" ", "-"), json.dumps(definition), type="EXPRESS")
        for count in counts:
            began = time.process_time()
            started = await emulator.state_machines.start_execution(machine.arn, json.dumps(list(range(count))))
            ended = await emulator.executions.ended(started.execution.arn)
            assert ended.execution.status == "SUCCEEDED"
            seconds = time.process_time() - began
            print(f"{name} of {count} items: {seconds:.3f} s of CPU, {seconds / count * 1e6:.1f} us an item")


async def wait(state: Path, count: int) -> None:
    """Print what executions cost that wait, on disk and at a start after the process was killed."""
    waits = {"StartAt": "A", "States": {"A": {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}}}
    emulator = await Emulator.open(Settings(state=state))
    machine = emulator.state_machines.create("waits", json.dumps(waits))
    before = state.stat().st_size
    for first in range(0, count, 100):
        given = json.dumps({"seconds": 86_400 + first})
        await asyncio.gather(*(emulator.state_machines.start_execution(machine.arn, given) for _ in range(100)))
    await emulator.settled()
    await emulator.close()
    size = state.stat().st_size - before
    began = time.perf_counter()
    emulator = await Emulator.open(Settings(state=state))
    seconds = time.perf_counter() - began
    print(f"{count} waiting executions: {size / count:.0f} bytes each on disk, started again in {seconds:.2f} s")
    await emulator.close()


def main() -> None:
    """Measure on state files."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "state.db"))
        asyncio.run(wait(Path(folder) / "waits.db", int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))


if __name__ == "__main__":
    main()
