"""
Policies of authorizers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway.policies import MalformedPolicy, is_allowed
from pizzabar.documents import JSON

CONNECT = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/live/$connect"
STAGE = CONNECT.removesuffix("/$connect")


def statement(effect: str = "Allow", action: JSON = "execute-api:Invoke", resource: JSON = CONNECT) -> JSON:
    return {"Effect": effect, "Action": action, "Resource": resource}


def allows(*statements: JSON) -> bool:
    return is_allowed({"Version": "2012-10-17", "Statement": list(statements)}, "execute-api:Invoke", CONNECT)


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([statement()], True),
        ([], False),
        ([statement("Deny")], False),
        ([statement(), statement("Deny")], False),
        ([statement("Deny"), statement()], False),
        ([statement(), statement("Deny", resource=f"{STAGE}/other")], True),
        ([statement(action="*")], True),
        ([statement(action="execute-api:*")], True),
        ([statement(action="EXECUTE-API:invoke")], True),
        ([statement(action="execute-api:Inv?ke")], True),
        ([statement(action="execute-api:Manage*")], False),
        ([statement(action=["s3:GetObject", "execute-api:Invoke"])], True),
        ([statement(resource="*")], True),
        ([statement(resource=f"{STAGE}/*")], True),
        ([statement(resource="arn:aws:execute-api:*:*:*/live/$connect")], True),
        ([statement(resource=[f"{STAGE}/a", CONNECT])], True),
        ([statement(resource=CONNECT.upper())], False),
        ([statement(resource=f"{STAGE}/?connect")], True),
        ([statement(resource=f"{STAGE}/")], False),
        # A policy written for REST APIs names method and path: it does not cover $connect.
        # https://github.com/aws-powertools/powertools-lambda-python/issues/5800
        ([statement(resource=f"{STAGE}/*/*")], False),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "NotAction": "execute-api:*", "Resource": "*"}], False),
        ([{"Effect": "Allow", "Action": "*", "NotResource": f"{STAGE}/other"}], True),
        ([{"Effect": "Allow", "Action": "*", "NotResource": CONNECT}], False),
    ],
)
def test_what_a_policy_allows(statements: list[JSON], allowed: bool) -> None:
    assert allows(*statements) is allowed


def test_a_single_statement_needs_no_list() -> None:
    assert is_allowed({"Statement": statement()}, "execute-api:Invoke", CONNECT)


@pytest.mark.parametrize(
    "policy",
    [
        None,
        [],
        "policy",
        {},
        {"Statement": None},
        {"Statement": [5]},
        {"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*"}},
        {"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": [5], "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": {}}},
        {"Statement": {**statement(), "Condition": {"IpAddress": {"aws:SourceIp": "1.2.3.4"}}}},
    ],
)
def test_what_is_no_policy(policy: JSON) -> None:
    with pytest.raises(MalformedPolicy):
        is_allowed(policy, "execute-api:Invoke", CONNECT)


texts = st.text(alphabet="ab*?:/$", max_size=8)


@given(st.lists(st.tuples(st.sampled_from(["Allow", "Deny"]), texts, texts), max_size=5), texts, texts)
def test_a_statement_that_denies_everything_denies(
    statements: list[tuple[str, str, str]], action: str, resource: str
) -> None:
    policy = [statement(*each) for each in statements]
    denial = statement("Deny", "*", "*")

    assert not is_allowed({"Statement": [*policy, denial]}, action, resource)
