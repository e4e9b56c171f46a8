"""
Rules and targets.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
"""

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.event import Event
from pizzabar.eventbridge.pattern import read_pattern
from pizzabar.eventbridge.rules import Rule, read_target

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Tell"
DOCUMENT = {
    "version": "0",
    "source": "pizza",
    "detail-type": "Order",
    "resources": ["arn:aws:a:::b"],
    "detail": {"size": "L", "price": 9.5, "toppings": ["ham", "é"], "guest": {"name": 'Jo "X"'}, "note": None},
}
EVENT = Event("an-id", DOCUMENT, documents.write(DOCUMENT))


def part(**form: JSON) -> str:
    return read_target({"Id": "t", "Arn": ARN, **form}).part(EVENT)


def refusal(**members: JSON) -> str:
    with pytest.raises(ValidationException) as raised:
        read_target({"Id": "t", "Arn": ARN, **members})
    return raised.value.message


def test_a_target_gets_the_whole_event() -> None:
    assert part() == EVENT.text


def test_input_is_sent_as_it_stands() -> None:
    assert part(Input='{"always":  "this"}') == '{"always":  "this"}'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("$", EVENT.text),
        ("$.detail.size", '"L"'),  # a text keeps its quotes: recorded on AWS
        ("$.detail.price", "9.5"),
        ("$.detail-type", '"Order"'),
        ("$.detail.guest", '{"name":"Jo \\"X\\""}'),
        ("$.detail.toppings", '["ham","é"]'),
        ("$.detail.toppings[1]", '"é"'),
        ("$.resources[0]", '"arn:aws:a:::b"'),
        ("$.detail.note", "null"),
    ],
)
def test_input_path_sends_that_part(path: str, text: str) -> None:
    assert part(InputPath=path) == text


def test_only_one_form_of_input() -> None:
    """Recorded on AWS."""
    wanted = "Only one of Input, InputPath, or InputTransformer must be provided for target t."
    assert refusal(Input="{}", InputPath="$") == wanted
    assert refusal(Input="{}", InputTransformer={"InputTemplate": '"x"'}) == wanted


@pytest.mark.parametrize("path", ["", "detail", "$detail", "$.", "$..a", "$.a.", "$.a[", "$.a[x]"])
def test_a_path_that_is_none(path: str) -> None:
    assert refusal(InputPath=path) == "Invalid InputPath for target t."


@pytest.mark.parametrize("arn", ["Tell", "", "arn:aws", "arn:aws:lambda:us-east-1:123456789012:"])
def test_an_arn_that_is_none(arn: str) -> None:
    """Recorded on AWS."""
    assert refusal(Arn=arn) == f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."


def test_what_is_not_supported_is_refused_by_name() -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:orders"
    assert refusal(Arn=queue) == f"Targets of the service sqs are not supported: {queue}"
    assert refusal(InputTransformer={"InputTemplate": '"x"'}) == "InputTransformer of target t is not supported"
    assert refusal(EcsParameters={}) == "EcsParameters of target t is not supported"


def test_the_retry_policy_of_a_target() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html"""
    usual = read_target({"Id": "t", "Arn": ARN})
    assert (usual.maximum_attempts, usual.maximum_age_seconds, usual.dead_letter_arn) == (185, 86_400, None)

    queue = "arn:aws:sqs:us-east-1:123456789012:dead"
    target = read_target(
        {
            "Id": "t",
            "Arn": ARN,
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
            "DeadLetterConfig": {"Arn": queue},
        }
    )
    assert (target.maximum_attempts, target.maximum_age_seconds, target.dead_letter_arn) == (0, 60, queue)


@pytest.mark.parametrize(("state", "takes"), [("ENABLED", True), ("DISABLED", False)])
def test_a_disabled_rule_takes_no_events(state: str, takes: bool) -> None:
    pattern = read_pattern({"source": ["pizza"]})

    assert Rule("r", "arn", "default", pattern, "{}", state).is_enabled is takes


def test_a_target_takes_the_place_of_one_of_its_id() -> None:
    rule = Rule("r", "arn", "default", read_pattern({"source": ["pizza"]}), "{}")
    first, second = read_target({"Id": "a", "Arn": ARN}), read_target({"Id": "b", "Arn": ARN})
    again = read_target({"Id": "a", "Arn": ARN, "Input": "{}"})

    rule = rule.with_target(first).with_target(second).with_target(again)

    assert rule.targets == (second, again)
