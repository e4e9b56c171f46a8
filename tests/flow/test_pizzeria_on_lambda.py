"""The shipped pizzeria with its function in a process of its own, on boto3: what is deployed to AWS."""

import json
from pathlib import Path

import pytest

from pizzabar.pizzeria.orders import status_frame
from pizzabar.settings import Settings
from tests.flow.serving import FRAMES, STATUSES, open_pizza_bar, receive


@pytest.fixture(scope="module", name="cache")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


async def test_the_frames_are_the_same_and_its_roles_allow_all_of_it(cache: Path) -> None:
    settings = Settings(state=None, clock="virtual", port=0, run_functions="child", cache=cache, iam="enforce")
    async with open_pizza_bar(settings) as bar, bar.connect() as guest:
        await guest.send('{"type":"margherita","size":"L","price":9.5,"tags":[null,true,{"a":1}]}')
        for frame in FRAMES:
            assert await receive(guest, 1) == [frame]
            await bar.pass_time(5)

        [order], [session] = await bar.items("Orders"), await bar.items("Sessions")
        assert order["status"] == {"S": STATUSES[-1]}
        assert order["price"] == {"N": "9.5"}
        assert order["tags"] == {"L": [{"NULL": True}, {"BOOL": True}, {"M": {"a": {"N": "1"}}}]}
        assert session["orderId"] == order["orderId"]
        lines = await bar.log_lines("/aws/lambda/pizzabar-StatusFunction")
        assert [line.partition(": ")[2] for line in lines if line.startswith(order["orderId"]["S"])] == STATUSES
        assert bar.emulator.authorization.findings() == []
        pushes = [hop for hop in bar.emulator.journal if hop.operation == "PostToConnection"]
        assert {str(hop.asked_by) for hop in pushes} == {
            "Principal(arn:aws:sts::123456789012:assumed-role/pizzabar-StatusFunctionRole/pizzabar-StatusFunction)"
        }


async def test_a_guest_who_has_gone_is_answered(cache: Path) -> None:
    settings = Settings(state=None, clock="virtual", port=0, run_functions="child", cache=cache)
    async with open_pizza_bar(settings) as bar:
        async with bar.connect() as guest:
            await guest.send('{"type":"margherita"}')
            await receive(guest, 1)
        await bar.pass_time(25)

        ends = [hop for hop in bar.emulator.journal if hop.operation == "Invocation"]
        assert all(hop.error is None for hop in ends)
        assert json.loads(ends[-1].result) == {"statusCode": 404, "body": "invalid order"}


async def test_a_guest_who_comes_back_is_told_the_rest(cache: Path) -> None:
    settings = Settings(state=None, clock="virtual", port=0, run_functions="child", cache=cache, iam="enforce")
    async with open_pizza_bar(settings) as bar:
        async with bar.connect() as guest:
            await guest.send('{"type":"margherita","ref":"3f"}')
            assert await receive(guest, 1) == [status_frame(STATUSES[0], "3f")]
        await bar.pass_time(12)
        async with bar.connect() as guest:
            await guest.send('{"action":"resume","ref":"3f"}')
            assert await receive(guest, 1) == [status_frame(STATUSES[2], "3f")]
            await bar.pass_time(13)

            assert await receive(guest, 3) == [status_frame(status, "3f") for status in STATUSES[3:]]
        assert bar.emulator.authorization.findings() == []
