"""Policy documents: what they may say, and how faults are told."""

from typing import Any

import pytest

from pizzabar.iam.policy import Kind, MalformedPolicyDocument, read_policy


def faults(document: Any, kind: Kind = "identity") -> list[tuple[tuple[str | int, ...], str]]:
    """Give the faults of a document."""
    with pytest.raises(MalformedPolicyDocument) as malformed:
        read_policy("P", document, kind)
    return [(fault.path, fault.message) for fault in malformed.value.faults]


ALLOW = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}


def test_one_statement_may_stand_by_itself_and_a_document_may_be_text() -> None:
    policy = read_policy(
        "P", '{"Statement": {"Effect": "Deny", "NotAction": ["a:B"], "NotResource": "arn:x"}}', "identity"
    )
    [statement] = policy.statements
    assert (statement.effect, statement.actions, statement.resources) == ("Deny", ("a:B",), ("arn:x",))
    assert statement.excludes_actions
    assert statement.excludes_resources


def test_principals_are_read_by_their_types() -> None:
    principal = {"Service": ["events.amazonaws.com", "lambda.amazonaws.com"], "AWS": "123456789012"}
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}
    [statement] = read_policy("P", trust, "trust").statements
    assert statement.principals == (
        ("Service", "events.amazonaws.com"),
        ("Service", "lambda.amazonaws.com"),
        ("AWS", "123456789012"),
    )


def test_a_statement_is_named_by_its_sid_or_its_number() -> None:
    policy = read_policy("Put", {"Statement": [ALLOW, {**ALLOW, "Sid": "Mine"}]}, "identity")
    assert [policy.label(each) for each in policy.statements] == ["Put, statement 1", "Put, statement Mine"]


@pytest.mark.parametrize(
    ("document", "kind", "path", "message"),
    [
        ("{", "identity", (), "a policy document is JSON: unexpected end of data: line 1 column 2 (char 1)"),
        ([], "identity", (), "a policy document is an object"),
        ({}, "identity", (), "a policy has a Statement"),
        (
            {"Version": "2020-01-01", "Statement": []},
            "identity",
            ("Version",),
            "the Version of a policy is 2012-10-17 or 2008-10-17",
        ),
        ({"Statements": [], "Statement": []}, "identity", ("Statements",), "a policy has no element Statements"),
        ({"Statement": ["x"]}, "identity", ("Statement", 0), "a statement is an object"),
        (
            {"Statement": [{**ALLOW, "Effect": "allow"}]},
            "identity",
            ("Statement", 0),
            "the Effect of a statement is Allow or Deny",
        ),
        (
            {"Statement": {**ALLOW, "NotAction": "a:B"}},
            "identity",
            ("Statement",),
            "a statement has either Action or NotAction",
        ),
        (
            {"Statement": [{**ALLOW, "Action": ["PutItem"]}]},
            "identity",
            ("Statement", 0, "Action"),
            "PutItem is no action",
        ),
        (
            {"Statement": [{**ALLOW, "Resource": ["Orders"]}]},
            "identity",
            ("Statement", 0, "Resource"),
            "Resource Orders must be in ARN format or '*'.",
        ),
        (
            {"Statement": [{**ALLOW, "Resource": []}]},
            "identity",
            ("Statement", 0, "Resource"),
            "Resource is a text or a list of texts",
        ),
        (
            {"Statement": [{**ALLOW, "Principal": "*"}]},
            "identity",
            ("Statement", 0, "Principal"),
            "a statement of a role's policy has no element Principal",
        ),
        ({"Statement": [ALLOW]}, "resource", ("Statement", 0), "a statement has either Principal or NotPrincipal"),
        (
            {"Statement": [{**ALLOW, "Principal": {"Services": "x"}}]},
            "resource",
            ("Statement", 0, "Principal"),
            "Principal is * or names by AWS, Service, Federated, CanonicalUser",
        ),
        (
            {"Statement": [{**ALLOW, "Principal": "*"}]},
            "trust",
            ("Statement", 0, "Resource"),
            "a statement of a trust policy has no element Resource",
        ),
        (
            {"Statement": [{**ALLOW, "Condition": {"Bool": {"a:b": "x"}}}]},
            "identity",
            ("Statement", 0, "Condition", "Bool", "a:b"),
            "Bool cannot compare with x",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(document: Any, kind: Kind, path: tuple[str | int, ...], message: str) -> None:
    assert faults(document, kind) == [(path, message)]


def test_all_faults_are_told_at_once() -> None:
    document = {"Version": "x", "Statement": [{"Effect": "No", "Action": "x", "Resource": "y"}]}
    assert [path for path, _ in faults(document)] == [
        ("Version",),
        ("Statement", 0),
        ("Statement", 0, "Action"),
        ("Statement", 0, "Resource"),
    ]
