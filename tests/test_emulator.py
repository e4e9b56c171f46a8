"""The composition root: templates become running stacks, and time and state can be had hold of."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pizzabar.clock import SystemClock, VirtualClock
from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.emulator import ClockStandsStill, Emulator
from pizzabar.errors import UnknownOperationException
from pizzabar.loading import load_stack
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
        "TicketsTable",
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

    with pytest.raises(UnknownOperationException, match="dynamodb:CreateBackup is not supported"):
        await emulator.call("dynamodb", "CreateBackup", {})
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


FLOW = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: machines/flow.asl.json}
  Bus: {Type: AWS::Events::EventBus}
"""


def faults_in(template: Path, **settings: Any) -> list[str]:
    with pytest.raises(FaultyTemplate) as faulty:
        load_stack(Settings(template=template, **settings))
    return [str(fault) for fault in faulty.value.faults]


def test_a_fault_in_a_definition_is_told_with_its_file(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(FLOW)
    (tmp_path / "machines").mkdir()
    definition = tmp_path / "machines" / "flow.asl.json"
    definition.write_text('{"StartAt": "A",\n "States": {"A": {"Type": "Wait",\n  "Next": "B"}}}')

    faults = faults_in(template)

    assert any(fault.startswith(f"{template}:7:3: ") for fault in faults)
    assert any(fault.startswith(f"{definition}:3:3: Flow: ") for fault in faults)


@pytest.mark.parametrize(
    ("text", "place"), [(b"Resources:\n  \xff: {}", "2:3"), (b"Resources:\n  caf\xe9: {}", "2:6")]
)
def test_a_template_that_is_not_text(tmp_path: Path, text: bytes, place: str) -> None:
    template = tmp_path / "template.yaml"
    template.write_bytes(text)

    [fault] = faults_in(template)

    assert fault.startswith(f"{template}:{place}: template.yaml is not UTF-8 text")


def test_a_definition_that_is_not_text(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(FLOW.replace("machines/", ""))
    (tmp_path / "flow.asl.json").write_bytes(b"\xff")

    assert (
        f"{template}:6:33: Flow: flow.asl.json cannot be read: flow.asl.json is not UTF-8 text: invalid start byte"
        in (faults_in(template))
    )


def test_a_byte_order_mark_is_no_part_of_a_template(tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_bytes(
        b"\xef\xbb\xbf" + b'{"Resources": {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "b"}}}}'
    )

    assert [resource.logical_id for resource in load_stack(Settings(template=template)).resources] == ["Bus"]


def test_a_stand_in_is_for_a_function_that_the_template_has(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(ECHO + "  Bus: {Type: AWS::Events::EventBus, Properties: {Name: b}}\n")

    assert faults_in(template, functions={"Ecko": "json:loads"}) == [
        f"{template}:2:1: Ecko: the template has no such resource; did you mean Echo?"
    ]
    assert faults_in(template, functions={"Bus": "json:loads"}) == [
        f"{template}:1:1: Bus: AWS::Events::EventBus is no function, and takes no handler"
    ]
    [fault] = faults_in(template, functions={"Echo": "nowhere:handle"})
    assert fault.startswith(f"{template}:6:5: Echo: ")
    assert "the handler nowhere:handle cannot be loaded: No module named 'nowhere'" in fault


async def test_a_stand_in_is_found_beside_the_template_and_runs_in_place_of_the_code(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(ECHO)
    (tmp_path / "stand_in_of_test.py").write_text("def handle(event, context): return 'stand-in'\n")
    settings = Settings(state=None, template=template, functions={"Echo": "stand_in_of_test:handle"})
    emulator = await Emulator.open(settings)

    answer = await emulator.call("lambda", "Invoke", {"FunctionName": "echo", "Payload": b"{}"})

    assert answer["Payload"] == b'"stand-in"'
    await emulator.close()


def test_a_stack_larger_than_aws_deploys_is_told_of(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    buses = (f"  B{each}: {{Type: AWS::Events::EventBus, Properties: {{Name: b{each}}}}}\n" for each in range(501))
    template.write_text("Resources:\n" + "".join(buses))

    stack = load_stack(Settings(template=template))

    assert len(stack.resources) == 501
    [(place, why)] = stack.without_effect
    assert place == f"{template}:1:1: Resources"
    assert why == "AWS deploys at most 500 resources in a stack, and this one has 501"


async def test_what_a_lenient_reading_goes_over_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(ECHO + "  Topic: {Type: AWS::SNS::Topic}\n")

    emulator = await Emulator.open(Settings(state=None, template=template, lenient=True))
    await emulator.close()

    assert caplog.messages == [f"ignored: {template}:7:17: Topic: AWS::SNS::Topic is not supported"]


async def test_what_is_gone_over_keeps_nobody_from_the_rest(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        """
Resources:
  Ordered:
    Type: AWS::Events::Rule
    Properties: {EventBusName: shared, EventPattern: {source: [kitchen]}}
  Bake:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: bake
      Code: {ZipFile: 'def handler(event, context): return event'}
      Handler: index.handler
      Runtime: python3.11
      Layers: ['arn:aws:lambda:us-east-1:017000801446:layer:Powertools:1']
"""
    )
    emulator = await Emulator.open(Settings(state=None, template=tmp_path / "template.yaml", lenient=True))
    entry = {"EventBusName": "shared", "Source": "kitchen", "DetailType": "d", "Detail": "{}"}
    put = await emulator.call("events", "PutEvents", {"Entries": [entry]})
    rules = await emulator.call("events", "ListRules", {"EventBusName": "shared"})
    await emulator.close()

    assert put["FailedEntryCount"] == 0
    assert len(rules["Rules"]) == 1
    assert [function.name for function in emulator.functions] == ["bake"]
