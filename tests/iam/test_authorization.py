"""Authorization: hops judged once, noted, refused, or left alone where nobody knows."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from pizzabar.arn import Home
from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.iam.authorization import Authorization, Mode
from pizzabar.iam.roles import Roles
from pizzabar.journal import Cause, Hop, Journal
from pizzabar.principal import Principal, role_session, service_principal
from pizzabar.work import Work
from tests.iam.test_actions import Around
from tests.world import NOON

HERE = "us-east-1:123456789012"
TABLE = f"arn:aws:dynamodb:{HERE}:table/Orders"
ROLE_ARN = "arn:aws:iam::123456789012:role/Baker"
BAKER = role_session(ROLE_ARN, "oven", "lambda.amazonaws.com")
SESSION = "arn:aws:sts::123456789012:assumed-role/Baker/oven"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
PUT = {"TableName": "Orders", "Item": {"id": {"S": "7"}}}


@dataclass
class Judge:
    """An authorization with one role, and its journal."""

    authorization: Authorization
    clock: VirtualClock
    policies: dict[str, JSON]
    decided: list[str] = field(default_factory=list)

    def ask(self, service: str, operation: str, parameters: JSON, principal: Principal = BAKER) -> Hop:
        """Have an operation judged, as the call table does."""
        hop = Hop(Journal(), Cause("1"), service, operation, parameters, NOON.timestamp())
        self.authorization.check(principal, hop)
        return hop

    def count(self, action: str) -> int:
        """How often the role asked for an action."""
        return sum(use.count for (name, _), use in self.authorization.uses[ROLE_ARN].items() if name == action)


def judge(*statements: Any, mode: Mode = "audit", **role: Any) -> Judge:
    """Make one whose role has a policy of these statements."""
    clock = VirtualClock(Work(), NOON)
    roles = Roles(clock, Home())
    roles.create("Baker", ROLE_ARN, "AROA1", {"Statement": TRUST}, **role)
    if statements:
        roles.put_policy("Baker", "Bake", {"Statement": list(statements)})
    policies: dict[str, JSON] = {}
    decided: list[str] = []

    def of_resource(principal: Principal, arn: str) -> list[tuple[str, JSON]]:
        decided.append(arn)
        return list(policies.items())

    return Judge(Authorization(mode, roles, of_resource, Around(), clock.now), clock, policies, decided)


def allow(action: str, on: str = "*", **others: Any) -> dict[str, Any]:
    """A statement that allows something."""
    return {"Effect": "Allow", "Action": action, "Resource": on, **others}


def test_a_decision_is_made_once_and_each_use_is_counted() -> None:
    baker = judge(allow("dynamodb:PutItem", TABLE))
    for number in range(5):
        hop = baker.ask("dynamodb", "PutItem", {"TableName": "Orders", "Item": {"id": {"S": str(number)}}})
        assert hop.notes is None
    assert baker.decided == [TABLE]
    assert baker.count("dynamodb:PutItem") == 5


def test_it_is_made_anew_when_something_has_changed() -> None:
    baker = judge()
    baker.ask("lambda", "Invoke", {"FunctionName": "Bake"})
    statement = allow("lambda:InvokeFunction", Principal={"AWS": ROLE_ARN})
    baker.policies["the function's"] = {"Statement": statement}
    assert baker.ask("lambda", "Invoke", {"FunctionName": "Bake"}).notes is not None
    baker.authorization.forget()
    assert baker.ask("lambda", "Invoke", {"FunctionName": "Bake"}).notes is None
    assert baker.authorization.findings() == []


def test_in_audit_a_hop_is_noted_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    baker = judge(allow("dynamodb:GetItem", TABLE))
    with caplog.at_level(logging.WARNING, "pizzabar"):
        hops = [baker.ask("dynamodb", "PutItem", PUT) for _ in range(3)]

    note = {
        "principal": SESSION,
        "action": "dynamodb:PutItem",
        "resource": TABLE,
        "decision": "implicitDeny",
        "why": "no identity-based policy allows it; the nearest is Bake, statement 1, whose Action does not cover it",
    }
    assert [hop.notes for hop in hops] == [{"iam": [note]}] * 3
    [record] = caplog.records
    assert record.getMessage() == f"AWS would refuse dynamodb:PutItem on {TABLE} to {SESSION}: {note['why']}"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "status"),
    [
        ("dynamodb", "PutItem", PUT, "AccessDeniedException", 400),
        ("events", "PutEvents", {"Entries": [{}]}, "AccessDeniedException", 400),
        ("lambda", "Invoke", {"FunctionName": "f"}, "AccessDeniedException", 403),
        ("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": "here="}, "ForbiddenException", 403),
        ("iam", "GetRole", {"RoleName": "Baker"}, "AccessDenied", 403),
    ],
)
def test_enforced_it_is_refused_as_the_service_does(
    service: str, operation: str, parameters: JSON, code: str, status: int
) -> None:
    baker = judge(mode="enforce")
    with pytest.raises(ServiceError) as refused:
        baker.ask(service, operation, parameters)
    assert (refused.value.code, refused.value.status) == (code, status)
    assert refused.value.message.startswith(f"User: {SESSION} is not authorized to perform: ")


def test_an_explicit_deny_is_told_as_one() -> None:
    baker = judge(allow("*"), {**allow("dynamodb:Put*", TABLE), "Effect": "Deny", "Sid": "Closed"}, mode="enforce")
    with pytest.raises(ServiceError) as refused:
        baker.ask("dynamodb", "PutItem", PUT)
    assert refused.value.message.endswith("with an explicit deny in an identity-based policy")
    [finding] = baker.authorization.findings()
    assert finding.refusals[0].why == "Bake, statement Closed denies it"


def test_one_that_is_refused_refuses_all_of_a_batch() -> None:
    baker = judge(allow("dynamodb:BatchWriteItem", TABLE))
    hop = baker.ask("dynamodb", "BatchWriteItem", {"RequestItems": {"Orders": [], "Guests": []}})
    assert hop.notes is not None
    assert [each["resource"] for each in hop.notes["iam"]] == [TABLE.replace("Orders", "Guests")]
    assert baker.count("dynamodb:BatchWriteItem") == 2


def test_a_condition_on_parameters_is_judged_each_time() -> None:
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "7"}}
    baker = judge(allow("dynamodb:PutItem", TABLE, Condition=own))
    assert baker.ask("dynamodb", "PutItem", PUT).notes is None
    assert baker.ask("dynamodb", "PutItem", {**PUT, "Item": {"id": {"S": "8"}}}).notes is not None
    assert baker.ask("dynamodb", "PutItem", PUT).notes is None


def test_so_is_one_on_the_time() -> None:
    baker = judge(allow("*", Condition={"DateLessThan": {"aws:CurrentTime": "2026-03-01T13:00:00Z"}}))
    assert baker.ask("dynamodb", "PutItem", PUT).notes is None
    baker.clock.move(datetime(2026, 3, 1, 14, tzinfo=UTC))
    assert baker.ask("dynamodb", "PutItem", PUT).notes is not None


def test_conditions_see_who_asks_and_for_what() -> None:
    baker = judge(
        allow(
            "events:PutEvents",
            Condition={
                "StringEquals": {
                    "events:source": "oven",
                    "aws:PrincipalTag/team": "bakers",
                    "aws:PrincipalArn": ROLE_ARN,
                    "aws:userid": "AROA1:oven",
                }
            },
        ),
        tags={"team": "bakers"},
    )
    assert baker.ask("events", "PutEvents", {"Entries": [{"Source": "oven"}]}).notes is None
    assert baker.ask("events", "PutEvents", {"Entries": [{"Source": "fridge"}]}).notes is not None


@pytest.mark.parametrize(
    ("statements", "role", "unknown"),
    [
        (
            [allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})],
            {},
            "the condition key aws:PrincipalOrgID is not known here",
        ),
        (
            [allow("*")],
            {"boundary_arn": "arn:aws:iam::aws:policy/New"},
            "the permissions boundary arn:aws:iam::aws:policy/New of the role Baker is not known here",
        ),
    ],
)
def test_what_depends_on_something_unknown_is_not_refused(
    statements: list[Any], role: Any, unknown: str, caplog: pytest.LogCaptureFixture
) -> None:
    baker = judge(*statements, mode="enforce", **role)
    for _ in range(2):
        assert baker.ask("dynamodb", "PutItem", PUT).notes is None
    assert list(baker.authorization.unknown) == [unknown]
    assert len(caplog.records) == 1


def test_a_role_of_another_stack_is_told_of_once() -> None:
    baker = judge(mode="enforce")
    stranger = role_session("arn:aws:iam::123456789012:role/Stranger", "s", "lambda.amazonaws.com")
    for _ in range(2):
        assert baker.ask("dynamodb", "PutItem", PUT, stranger).notes is None
    assert list(baker.authorization.unknown) == [f"the role {stranger.role_arn} is not of this stack"]


def test_a_service_is_judged_by_the_resource() -> None:
    baker = judge()
    rule = service_principal("events.amazonaws.com", f"arn:aws:events:{HERE}:rule/R")
    invoke = ("lambda", "Invoke", {"FunctionName": "Bake"})
    noted = baker.ask(*invoke, rule)
    assert noted.notes is not None
    assert noted.notes["iam"][0]["principal"] == f"events.amazonaws.com for arn:aws:events:{HERE}:rule/R"
    baker.policies["p"] = {
        "Statement": allow(
            "lambda:InvokeFunction",
            Principal={"Service": "events.amazonaws.com"},
            Condition={
                "ArnLike": {"AWS:SourceArn": f"arn:aws:events:{HERE}:rule/*"},
                "StringEquals": {"AWS:SourceAccount": "123456789012"},
            },
        )
    }
    baker.authorization.forget()
    assert baker.ask(*invoke, rule).notes is None


@pytest.mark.parametrize("parameters", [{}, {"TableName": 7}, {"TableName": []}, None, []])
def test_malformed_parameters_are_left_to_the_service(parameters: JSON) -> None:
    baker = judge(mode="enforce")
    assert baker.ask("dynamodb", "PutItem", parameters).notes is None


def test_malformed_items_have_no_keys() -> None:
    own = {"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": "7"}}
    baker = judge(allow("dynamodb:PutItem", TABLE, Condition=own))
    assert baker.ask("dynamodb", "PutItem", {"TableName": "Orders", "Item": {"id": "7"}}).notes is not None


def test_a_faulty_policy_of_a_resource_is_told() -> None:
    baker = judge(allow("*"))
    baker.policies["its policy"] = {"Statement": "x"}
    assert baker.ask("dynamodb", "PutItem", PUT).notes is None
    assert list(baker.authorization.unknown) == ["its policy: /Statement: a statement is an object"]


@pytest.mark.parametrize(
    ("condition", "source", "is_let"),
    [
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, "", True),
        ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, "", False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:scheduler:{HERE}:schedule-group/*"}}, "kitchen", True),
        ({"ArnEquals": {"aws:SourceArn": f"arn:aws:scheduler:{HERE}:schedule-group/bar"}}, "kitchen", False),
        # Who does not say what it acts for is not let in by what asks for that.
        ({"ArnLike": {"aws:SourceArn": "arn:aws:*"}}, "", False),
    ],
)
def test_a_trust_policy_may_ask_what_a_service_acts_for(condition: Any, source: str, is_let: bool) -> None:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html"""
    clockwork = judge(mode="enforce")
    arn, service = "arn:aws:iam::123456789012:role/Clock", "scheduler.amazonaws.com"
    trust = {**TRUST, "Principal": {"Service": service}, "Condition": condition}
    clockwork.authorization.roles.create("Clock", arn, "AROA2", {"Statement": trust})
    clockwork.authorization.roles.put_policy("Clock", "All", {"Statement": allow("*")})
    group = source and f"arn:aws:scheduler:{HERE}:schedule-group/{source}"
    principal = role_session(arn, "tick", service, source_arn=group)

    assert clockwork.authorization.lets_assume(principal) is is_let
    if is_let:
        clockwork.ask("dynamodb", "PutItem", PUT, principal)
    else:
        with pytest.raises(ServiceError, match="sts:AssumeRole"):
            clockwork.ask("dynamodb", "PutItem", PUT, principal)
