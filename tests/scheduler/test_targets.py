"""
Targets: what they are asked, how often, and what becomes of what they do not take.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

import json
from collections.abc import Callable

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import InternalFailure, ServiceError
from pizzabar.faults import FaultRule, Faults
from pizzabar.journal import Hop
from tests.scheduler.service import (
    BUS,
    DEAD,
    FUNCTION,
    QUEUE,
    QUEUE_URL,
    ROLE,
    STATE_MACHINE,
    TICK,
    Refused,
    Scheduler,
    Throttled,
    schedule,
    scheduler,
)

SOON = "at(2026-03-01T12:30:00)"
SDK = "arn:aws:scheduler:::aws-sdk:"
NOTIFICATION = {
    "version": "0",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "account": "123456789012",
    "time": "2026-03-01T12:30:00Z",
    "region": "us-east-1",
    "resources": [TICK],
    "detail": "{}",
}


def failing(error: ServiceError, times: int = 1_000_000) -> Callable[[JSON], JSON]:
    """Give what a neighbour answers that fails so often."""
    left = [times]

    def answer(asked: JSON) -> JSON:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return {"StatusCode": 202}

    return answer


async def fire(ask: Scheduler, target: JSON, **more: JSON) -> None:
    """Make a schedule with a target, and let its time come."""
    await ask.create(SOON, target=target, **more)
    await ask.pass_time(minutes=31)


async def test_a_function_is_invoked_and_not_waited_for() -> None:
    async with scheduler() as ask:
        await fire(ask, {"Input": '{"bake":1}'})

        assert ask.invoked == [{"FunctionName": FUNCTION, "InvocationType": "Event", "Payload": '{"bake":1}'}]


@pytest.mark.parametrize("arn", [FUNCTION, STATE_MACHINE, QUEUE])
async def test_a_target_without_an_input_is_told_that_it_is_time(arn: str) -> None:
    async with scheduler() as ask:
        await fire(ask, {"Arn": arn, "Input": None})

        [asked] = ask.invoked + ask.started + ask.sent
        told = json.loads(asked.get("Payload") or asked.get("input") or asked["MessageBody"])
        assert len(told.pop("id")) == 36
        assert told == NOTIFICATION


async def test_a_state_machine_is_started_once_however_often_it_is_asked() -> None:
    class ExecutionAlreadyExists(ServiceError):
        """What is said of a name that is taken."""

    async with scheduler() as ask:
        again = ask.world.answer("stepfunctions", "StartExecution", failing(InternalFailure("lost"), 1))
        await fire(ask, {"Arn": STATE_MACHINE, "Input": '{"a":1}'})
        first, second = again
        assert first == second
        assert first == {"stateMachineArn": STATE_MACHINE, "input": '{"a":1}', "name": first["name"]}

        ask.world.answer("stepfunctions", "StartExecution", failing(ExecutionAlreadyExists("there")))
        await ask.create("at(2026-03-01T13:00:00)", "tock", {"Arn": STATE_MACHINE})
        await ask.pass_time(hours=1)
        assert ask.notes()[-1] is None


async def test_an_event_is_put_on_a_bus() -> None:
    async with scheduler() as ask:
        named = {"EventBridgeParameters": {"Source": "clock", "DetailType": "Tick"}}
        await fire(ask, {"Arn": BUS, "Input": '{"a":"<aws.scheduler.scheduled-time>"}', **named})

        assert ask.put == [
            {
                "Entries": [
                    {
                        "EventBusName": BUS,
                        "Source": "clock",
                        "DetailType": "Tick",
                        "Detail": '{"a":"2026-03-01T12:30:00Z"}',
                        "Resources": [TICK],
                    }
                ]
            }
        ]


async def test_an_event_that_a_bus_refuses_is_given_up() -> None:
    async with scheduler() as ask:
        refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "MalformedDetail", "ErrorMessage": "no JSON"}]}
        ask.world.answer("events", "PutEvents", lambda asked: refused)
        await fire(ask, {"Arn": BUS, "EventBridgeParameters": {"Source": "clock", "DetailType": "Tick"}})

        assert ask.notes() == [{"given up": "MalformedDetail: no JSON"}]


@pytest.mark.parametrize(
    ("queue", "more", "expected"),
    [
        ("orders", {}, {"MessageBody": "any text"}),
        (
            "orders.fifo",
            {"SqsParameters": {"MessageGroupId": "g"}},
            {"MessageBody": "any text", "MessageGroupId": "g"},
        ),
    ],
)
async def test_a_message_is_sent(queue: str, more: JSON, expected: JSON) -> None:
    async with scheduler() as ask:
        arn = f"arn:aws:sqs:us-east-1:123456789012:{queue}"
        await fire(ask, {"Arn": arn, "Input": "any text", **more})

        assert ask.sent == [{"QueueUrl": f"{QUEUE_URL}/{queue}", **expected}]


async def test_the_context_is_told() -> None:
    async with scheduler() as ask:
        keys = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
        again = ask.world.answer("lambda", "Invoke", failing(Throttled("later"), 1))
        await fire(ask, {"Input": json.dumps([f"<aws.scheduler.{key}>" for key in keys])})

        first, second = (json.loads(asked["Payload"]) for asked in again)
        assert first == [TICK, "2026-03-01T12:30:00Z", first[2], "1"]
        assert second == [TICK, "2026-03-01T12:30:00Z", second[2], "2"]
        assert len(first[2]) == 16
        # Of each attempt another.
        assert first[2] != second[2]


@pytest.mark.parametrize(
    ("action", "given", "service", "operation", "asked"),
    [
        (
            "sqs:sendMessage",
            {"MessageBody": "<aws.scheduler.scheduled-time>", "QueueUrl": "u"},
            "sqs",
            "SendMessage",
            {"MessageBody": "2026-03-01T12:30:00Z", "QueueUrl": "u"},
        ),
        # boto3 calls these otherwise, and the APIs have members in camelCase.
        (
            "sfn:startExecution",
            {"StateMachineArn": STATE_MACHINE, "Input": "{}"},
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": STATE_MACHINE, "input": "{}"},
        ),
        (
            "eventbridge:putEvents",
            {"Entries": [{"Source": "a"}]},
            "events",
            "PutEvents",
            {"Entries": [{"Source": "a"}]},
        ),
        ("lambda:invoke", {"FunctionName": "a"}, "lambda", "Invoke", {"FunctionName": "a"}),
        (
            "cloudwatchlogs:putRetentionPolicy",
            {"LogGroupName": "a", "RetentionInDays": 3},
            "logs",
            "PutRetentionPolicy",
            {"logGroupName": "a", "retentionInDays": 3},
        ),
    ],
)
async def test_an_api_action(action: str, given: JSON, service: str, operation: str, asked: JSON) -> None:
    async with scheduler() as ask:
        taken = ask.world.answer(service, operation)
        await fire(ask, {"Arn": f"{SDK}{action}", "Input": json.dumps(given)})

        assert taken == [asked]


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        # As AWS was seen to answer.
        (
            {"Arn": f"{SDK}backup:startReportJob", "Input": "{}"},
            "backup is not a supported service for a target.",
        ),
        ({"Arn": f"{SDK}sqs:getQueueUrl", "Input": "{}"}, "getQueueUrl API is not supported."),
        ({"Arn": f"{SDK}sqs:sendMessage", "Input": None}, "You must provide an input to set this target for your"),
        ({"Arn": "arn:aws:scheduler:us-east-1:123456789012:aws-sdk:sqs:sendMessage"}, "scheduler is not a supported"),
        ({"Input": "no JSON"}, "JSON syntax error in input for the target."),
        ({"SqsParameters": {"MessageGroupId": "g"}}, "Parameters SqsParameters not supported for the target."),
        ({"KinesisParameters": {"PartitionKey": "k"}}, "Parameters KinesisParameters not supported for the target."),
        ({"Arn": f"{QUEUE}.fifo"}, "Parameters SqsParameters must be specified."),
        (
            {"Arn": QUEUE, "SqsParameters": {"MessageGroupId": "g"}},
            "Parameters MessageGroupId not valid for the target.",
        ),
        (
            {"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:Tell"},
            "The target ARN provided does not match the current region us-east-1.",
        ),
        # After these.
        ({"Arn": f"{SDK}sqs:dance", "Input": "{}"}, "dance API is not supported."),
        ({"Arn": f"{SDK}sqs:SendMessage", "Input": "{}"}, "SendMessage API is not supported."),
        ({"Arn": f"{SDK}events:putEvents", "Input": "{}"}, "events is not a supported service for a target."),
        ({"Arn": f"{SDK}sqs:sendMessage", "Input": "[]"}, "JSON syntax error in input for the target."),
        ({"Arn": BUS}, "Parameters EventBridgeParameters must be specified."),
        (
            {"Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/a"},
            "kinesis is not a supported service for a target.",
        ),
        ({"Arn": "arn:aws:lambda:us-east-1:123456789012:layer:a"}, "lambda is not a supported service for a target."),
        ({"Arn": "Tell"}, "Invalid target ARN provided."),
        ({"Input": json.dumps("x" * (256 << 10))}, "The input for the target has at most 262144 bytes."),
    ],
)
async def test_what_no_target_is(target: JSON, fault: str) -> None:
    async with scheduler() as ask:
        refused = await ask.fails("CreateSchedule", **schedule(SOON, target=target))

        assert refused.startswith(f"ValidationException: {fault}")
        assert list(ask.schedules) == []


async def test_a_role_asks() -> None:
    async with scheduler() as ask:
        seen: list[str | None] = []

        def guard(principal: object, hop: Hop) -> None:
            seen.append(f"{principal} {hop.service}:{hop.operation}")

        ask.world.call.guard = guard
        await fire(ask, {"Arn": QUEUE})

        assert seen == [f"Principal({ROLE.replace(':iam:', ':sts:').replace(':role', ':assumed-role')}/tick) "
                        "sqs:SendMessage"]  # fmt: skip


async def test_a_payload_is_a_text() -> None:
    async with scheduler() as ask:
        given = {"FunctionName": "a", "Payload": {"a": 1}}
        await fire(ask, {"Arn": f"{SDK}lambda:invoke", "Input": json.dumps(given)})

        told = "SerializationException: Start of structure or map found where not expected"
        assert ask.notes() == [{"given up": told}]


# Attempts.


async def test_what_passes_is_tried_again_until_it_is_taken() -> None:
    async with scheduler() as ask:
        again = ask.world.answer("lambda", "Invoke", failing(Throttled("later"), 3))
        await fire(ask, {})
        assert len(again) == 4
        assert [notes is not None and "again" in notes for notes in ask.notes()] == [True, True, True, False]


@pytest.mark.parametrize(
    ("policy", "attempts", "condition"),
    [
        ({"MaximumRetryAttempts": 0}, 1, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 2}, 3, "MaximumRetryAttempts"),
        # Attempts after half to one of 1, 2, 4, 8, 16 and 32 seconds, of which six or seven are within a minute.
        ({"MaximumEventAgeInSeconds": 60}, 7, "MaximumEventAgeInSeconds"),
    ],
)
async def test_what_does_not_pass_is_given_up(policy: JSON, attempts: int, condition: str) -> None:
    async with scheduler() as ask:
        again = ask.world.answer("lambda", "Invoke", failing(InternalFailure("down")))
        await fire(ask, {"RetryPolicy": policy, "DeadLetterConfig": {"Arn": DEAD}})
        await ask.pass_time(minutes=10)

        assert abs(len(again) - attempts) <= (condition == "MaximumEventAgeInSeconds")
        [letter] = ask.sent
        told = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
        assert told.pop("EXECUTION_ID")
        assert told == {
            "ERROR_CODE": "InternalFailure",
            "ERROR_MESSAGE": "down",
            "EXHAUSTED_RETRY_CONDITION": condition,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(len(again) - 1),
            "SCHEDULED_TIME": "2026-03-01T12:30:00Z",
            "SCHEDULE_ARN": TICK,
            "TARGET_ARN": f"{SDK}lambda:invoke",
        }
        assert letter["QueueUrl"] == f"{QUEUE_URL}/dead"
        assert json.loads(letter["MessageBody"]) == again[0]


async def test_what_is_for_good_is_not_tried_again() -> None:
    async with scheduler() as ask:
        again = ask.world.answer("lambda", "Invoke", failing(Refused("no such function")))
        await fire(ask, {"DeadLetterConfig": {"Arn": DEAD}})

        assert len(again) == 1
        [letter] = ask.sent
        assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "Refused"
        assert letter["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"] == "0"
        assert "EXHAUSTED_RETRY_CONDITION" not in letter["MessageAttributes"]


async def test_a_dead_letter_that_is_refused_is_told() -> None:
    async with scheduler() as ask:
        ask.world.answer("lambda", "Invoke", failing(Refused("no")))
        ask.world.answer("sqs", "SendMessage", failing(Refused("no queue")))
        await fire(ask, {"DeadLetterConfig": {"Arn": DEAD}})

        assert ask.notes() == [{"given up": "Refused: no", "dead letter lost": "Refused: no queue"}]


async def test_a_dead_letter_has_its_limit() -> None:
    async with scheduler() as ask:
        ask.world.answer("lambda", "Invoke", failing(Refused("no")))
        await fire(ask, {"Input": json.dumps("é" * 130_900, ensure_ascii=False), "DeadLetterConfig": {"Arn": DEAD}})

        [letter] = ask.sent
        attributes = letter["MessageAttributes"]
        size = len(letter["MessageBody"].encode()) + sum(
            len(name) + 6 + len(each["StringValue"].encode()) for name, each in attributes.items()
        )
        assert attributes["IS_PAYLOAD_TRUNCATED"]["StringValue"] == "true"
        assert (256 << 10) - 8 <= size <= 256 << 10


async def test_times_do_not_wait_for_each_other() -> None:
    async with scheduler() as ask:
        again = ask.world.answer("lambda", "Invoke", failing(Throttled("later"), 9))
        await ask.create("rate(1 minute)", EndDate="2026-03-01T12:02:00Z")
        await ask.pass_time(hours=1)

        taken = [asked["Payload"] for asked in again]
        assert set(taken) == {f'"2026-03-01T12:0{minute}:00Z"' for minute in range(3)}
        assert len(taken) == 12


async def test_an_input_that_a_value_makes_no_document_is_given_up() -> None:
    async with scheduler() as ask:
        await ask.create(SOON, target={"Arn": f"{SDK}sqs:sendMessage", "Input": '{"MessageBody":"a","b":"c"}'})
        made = ask.schedules.get("tick")
        # Nothing that a time or an ARN could do: but a state file may hold what an older version let pass.
        made.target["Input"] = "{"
        await ask.pass_time(minutes=31)

        [notes] = ask.notes()
        assert notes["given up"].startswith("AWS.Scheduler.InternalServerError: ")


async def test_a_target_that_could_not_even_be_asked_is_asked_again() -> None:
    async def nobody(connection: str) -> None:
        raise AssertionError(connection)

    async with scheduler() as ask:
        faults = Faults(ask.world.clock, ask.world.call.journal, nobody)
        ask.world.call.break_by(faults.rules, faults.around)
        faults.add(FaultRule("throttle", "scheduler", "InvokeTarget"))
        await ask.create("at(2026-03-01T12:01:00)")
        await ask.pass_time(minutes=10)
        assert len(ask.invoked) == 1
