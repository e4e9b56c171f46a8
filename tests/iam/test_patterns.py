"""Patterns: wildcards, parts of ARNs, and variables."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.iam.patterns import matches, matches_arn, matches_resource, substituted
from tests.iam.keys import NOTHING, KeysOf

TEXTS = st.text("ab*?:/.", max_size=12)
PLAIN = st.text("ab:/.[](+$", max_size=12)


@pytest.mark.parametrize(
    ("pattern", "value", "does"),
    [
        ("dynamodb:PutItem", "dynamodb:PutItem", True),
        ("dynamodb:Put*", "dynamodb:PutItem", True),
        ("dynamodb:Put*", "dynamodb:GetItem", False),
        ("*", "anything:AtAll", True),
        ("dynamodb:???Item", "dynamodb:PutItem", True),
        ("dynamodb:???Item", "dynamodb:DeleteItem", False),
        ("a.c", "abc", False),
    ],
)
def test_wildcards(pattern: str, value: str, does: bool) -> None:
    assert matches(pattern, value, NOTHING) is does


def test_actions_are_matched_in_any_case() -> None:
    assert matches("DynamoDB:putitem", "dynamodb:PutItem", NOTHING, ignores_case=True)
    assert not matches("DynamoDB:putitem", "dynamodb:PutItem", NOTHING)


@pytest.mark.parametrize(
    ("pattern", "does"),
    [
        ("*", True),
        ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/x:*", True),
        # Without :* it is not about the streams of the group.
        ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/x", False),
        ("arn:aws:logs:*:*:*", True),
        ("arn:aws:logs:*:*:log-group:/aws/*:log-stream:S", True),
        # Within a part a star does not reach over its colon.
        ("arn:aws:logs:us-*1:log-group:/aws/x:log-stream:S", False),
        ("arn:aws:logs:us-east-?:123456789012:log-group:/aws/x:log-stream:S", True),
    ],
)
def test_resources(pattern: str, does: bool) -> None:
    resource = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/x:log-stream:S"
    assert matches_resource(pattern, resource, NOTHING) is does


def test_each_part_of_an_arn_is_compared_by_itself() -> None:
    rule = "arn:aws:events:us-east-1:123456789012:rule/bus/Rule"
    assert matches_arn("arn:aws:events:*:*:rule/bus/*", rule, NOTHING)
    assert matches_arn("arn:*:*:*:*:*", rule, NOTHING)
    assert not matches_arn("arn:aws:*:rule/bus/*", rule, NOTHING)
    assert not matches_arn("*", rule, NOTHING)


def test_variables_stand_for_condition_keys() -> None:
    keys = KeysOf(**{"aws__principaltag/team": "oven", "aws__sourcearn": "arn:aws:events:r:1:rule/a*"})

    assert matches_resource(
        "arn:aws:dynamodb:r:1:table/${aws:PrincipalTag/team}", "arn:aws:dynamodb:r:1:table/oven", keys
    )
    assert matches("${aws:username, 'nobody'}", "nobody", keys)
    assert not matches("${aws:username}", "", keys)
    # What a variable stands for is no pattern.
    for does_match in (matches, matches_arn, matches_resource):
        assert does_match("${aws:SourceArn}", "arn:aws:events:r:1:rule/a*", keys)
        assert not does_match("${aws:SourceArn}", "arn:aws:events:r:1:rule/ab", keys)
    assert not matches_arn("${aws:username}", "arn:aws:events:r:1:rule/a*", keys)


def test_wildcards_can_be_written_as_themselves() -> None:
    assert matches("a${*}c${?}${$}", "a*c?$", NOTHING)
    assert not matches("a${*}c", "abc", NOTHING)
    assert substituted("a${*}", NOTHING) == "a*"


def test_a_variable_of_several_values_matches_nothing() -> None:
    assert not matches("${aws:TagKeys}", "a", KeysOf(aws__tagkeys=("a", "b")))


@given(PLAIN)
def test_a_text_without_wildcards_matches_itself_alone(text: str) -> None:
    assert matches(text.replace("${", ""), text.replace("${", ""), NOTHING)
    assert not matches(text.replace("${", ""), f"{text.replace('${', '')}!", NOTHING)


@given(TEXTS, TEXTS)
def test_wildcards_mean_what_they_say(pattern: str, value: str) -> None:
    written = "".join(".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)
    assert matches(pattern, value, NOTHING) is (re.fullmatch(written, value, re.DOTALL) is not None)


@given(TEXTS, TEXTS)
def test_what_a_resource_pattern_matches_the_plain_one_does(pattern: str, value: str) -> None:
    """To stay within a part only takes away."""
    if matches_resource(pattern, value, NOTHING):
        assert matches(pattern, value, NOTHING)
