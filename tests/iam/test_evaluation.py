"""Evaluation: who may do what, by a table of cases and by its laws."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.iam.evaluation import Request, evaluate, may_assume, nearest
from pizzabar.iam.policy import Policy, read_policy
from pizzabar.principal import Principal, role_session, service_principal
from tests.iam.keys import KeysOf

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/Orders"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:Bake"
ROLE_ARN = "arn:aws:iam::123456789012:role/Baker"
ROLE = role_session(ROLE_ARN, "oven", "lambda.amazonaws.com")
RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/Rule"
RULE = service_principal("events.amazonaws.com", RULE_ARN)
KEYS = KeysOf(aws__sourcearn=RULE_ARN, aws__sourceaccount="123456789012")


def identity(*statements: Any) -> Policy:
    """A policy of a role."""
    return read_policy("identity", {"Statement": list(statements)}, "identity")


def resource(*statements: Any) -> Policy:
    """A policy of a resource."""
    return read_policy("resource", {"Statement": list(statements)}, "resource")


def statement(effect: str = "Allow", action: Any = "*", on: Any = "*", **others: Any) -> dict[str, Any]:
    """One statement."""
    return {"Effect": effect, "Action": action, "Resource": on, **others}


def ask(principal: Principal = ROLE, action: str = "dynamodb:PutItem", on: str = TABLE) -> Request:
    """Something asked for."""
    return Request(principal, action, on, KEYS)


def test_nothing_is_allowed_that_no_policy_allows() -> None:
    decision = evaluate(ask(), [identity(statement(action="dynamodb:GetItem"))])
    assert (decision.effect, decision.source) == ("implicitDeny", "identity-based policy")


def test_a_role_may_do_what_its_policy_allows() -> None:
    policy = identity(statement(action=["dynamodb:Get*", "dynamodb:putitem"], on=[FUNCTION, TABLE]))
    decision = evaluate(ask(), [policy])
    assert decision.is_allowed
    assert decision.statement is policy.statements[0]


def test_a_deny_wins_wherever_it_stands() -> None:
    allow = identity(statement())
    for denying in ([allow, identity(statement("Deny", "dynamodb:*"))], [identity(statement("Deny")), allow]):
        assert evaluate(ask(), denying).effect == "explicitDeny"
    everybody = resource(statement("Deny", Principal="*"))
    assert evaluate(ask(), [allow], [everybody]).source == "resource-based policy"
    assert evaluate(ask(), [allow], [], identity(statement("Deny"))).source == "permissions boundary"


def test_not_action_and_not_resource_are_about_all_others() -> None:
    policy = identity({"Effect": "Allow", "NotAction": "iam:*", "NotResource": FUNCTION})
    assert evaluate(ask(), [policy]).is_allowed
    assert not evaluate(ask(action="iam:GetRole"), [policy]).is_allowed
    assert not evaluate(ask(on=FUNCTION), [policy]).is_allowed


def test_a_boundary_limits_what_policies_allow() -> None:
    allow = identity(statement())
    assert evaluate(ask(), [allow], [], identity(statement(action="dynamodb:*"))).is_allowed
    decision = evaluate(ask(), [allow], [], identity(statement(action="lambda:*")))
    assert (decision.effect, decision.source) == ("implicitDeny", "permissions boundary")


@pytest.mark.parametrize(
    ("principal", "does"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ROLE_ARN}, True),
        ({"AWS": "arn:aws:sts::123456789012:assumed-role/Baker/oven"}, True),
        ({"AWS": "arn:aws:iam::123456789012:role/Other"}, False),
        # The account leaves it to the policies of its roles.
        ({"AWS": "123456789012"}, False),
        ({"AWS": "arn:aws:iam::123456789012:root"}, False),
        ({"Service": "lambda.amazonaws.com"}, False),
    ],
)
def test_a_resource_may_let_a_role_in(principal: Any, does: bool) -> None:
    policy = resource(statement(action="lambda:InvokeFunction", on=FUNCTION, Principal=principal))
    assert evaluate(ask(action="lambda:InvokeFunction", on=FUNCTION), [], [policy]).is_allowed is does


def test_a_deny_of_the_account_is_one_of_its_roles() -> None:
    policy = resource(statement("Deny", Principal={"AWS": "123456789012"}))
    assert evaluate(ask(), [identity(statement())], [policy]).effect == "explicitDeny"


def test_what_is_granted_to_a_session_no_boundary_limits() -> None:
    boundary = identity(statement(action="s3:*"))
    session = {"AWS": "arn:aws:sts::123456789012:assumed-role/Baker/oven"}
    assert evaluate(ask(), [], [resource(statement(Principal=session))], boundary).is_allowed
    assert not evaluate(ask(), [], [resource(statement(Principal={"AWS": ROLE_ARN}))], boundary).is_allowed


def test_a_service_is_let_in_by_the_resource_alone() -> None:
    asked = ask(RULE, "lambda:InvokeFunction", FUNCTION)
    condition = {"ArnLike": {"aws:SourceArn": RULE_ARN}}
    service = {"Service": "events.amazonaws.com"}
    assert evaluate(asked, [], [resource(statement(Principal=service, Condition=condition))]).is_allowed
    other = {"ArnLike": {"aws:SourceArn": f"{RULE_ARN}s"}}
    assert not evaluate(asked, [], [resource(statement(Principal=service, Condition=other))]).is_allowed
    assert not evaluate(asked, [], [resource(statement(Principal={"Service": "s3.amazonaws.com"}))]).is_allowed
    decision = evaluate(asked, [identity(statement())])
    assert (decision.effect, decision.source) == ("implicitDeny", "resource-based policy")


def test_not_principal_is_about_all_others() -> None:
    policy = resource({"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": ROLE_ARN}})
    assert evaluate(ask(), [identity(statement())], [policy]).is_allowed
    other = role_session("arn:aws:iam::123456789012:role/Other", "oven", "lambda.amazonaws.com")
    assert evaluate(ask(other), [identity(statement())], [policy]).effect == "explicitDeny"


def test_a_role_is_assumed_by_whom_it_trusts() -> None:
    document = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    trust = read_policy("trust", {"Statement": document}, "trust")
    assert may_assume(trust, ROLE, KEYS)
    assert not may_assume(trust, role_session(ROLE_ARN, "oven", "states.amazonaws.com"), KEYS)


@pytest.mark.parametrize(
    ("name", "is_let"),
    [
        ("lambda.amazonaws.com", True),
        ("lambda.us-east-1.amazonaws.com", True),
        ("lambda.eu-west-1.amazonaws.com", False),
        ("states.us-east-1.amazonaws.com", False),
    ],
)
def test_a_service_has_a_name_for_its_region_too(name: str, is_let: bool) -> None:
    document = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": name}}
    trust = read_policy("trust", {"Statement": document}, "trust")
    assert may_assume(trust, ROLE, KeysOf(aws__requestedregion="us-east-1")) is is_let


@pytest.mark.parametrize(
    ("policy", "missing"),
    [
        (identity(statement(action="dynamodb:PutItem", on=FUNCTION)), "Resource"),
        (identity(statement(action="dynamodb:GetItem", on=TABLE)), "Action"),
        (identity(statement(on=TABLE, Condition={"Null": {"aws:SourceArn": "true"}})), "Condition"),
        (resource(statement(on=TABLE, Principal={"AWS": "123456789012"})), "Principal"),
        (identity(statement(action="s3:*", on="*")), None),
    ],
)
def test_the_nearest_statement_says_what_it_lacks(policy: Policy, missing: str | None) -> None:
    found = nearest(ask(), [policy])
    assert (None if found is None else found.missing) == missing


ACTIONS = st.sampled_from(["*", "dynamodb:*", "dynamodb:PutItem", "dynamodb:GetItem", "lambda:Invoke*"])
RESOURCES = st.sampled_from(["*", TABLE, FUNCTION, "arn:aws:dynamodb:*:*:table/*", f"{TABLE}/index/*"])
STATEMENTS = st.builds(statement, st.sampled_from(["Allow", "Deny"]), ACTIONS, RESOURCES)
POLICIES = st.lists(st.lists(STATEMENTS, max_size=3), max_size=3)
REQUESTS = st.builds(
    ask,
    st.just(ROLE),
    st.sampled_from(["dynamodb:PutItem", "dynamodb:GetItem", "lambda:InvokeFunction"]),
    st.sampled_from([TABLE, FUNCTION, f"{TABLE}/index/x"]),
)


def made(policies: list[list[dict[str, Any]]]) -> list[Policy]:
    """Policies of statements."""
    return [identity(*statements) for statements in policies]


@given(REQUESTS, POLICIES, st.integers(0, 3))
def test_an_explicit_deny_always_wins(request: Request, policies: list[list[dict[str, Any]]], place: int) -> None:
    denying = [*policies[:place], [statement("Deny", request.action, request.resource)], *policies[place:]]
    assert evaluate(request, made(denying)).effect == "explicitDeny"


@given(REQUESTS, POLICIES, ACTIONS, RESOURCES)
def test_to_allow_more_takes_nothing_away(
    request: Request, policies: list[list[dict[str, Any]]], action: str, on: str
) -> None:
    before = evaluate(request, made(policies))
    after = evaluate(request, made([*policies, [statement("Allow", action, on)]]))
    assert after.is_allowed or not before.is_allowed
    assert (before.effect == "explicitDeny") is (after.effect == "explicitDeny")


@given(REQUESTS, POLICIES, ACTIONS, RESOURCES)
def test_to_deny_more_gives_nothing(
    request: Request, policies: list[list[dict[str, Any]]], action: str, on: str
) -> None:
    before = evaluate(request, made(policies))
    after = evaluate(request, made([*policies, [statement("Deny", action, on)]]))
    assert before.is_allowed or not after.is_allowed


@given(REQUESTS, st.permutations([0, 1, 2]), st.lists(st.lists(STATEMENTS, max_size=3), min_size=3, max_size=3))
def test_the_order_of_policies_does_not_matter(
    request: Request, order: list[int], policies: list[list[dict[str, Any]]]
) -> None:
    shuffled = [policies[place] for place in order]
    assert evaluate(request, made(policies)).effect == evaluate(request, made(shuffled)).effect


@given(REQUESTS, POLICIES, st.lists(STATEMENTS, max_size=3))
def test_a_boundary_gives_nothing(
    request: Request, policies: list[list[dict[str, Any]]], boundary: list[dict[str, Any]]
) -> None:
    if evaluate(request, made(policies), [], identity(*boundary)).is_allowed:
        assert evaluate(request, made(policies)).is_allowed
