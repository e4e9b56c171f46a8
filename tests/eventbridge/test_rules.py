"""
Rules and targets.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
"""

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.event_patterns.pattern import read_pattern
from pizzabar.eventbridge.event import Event
from pizzabar.eventbridge.rules import Rule
from pizzabar.eventbridge.targets import read_target

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
    return read_target({"Id": "t", "Arn": ARN, **form}).part(EVENT, "arn:rule", "rule")


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
        ("$.detail.toppings[*]", '["ham","é"]'),
        ("$.detail.guest.*", '["Jo \\"X\\""]'),
        ("$.detail.nothing", "null"),
    ],
)
def test_input_path_sends_that_part(path: str, text: str) -> None:
    assert part(InputPath=path) == text


def test_a_state_machine_is_started_as_a_role() -> None:
    """Seen on AWS."""
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
    assert refusal(Arn=arn) == f"RoleArn is required for target {arn}."
    assert read_target({"Id": "t", "Arn": arn, "RoleArn": "arn:r"}).role_arn == "arn:r"


def test_only_one_form_of_input() -> None:
    """Recorded on AWS."""
    wanted = "Only one of Input, InputPath, or InputTransformer must be provided for target t."
    assert refusal(Input="{}", InputPath="$") == wanted
    assert refusal(Input="{}", InputTransformer={"InputTemplate": '"x"'}) == wanted


@pytest.mark.parametrize("path", ["", "detail", "$detail", "$.", "$..a", "$.a.", "$.a[", "$.a[x]"])
def test_a_path_that_is_none(path: str) -> None:
    assert refusal(InputPath=path) == "Invalid InputPath for target t."


@pytest.mark.parametrize("arn", ["Tell", "arn:aws", "arn:aws:lambda:us-east-1:123456789012:"])
def test_an_arn_that_is_none(arn: str) -> None:
    """Recorded on AWS."""
    assert refusal(Arn=arn) == f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."


def test_what_is_not_supported_is_refused_by_name() -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:orders"
    assert refusal(Arn=topic) == f"Targets of the service sns are not supported: {topic}"
    assert refusal(EcsParameters={}) == "EcsParameters of target t is not supported"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"Id": "!@#"},
            "1 validation error detected: Value '!@#' at 'targets.2.member.id' failed to satisfy constraint: Member"
            r" must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+",
        ),
        (
            {"Id": "t" * 65},
            f"1 validation error detected: Value '{'t' * 65}' at 'targets.2.member.id' failed to satisfy constraint:"
            " Member must have length less than or equal to 64",
        ),
        (
            {"RetryPolicy": {"MaximumRetryAttempts": 186, "MaximumEventAgeInSeconds": 59}},
            "2 validation errors detected: Value '186' at 'targets.2.member.retryPolicy.maximumRetryAttempts' failed"
            " to satisfy constraint: Member must have value less than or equal to 185; Value '59' at"
            " 'targets.2.member.retryPolicy.maximumEventAgeInSeconds' failed to satisfy constraint: Member must have"
            " value greater than or equal to 60",
        ),
    ],
)
def test_the_constraints_of_the_service_model(members: JSON, message: str) -> None:
    """Those of ids recorded on AWS."""
    with pytest.raises(ValidationException) as raised:
        read_target({"Id": "t", "Arn": ARN, **members}, 2)

    assert raised.value.message == message


def test_a_fifo_queue_needs_a_message_group() -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:orders.fifo"

    assert refusal(Arn=queue) == "Parameter(s) SqsParameters must be specified for target: t."
    assert read_target({"Id": "t", "Arn": queue, "SqsParameters": {"MessageGroupId": "g"}}).message_group == "g"


def test_dead_letters_go_to_a_standard_queue() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    assert "must be a standard queue" in refusal(DeadLetterConfig={"Arn": "arn:aws:sqs:us-east-1:1:a.fifo"})
    assert "is not valid" in refusal(DeadLetterConfig={"Arn": ARN})


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
