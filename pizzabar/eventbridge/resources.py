"""The CloudFormation types of EventBridge."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from pizzabar import documents
from pizzabar.cron import InvalidSchedule
from pizzabar.documents import JSON
from pizzabar.errors import Fault, ValidationException
from pizzabar.event_patterns.errors import InvalidEventPatternException
from pizzabar.event_patterns.pattern import read_pattern
from pizzabar.eventbridge.buses import EventBuses, bus_name, rule_arn
from pizzabar.eventbridge.errors import ResourceNotFoundException
from pizzabar.eventbridge.permissions import statement_of
from pizzabar.eventbridge.schedule import read_schedule
from pizzabar.eventbridge.targets import MAX_TARGETS, read_target
from pizzabar.resource import (
    Document,
    Identity,
    ListOf,
    MapOf,
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


def _identify_bus(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = properties["Name"]
    return Identity(name, {"Arn": naming.home.arn("events", f"event-bus/{name}"), "Name": name})


def _check_bus(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if properties["Name"] == "default":
        yield Fault(("Name",), "every account has an event bus named default already")


async def _create_bus(buses: EventBuses, resource: Resource) -> None:
    bus = buses.ensure(resource.properties["Name"], resource.properties.get("Description"))
    policy = resource.properties.get("Policy")
    statements: JSON = []
    if policy is not None:
        statements = (documents.parse(policy) if isinstance(policy, str) else policy)["Statement"]
    given = statements if isinstance(statements, list) else [statements]
    buses.declared_policies.setdefault(bus.arn, {})[resource.logical_id] = [*given]


def _rule_name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    return str(properties.get("Name", f"{naming.stack}-{logical_id}"))


def _identify_rule(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _rule_name(logical_id, properties, naming)
    bus = bus_name(properties.get("EventBusName"))
    # Ref of a rule on a custom bus is "bus|rule".
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
    ref = name if bus == "default" else f"{bus}|{name}"
    return Identity(ref, {"Arn": rule_arn(naming.home, bus, name)})


def _check_rule(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if "ScheduleExpression" in properties:
        if bus_name(properties.get("EventBusName")) != "default":
            why = "ScheduleExpression is supported only on the default event bus."
            yield Fault(("ScheduleExpression",), why)
        try:
            read_schedule(properties["ScheduleExpression"])
        except InvalidSchedule as error:
            yield Fault(("ScheduleExpression",), f"Parameter ScheduleExpression is not valid: {error}")
    elif "EventPattern" not in properties:
        yield Fault((), "a rule needs an EventPattern or a ScheduleExpression")
    if "EventPattern" in properties:
        yield from faults_of_pattern(properties["EventPattern"])
    targets = properties.get("Targets", ())
    if len(targets) > MAX_TARGETS:
        yield Fault(("Targets",), f"a rule has at most {MAX_TARGETS} targets, not {len(targets)}")
    for number, target in enumerate(targets):
        try:
            read_target(target, number + 1)
        except ValidationException as error:
            yield Fault(("Targets", number), error.message)


def faults_of_pattern(pattern: JSON) -> Iterable[Fault]:
    """Tell what is wrong with an ``EventPattern``."""
    try:
        read_pattern(pattern)
    except InvalidEventPatternException as error:
        for fault in error.faults:
            yield Fault(("EventPattern", *fault.path), f"Event pattern is not valid. Reason: {fault.message}")


BUS = Reference("AWS::Events::EventBus", standing="default", name_of=bus_name, may_be_elsewhere=True)
"""How a bus is named. One of another stack is made where it is gone over that the template does not have it."""


def made_bus(buses: EventBuses, name: str) -> str:
    """Give the name of a bus that is there."""
    try:
        return buses.get(name).name
    except ResourceNotFoundException:
        return buses.create(name).name


async def _create_rule(buses: EventBuses, resource: Resource) -> None:
    properties = resource.properties
    bus = made_bus(buses, bus_name(properties.get("EventBusName")))
    name = resource.identity.ref.rsplit("|", 1)[-1]
    buses.put_rule(
        name,
        properties.get("EventPattern"),
        schedule=properties.get("ScheduleExpression", ""),
        bus=bus,
        state=properties.get("State", "ENABLED"),
        description=properties.get("Description"),
        role_arn=properties.get("RoleArn"),
    )
    # Those that it had are not the template's any more.
    buses.change_rule(name, bus=bus, targets=())
    for target in properties.get("Targets", ()):
        buses.put_target(name, read_target(target), bus=bus)


async def _remove_bus(buses: EventBuses, resource: Resource) -> None:
    buses.delete(resource.properties["Name"])


async def _remove_rule(buses: EventBuses, resource: Resource) -> None:
    bus = bus_name(resource.properties.get("EventBusName"))
    name = resource.identity.ref.rsplit("|", 1)[-1]
    with suppress(ResourceNotFoundException):
        buses.change_rule(name, bus=bus, targets=())
        buses.delete_rule(name, bus=bus)


def _identify_policy(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = f"{naming.stack}-{logical_id}"
    return Identity(name, {"Id": name})


def _check_policy(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if "Statement" in properties:
        return
    try:
        statement_of(properties, "")
    except ValidationException as error:
        yield Fault((), error.message)


async def _create_policy(buses: EventBuses, resource: Resource) -> None:
    properties = resource.properties
    bus = buses.get(made_bus(buses, bus_name(properties.get("EventBusName"))))
    if "Statement" in properties:
        statement = {**properties["Statement"], "Sid": properties["StatementId"]}
    else:
        statement = statement_of(properties, bus.arn)
    buses.declared_policies.setdefault(bus.arn, {})[resource.logical_id] = [statement]


async def _remove_policy(buses: EventBuses, resource: Resource) -> None:
    for by_giver in buses.declared_policies.values():
        by_giver.pop(resource.logical_id, None)


_TARGET = Record(
    {
        "Id": Text(),
        "Arn": Text(),
        "Input": Text(),
        "InputPath": Text(),
        "InputTransformer": Record(
            {"InputPathsMap": MapOf(Text()), "InputTemplate": Text()}, required=frozenset({"InputTemplate"})
        ),
        "RetryPolicy": Record(
            {"MaximumRetryAttempts": Number(0, 185), "MaximumEventAgeInSeconds": Number(60, 86_400)}
        ),
        "DeadLetterConfig": Record({"Arn": Text()}),
        "RoleArn": Text(),
        "AppSyncParameters": Unsupported(),
        "BatchParameters": Unsupported(),
        "EcsParameters": Unsupported(),
        "HttpParameters": Record(
            {
                "HeaderParameters": MapOf(Text()),
                "PathParameterValues": ListOf(Text()),
                "QueryStringParameters": MapOf(Text()),
            }
        ),
        "KinesisParameters": Unsupported(),
        "RedshiftDataParameters": Unsupported(),
        "RunCommandParameters": Unsupported(),
        "SageMakerPipelineParameters": Unsupported(),
        "SqsParameters": Record({"MessageGroupId": Text()}),
    },
    required=frozenset({"Id", "Arn"}),
)

RESOURCES: dict[str, ResourceType] = {
    "AWS::Events::EventBus": ResourceType(
        shape=Record(
            {
                "Name": Text(),
                "Description": Text(),
                "DeadLetterConfig": Unsupported(),
                "EventSourceName": Unsupported(),
                "KmsKeyIdentifier": Without("nothing is encrypted"),
                "LogConfig": Without("the journal tells of every hop"),
                "Policy": Document(),
                "Tags": Without(),
            },
            required=frozenset({"Name"}),
        ),
        identify=_identify_bus,
        create=_create_bus,
        remove=_remove_bus,
        check=_check_bus,
        unique=("Name",),
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbuspolicy.html
    "AWS::Events::EventBusPolicy": ResourceType(
        shape=Record(
            {
                "Action": Text(),
                "Condition": Record({"Key": Text(), "Type": Text(), "Value": Text()}),
                "EventBusName": Text(),
                "Principal": Text(),
                "Statement": Document(),
                "StatementId": Text(),
            },
            required=frozenset({"StatementId"}),
        ),
        identify=_identify_policy,
        create=_create_policy,
        remove=_remove_policy,
        is_replaced=True,
        check=_check_policy,
        references={"EventBusName": BUS},
    ),
    "AWS::Events::Rule": ResourceType(
        shape=Record(
            {
                "Name": Text(),
                "Description": Text(),
                "EventBusName": Text(),
                "EventPattern": Document(),
                "ScheduleExpression": Text(),
                "State": Text(choices=("ENABLED", "DISABLED")),
                "Targets": ListOf(_TARGET),
                "Tags": Without(),
                "RoleArn": Text(),
            }
        ),
        identify=_identify_rule,
        create=_create_rule,
        remove=_remove_rule,
        check=_check_rule,
        references={"EventBusName": BUS},
        unique=("EventBusName", "Name"),
    ),
}
