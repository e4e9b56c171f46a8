"""
A pizza bar in a process of its own that is killed, and what is found on its state afterwards.

The victim reports over a pipe what it tells the outside (``("acknowledged", …)``, ``("pushed", …)``) as it happens,
and kills itself with SIGKILL at a given point, between or within its transactions.
"""

import asyncio
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from pizzabar.apigateway.apis import Admission, Handshake
from pizzabar.emulator import Emulator
from pizzabar.local.runtime import LocalRuntime
from pizzabar.settings import Settings
from tests.flow.serving import ORDER, STATUSES

TASK = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]
WAIT = ["WaitStateEntered", "WaitStateExited"]
HISTORY = ["ExecutionStarted", *(TASK + WAIT) * 5, *TASK, "ExecutionSucceeded"]


@dataclass(frozen=True)
class Death:
    """When to die: at a statement of SQL counted from the order on, or when a status was pushed or is settled."""

    statement: int | None = None
    pushed: int | None = None
    waiting_after: int | None = None


class GuestSocket:
    """A guest's end: it reports what it is sent."""

    def __init__(self, report: Callable[[str, str], None]) -> None:
        self._report = report

    async def send(self, text: str) -> None:
        self._report("pushed", json.loads(json.loads(text)["message"])["status"])

    async def close(self, code: int, reason: str) -> None:
        """Nothing: the process is about to die."""


def die() -> None:
    """End as ``kill -9`` ends a process."""
    os.kill(os.getpid(), signal.SIGKILL)


def _live(state: Path, death: Death, orders: int, pipe: Pipe) -> None:
    asyncio.run(_serve(state, death, orders, pipe))


async def _serve(state: Path, death: Death, orders: int, pipe: Pipe) -> None:
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    assert isinstance(emulator.runtime, LocalRuntime)
    statements = pushes = 0

    def count(statement: str) -> None:
        nonlocal statements
        statements += 1
        if statements == death.statement:
            die()

    def report(kind: str, what: str) -> None:
        nonlocal pushes
        pipe.send((kind, what))
        if kind == "pushed":
            pushes += 1
            if pushes == death.pushed:
                die()

    [api] = emulator.apis
    admission = await emulator.apis.connect(api, "api", Handshake("localhost:8000", "127.0.0.1"))
    assert isinstance(admission, Admission)
    emulator.apis.attach(admission.connection, GuestSocket(report))
    emulator.runtime.database._raw.set_trace_callback(count)
    for _ in range(orders):
        await emulator.apis.receive(admission.connection, ORDER)
        await emulator.runtime.durable()
        report("acknowledged", "order")
    for step in range(6):
        if death.waiting_after == step:
            await emulator.settled()
            die()
        await emulator.advance(timedelta(seconds=5))
    report("ended", str(statements))
    await emulator.close()


def run(state: Path, death: Death, *, orders: int = 1) -> list[tuple[str, str]]:
    """Let a victim live on a state file until its death, and give its reports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ours, theirs = context.Pipe()
    process = context.Process(target=_live, args=(state, death, orders, theirs))
    process.start()
    theirs.close()
    reports = []
    while True:
        try:
            reports.append(ours.recv())
        except EOFError:
            break
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), reports
    return reports


async def check(state: Path, reports: list[tuple[str, str]], *, orders: int = 1) -> None:
    """Go on from what a victim left, to the end, and see that every promise was kept."""
    emulator = await Emulator.open(Settings(state=state, clock="auto"))
    try:
        await emulator.settled()
        await _check(emulator, reports, orders)
    finally:
        await emulator.close()


async def _check(emulator: Emulator, reports: list[tuple[str, str]], orders: int) -> None:
    assert isinstance(emulator.runtime, LocalRuntime)
    acknowledged = sum(kind == "acknowledged" for kind, _ in reports)
    pushed = [what for kind, what in reports if kind == "pushed"]

    # Every acknowledged order is there, and every execution goes on to its end, with a whole history.
    machine, _manual = emulator.state_machines
    executions = await emulator.executions.list(machine.arn)
    assert acknowledged <= len(executions) <= orders
    for record in executions:
        assert record.execution.status == "SUCCEEDED"
        history = await emulator.executions.history(record.execution.arn)
        assert [event["type"] for event in history] == HISTORY
        assert [event["id"] for event in history] == list(range(1, len(HISTORY) + 1))

    # Every status of every order is an event, and has reached the log group under one id.
    lines = await emulator.log_groups.read("/aws/events/pizzabar") if executions else []
    events = [json.loads(line.message) for line in lines]
    for record in executions:
        own = [event for event in events if event["resources"][1] == record.execution.arn]
        statuses = {event["id"]: event["detail"]["status"] for event in own}
        assert list(statuses.values()) == STATUSES

    # What a guest was told of is in the table, and nobody was told twice or out of order.
    table = await emulator.call("dynamodb", "Scan", {"TableName": "pizzabar-Orders"})
    reached = [STATUSES.index(item["status"]["S"]) for item in table["Items"]]
    told = [STATUSES.index(status) for status in pushed]
    if orders == 1:
        assert told == list(range(len(told)))
        assert max(told, default=-1) <= max(reached, default=-1)
    assert len(reached) >= told.count(0)

    # The guest of the dead process has had a goodbye, and nothing is left undelivered.
    sessions = await emulator.call("dynamodb", "Scan", {"TableName": "pizzabar-Sessions"})
    assert sessions["Items"] == []
    assert await emulator.runtime.connections.open() == []
    left = await emulator.runtime.database.read(
        lambda connection: connection.execute("SELECT count(*) FROM deliveries").fetchone()
    )
    assert left == (0,)
