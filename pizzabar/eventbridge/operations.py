"""
The operations of EventBridge, by AWS's names.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.cron import InvalidSchedule
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.buses import EventBus, EventBuses
from pizzabar.eventbridge.errors import LimitExceededException, ResourceNotFoundException
from pizzabar.eventbridge.event import EntryError
from pizzabar.eventbridge.pattern import read_pattern
from pizzabar.eventbridge.permissions import put_permission, remove_permission
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
    bus = buses.create(parameters["Name"], parameters.get("Description"))
    buses.note_asked(bus.arn)
    buses.tag(bus.arn, _tags(parameters))
    return {"EventBusArn": bus.arn}


async def describe_event_bus(buses: EventBuses, parameters: JSON) -> JSON:
    """Read a bus."""
    return _describe(buses, buses.get(parameters.get("Name")))


async def list_event_buses(buses: EventBuses, parameters: JSON) -> JSON:
    """List the buses."""
    prefix = parameters.get("NamePrefix") or ""
    return _page(parameters, "EventBuses", [_describe(buses, bus) for bus in buses if bus.name.startswith(prefix)])


async def put_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Make or change a rule."""
    _require(parameters, "Name")
    schedule = parameters.get("ScheduleExpression") or ""
    if not parameters.get("EventPattern") and not schedule:
        raise ValidationException("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    bus = buses.get(parameters.get("EventBusName"))
    if schedule and bus.name != "default":
        raise ValidationException("ScheduleExpression is supported only on the default event bus.")
    is_new = parameters["Name"] not in bus.rules
    try:
        rule = buses.put_rule(
            parameters["Name"],
            parameters.get("EventPattern") or None,
            schedule=schedule,
            bus=bus.name,
            state=parameters.get("State") or "ENABLED",
            description=parameters.get("Description"),
        )
    except InvalidSchedule:
        raise ValidationException("Parameter ScheduleExpression is not valid.") from None
    buses.note_asked(rule.arn)
    if is_new:
        # Of a rule that is there already, they are left as they are.
        buses.tag(rule.arn, _tags(parameters))
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
    found = [_describe_rule(rule) for rule in sorted(rules, key=lambda rule: rule.name)]
    return _page(parameters, "Rules", [rule for rule in found if rule["Name"].startswith(prefix)])


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
    buses.note_asked(rule.arn)
    return {"FailedEntryCount": 0, "FailedEntries": []}


async def list_targets_by_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """List the targets of a rule."""
    _require(parameters, "Rule")
    rule = _rule(buses.get(parameters.get("EventBusName")), parameters["Rule"])
    return _page(parameters, "Targets", [target.document for target in rule.targets])


async def delete_event_bus(buses: EventBuses, parameters: JSON) -> JSON:
    """Delete a bus with its rules."""
    _require(parameters, "Name")
    buses.delete(parameters["Name"])
    return {}


async def delete_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Delete a rule that has no targets."""
    _require(parameters, "Name")
    buses.delete_rule(parameters["Name"], bus=parameters.get("EventBusName"))
    return {}


async def enable_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Let a rule take events."""
    return _set_state(buses, parameters, "ENABLED")


async def disable_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Let a rule take no events."""
    return _set_state(buses, parameters, "DISABLED")


def _set_state(buses: EventBuses, parameters: JSON, state: str) -> JSON:
    _require(parameters, "Name")
    bus = parameters.get("EventBusName")
    buses.change_rule(parameters["Name"], bus=bus, state=state)
    buses.note_asked(_rule(buses.get(bus), parameters["Name"]).arn)
    return {}


async def remove_targets(buses: EventBuses, parameters: JSON) -> JSON:
    """Take targets away from a rule; those that it has not are told."""
    _require(parameters, "Rule", "Ids")
    bus = buses.get(parameters.get("EventBusName"))
    rule = _rule(bus, parameters["Rule"])
    ids, known = parameters["Ids"], {target.id for target in rule.targets}
    left = tuple(target for target in rule.targets if target.id not in ids)
    buses.change_rule(rule.name, bus=bus.name, targets=left)
    buses.note_asked(rule.arn)
    missing = [
        {
            "TargetId": id_,
            "ErrorCode": "ResourceNotFoundException",
            "ErrorMessage": f"Rule {rule.name} does not have a target with the Id {id_}.",
        }
        for id_ in ids
        if id_ not in known
    ]
    return {"FailedEntryCount": len(missing), "FailedEntries": missing}


async def list_rule_names_by_target(buses: EventBuses, parameters: JSON) -> JSON:
    """List the rules of a bus that have a target."""
    _require(parameters, "TargetArn")
    rules = buses.get(parameters.get("EventBusName")).rules.values()
    wanted = parameters["TargetArn"]
    names = sorted(rule.name for rule in rules if any(target.arn == wanted for target in rule.targets))
    return _page(parameters, "RuleNames", names)


async def test_event_pattern(buses: EventBuses, parameters: JSON) -> JSON:
    """Tell whether a pattern matches an event."""
    _require(parameters, "EventPattern", "Event")
    pattern = read_pattern(parameters["EventPattern"])
    try:
        event = documents.parse(parameters["Event"])
    except (NotJSON, TypeError):
        event = None
    if not isinstance(event, dict) or not event.keys() >= _OF_EVENT:
        raise ValidationException("Parameter Event is not valid.")
    return {"Result": pattern.matches(event)}


# What a test event has to have; resources and detail it may do without.
_OF_EVENT = frozenset({"id", "account", "source", "time", "region", "detail-type"})


async def tag_resource(buses: EventBuses, parameters: JSON) -> JSON:
    """Take tags, which nothing here asks for but ListTagsForResource."""
    _require(parameters, "ResourceARN", "Tags")
    buses.tag(parameters["ResourceARN"], _tags(parameters))
    return {}


async def untag_resource(buses: EventBuses, parameters: JSON) -> JSON:
    """Take tags away."""
    _require(parameters, "ResourceARN", "TagKeys")
    tags = buses.tags_of(parameters["ResourceARN"])
    buses.tags[parameters["ResourceARN"]] = {
        key: value for key, value in tags.items() if key not in parameters["TagKeys"]
    }
    return {}


async def list_tags_for_resource(buses: EventBuses, parameters: JSON) -> JSON:
    """List the tags of a bus or a rule."""
    _require(parameters, "ResourceARN")
    tags = buses.tags_of(parameters["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _tags(parameters: JSON) -> dict[str, str]:
    tags = parameters.get("Tags") or ()
    for number, tag in enumerate(tags, 1):
        _require({f"tags.{number}.member.{name}": tag.get(name.capitalize()) for name in ("key", "value")})
    return {tag["Key"]: tag["Value"] for tag in tags}


def _page(parameters: JSON, member: str, found: list[JSON]) -> dict[str, JSON]:
    """Give a page of a list; its token is where the next one begins."""
    token = parameters.get("NextToken") or "0"
    if not (isinstance(token, str) and token.isdigit()):
        raise ValidationException("Parameter NextToken is not valid.")
    start, size = int(token), parameters.get("Limit") or 100
    answer: dict[str, JSON] = {member: found[start : start + size]}
    return answer | ({"NextToken": str(start + size)} if start + size < len(found) else {})


def _require(parameters: JSON, *names: str) -> None:
    """See that what an operation needs is there. Raise ``ValidationException`` with all that is not."""
    missing = [name for name in names or parameters if parameters.get(name) is None]
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


def _describe(buses: EventBuses, bus: EventBus) -> JSON:
    description = {} if bus.description is None else {"Description": bus.description}
    found = buses.policy_of(bus.arn)
    policy = {} if found is None else {"Policy": documents.write(found)}
    return {"Name": bus.name, "Arn": bus.arn} | description | policy


def _describe_rule(rule: Rule) -> JSON:
    described = {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventPattern": rule.text or None,
        "ScheduleExpression": rule.expression or None,
        "State": rule.state,
        "EventBusName": rule.bus,
        "Description": rule.description,
    }
    return {name: value for name, value in described.items() if value is not None}


OPERATIONS: dict[str, Callable[[EventBuses, JSON], Awaitable[JSON]]] = {
    "CreateEventBus": create_event_bus,
    "DeleteEventBus": delete_event_bus,
    "DeleteRule": delete_rule,
    "DescribeEventBus": describe_event_bus,
    "DescribeRule": describe_rule,
    "DisableRule": disable_rule,
    "EnableRule": enable_rule,
    "ListEventBuses": list_event_buses,
    "ListRuleNamesByTarget": list_rule_names_by_target,
    "ListRules": list_rules,
    "ListTagsForResource": list_tags_for_resource,
    "ListTargetsByRule": list_targets_by_rule,
    "PutEvents": put_events,
    "PutPermission": put_permission,
    "PutRule": put_rule,
    "PutTargets": put_targets,
    "RemovePermission": remove_permission,
    "RemoveTargets": remove_targets,
    "TagResource": tag_resource,
    "TestEventPattern": test_event_pattern,
    "UntagResource": untag_resource,
}

CHANGES = frozenset(
    {
        *("CreateEventBus", "DeleteEventBus", "DeleteRule", "DisableRule", "EnableRule"),
        *(
            "PutPermission",
            "PutRule",
            "PutTargets",
            "RemovePermission",
            "RemoveTargets",
            "TagResource",
            "UntagResource",
        ),
    }
)
"""The operations after which what API calls have made is another thing."""
