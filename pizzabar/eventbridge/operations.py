"""
The operations of EventBridge, by AWS's names.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.constraints import Constraint, missing, violations
from pizzabar.cron import InvalidSchedule
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.event_patterns.pattern import read_pattern
from pizzabar.eventbridge.answers import given, page
from pizzabar.eventbridge.buses import EventBus, EventBuses, check_tag_count
from pizzabar.eventbridge.errors import LimitExceededException, ManagedRuleException, ResourceNotFoundException
from pizzabar.eventbridge.event import EntryError
from pizzabar.eventbridge.parameters import NAMED_BUS, OF_BUS, check, refuse, refuse_unsupported
from pizzabar.eventbridge.permissions import put_permission, remove_permission
from pizzabar.eventbridge.rules import Rule
from pizzabar.eventbridge.targets import MAX_TARGETS, read_target


async def put_events(buses: EventBuses, parameters: JSON) -> JSON:
    """Put events on buses."""
    if len(parameters) > 1:
        # Global endpoints spread events over regions; here there is one.
        refuse_unsupported(parameters, "EndpointId")
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
    check(parameters, "Name", of=OF_BUS)
    # Nothing is encrypted or logged by a bus here, and there are no partners.
    refuse_unsupported(parameters, "DeadLetterConfig", "EventSourceName")
    if "/" in parameters["Name"]:
        # Those are of partners.
        raise ValidationException(f"Event bus name {parameters['Name']} is not valid: it contains /")
    tags = _tags(parameters)
    bus = buses.create(parameters["Name"], parameters.get("Description"))
    buses.note_asked(bus.arn)
    buses.tag(bus.arn, tags)
    return {"EventBusArn": bus.arn} | given(Description=bus.description)


async def update_event_bus(buses: EventBuses, parameters: JSON) -> JSON:
    """Change a bus."""
    check(parameters, of=OF_BUS)
    refuse_unsupported(parameters, "DeadLetterConfig")
    bus = buses.get(parameters.get("Name"))
    bus.description = parameters.get("Description")
    bus.changed = buses.now()
    buses.note_asked(bus.arn)
    return {"Name": bus.name, "Arn": bus.arn} | given(Description=bus.description)


async def describe_event_bus(buses: EventBuses, parameters: JSON) -> JSON:
    """Read a bus."""
    check(parameters, of=NAMED_BUS)
    return _describe(buses, buses.get(parameters.get("Name")))


async def list_event_buses(buses: EventBuses, parameters: JSON) -> JSON:
    """List the buses."""
    check(parameters, of=OF_BUS)
    prefix = parameters.get("NamePrefix") or ""
    return page(parameters, "EventBuses", [_describe(buses, bus) for bus in buses if bus.name.startswith(prefix)])


async def put_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Make or change a rule."""
    check(parameters, "Name")
    schedule = parameters.get("ScheduleExpression") or ""
    if not parameters.get("EventPattern") and not schedule:
        raise ValidationException("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    bus = buses.get(parameters.get("EventBusName"))
    if schedule and bus.name != "default":
        raise ValidationException("ScheduleExpression is supported only on the default event bus.")
    is_new, tags = parameters["Name"] not in bus.rules, _tags(parameters)
    _check_managed(bus, parameters["Name"])
    try:
        rule = buses.put_rule(
            parameters["Name"],
            parameters.get("EventPattern") or None,
            schedule=schedule,
            bus=bus.name,
            state=parameters.get("State") or "ENABLED",
            description=parameters.get("Description"),
            role_arn=parameters.get("RoleArn"),
        )
    except InvalidSchedule:
        raise ValidationException("Parameter ScheduleExpression is not valid.") from None
    buses.note_asked(rule.arn)
    if is_new:
        # Of a rule that is there already, they are left as they are.
        buses.tag(rule.arn, tags)
    return {"RuleArn": rule.arn}


async def describe_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Read a rule."""
    check(parameters, "Name")
    bus = buses.get(parameters.get("EventBusName"))
    return _describe_rule(_rule(bus, parameters["Name"])) | {"CreatedBy": buses.home.account}


async def list_rules(buses: EventBuses, parameters: JSON) -> JSON:
    """List the rules of a bus."""
    check(parameters)
    prefix = parameters.get("NamePrefix") or ""
    rules = buses.get(parameters.get("EventBusName")).rules.values()
    found = [_describe_rule(rule) for rule in sorted(rules, key=lambda rule: rule.name)]
    return page(parameters, "Rules", [rule for rule in found if rule["Name"].startswith(prefix)])


async def put_targets(buses: EventBuses, parameters: JSON) -> JSON:
    """Give a rule targets: all of them, or none when one is not valid."""
    check(parameters, "Rule", "Targets")
    bus = buses.get(parameters.get("EventBusName"))
    rule = _rule(bus, parameters["Rule"])
    _check_managed(bus, rule.name)
    targets = [read_target(document, number) for number, document in enumerate(parameters["Targets"], 1)]
    if len({target.id for target in (*rule.targets, *targets)}) > MAX_TARGETS:
        raise LimitExceededException
    for target in targets:
        buses.put_target(rule.name, target, bus=bus.name)
    buses.note_asked(rule.arn)
    return {"FailedEntryCount": 0, "FailedEntries": []}


async def list_targets_by_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """List the targets of a rule."""
    check(parameters, "Rule")
    rule = _rule(buses.get(parameters.get("EventBusName")), parameters["Rule"])
    return page(parameters, "Targets", [target.document for target in rule.targets])


async def delete_event_bus(buses: EventBuses, parameters: JSON) -> JSON:
    """Delete a bus with its rules."""
    check(parameters, "Name", of=OF_BUS)
    buses.delete(parameters["Name"])
    return {}


async def delete_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Delete a rule that has no targets."""
    check(parameters, "Name")
    _check_managed(buses.get(parameters.get("EventBusName")), parameters["Name"], parameters.get("Force"))
    buses.delete_rule(parameters["Name"], bus=parameters.get("EventBusName"))
    return {}


async def enable_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Let a rule take events."""
    return _set_state(buses, parameters, "ENABLED")


async def disable_rule(buses: EventBuses, parameters: JSON) -> JSON:
    """Let a rule take no events."""
    return _set_state(buses, parameters, "DISABLED")


def _set_state(buses: EventBuses, parameters: JSON, state: str) -> JSON:
    check(parameters, "Name")
    bus = parameters.get("EventBusName")
    _check_managed(buses.get(bus), parameters["Name"])
    buses.change_rule(parameters["Name"], bus=bus, state=state)
    buses.note_asked(_rule(buses.get(bus), parameters["Name"]).arn)
    return {}


async def remove_targets(buses: EventBuses, parameters: JSON) -> JSON:
    """Take targets away from a rule; those that it has not are told."""
    check(parameters, "Rule", "Ids")
    bus = buses.get(parameters.get("EventBusName"))
    rule = _rule(bus, parameters["Rule"])
    _check_managed(bus, rule.name, parameters.get("Force"))
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
    check(parameters, "TargetArn")
    rules = buses.get(parameters.get("EventBusName")).rules.values()
    wanted = parameters["TargetArn"]
    names = sorted(rule.name for rule in rules if any(target.arn == wanted for target in rule.targets))
    return page(parameters, "RuleNames", names)


async def test_event_pattern(buses: EventBuses, parameters: JSON) -> JSON:
    """Tell whether a pattern matches an event."""
    check(parameters, "EventPattern", "Event")
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
    check(parameters, "ResourceARN", "Tags")
    buses.tag(parameters["ResourceARN"], _tags(parameters))
    return {}


async def untag_resource(buses: EventBuses, parameters: JSON) -> JSON:
    """Take tags away."""
    check(parameters, "ResourceARN", "TagKeys")
    tags = buses.tags_of(parameters["ResourceARN"])
    buses.tags[parameters["ResourceARN"]] = {
        key: value for key, value in tags.items() if key not in parameters["TagKeys"]
    }
    return {}


async def list_tags_for_resource(buses: EventBuses, parameters: JSON) -> JSON:
    """List the tags of a bus or a rule."""
    check(parameters, "ResourceARN")
    tags = buses.tags_of(parameters["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


_TAG = {"Key": Constraint(str, 1, 128), "Value": Constraint(str, 0, 256)}


def _tags(parameters: JSON) -> dict[str, str]:
    """Read tags. Raise ``ValidationException`` for one that is none, or for too many."""
    tags = parameters.get("Tags") or ()
    problems = []
    for number, tag in enumerate(tags, 1):
        for name, constraint in _TAG.items():
            at = f"tags.{number}.member.{name.lower()}"
            problems += [missing(at)] if tag.get(name) is None else violations(at, tag[name], constraint)
    refuse(problems)
    read = {tag["Key"]: tag["Value"] for tag in tags}
    check_tag_count(read)
    return read


def _check_managed(bus: EventBus, name: str, force: JSON = None) -> None:
    """See that a rule is not a service's, or that force is asked for. Raise ``ManagedRuleException``."""
    rule = bus.rules.get(name)
    if rule is not None and rule.managed_by is not None and not force:
        # AWS's words are not known.
        raise ManagedRuleException(f"Rule {name} is managed by {rule.managed_by}.")


def _rule(bus: EventBus, name: str) -> Rule:
    rule = bus.rules.get(name)
    if rule is None:
        raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus.name}.")
    return rule


def _describe(buses: EventBuses, bus: EventBus) -> JSON:
    found = buses.policy_of(bus.arn)
    times = {"CreationTime": bus.created.timestamp(), "LastModifiedTime": bus.changed.timestamp()}
    policy = None if found is None else documents.write(found)
    return {"Name": bus.name, "Arn": bus.arn} | given(Description=bus.description, Policy=policy) | times


def _describe_rule(rule: Rule) -> JSON:
    return given(
        Name=rule.name,
        Arn=rule.arn,
        EventPattern=rule.text or None,
        ScheduleExpression=rule.expression or None,
        State=rule.state,
        EventBusName=rule.bus,
        Description=rule.description,
        RoleArn=rule.role_arn,
        ManagedBy=rule.managed_by,
    )


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
    "UpdateEventBus": update_event_bus,
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
            "UpdateEventBus",
        ),
    }
)
"""The operations after which what API calls have made is another thing."""
