"""Conditions: operators, missing keys, several values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.errors import Fault
from pizzabar.iam.conditions import OPERATORS, read_conditions
from tests.iam.keys import KeysOf

RULE = "arn:aws:events:us-east-1:123456789012:rule/bus/Rule"
KEYS = KeysOf(
    aws__sourcearn=RULE,
    aws__sourceaccount="123456789012",
    aws__securetransport="true",
    aws__currenttime="2026-03-01T12:00:00+00:00",
    aws__sourceip="10.1.2.3",
    events__source="oven",
    dynamodb__leadingkeys=("a", "b"),
    s3__max="100",
)


def holds(block: Any, keys: KeysOf = KEYS) -> bool:
    """Whether all conditions of a block hold."""
    faults: list[Fault] = []
    conditions = read_conditions(block, faults, ())
    assert faults == []
    return all(condition.holds(keys) for condition in conditions)


@pytest.mark.parametrize(
    ("operator", "key", "value", "does"),
    [
        ("StringEquals", "events:source", "oven", True),
        ("StringEquals", "events:source", ["fridge", "oven"], True),
        ("StringEquals", "Events:Source", "Oven", False),
        ("StringEqualsIgnoreCase", "events:source", "OVEN", True),
        ("StringNotEquals", "events:source", "oven", False),
        ("StringNotEquals", "events:source", ["fridge", "oven"], False),
        ("StringNotEquals", "events:source", ["fridge", "sink"], True),
        ("StringLike", "events:source", "o*", True),
        ("StringNotLike", "events:source", "o*", False),
        ("ArnLike", "aws:SourceArn", "arn:aws:events:*:123456789012:rule/*", True),
        ("ArnEquals", "aws:SourceArn", RULE, True),
        ("ArnNotLike", "aws:SourceArn", RULE, False),
        ("ArnLike", "aws:SourceArn", f"{RULE}s", False),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("NumericLessThanEquals", "s3:max", "100", True),
        ("NumericGreaterThan", "s3:max", 100, False),
        ("NumericNotEquals", "s3:max", "7", True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-03-01T11:59:59Z", True),
        ("DateLessThan", "aws:CurrentTime", "2026-03-01", False),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", True),
        ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "::1"], False),
        ("Null", "aws:SourceIp", "true", False),
        ("Null", "aws:username", "true", True),
        # A key that is not there: the condition fails, unless it is negated or may be without.
        ("StringEquals", "aws:username", "ada", False),
        ("StringNotEquals", "aws:username", "ada", True),
        ("StringEqualsIfExists", "aws:username", "ada", True),
        ("StringEqualsIfExists", "events:source", "fridge", False),
        # Several values of the request.
        ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["a"], False),
        ("ForAnyValue:StringEquals", "dynamodb:LeadingKeys", ["a"], True),
        ("ForAnyValue:StringEquals", "dynamodb:LeadingKeys", ["c"], False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a"], False),
        ("ForAllValues:StringNotEquals", "dynamodb:LeadingKeys", ["c"], True),
        ("ForAnyValue:StringNotEquals", "dynamodb:LeadingKeys", ["a"], True),
    ],
)
def test_operators(operator: str, key: str, value: Any, does: bool) -> None:
    assert holds({operator: {key: value}}) is does


def test_all_conditions_must_hold() -> None:
    arn, account = {"ArnLike": {"aws:SourceArn": RULE}}, {"StringEquals": {"aws:SourceAccount": "1"}}
    assert holds(arn)
    assert not holds({**arn, **account})


def test_values_may_have_variables() -> None:
    assert holds({"StringEquals": {"events:source": "${events:source}"}})
    assert not holds({"StringEquals": {"events:source": "${aws:username}"}})


@pytest.mark.parametrize(
    ("block", "path", "message"),
    [
        ("no", (), "a Condition is an object of operators"),
        ({"StringLikes": {}}, ("StringLikes",), "there is no condition operator StringLikes"),
        ({"NullIfExists": {}}, ("NullIfExists",), "there is no condition operator NullIfExists"),
        ({"ForEachValue:Bool": {}}, ("ForEachValue:Bool",), "there is no condition operator ForEachValue:Bool"),
        ({"Bool": ["x"]}, ("Bool",), "Bool has values by condition keys"),
        ({"Bool": {"a:b": "maybe"}}, ("Bool", "a:b"), "Bool cannot compare with maybe"),
        ({"DateLessThan": {"a:b": "noon"}}, ("DateLessThan", "a:b"), "DateLessThan cannot compare with noon"),
        ({"IpAddress": {"a:b": "10.0.0/8"}}, ("IpAddress", "a:b"), "IpAddress cannot compare with 10.0.0/8"),
        ({"StringEquals": {"a:b": {}}}, ("StringEquals", "a:b"), "StringEquals cannot compare with {}"),
    ],
)
def test_faults_are_told_with_their_place(block: Any, path: tuple[str, ...], message: str) -> None:
    faults: list[Fault] = []
    read_conditions(block, faults, ())
    assert faults == [Fault(path, message)]


WORDS = st.text("ab", max_size=2)
NEGATED = [(f"String{name}", f"StringNot{name}") for name in ("Equals", "EqualsIgnoreCase", "Like")]


@given(st.sampled_from(NEGATED), st.lists(WORDS, min_size=1, max_size=3), st.none() | WORDS)
def test_a_negated_operator_says_the_opposite(pair: tuple[str, str], wanted: list[str], value: str | None) -> None:
    keys = KeysOf() if value is None else KeysOf(aws__x=value)
    assert holds({pair[0]: {"aws:x": wanted}}, keys) is not holds({pair[1]: {"aws:x": wanted}}, keys)


@given(st.sampled_from(sorted(OPERATORS)), st.none() | WORDS)
def test_with_if_exists_a_key_that_is_not_there_is_as_it_should_be(operator: str, value: str | None) -> None:
    wanted = {"N": "1", "D": "2026-03-01", "B": "true", "I": "10.0.0.0/8"}.get(operator[0], "a")
    if operator in ("NotIpAddress",):
        wanted = "10.0.0.0/8"
    keys = KeysOf() if value is None else KeysOf(aws__x=value)
    plain = holds({operator: {"aws:x": wanted}}, keys)
    assert holds({f"{operator}IfExists": {"aws:x": wanted}}, keys) is (plain or value is None)
