"""Log groups that may not be written to, and patterns that nothing can match."""

from collections.abc import Callable
from textwrap import indent

import pytest

from tests.lint.stacks import function, line_of, template

Codes = Callable[..., list[str]]
LOGGED = """
Group:
  Type: AWS::Logs::LogGroup
  Properties: {LogGroupName: /events/all}
Rule:
  Type: AWS::Events::Rule
  Properties:
    EventPattern: {source: [shop]}
    Targets:
      - Id: log
        Arn: !GetAtt Group.Arn
"""


def policy(service: str, action: str, resource: str) -> str:
    return f"""
Policy:
  Type: AWS::Logs::ResourcePolicy
  Properties:
    PolicyName: events
    PolicyDocument: !Sub |
      {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "{service}"}},
       "Action": ["{action}"], "Resource": "{resource}"}}]}}
"""


def test_a_log_group_without_a_policy(codes: Codes) -> None:
    text = template(LOGGED)

    assert codes(text) == [f"template.yaml:{line_of(text, 'Arn:')} PB501"]


@pytest.mark.parametrize(
    ("service", "action", "resource", "is_allowed"),
    [
        ("events.amazonaws.com", "logs:PutLogEvents", "${Group.Arn}", True),
        ("events.amazonaws.com", "logs:*", "*", True),
        (
            "delivery.logs.amazonaws.com",
            "logs:PutLogEvents",
            "arn:aws:logs:*:*:log-group:/events/*",
            True,
        ),
        ("es.amazonaws.com", "logs:PutLogEvents", "*", False),
        ("events.amazonaws.com", "logs:CreateLogStream", "*", False),
        ("events.amazonaws.com", "logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/other/*", False),
    ],
)
def test_a_log_group_with_one(codes: Codes, service: str, action: str, resource: str, is_allowed: bool) -> None:
    assert codes(template(LOGGED, policy(service, action, resource))) == (
        [] if is_allowed else [f"template.yaml:{line_of(template(LOGGED), 'Arn:')} PB501"]
    )


FLOW = """\
{"StartAt": "Tell", "States": {"Tell": {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents",
 "Parameters": {"Entries": [{"Source": "shop", "DetailType": "Changed", "EventBusName": "${Bus}",
  "Detail": {"state": "new", "size.$": "$.size", "more": {"tags": ["a"]}}}]}, "End": true}}}
"""


def put(pattern: str, more: str = "") -> str:
    return template(
        f"""
Bus:
  Type: AWS::Events::EventBus
  Properties: {{Name: shop}}
Flow:
  Type: AWS::Serverless::StateMachine
  Properties:
    DefinitionUri: flow.json
    DefinitionSubstitutions: {{Bus: !Ref Bus}}
Rule:
  Type: AWS::Events::Rule
  Properties:
    EventBusName: !Ref Bus
    EventPattern: {pattern}
""",
        more,
    )


@pytest.mark.parametrize(
    "pattern",
    [
        "{source: [Shop]}",
        "{source: [shop], detail-type: [changed]}",
        "{detail: {state: [done]}}",
        "{detail: {state: [{exists: false}]}}",
        "{detail: {absent: [1]}}",
        "{$or: [{source: [other]}, {detail: {state: [old]}}]}",
    ],
)
def test_a_pattern_that_no_event_can_match(codes: Codes, pattern: str) -> None:
    text = put(pattern)

    assert codes(text, {"flow.json": FLOW}) == [f"template.yaml:{line_of(text, 'EventPattern')} PB502"]


@pytest.mark.parametrize(
    "pattern",
    [
        "{source: [{prefix: sh}], detail-type: [Changed]}",
        "{detail: {state: [new, old], size: [{numeric: ['>', 3]}]}}",
        "{detail: {size: {unit: [cm]}}}",
        "{detail: {more: {tags: [a]}, absent: [{exists: false}]}}",
        "{$or: [{source: [other]}, {detail: {state: [new]}}]}",
        "{region: [us-east-1], resources: [{prefix: arn}]}",
    ],
)
def test_a_pattern_that_one_may_match(codes: Codes, pattern: str) -> None:
    assert codes(put(pattern), {"flow.json": FLOW}) == []


@pytest.mark.parametrize(
    "stranger",
    [
        function("python3.14", more="Policies: [EventBridgePutEventsPolicy: {EventBusName: shop}]"),
        function("python3.14", more="Policies: [AdministratorAccess]"),
        function("python3.14", more="Policies: [Statement: [{Effect: Allow, Action: 'events:Put*', Resource: '*'}]]"),
        function("python3.14", more="Role: arn:aws:iam::123456789012:role/of-another-stack"),
        """
Other:
  Type: AWS::Events::Rule
  Properties: {EventPattern: {source: [x]}, Targets: [{Id: bus, Arn: !GetAtt Bus.Arn, RoleArn: arn}]}
""",
    ],
)
def test_nothing_is_said_where_somebody_else_may_put_events(codes: Codes, stranger: str) -> None:
    assert codes(put("{source: [Shop]}", stranger), {"flow.json": FLOW, "code/index.py": ""}) == []


def test_a_function_that_may_do_other_things_is_no_such(codes: Codes) -> None:
    more = indent("Policies: [DynamoDBReadPolicy: {TableName: orders}]", "")

    found = codes(
        put("{source: [Shop]}", function("python3.14", more=more)), {"flow.json": FLOW, "code/index.py": ""}
    )

    assert [each.split()[1] for each in found] == ["PB502"]


def test_a_bus_for_events_from_elsewhere(codes: Codes) -> None:
    other = FLOW.replace("${Bus}", "default")

    assert codes(put("{source: [Shop]}").replace("{Bus: !Ref Bus}", "{}"), {"flow.json": other}) == []
