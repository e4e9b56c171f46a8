"""
State transitions: how many a CPU-second, computed and stored.

Run with ``python -m tests.benchmarks.transitions``.
"""

import asyncio
import json
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
    await emulator.close()


def main() -> None:
    """Measure on a state file."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "state.db"))


if __name__ == "__main__":
    main()
