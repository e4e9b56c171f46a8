"""The composition root: templates become running stacks, and time and state can be had hold of."""

from datetime import timedelta
from pathlib import Path

import pytest

from pizzabar.clock import SystemClock, VirtualClock
from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.emulator import ClockStandsStill, Emulator, load_stack
from pizzabar.errors import UnknownOperationException
from pizzabar.settings import Settings

IN_MEMORY = Settings(state=None, clock="virtual")

ECHO = """
Resources:
  Echo:
    Type: AWS::Lambda::Function
    Metadata: {pizzabar: {InProcess: "tests.test_emulator:echo"}}
    Properties: {FunctionName: echo}
"""


async def echo(event: object, context: object) -> object:
    """Answer with the event."""
    return event


async def test_the_shipped_template_is_the_default() -> None:
    stack = load_stack(IN_MEMORY)

    assert stack.outputs["ApiEndpoint"].value.endswith("amazonaws.com/api")
    assert [resource.logical_id for resource in stack.resources if resource.type == "AWS::DynamoDB::Table"] == [
        "SessionsTable",
        "OrdersTable",
    ]


async def test_a_template_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(ECHO)
    emulator = await Emulator.open(Settings(state=None, template=tmp_path / "template.yaml"))

    answer = await emulator.call("lambda", "Invoke", {"FunctionName": "echo", "Payload": b'{"a":1}'})

    assert answer["Payload"] == b'{"a":1}'
    await emulator.close()


async def test_a_faulty_template_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(ECHO.replace("Function\n", "Fnction\n") + "    Conditon: x\n")
    state = tmp_path / "state.db"

    with pytest.raises(FaultyTemplate) as faulty:
        await Emulator.open(Settings(state=state, template=tmp_path / "template.yaml"))

    assert any("AWS::Lambda::Fnction is not supported" in str(fault) for fault in faulty.value.faults)
    assert any("template.yaml:4:" in str(fault) for fault in faulty.value.faults)
    assert not state.exists()


async def test_a_handler_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(ECHO.replace(":echo", ":nobody"))

    with pytest.raises(FaultyTemplate, match=r"tests\.test_emulator:nobody cannot be loaded"):
        load_stack(Settings(template=tmp_path / "template.yaml"))


async def test_real_time_cannot_be_advanced() -> None:
    emulator = await Emulator.open(Settings(state=None))

    with pytest.raises(ClockStandsStill):
        await emulator.advance(timedelta(seconds=1))

    emulator.set_clock("virtual")
    before = emulator.clock.now()
    await emulator.advance(timedelta(seconds=1))
    assert emulator.clock.now() - before == timedelta(seconds=1)
    await emulator.close()


async def test_the_clock_is_set_by_name() -> None:
    emulator = await Emulator.open(IN_MEMORY)

    emulator.set_clock("auto")
    assert isinstance(emulator.clock.current, VirtualClock)
    emulator.set_clock("real", speed=60)
    assert isinstance(emulator.clock.current, SystemClock)
    with pytest.raises(ValueError, match="sideways"):
        emulator.set_clock("sideways")
    await emulator.close()


async def test_what_is_not_there_is_refused_by_name() -> None:
    emulator = await Emulator.open(IN_MEMORY)

    with pytest.raises(UnknownOperationException, match="dynamodb:TransactWriteItems is not supported"):
        await emulator.call("dynamodb", "TransactWriteItems", {})
    await emulator.close()


async def test_a_template_opened_again_keeps_its_items(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state.db", clock="virtual")
    emulator = await Emulator.open(settings)
    item = {"orderId": {"S": "1"}}
    await emulator.call("dynamodb", "PutItem", {"TableName": "pizzabar-Orders", "Item": item})
    await emulator.close()

    emulator = await Emulator.open(settings)

    answer = await emulator.call("dynamodb", "GetItem", {"TableName": "pizzabar-Orders", "Key": item})
    assert answer == {"Item": item}
    await emulator.close()
