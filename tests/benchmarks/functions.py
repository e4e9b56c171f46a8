"""
Functions in processes of their own: cold and warm invocations, beside the mere start of the same program, and beside
a handler in process.

Run with ``python -m tests.benchmarks.functions``; with ``--workshop FOLDER`` it measures the start of the workshop's
stack, to the first socket that is accepted, too: once without its dependencies, then with them.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from tests.flow.stacks import stack
from tests.running import environment, free_port, wait_for

COLD, WARM = 11, 500
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
HANDLERS = {
    "node": ("nodejs20.x", "app.mjs", "export const handler = async (event) => event;"),
    "python": (PYTHON, "app.py", "def handler(event, context): return event\n"),
}
PROGRAMS = {"node": ["node", "-e", "0"], "python": [sys.executable, "-S", "-c", "0"]}
IN_PROCESS = """
Resources:
  Tell:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: Tell}
    Metadata: {pizzabar: {InProcess: 'tests.benchmarks.functions:handler'}}
"""


async def handler(event: Any, context: Any) -> Any:
    """Give the event back, in process."""
    return event


def started(program: list[str]) -> float:
    """Tell how long a program takes to start and to end, in milliseconds."""
    began = time.perf_counter()
    subprocess.run(program, check=True)
    return (time.perf_counter() - began) * 1000


async def invoked(emulator: Emulator) -> float:
    """Tell how long an invocation takes, in milliseconds."""
    began = time.perf_counter()
    await emulator.call("lambda", "Invoke", {"FunctionName": "Tell", "Payload": '{"size":"L"}'})
    return (time.perf_counter() - began) * 1000


async def measure(language: str, folder: Path) -> tuple[float, float, float]:
    """Give the medians of a program's start, of cold invocations and of warm ones."""
    runtime, file, app = HANDLERS[language]
    plain: list[float] = []
    cold: list[float] = []
    async with stack(folder, {file: app}, runtime=runtime, clock="real", tls_port="off") as tell:
        for _ in range(COLD):
            plain.append(started(PROGRAMS[language]))
            tell.emulator.functions.change("Tell", description=str(len(cold)))
            cold.append(await invoked(tell.emulator))
        warm = [await invoked(tell.emulator) for _ in range(WARM)]
    return statistics.median(plain), statistics.median(cold), statistics.median(warm)


async def in_process(folder: Path) -> float:
    """Give the median of invocations in process."""
    template = folder / "in_process.yaml"
    template.write_text(IN_PROCESS)
    emulator = await Emulator.open(Settings(state=None, template=template))
    try:
        return statistics.median([await invoked(emulator) for _ in range(WARM)])
    finally:
        await emulator.close()


def first_socket(template: Path, folder: Path) -> float:
    """Tell how long the start of a stack takes until a socket is accepted, in seconds."""
    port = free_port()
    given = environment(template=template, state=folder / "state.db", port=port, tls_port=0)
    command = [sys.executable, "-c", "from pizzabar.cli import main; main()", "up"]
    began = time.perf_counter()
    server = subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(server, port)
        return time.perf_counter() - began
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workshop", type=Path, help="the folder of the workshop's files")
    workshop = parser.parse_args().workshop
    print(f"{'':>10} {'plain start':>12} {'cold':>9} {'warm':>9}   (ms, medians of {COLD}, {COLD} and {WARM})")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for language in HANDLERS:
            place = folder / language
            place.mkdir()
            print("{:>10} {:>12.1f} {:>9.1f} {:>9.2f}".format(language, *asyncio.run(measure(language, place))))
        print(f"{'in process':>10} {'':>12} {'':>9} {asyncio.run(in_process(folder)):>9.2f}")
        if workshop is not None:
            installing, *others = [first_socket(workshop / "template.yaml", folder) for _ in range(6)]
            print(f"the workshop's first socket: {installing:.1f} s at first, then {statistics.median(others):.2f} s")


if __name__ == "__main__":
    main()
