"""Rules whose targets may not be written to, and rules that no event can match."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pizzabar.documents import JSON
from pizzabar.event_patterns.pattern import read_pattern
from pizzabar.eventbridge.buses import bus_name
from pizzabar.lint.events import has_strangers, put_events
from pizzabar.lint.finding import Finding
from pizzabar.lint.policies import statements_of
from pizzabar.lint.subject import Subject

RULE = "AWS::Events::Rule"
_WRITERS = frozenset({"events.amazonaws.com", "delivery.logs.amazonaws.com"})


def check(subject: Subject) -> Iterator[Finding]:
    """Find log groups that EventBridge may not write to, and patterns that nothing of the template can match."""
    yield from _log_groups(subject)
    yield from _patterns(subject)


def _log_groups(subject: Subject) -> Iterator[Finding]:
    for rule in subject.of(RULE):
        for index, target in enumerate(rule.properties.get("Targets", ())):
            group = str(target["Arn"])
            if ":logs:" in group and ":log-group:" in group and not _may_be_written(subject, group):
                why = (
                    f"{rule.logical_id} sends events to the log group {group.partition(':log-group:')[2]}, and no "
                    "AWS::Logs::ResourcePolicy lets EventBridge write there: unless the account has one, none arrives"
                )
                yield subject.found("PB501", rule, ("Targets", index, "Arn"), why)


def _may_be_written(subject: Subject, group: str) -> bool:
    return any(
        _allows(statement, group.removesuffix(":*"))
        for policy in subject.of("AWS::Logs::ResourcePolicy")
        for statement in statements_of(policy.properties["PolicyDocument"])
    )


def _allows(statement: dict[str, JSON], group: str) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service", principal.get("AWS")) if isinstance(principal, dict) else principal
    is_for_events = "*" in _list(services) or bool(_WRITERS & set(_list(services)))
    writes = any(fnmatchcase("logs:putlogevents", each.lower()) for each in _list(statement.get("Action")))
    resources = _list(statement.get("Resource", "*"))
    # Streams are written to: arn:…:log-group:NAME:log-stream:STREAM, which the group's own ARN stands for, too.
    is_there = any(fnmatchcase(form, each) for each in resources for form in (group, f"{group}:*"))
    return statement.get("Effect") == "Allow" and is_for_events and writes and is_there


def _list(value: JSON) -> list[str]:
    return [] if value is None else list(map(str, value)) if isinstance(value, list) else [str(value)]


def _patterns(subject: Subject) -> Iterator[Finding]:
    events = put_events(subject)
    if events is None:
        return
    for bus in subject.of("AWS::Events::EventBus"):
        put = [each for each in events if each.bus == bus.identity.ref]
        # A bus that nothing is put on is for events from elsewhere.
        if not put or has_strangers(subject, bus):
            continue
        for rule in subject.of(RULE):
            if (
                "EventPattern" not in rule.properties
                or bus_name(rule.properties.get("EventBusName")) != bus.identity.ref
            ):
                continue
            pattern = read_pattern(rule.properties["EventPattern"])
            if not any(each.may_match(pattern) for each in put):
                sources = ", ".join(sorted({str(each.document.get("source", "?")) for each in put}))
                types = ", ".join(sorted({str(each.document.get("detail-type", "?")) for each in put}))
                why = (
                    f"no event that the template puts on {bus.logical_id} can match {rule.logical_id}: "
                    f"their source is {sources}, their detail-type {types}"
                )
                yield subject.found("PB502", rule, ("EventPattern",), why)
