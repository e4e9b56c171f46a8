"""
``kill -9`` of a process that has schedules: no time is lost, and each has its effect at least once.

Each time of a schedule puts an item of its own, and starts an execution of its own: what is done twice is one thing.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from tests.flow.dying import survives, undelivered

KILLS = 40
BEGINS = datetime(2090, 1, 1, tzinfo=UTC)
TIMES = 6
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:Own"
ROLE = "arn:aws:iam::123456789012:role/any"
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


def asked(name: str, arn: str, input: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "ScheduleExpression": "rate(1 minute)",
        "StartDate": BEGINS.timestamp(),
        "EndDate": (BEGINS + timedelta(minutes=TIMES - 1)).timestamp(),
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {"Arn": arn, "RoleArn": ROLE, "Input": json.dumps(input)},
    }


async def prepare(state: Path) -> None:
    """Make the schedules, and what they ask."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    try:
        call = emulator.call
        await call("stepfunctions", "CreateStateMachine", {"name": "Own", "definition": PASS, "roleArn": ROLE})
        item = {"TableName": "pizzabar-Orders", "Item": {"orderId": {"S": "<aws.scheduler.scheduled-time>"}}}
        put = asked("put", "arn:aws:scheduler:::aws-sdk:dynamodb:putItem", item)
        await call("scheduler", "CreateSchedule", put)
        start = asked("start", MACHINE, {"time": "<aws.scheduler.scheduled-time>"})
        await call("scheduler", "CreateSchedule", start)
        await emulator.settled()
    finally:
        await emulator.close()


async def live(emulator: Emulator) -> None:
    """Let the times come."""
    await emulator.advance(BEGINS + timedelta(minutes=TIMES) - emulator.clock.now())


async def check(state: Path) -> None:
    """Go on from what is left, and see that every time had its effect, and that the schedules are through."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    try:
        await emulator.advance(BEGINS + timedelta(minutes=TIMES + 5) - emulator.clock.now())
        times = [f"{BEGINS + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}" for minute in range(TIMES)]
        table = await emulator.call("dynamodb", "Scan", {"TableName": "pizzabar-Orders"})
        assert sorted(item["orderId"]["S"] for item in table["Items"]) == times
        started = [json.loads(record.input)["time"] for record in await emulator.executions.list(MACHINE)]
        assert sorted(started) == times
        assert (await emulator.call("scheduler", "ListSchedules", {}))["Schedules"] == []
        assert await undelivered(emulator) == 0
    finally:
        await emulator.close()


async def test_killed_at_random_points(tmp_path: Path) -> None:
    statements = await survives(tmp_path, prepare, live, check, kills=KILLS, seed=2022)
    assert statements > TIMES
