"""A process that lives on a state file until it is killed, at a statement of SQL."""

import asyncio
import multiprocessing
import os
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from pizzabar.emulator import Emulator
from pizzabar.local.runtime import LocalRuntime
from pizzabar.settings import Settings

Live = Callable[[Emulator], Awaitable[None]]
"""What the process does; a function of a module."""


def run(live: Live, state: Path, dies_at: int) -> int:
    """Let a process live, on a virtual clock; give how many statements it made if it came to its end, or 0."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([live.__module__])
    ours, theirs = context.Pipe()
    process = context.Process(target=_live, args=(live, state, dies_at, theirs))
    process.start()
    theirs.close()
    try:
        statements = int(ours.recv())
    except EOFError:
        statements = 0
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return statements


def _live(live: Live, state: Path, dies_at: int, pipe: Pipe) -> None:
    asyncio.run(_serve(live, state, dies_at, pipe))


async def _serve(live: Live, state: Path, dies_at: int, pipe: Pipe) -> None:
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    assert isinstance(emulator.runtime, LocalRuntime)
    statements = 0

    def count(statement: str) -> None:
        nonlocal statements
        statements += 1
        if statements == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    emulator.runtime.database._raw.set_trace_callback(count)
    await live(emulator)
    pipe.send(statements)
    await emulator.close()


async def survives(
    folder: Path,
    prepare: Callable[[Path], Awaitable[None]],
    live: Live,
    check: Callable[[Path], Awaitable[None]],
    *,
    kills: int,
    seed: int,
) -> int:
    """Kill a process at random statements, some of them twice, and check what comes of each.

    Give how many statements it makes when it is left alone.
    """
    chance = random.Random(seed)
    prepared, whole = folder / "prepared.db", folder / "whole.db"
    await prepare(prepared)
    shutil.copy(prepared, whole)
    statements = run(live, whole, 0)
    await check(whole)
    for number in range(kills):
        state = folder / f"{number}.db"
        shutil.copy(prepared, state)
        assert run(live, state, chance.randint(1, statements)) == 0
        if chance.random() < 0.3:
            run(live, state, chance.randint(1, statements))
        await check(state)
    return statements


async def undelivered(emulator: Emulator) -> int:
    """Count what is left in the queues of the state file."""
    assert isinstance(emulator.runtime, LocalRuntime)
    [left] = await emulator.runtime.database.read(
        lambda connection: connection.execute("SELECT count(*) FROM deliveries").fetchone()
    )
    return int(left)
