"""
The CloudFormation types of EventBridge Scheduler.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Scheduler.html
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from pizzabar.arn import parse_arn
from pizzabar.documents import JSON
from pizzabar.errors import Fault, ValidationException
from pizzabar.resource import (
    Asked,
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    Reference,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)
from pizzabar.scheduler.groups import read_tags
from pizzabar.scheduler.schedule import (
    group_arn,
    read_document,
    schedule_arn,
    times_of,
)
from pizzabar.scheduler.schedules import DEFAULT, Schedules
from pizzabar.scheduler.target import action_asked, check_region, check_target
from pizzabar.scheduler.universal import operation_of

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    return str(properties.get("Name", f"{naming.stack}-{logical_id}"))


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _name(logical_id, properties, naming)
    return Identity(name, {"Arn": schedule_arn(naming.home, properties.get("GroupName", DEFAULT), name)})


def _document(resource: Resource) -> dict[str, JSON]:
    return read_document({"GroupName": DEFAULT, **resource.properties, "Name": resource.identity.ref})


def _check(resource: Resource) -> Iterable[Fault]:
    try:
        document = _document(resource)
        times_of(document, _ANY_TIME)
        own = parse_arn(resource.identity.attributes["Arn"])
        if own is not None:
            check_region(document["Target"], own.region)
    except ValidationException as error:
        yield Fault((), error.message)


def _asks(properties: Mapping[str, JSON]) -> Iterable[Asked]:
    try:
        check_target(properties["Target"])
    except ValidationException:
        # It is told by what checks the whole.
        return
    yield Asked(("Target", "Arn"), *operation_of(*action_asked(properties["Target"])))


async def _create(schedules: Schedules, resource: Resource) -> None:
    schedules.declare(_document(resource))


async def _remove(schedules: Schedules, resource: Resource) -> None:
    schedules.take_out(resource.identity.attributes["Arn"])


def _identify_group(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _name(logical_id, properties, naming)
    return Identity(name, {"Arn": group_arn(naming.home, name), "State": "ACTIVE"})


def _check_group(resource: Resource) -> Iterable[Fault]:
    if resource.identity.ref == DEFAULT:
        yield Fault(("Name",), "every account has a schedule group named default already")
    try:
        read_tags(resource.properties.get("Tags"))
    except ValidationException as error:
        yield Fault(("Tags",), error.message)


async def _create_group(schedules: Schedules, resource: Resource) -> None:
    schedules.declare_group(resource.identity.ref, read_tags(resource.properties.get("Tags")))


_TARGET = Record(
    {
        "Arn": Text(),
        "DeadLetterConfig": Record({"Arn": Text()}),
        "EcsParameters": Unsupported(),
        "EventBridgeParameters": Record(
            {"DetailType": Text(), "Source": Text()}, required=frozenset({"DetailType", "Source"})
        ),
        "Input": Text(),
        "KinesisParameters": Unsupported(),
        "RetryPolicy": Record(
            {"MaximumEventAgeInSeconds": Number(60, 86_400), "MaximumRetryAttempts": Number(0, 185)}
        ),
        "RoleArn": Text(),
        "SageMakerPipelineParameters": Unsupported(),
        "SqsParameters": Record({"MessageGroupId": Text()}),
    },
    required=frozenset({"Arn", "RoleArn"}),
)
RESOURCES: dict[str, ResourceType] = {
    "AWS::Scheduler::Schedule": ResourceType(
        shape=Record(
            {
                "ActionAfterCompletion": Text(("DELETE", "NONE")),
                "Description": Text(),
                "EndDate": Text(),
                "FlexibleTimeWindow": Record(
                    {"MaximumWindowInMinutes": Number(1, 1440), "Mode": Text(("FLEXIBLE", "OFF"))},
                    required=frozenset({"Mode"}),
                ),
                "GroupName": Text(),
                "KmsKeyArn": Without("nothing is encrypted"),
                "Name": Text(),
                "ScheduleExpression": Text(),
                "ScheduleExpressionTimezone": Text(),
                "StartDate": Text(),
                "State": Text(("DISABLED", "ENABLED")),
                "Target": _TARGET,
            },
            required=frozenset({"FlexibleTimeWindow", "ScheduleExpression", "Target"}),
        ),
        identify=_identify,
        create=_create,
        remove=_remove,
        check_resource=_check,
        asks=_asks,
        references={"GroupName": Reference("AWS::Scheduler::ScheduleGroup", standing=DEFAULT)},
        unique=("GroupName", "Name"),
    ),
    "AWS::Scheduler::ScheduleGroup": ResourceType(
        shape=Record({"Name": Text(), "Tags": ListOf(Record({"Key": Text(), "Value": Text()}))}),
        identify=_identify_group,
        create=_create_group,
        remove=_remove,
        check_resource=_check_group,
        unique=("Name",),
    ),
}
"""The resource types of this room."""
