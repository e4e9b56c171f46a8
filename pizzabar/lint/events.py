"""
Events that a template puts on its buses, as far as they can be known before anything runs.

State machines say what they put. Whoever else may put events on a bus is unknown: functions that may call PutEvents,
routes that do, rules that hand events on.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from pizzabar.cloudformation.node import is_known
from pizzabar.documents import JSON, NotJSON, parse
from pizzabar.event_patterns.conjunction import Conjunction
from pizzabar.event_patterns.pattern import Pattern
from pizzabar.eventbridge.buses import bus_name
from pizzabar.lint.definitions import definitions, tasks
from pizzabar.lint.policies import statements_of
from pizzabar.lint.sources import FUNCTION
from pizzabar.lint.subject import Subject
from pizzabar.lint.written_items import INTEGRATION, action_of
from pizzabar.record import record
from pizzabar.resource import Resource

PUT_EVENTS = frozenset({"events:putEvents", "aws-sdk:eventbridge:putEvents"})
_HARMLESS = ("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AWSXRayDaemonWriteAccess")


@record
class PutEvent:
    """An event that is put on a bus; the fields of ``unknown``, by their dotted paths, may hold anything."""

    bus: str
    document: JSON
    unknown: tuple[str, ...]

    def may_match(self, pattern: Pattern) -> bool:
        """Whether the pattern can want such an event."""
        return any(self._may_meet(each) for each in pattern.conjunctions)

    def _may_meet(self, conjunction: Conjunction) -> bool:
        for field in conjunction.fields:
            name = field.path.name
            if any(name == path or name.startswith(f"{path}.") for path in self.unknown):
                continue
            leaves = field.path.leaves(self.document)
            is_met = any(field.accepts(value) for value, _ in leaves) or (not leaves and field.accepts_absence)
            if not is_met:
                return False
        return True


def put_events(subject: Subject) -> tuple[PutEvent, ...] | None:
    """Give the events that state machines put; None when one may put others than it says."""
    found = []
    for definition in definitions(subject):
        for task in tasks(definition.document):
            if not any(
                task.state["Resource"].endswith((f":{each}", f":{each}.waitForTaskToken")) for each in PUT_EVENTS
            ):
                continue
            parameters = task.state.get("Parameters", task.state.get("Arguments"))
            entries = parameters.get("Entries") if isinstance(parameters, dict) else None
            if not isinstance(entries, list):
                return None
            for entry in entries:
                event = _event(entry) if isinstance(entry, dict) else None
                if event is None:
                    return None
                found.append(event)
    return tuple(found)


def _event(entry: Mapping[str, JSON]) -> PutEvent | None:
    """Read an entry; None when its bus is not known."""
    if "EventBusName.$" in entry or _is_expression(entry.get("EventBusName")):
        return None
    # What Step Functions and EventBridge add themselves.
    unknown = ["account", "id", "region", "resources", "time", "version"]
    document: dict[str, JSON] = {}
    for name, field in (("source", "Source"), ("detail-type", "DetailType")):
        if isinstance(entry.get(field), str) and not _is_expression(entry[field]):
            document[name] = entry[field]
        else:
            unknown.append(name)
    detail = entry.get("Detail")
    if isinstance(detail, str) and not _is_expression(detail):
        try:
            detail = parse(detail)
        except NotJSON:
            detail = None
    if isinstance(detail, dict):
        document["detail"] = _known(detail, "detail", unknown)
    else:
        unknown.append("detail")
    return PutEvent(bus_name(entry.get("EventBusName")), document, tuple(unknown))


def _known(value: JSON, path: str, unknown: list[str]) -> JSON:
    """Give what is known of a payload, and note what is not."""
    if isinstance(value, list) and any(isinstance(each, dict | list) or _is_expression(each) for each in value):
        unknown.append(path)
        return None
    if not isinstance(value, dict):
        if _is_expression(value):
            unknown.append(path)
        return value
    known = {}
    for name, member in value.items():
        if name.endswith(".$"):
            unknown.append(f"{path}.{name.removesuffix('.$')}")
        else:
            known[name] = _known(member, f"{path}.{name}", unknown)
    return known


def _is_expression(value: JSON) -> bool:
    return isinstance(value, str) and value.startswith("{%")


def has_strangers(subject: Subject, bus: Resource) -> bool:
    """Whether something of the template may put events on a bus that nothing here says."""
    arn = bus.identity.attributes["Arn"]
    if any(action_of(each) == ("events", "PutEvents") for each in subject.of(INTEGRATION)):
        return True
    rules = subject.of("AWS::Events::Rule")
    if any(target["Arn"] == arn for rule in rules for target in rule.properties.get("Targets", ())):
        return True
    if any(True for _ in subject.of("AWS::Events::EventBusPolicy", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")):
        return True
    return any(_may_put(subject, function) for function in subject.of(FUNCTION))


def _may_put(subject: Subject, function: Resource) -> bool:
    """Whether the role of a function may allow it PutEvents."""
    arn = function.properties.get("Role")
    role = next((each for each in subject.of("AWS::IAM::Role") if each.identity.attributes["Arn"] == arn), None)
    if role is None or not is_known(role.properties):
        return True
    if not all(str(each).endswith(_HARMLESS) for each in role.properties.get("ManagedPolicyArns", ())):
        return True
    return any(
        each is None or any(fnmatchcase("events:putevents", action.lower()) for action in each.actions)
        for each in _statements(role.properties.get("Policies", ()))
    )


def _statements(policies: JSON) -> Iterator["_Allowed | None"]:
    """Give what policies allow; None for what cannot be read."""
    for policy in policies if isinstance(policies, list) else [policies]:
        match policy:
            case {"PolicyDocument": document} | ({"Statement": _} as document):
                statements = statements_of(document)
                if not statements or any("Action" not in each for each in statements):
                    yield None
                for statement in statements:
                    actions = statement.get("Action", ())
                    if statement.get("Effect") == "Allow":
                        yield _Allowed(tuple(map(str, actions if isinstance(actions, list) else [actions])))
            case str() if policy.endswith(_HARMLESS):
                pass
            case dict() if len(policy) == 1:
                # A policy template of SAM.
                [name] = policy
                yield _Allowed(("events:PutEvents",) if "EventBridge" in name else ())
            case _:
                yield None


@record
class _Allowed:
    actions: tuple[str, ...]
