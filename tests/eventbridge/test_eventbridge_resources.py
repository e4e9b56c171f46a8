"""
The CloudFormation types of EventBridge.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
"""

import pytest

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import pointer
from pizzabar.eventbridge.resources import RESOURCES
from pizzabar.resource import Identity, Naming, Resource
from tests.eventbridge.service import FUNCTION, EventBridge, eventbridge

NAMING = Naming(Home(), "pizza")
BUS, RULE = "AWS::Events::EventBus", "AWS::Events::Rule"


def identify(type_: str, logical_id: str = "It", **properties: JSON) -> Identity:
    return RESOURCES[type_].identify(logical_id, properties, NAMING)


def faults(**properties: JSON) -> list[str]:
    return [f"{pointer(fault.path)}: {fault.message}" for fault in RESOURCES[RULE].check(properties)]


async def create(ask: EventBridge, type_: str, logical_id: str = "It", **properties: JSON) -> None:
    create_resource = RESOURCES[type_].create
    assert create_resource is not None
    identity = RESOURCES[type_].identify(logical_id, properties, NAMING)
    await create_resource(ask.buses, Resource(logical_id, type_, properties, identity))


def test_the_names_of_a_bus() -> None:
    arn = "arn:aws:events:us-east-1:123456789012:event-bus/orders"

    assert identify(BUS, Name="orders") == Identity("orders", {"Arn": arn, "Name": "orders"})


@pytest.mark.parametrize(
    ("properties", "ref", "rule"),
    [
        ({}, "pizza-It", "pizza-It"),
        ({"Name": "Tell"}, "Tell", "Tell"),
        ({"Name": "Tell", "EventBusName": "default"}, "Tell", "Tell"),
        ({"EventBusName": "orders"}, "orders|pizza-It", "orders/pizza-It"),
        (
            {"EventBusName": "arn:aws:events:us-east-1:123456789012:event-bus/orders"},
            "orders|pizza-It",
            "orders/pizza-It",
        ),
    ],
)
def test_the_names_of_a_rule(properties: JSON, ref: str, rule: str) -> None:
    arn = f"arn:aws:events:us-east-1:123456789012:rule/{rule}"

    assert identify(RULE, **properties) == Identity(ref, {"Arn": arn})


async def test_a_rule_of_a_template_sends_its_events() -> None:
    async with eventbridge() as ask:
        await create(ask, BUS, Name="orders", Description="d")
        await create(
            ask,
            RULE,
            EventBusName="orders",
            EventPattern={"source": ["pizza"]},
            Description="d",
            Targets=[{"Id": "t", "Arn": FUNCTION, "Input": '"it"'}],
        )

        await ask.put(EventBusName="orders")

        assert ask.payloads == ['"it"']
        assert await ask("DescribeRule", Name="pizza-It", EventBusName="orders") == {
            "Name": "pizza-It",
            "Arn": "arn:aws:events:us-east-1:123456789012:rule/orders/pizza-It",
            "EventPattern": '{"source":["pizza"]}',
            "State": "ENABLED",
            "EventBusName": "orders",
            "Description": "d",
            "CreatedBy": "123456789012",
        }


async def test_a_disabled_rule_of_a_template_sends_none() -> None:
    async with eventbridge() as ask:
        target = {"Id": "t", "Arn": FUNCTION}
        await create(ask, RULE, EventPattern={"source": ["pizza"]}, State="DISABLED", Targets=[target])

        await ask.put()

        assert ask.invoked == []


def test_a_rule_without_faults() -> None:
    assert faults(EventPattern={"source": [{"prefix": ""}]}, Targets=[{"Id": "t", "Arn": FUNCTION}]) == []


def test_every_fault_of_a_rule_is_told() -> None:
    told = faults(
        EventPattern={"source": "pizza", "detail": {"size": [{"prefixx": "L"}]}},
        Targets=[
            {"Id": "a", "Arn": FUNCTION},
            {"Id": "b", "Arn": FUNCTION, "Input": "{}", "InputPath": "$"},
            {"Id": "c", "Arn": "arn:aws:sns:us-east-1:123456789012:orders"},
        ],
    )

    places = [fault.partition(": ")[0] for fault in told]
    assert places == ["/EventPattern/source", "/EventPattern/detail/size[0]", "/Targets[1]", "/Targets[2]"]
    assert all("Event pattern is not valid. Reason: " in fault for fault in told[:2])
    assert told[3].endswith("Targets of the service sns are not supported: arn:aws:sns:us-east-1:123456789012:orders")


def test_a_rule_needs_a_pattern() -> None:
    assert faults(Targets=[]) == ["/: a rule needs an EventPattern or a ScheduleExpression"]


def test_a_schedule_is_for_the_default_bus() -> None:
    assert faults(ScheduleExpression="rate(1 minute)") == []
    assert faults(ScheduleExpression="rate(1 minute)", EventBusName="kitchen") == [
        "/ScheduleExpression: ScheduleExpression is supported only on the default event bus."
    ]


def test_a_rule_of_a_template_has_at_most_five_targets() -> None:
    targets = [{"Id": str(number), "Arn": FUNCTION} for number in range(6)]

    assert faults(EventPattern={"source": ["pizza"]}, Targets=targets) == [
        "/Targets: a rule has at most 5 targets, not 6"
    ]
