"""How functions take events, and who is told how that ended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.lambda_.function import Context
from tests.lambda_.service import ARN, Lambda, lambda_

QUEUE = "arn:aws:sqs:us-east-1:123456789012:ended"
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/ended"
DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/ends"
OTHER = "arn:aws:lambda:us-east-1:123456789012:function:Hear"
LATEST = f"{ARN}:$LATEST"
TELL = {"FunctionName": "Tell"}


@dataclass
class Told:
    """A Lambda, and what other services were told by it."""

    ask: Lambda
    calls: list[tuple[str, JSON]] = field(default_factory=list)
    refuses: bool = False

    async def take(self, service: str, parameters: JSON) -> JSON:
        self.calls.append((service, parameters))
        if self.refuses:
            raise ValidationException("not today")
        return {"Entries": [{"EventId": "1"}]}

    @property
    def records(self) -> list[JSON]:
        """Give the records that were sent to queues."""
        return [documents.parse(parameters["MessageBody"]) for _, parameters in self.calls]


@asynccontextmanager
async def opened() -> AsyncIterator[Told]:
    async with lambda_() as ask:
        told = Told(ask)

        async def send(service: Told, parameters: JSON) -> JSON:
            return await service.take("sqs", parameters)

        async def put(service: Told, parameters: JSON) -> JSON:
            return await service.take("events", parameters)

        ask.world.call.add("sqs", {"SendMessage": send}, told)
        ask.world.call.add("events", {"PutEvents": put}, told)
        yield told


async def serve(event: JSON, context: Context) -> JSON:
    return {"served": event}


async def burn(event: JSON, context: Context) -> JSON:
    raise ValueError("burnt")


def to(**ends: str) -> JSON:
    return {name: {"Destination": arn} for name, arn in ends.items()}


# What is configured.


async def test_a_config_is_put_read_changed_listed_and_deleted() -> None:
    async with lambda_() as ask:
        ask.create(serve)
        put = await ask(
            "PutFunctionEventInvokeConfig", **TELL, MaximumRetryAttempts=1, DestinationConfig=to(OnSuccess=QUEUE)
        )
        assert put.pop("LastModified") == ask.world.clock.now().timestamp()
        assert put == {
            "FunctionArn": LATEST,
            "MaximumRetryAttempts": 1,
            "DestinationConfig": {"OnSuccess": {"Destination": QUEUE}, "OnFailure": {}},
        }

        changed = await ask(
            "UpdateFunctionEventInvokeConfig",
            **TELL,
            Qualifier="$LATEST",
            MaximumEventAgeInSeconds=60,
            DestinationConfig=to(OnFailure=BUS, OnSuccess=""),
        )
        assert {**changed, "LastModified": 0} == {
            "LastModified": 0,
            "FunctionArn": LATEST,
            "MaximumRetryAttempts": 1,
            "MaximumEventAgeInSeconds": 60,
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": BUS}},
        }
        assert await ask("GetFunctionEventInvokeConfig", **TELL) == changed
        assert await ask("ListFunctionEventInvokeConfigs", **TELL) == {"FunctionEventInvokeConfigs": [changed]}

        assert await ask("DeleteFunctionEventInvokeConfig", **TELL) == {}
        for operation in ("Get", "Update", "Delete"):
            why = await ask.fails(f"{operation}FunctionEventInvokeConfig", **TELL, MaximumRetryAttempts=1)
            assert why == f"ResourceNotFoundException: The function {LATEST} doesn't have an EventInvokeConfig"
        assert await ask("ListFunctionEventInvokeConfigs", **TELL) == {"FunctionEventInvokeConfigs": []}
        # The template makes it anew at the next start, which then is told.
        assert ask.functions.to_keep()["changed"] == ["Tell"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "You must specify at least one of error handling or destination setting."),
        (
            {"MaximumRetryAttempts": 3},
            "'maximumRetryAttempts' failed to satisfy constraint: Member must have value less",
        ),
        ({"MaximumEventAgeInSeconds": 59}, "Member must have value greater than or equal to 60"),
        ({"DestinationConfig": to(OnFailure="ended")}, "The destination ended is no ARN."),
        ({"DestinationConfig": to(OnFailure="arn:aws:sns:us-east-1:1:t")}, "by pizzabar: there are no SNS topics."),
        ({"DestinationConfig": to(OnFailure="arn:aws:s3:::b")}, "by pizzabar: there are no S3 buckets."),
        ({"DestinationConfig": to(OnFailure="arn:aws:ec2:us-east-1:1:t")}, "not one of a kind that can be sent to"),
        ({"DestinationConfig": to(OnFailure="arn:aws:events:us-east-1:1:rule/r")}, "not one of a kind"),
        ({"DestinationConfig": to(OnFailure=f"{QUEUE}.fifo")}, "FIFO queue; only standard queues are supported"),
        ({"DestinationConfig": to(OnSuccess=ARN)}, "You can't specify the function as a destination for itself."),
    ],
)
async def test_what_cannot_be_configured(given: JSON, why: str) -> None:
    async with lambda_() as ask:
        ask.create(serve)
        assert why in await ask.fails("PutFunctionEventInvokeConfig", **TELL, **given)
        assert ask.functions.event_invoke_configs == {}


async def test_nobody_is_configured_that_is_not_there() -> None:
    async with lambda_() as ask:
        why = await ask.fails("PutFunctionEventInvokeConfig", **TELL, MaximumRetryAttempts=1)
        assert why == f"ResourceNotFoundException: Function not found: {ARN}"


async def test_a_dead_letter_queue_is_given_and_taken_away() -> None:
    async with lambda_() as ask:
        ask.create(serve)
        given = await ask("UpdateFunctionConfiguration", **TELL, DeadLetterConfig={"TargetArn": DEAD})
        assert given["DeadLetterConfig"] == {"TargetArn": DEAD}
        wrong = {"DeadLetterConfig": {"TargetArn": BUS}}
        assert "not one of a kind" in await ask.fails("UpdateFunctionConfiguration", **TELL, **wrong)
        taken = await ask("UpdateFunctionConfiguration", **TELL, DeadLetterConfig={"TargetArn": ""})
        assert "DeadLetterConfig" not in taken


# Who is told.


async def test_a_success_is_told_once() -> None:
    async with opened() as told:
        told.ask.create(serve)
        await told.ask("PutFunctionEventInvokeConfig", **TELL, DestinationConfig=to(OnSuccess=QUEUE, OnFailure=BUS))
        await told.ask.send('{"pizza": 1}')

        [(service, parameters)] = told.calls
        assert (service, parameters["QueueUrl"]) == ("sqs", URL)
        [record] = told.records
        [hop] = told.ask.world.hops("lambda", "Invocation")
        assert record == {
            "version": "1.0",
            "timestamp": "2026-03-01T12:00:00.000Z",
            "requestContext": {
                "requestId": hop.parameters["RequestId"],
                "functionArn": LATEST,
                "condition": "Success",
                "approximateInvokeCount": 1,
            },
            "requestPayload": {"pizza": 1},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "responsePayload": {"served": {"pizza": 1}},
        }


async def test_an_alias_has_a_config_of_its_own() -> None:
    async with opened() as told:
        told.ask.create(serve)
        await told.ask("PublishVersion", **TELL)
        await told.ask("CreateAlias", **TELL, Name="live", FunctionVersion="1")
        config = {"Qualifier": "live", "DestinationConfig": to(OnSuccess=QUEUE)}
        put = await told.ask("PutFunctionEventInvokeConfig", **TELL, **config)
        assert put["FunctionArn"] == f"{ARN}:live"
        why = await told.ask.fails("PutFunctionEventInvokeConfig", **TELL, **{**config, "Qualifier": "none"})
        assert why == f"ResourceNotFoundException: Function not found: {ARN}:none"

        await told.ask("Invoke", **TELL, InvocationType="Event")
        await told.ask("Invoke", **TELL, InvocationType="Event", Qualifier="live")
        await told.ask.world.settled()

        [record] = told.records
        assert record["requestContext"]["functionArn"] == f"{ARN}:live"
        assert record["responseContext"]["executedVersion"] == "1"
        await told.ask("DeleteFunction", **TELL)
        assert told.ask.functions.event_invoke_configs == {}


async def test_who_waits_for_the_result_is_the_only_one_told() -> None:
    async with opened() as told:
        told.ask.create(serve)
        await told.ask("PutFunctionEventInvokeConfig", **TELL, DestinationConfig=to(OnSuccess=QUEUE))
        await told.ask("Invoke", **TELL)
        await told.ask.world.settled()
        assert told.calls == []


async def test_a_failure_is_told_after_the_last_attempt() -> None:
    async with opened() as told:
        told.ask.create(burn, dead_letter_arn=DEAD)
        await told.ask("PutFunctionEventInvokeConfig", **TELL, DestinationConfig=to(OnFailure=QUEUE))
        await told.ask.send('{"pizza": 1}')
        assert told.calls == []
        await told.ask.world.advance(minutes=3)

        (_, to_queue), (_, to_dead) = told.calls
        record = documents.parse(to_queue["MessageBody"])
        assert record["requestContext"]["condition"] == "RetriesExhausted"
        assert record["requestContext"]["approximateInvokeCount"] == 3
        assert record["responseContext"]["functionError"] == "Unhandled"
        assert record["responsePayload"]["errorMessage"] == "burnt"
        assert to_dead == {
            "QueueUrl": URL.replace("ended", "dead"),
            "MessageBody": '{"pizza":1}',
            "MessageAttributes": {
                "RequestID": {"DataType": "String", "StringValue": record["requestContext"]["requestId"]},
                "ErrorCode": {"DataType": "Number", "StringValue": "200"},
                "ErrorMessage": {"DataType": "String", "StringValue": "burnt"},
            },
        }


async def test_a_bus_is_told_by_an_event() -> None:
    async with opened() as told:
        told.ask.create(burn)
        ends = to(OnFailure=BUS)
        await told.ask("PutFunctionEventInvokeConfig", **TELL, MaximumRetryAttempts=0, DestinationConfig=ends)
        await told.ask.send()

        [(service, parameters)] = told.calls
        [entry] = parameters["Entries"]
        detail = documents.parse(entry.pop("Detail"))
        assert detail["requestContext"]["condition"] == "RetriesExhausted"
        assert (service, entry) == (
            "events",
            {
                "EventBusName": BUS,
                "Source": "lambda",
                "DetailType": "Lambda Function Invocation Result - Failure",
                "Resources": [BUS, LATEST],
            },
        )


async def test_a_function_is_told_by_an_event_of_its_own() -> None:
    heard: list[JSON] = []

    async def hear(event: JSON, context: Context) -> None:
        heard.append(event["responsePayload"])

    async with opened() as told:
        told.ask.create(serve)
        told.ask.functions.create("Hear", hear)
        await told.ask("PutFunctionEventInvokeConfig", **TELL, DestinationConfig=to(OnSuccess=OTHER))
        await told.ask.send('{"pizza": 1}')
        assert heard == [{"served": {"pizza": 1}}]


@pytest.mark.parametrize(
    ("concurrency", "config", "seconds", "condition", "attempts"),
    [
        # Too old for the next attempt; never tried in time; never to be tried.
        (None, {"MaximumEventAgeInSeconds": 90}, 60, "EventAgeExceeded", 2),
        (0, {"MaximumRetryAttempts": 2}, 0, "ZeroReservedConcurrency", 0),
    ],
)
async def test_why_nothing_came_of_an_event_is_told(
    concurrency: int | None, config: JSON, seconds: int, condition: str, attempts: int
) -> None:
    async with opened() as told:
        told.ask.create(burn, reserved_concurrency=concurrency, dead_letter_arn=DEAD)
        await told.ask("PutFunctionEventInvokeConfig", **TELL, **config, DestinationConfig=to(OnFailure=QUEUE))
        await told.ask.send()
        await told.ask.world.advance(seconds=seconds)

        (_, to_queue), (_, to_dead) = told.calls
        record = documents.parse(to_queue["MessageBody"])
        assert record["requestContext"]["condition"] == condition
        assert record["requestContext"]["approximateInvokeCount"] == attempts
        assert ("responsePayload" in record) == (attempts > 0)
        assert to_dead["MessageAttributes"]["ErrorCode"]["StringValue"] == ("200" if attempts else "429")


async def test_an_event_that_finds_no_room_until_it_is_too_old_is_told_of() -> None:
    async with opened() as told:
        told.ask.create(serve, reserved_concurrency=1)
        told.ask.functions._running["Tell"] = 1
        config = {"MaximumEventAgeInSeconds": 60, "DestinationConfig": to(OnFailure=QUEUE)}
        await told.ask("PutFunctionEventInvokeConfig", **TELL, **config)
        await told.ask.send()
        await told.ask.world.advance(minutes=5)

        [record] = told.records
        assert record["requestContext"]["condition"] == "EventAgeExceeded"
        assert "responseContext" not in record


async def test_a_record_that_is_too_large_goes_without_its_payloads() -> None:
    async def shout(event: JSON, context: Context) -> JSON:
        return "x" * (1 << 20)

    async with opened() as told:
        told.ask.create(shout)
        await told.ask("PutFunctionEventInvokeConfig", **TELL, DestinationConfig=to(OnSuccess=QUEUE))
        await told.ask.send()
        [record] = told.records
        assert record.keys() == {"version", "timestamp", "requestContext", "responseContext"}


async def test_who_refuses_is_not_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as told:
        told.refuses = True
        told.ask.create(burn, dead_letter_arn=DEAD)
        ends = to(OnFailure=QUEUE)
        await told.ask("PutFunctionEventInvokeConfig", **TELL, MaximumRetryAttempts=0, DestinationConfig=ends)
        await told.ask.send()
        await told.ask.world.advance(days=1)

        # Neither keeps the other from being told.
        assert len(told.calls) == 2
        why = "nobody is told how an event for the function Tell ended: ValidationException: not today"
        assert caplog.messages.count(why) == 2
