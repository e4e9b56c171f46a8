"""The CloudFormation types of CloudWatch Logs."""

from pizzabar.arn import Home
from pizzabar.errors import Fault
from pizzabar.logs.resources import RESOURCES
from pizzabar.resource import Naming, Resource
from tests.logs.rooms import log_groups

LOG_GROUP = RESOURCES["AWS::Logs::LogGroup"]
NAMING = Naming(Home(), "bar")


def test_ref_is_the_name_and_arn_ends_in_a_star() -> None:
    identity = LOG_GROUP.identify("Orders", {"LogGroupName": "/aws/events/orders"}, NAMING)

    assert identity.ref == "/aws/events/orders"
    assert identity.attributes == {"Arn": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/orders:*"}


def test_a_group_without_a_name_is_named_after_the_stack() -> None:
    assert LOG_GROUP.identify("Orders", {}, NAMING).ref == "bar-Orders"


async def test_creating_it_again_changes_its_retention() -> None:
    identity = LOG_GROUP.identify("Orders", {"LogGroupName": "orders"}, NAMING)
    assert LOG_GROUP.create is not None
    async with log_groups() as groups:
        for properties in ({"RetentionInDays": 7}, {"RetentionInDays": 30}):
            await LOG_GROUP.create(groups, Resource("Orders", "AWS::Logs::LogGroup", properties, identity))

        assert groups.get("orders").retention_days == 30


def test_every_fault_is_told() -> None:
    faults = list(LOG_GROUP.check({"LogGroupName": "a b", "RetentionInDays": 2}))

    assert [fault.path for fault in faults] == [("LogGroupName",), ("RetentionInDays",)]
    assert list(LOG_GROUP.check({"LogGroupName": "orders", "RetentionInDays": 1})) == list[Fault]()
