"""``kill -9`` while the kitchen moves an order on: its ticket is there again, and it comes to its end."""

import random
import shutil
from pathlib import Path

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from tests.flow.dying import run, undelivered

KILLS = 15
ORDER = '{"data": {"type": "funghi", "ref": "3f"}, "connectionId": "gone"}'


async def live(emulator: Emulator) -> None:
    """Order, or go on with what was ordered, and move it on until nothing waits."""
    _order_flow, manual_flow = emulator.state_machines
    if not await emulator.executions.list(manual_flow.arn):
        await emulator.state_machines.start_execution(manual_flow.arn, ORDER, name="3f")
    while True:
        await emulator.settled()
        tickets = (await emulator.call("dynamodb", "Scan", {"TableName": "pizzabar-Tickets"}))["Items"]
        if not tickets:
            return
        done = {"taskToken": tickets[0]["taskToken"]["S"], "output": "{}"}
        await emulator.call("stepfunctions", "SendTaskSuccess", done)


async def check(state: Path) -> None:
    """Go on from what is left, and see that the order was delivered."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    try:
        await live(emulator)
        [order] = (await emulator.call("dynamodb", "Scan", {"TableName": "pizzabar-Orders"}))["Items"]
        assert (order["orderId"], order["status"]) == ({"S": "3f"}, {"S": "order delivered"})
        _order_flow, manual_flow = emulator.state_machines
        [record] = await emulator.executions.list(manual_flow.arn)
        assert record.execution.status == "SUCCEEDED"
        assert await undelivered(emulator) == 0
    finally:
        await emulator.close()


async def test_an_order_of_the_kitchens_survives_every_kill(tmp_path: Path) -> None:
    statements = run(live, tmp_path / "whole.db", 0)
    await check(tmp_path / "whole.db")
    for dies_at in sorted(random.Random(5).sample(range(1, statements), KILLS)):
        state = tmp_path / str(dies_at) / "state.db"
        state.parent.mkdir()

        assert run(live, state, dies_at) == 0

        await check(state)
        shutil.rmtree(state.parent)
