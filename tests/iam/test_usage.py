"""Usage: ARNs made general, what was never used, and the smallest policy."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.iam.evaluation import Request, evaluate
from pizzabar.iam.policy import read_policy
from pizzabar.iam.usage import Use, generalised, never_used, smallest_policy
from pizzabar.principal import role_session
from tests.iam.keys import NOTHING

HERE = "us-east-1:123456789012"
TABLE = f"arn:aws:dynamodb:{HERE}:table/Orders"


@pytest.mark.parametrize(
    ("arn", "general"),
    [
        (TABLE, TABLE),
        (f"{TABLE}/index/ByGuest", f"{TABLE}/index/ByGuest"),
        (f"{TABLE}/stream/2026-03-01", f"{TABLE}/stream/*"),
        (
            f"arn:aws:execute-api:{HERE}:a1b2/api/POST/@connections/e_d2=",
            f"arn:aws:execute-api:{HERE}:a1b2/api/POST/@connections/*",
        ),
        (
            f"arn:aws:logs:{HERE}:log-group:/aws/lambda/x:log-stream:2026/[$LATEST]1",
            f"arn:aws:logs:{HERE}:log-group:/aws/lambda/x:*",
        ),
        (f"arn:aws:logs:{HERE}:log-group:/aws/x:log-stream:", f"arn:aws:logs:{HERE}:log-group:/aws/x:*"),
        (f"arn:aws:states:{HERE}:execution:Bake:7", f"arn:aws:states:{HERE}:execution:Bake:*"),
        ("*", "*"),
    ],
)
def test_arns_of_things_that_come_and_go_are_made_general(arn: str, general: str) -> None:
    assert generalised(arn) == general


def test_resources_of_the_same_actions_share_a_statement() -> None:
    uses = [Use("dynamodb:PutItem", "t1"), Use("dynamodb:GetItem", "t1"), Use("dynamodb:GetItem", "t2")]
    uses += [Use("dynamodb:PutItem", "t2"), Use("lambda:InvokeFunction", "f")]

    assert smallest_policy(uses) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": ["t1", "t2"]},
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "f"},
        ],
    }
    assert smallest_policy([]) is None


def test_what_no_use_was_allowed_by_was_never_used() -> None:
    allow = {"Effect": "Allow", "Action": ["dynamodb:Get*", "dynamodb:PutItem"], "Resource": TABLE}
    others = [{**allow, "Effect": "Deny"}, {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]
    policy = read_policy("P", {"Statement": [allow, *others]}, "identity")

    [some, all_] = never_used([policy], [Use("dynamodb:GetItem", TABLE, 1, None, {("P", 0, "dynamodb:Get*")})])

    assert (some.statement, some.actions) == (policy.statements[0], ("dynamodb:PutItem",))
    assert (all_.statement, all_.actions) == (policy.statements[2], ("*",))


ARNS = st.sampled_from(
    [
        TABLE,
        f"{TABLE}/stream/1",
        f"arn:aws:execute-api:{HERE}:a/api/POST/@connections/x=",
        f"arn:aws:logs:{HERE}:log-group:/aws/x:log-stream:s",
        f"arn:aws:logs:{HERE}:log-group:/aws/x:log-stream:",
        f"arn:aws:states:{HERE}:execution:Bake:7",
        f"arn:aws:states:{HERE}:express:Bake:7:8",
        f"arn:aws:lambda:{HERE}:function:Bake",
    ]
)
ACTIONS = st.sampled_from(["dynamodb:PutItem", "logs:PutLogEvents", "lambda:InvokeFunction", "states:StopExecution"])


@given(st.lists(st.tuples(ACTIONS, ARNS), min_size=1), st.tuples(ACTIONS, ARNS))
def test_the_smallest_policy_allows_what_was_asked_for_and_nothing_of_another_kind(
    asked: list[tuple[str, str]], other: tuple[str, str]
) -> None:
    document: Any = smallest_policy([Use(action, generalised(arn)) for action, arn in asked])
    policy = read_policy("smallest", document, "identity")

    def is_allowed(action: str, arn: str) -> bool:
        principal = role_session("arn:aws:iam::123456789012:role/R", "s", "lambda.amazonaws.com")
        return evaluate(Request(principal, action, arn, NOTHING), [policy]).is_allowed

    assert all(is_allowed(*each) for each in asked)
    kinds = {(action, generalised(arn)) for action, arn in asked}
    assert is_allowed(*other) is ((other[0], generalised(other[1])) in kinds)
