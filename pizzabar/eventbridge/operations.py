"""
The operations of EventBridge, by AWS's names.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.buses import EventBus, EventBuses
from pizzabar.eventbridge.errors import LimitExceededException, ResourceNotFoundException
from pizzabar.eventbridge.event import EntryError
from pizzabar.eventbridge.rules import MAX_TARGETS, Rule, read_target


async def put_events(buses: EventBuses, parameters: JSON) -> JSON:
    """Put events on buses."""
    results = await buses.put_events(parameters.get("Entries") or [])
    entries = []
    failed = 0
    for result in results:
        if isinstance(result, EntryError):
            failed += 1
            entries.append({"ErrorCode": result.code, "ErrorMessage": result.message})
        else:
            entries.append({"EventId": result.id})
    return {"FailedEntryCount": failed, "Entries": entries}


async def create_event_bus(buses: EventBuses, parameters: JSON) -> JSON:
    """Make a bus."""
    _require(parameters, "Name")
    return {"EventBusArn": buses.create(parameters["Name"], parameters.get("Description")).arn}


async def describe_event_bus(buses: EventBuses, parameters: JSON) -> JSON:
    """Read a bus."""
    return _describe(buses.get(parameters.get("Name")))


async def list_event_buses(buses: EventBuses, parameters: JSON) -> JSON:
    """List the buses."""
    prefix = parameters.get("NamePrefix") or ""
    return {"EventBuses": [_describe(bus) for bus in buses if bus.name.startswith(prefix)]}


async def put_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Make or change a rule."""
    _require(parameters, "Name")
    if parameters.get("ScheduleExpression"):
        raise ValidationException("ScheduleExpression is not supported")
    if not parameters.get("EventPattern"):
        raise ValidationException("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    rule = buses.put_rule(
        parameters["Name"],
        parameters["EventPattern"],
        bus=parameters.get("EventBusName"),
        state=parameters.get("State") or "ENABLED",
        description=parameters.get("Description"),
    )
    return {"RuleArn": rule.arn}


async def describe_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Read a rule."""
    _require(parameters, "Name")
    bus = buses.get(parameters.get("EventBusName"))
    return _describe_rule(_rule(bus, parameters["Name"]))


async def list_rules(buses: EventBuses, parameters: JSON) -> JSON:
    """List the rules of a bus."""
    prefix = parameters.get("NamePrefix") or ""
    rules = buses.get(parameters.get("EventBusName")).rules.values()
    return {"Rules": [_describe_rule(rule) for rule in rules if rule.name.startswith(prefix)]}


async def put_targets(buses: EventBuses, parameters: JSON) -> JSON:
    """Give a rule targets: all of them, or none when one is not valid."""
    _require(parameters, "Rule", "Targets")
    bus = buses.get(parameters.get("EventBusName"))
    rule = _rule(bus, parameters["Rule"])
    targets = [read_target(document) for document in parameters["Targets"]]
    if len({target.id for target in (*rule.targets, *targets)}) > MAX_TARGETS:
        raise LimitExceededException
    for target in targets:
        buses.put_target(rule.name, target, bus=bus.name)
    return {"FailedEntryCount": 0, "FailedEntries": []}


async def list_targets_by_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """List the targets of a rule."""
    _require(parameters, "Rule")
    rule = _rule(buses.get(parameters.get("EventBusName")), parameters["Rule"])
    return {"Targets": [target.document for target in rule.targets]}


def _require(parameters: JSON, *names: str) -> None:
    """See that what an operation needs is there. Raise ``ValidationException`` with all that is not."""
    missing = [name for name in names if parameters.get(name) is None]
    if missing:
        constraints = "; ".join(
            f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
            for name in missing
        )
        plural = "s" if len(missing) > 1 else ""
        raise ValidationException(f"{len(missing)} validation error{plural} detected: {constraints}")


def _rule(bus: EventBus, name: str) -> Rule:
    rule = bus.rules.get(name)
    if rule is None:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus.name}.")
    return rule


def _describe(bus: EventBus) -> JSON:
    description = {} if bus.description is None else {"Description": bus.description}
    return {"Name": bus.name, "Arn": bus.arn} | description


def _describe_rule(rule: Rule) -> JSON:
    description = {} if rule.description is None else {"Description": rule.description}
    return {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventPattern": rule.text,
        "State": rule.state,
        "EventBusName": rule.bus,
    } | description


OPERATIONS: dict[str, Callable[[EventBuses, JSON], Awaitable[JSON]]] = {
    "CreateEventBus": create_event_bus,
    "DescribeEventBus": describe_event_bus,
    "DescribeRule": describe_rule,
    "ListEventBuses": list_event_buses,
    "ListRules": list_rules,
    "ListTargetsByRule": list_targets_by_rule,
    "PutEvents": put_events,
    "PutRule": put_rule,
    "PutTargets": put_targets,
}
