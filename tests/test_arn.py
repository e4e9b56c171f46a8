"""Amazon Resource Names.

Examples from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html and the pages of the services.
"""

import pytest

from pizzabar.arn import Arn, Home, log_group_of, parse_arn

ARNS = [
    (
        "arn:aws:states:us-east-1:123456789012:execution:Bake:order-1",
        Arn("aws", "states", "us-east-1", "123456789012", "execution:Bake:order-1"),
    ),
    (
        "arn:aws:events:us-east-1:123456789012:rule/PizzaBus/Baked",
        Arn("aws", "events", "us-east-1", "123456789012", "rule/PizzaBus/Baked"),
    ),
    ("arn:aws:iam::123456789012:role/baker", Arn("aws", "iam", "", "123456789012", "role/baker")),
    ("arn:aws:s3:::pizza/photo.jpg", Arn("aws", "s3", "", "", "pizza/photo.jpg")),
    ("arn:aws:states:::events:putEvents", Arn("aws", "states", "", "", "events:putEvents")),
    (
        "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/events/pizza:*",
        Arn("aws-cn", "logs", "cn-north-1", "123456789012", "log-group:/aws/events/pizza:*"),
    ),
]


@pytest.mark.parametrize(("text", "arn"), ARNS)
def test_an_arn_is_taken_apart_and_written_the_same(text: str, arn: Arn) -> None:
    assert parse_arn(text) == arn
    assert str(arn) == text


@pytest.mark.parametrize(
    "text", ["", "default", "arn", "arn:aws:s3::bucket", "arn:aws::us-east-1:1:x", "arn:aws:s3:::", "arn::s3:::x"]
)
def test_what_is_no_arn_is_none(text: str) -> None:
    assert parse_arn(text) is None


def test_home_names_its_resources() -> None:
    assert Home().arn("states", "stateMachine:Bake") == "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
    assert Home("000000000000", "eu-central-1").arn("dynamodb", "table/Orders") == (
        "arn:aws:dynamodb:eu-central-1:000000000000:table/Orders"
    )


@pytest.mark.parametrize(
    ("arn", "group"),
    [
        ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/pizza:*", "/aws/pizza"),
        ("arn:aws:logs:us-east-1:123456789012:log-group:/aws/pizza", "/aws/pizza"),
        ("arn:aws:logs:us-east-1:123456789012:log-group::*", None),
        ("arn:aws:logs:us-east-1:123456789012:log-group:", None),
        ("/aws/pizza", None),
        ("", None),
    ],
)
def test_the_log_group_that_an_arn_is_of(arn: str, group: str | None) -> None:
    assert log_group_of(arn) == group
