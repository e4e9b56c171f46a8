"""
Messages of standard queues: sent, received, deleted, and come back.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
"""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest

from pizzabar.clock import SystemClock, VirtualClock
from pizzabar.sqs.messages import Limits
from tests.sqs.service import ACCOUNT, sqs
from tests.world import NOON, turns

# The digests are those of boto3's own tests and of answers recorded on AWS.
TEXT_MD5 = "6e2baaf3b97dbeef01c0043275f9a0e7"


async def test_a_message_is_received_as_it_was_sent() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        attributes = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (("Hello", "There"), ("General", "Kenobi"), ("Help.Me", "Me"))
        }
        [sent] = await ask.send("orders", "msg", MessageAttributes=attributes)
        assert sent == {
            "MD5OfMessageBody": TEXT_MD5,
            "MD5OfMessageAttributes": "4c360f3fdafd970e05fae2f149d997f5",
            "MessageId": sent["MessageId"],
        }
        [message] = await ask.receive("orders", MessageAttributeNames=["All"])
        assert message == {
            "MessageId": sent["MessageId"],
            "ReceiptHandle": message["ReceiptHandle"],
            "MD5OfBody": TEXT_MD5,
            "Body": "msg",
            "Attributes": {
                "SenderId": ACCOUNT,
                "SentTimestamp": "1772366400000",
                "ApproximateReceiveCount": "1",
                "ApproximateFirstReceiveTimestamp": "1772366400000",
            },
            "MD5OfMessageAttributes": "4c360f3fdafd970e05fae2f149d997f5",
            "MessageAttributes": attributes,
        }


@pytest.mark.parametrize(
    ("names", "expected", "digest"),
    [
        ([], None, None),
        (["All"], {"Hello", "General", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
        ([".*"], {"Hello", "General", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
        (["Foo", "Bar"], None, None),
        (["Hello", "General"], {"Hello", "General"}, "fca026605781cb4126a1e9044df24232"),
        (["Hello", "Foo"], {"Hello"}, "a311262e065454b75da111d535b8dacd"),
        (["Hel.*"], None, None),
        (["He.*", "Hello"], {"Hello"}, "a311262e065454b75da111d535b8dacd"),
    ],
)
async def test_a_receiver_asks_for_attributes_by_name(
    names: list[str], expected: set[str] | None, digest: str | None
) -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        attributes = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (("Hello", "There"), ("General", "Kenobi"), ("Help.Me", "Me"))
        }
        await ask.send("orders", "msg", MessageAttributes=attributes)
        [message] = await ask.receive("orders", MessageAttributeNames=names)
        found = message.get("MessageAttributes")
        assert (None if found is None else set(found), message.get("MD5OfMessageAttributes")) == (expected, digest)


async def test_binary_and_system_attributes() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        value = base64.b64encode(b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01").decode()
        [sent] = await ask.send(
            "orders",
            "test",
            MessageAttributes={"attr1": {"DataType": "Binary", "BinaryValue": value}},
            MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5-a"}},
        )
        assert sent["MD5OfMessageAttributes"] == "8cbe4db156db8a94db8b801b7addb984"
        assert len(sent["MD5OfMessageSystemAttributes"]) == 32
        [message] = await ask.receive("orders", MessageAttributeNames=["All"])
        assert message["MessageAttributes"] == {"attr1": {"DataType": "Binary", "BinaryValue": value}}
        assert message["Attributes"]["AWSTraceHeader"] == "Root=1-5-a"


async def test_a_message_in_flight_comes_back_unless_it_is_deleted() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        await ask.send("orders", "a", "b")
        first, second = await ask.receive("orders")
        assert await ask.receive("orders") == []
        assert await ask.counts("orders") == (0, 2, 0)
        await ask.delete("orders", first)
        await ask.advance(seconds=29)
        assert await ask.receive("orders") == []
        await ask.advance(seconds=1)
        [again] = await ask.receive("orders")
        assert again["MessageId"] == second["MessageId"]
        assert again["Attributes"]["ApproximateReceiveCount"] == "2"
        assert again["Attributes"]["ApproximateFirstReceiveTimestamp"] == "1772366400000"
        # An earlier receipt is good for nothing, and nobody is told.
        await ask.delete("orders", second)
        assert await ask.counts("orders") == (0, 1, 0)
        await ask.delete("orders", again)
        await ask.delete("orders", again)
        assert await ask.counts("orders") == (0, 0, 0)


async def test_a_message_is_deleted_by_its_last_receipt_after_it_has_come_back() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        await ask.send("orders", "a")
        [message] = await ask.receive("orders", VisibilityTimeout=5)
        await ask.advance(seconds=6)
        await ask.delete("orders", message)
        assert await ask.counts("orders") == (0, 0, 0)


async def test_the_visibility_of_a_message_is_changed() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        await ask.send("orders", "a")
        [message] = await ask.receive("orders")
        handle = message["ReceiptHandle"]
        await ask("ChangeMessageVisibility", "orders", ReceiptHandle=handle, VisibilityTimeout=100)
        await ask.advance(seconds=99)
        assert await ask.receive("orders") == []
        await ask("ChangeMessageVisibility", "orders", ReceiptHandle=handle, VisibilityTimeout=0)
        [message] = await ask.receive("orders")
        told = await ask.fails("ChangeMessageVisibility", "orders", ReceiptHandle=handle, VisibilityTimeout=1)
        assert told == (
            f"InvalidParameterValue: Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not "
            "exist or is not available for visibility timeout change."
        )
        await ask.advance(seconds=10)
        changed = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 43_191}
        assert await ask.fails("ChangeMessageVisibility", "orders", **changed) == (
            "InvalidParameterValue: Value 43191 for parameter VisibilityTimeout is invalid. Reason: Total "
            "VisibilityTimeout for the message is beyond the limit [43200 seconds]."
        )


@pytest.mark.parametrize("queue", ["orders", "orders.fifo"])
async def test_the_visibility_of_a_message_that_has_come_back_is_not_changed(queue: str) -> None:
    async with sqs() as ask:
        await ask.queue(queue, VisibilityTimeout="5")
        fifo = {"MessageGroupId": "g", "MessageDeduplicationId": "1"} if queue.endswith(".fifo") else {}
        await ask.send(queue, "a", **fifo)
        [message] = await ask.receive(queue)
        await ask.advance(seconds=6)
        handle = message["ReceiptHandle"]
        told = await ask.fails("ChangeMessageVisibility", queue, ReceiptHandle=handle, VisibilityTimeout=60)
        assert told == f"InvalidParameterValue: Value {handle} for parameter ReceiptHandle is invalid. Reason: " + (
            "The receipt handle has expired."
            if fifo
            else "Message does not exist or is not available for visibility timeout change."
        )
        assert await ask.bodies(queue) == ["a"]


async def test_a_visibility_of_no_time_gives_each_message_once() -> None:
    async with sqs() as ask:
        await ask.queue("orders", VisibilityTimeout="0")
        await ask.send("orders", "a", "b")
        assert await ask.bodies("orders") == ["a", "b"]
        assert await ask.bodies("orders", 1) == ["a"]


async def test_a_delayed_message_comes_later() -> None:
    async with sqs() as ask:
        await ask.queue("orders", DelaySeconds="60")
        await ask.send("orders", "late")
        await ask.send("orders", "later", DelaySeconds=90)
        await ask.send("orders", "now", DelaySeconds=0)
        assert await ask.counts("orders") == (1, 0, 2)
        assert await ask.bodies("orders", VisibilityTimeout=600) == ["now"]
        await ask.advance(seconds=60)
        assert await ask.bodies("orders", VisibilityTimeout=600) == ["late"]
        await ask.advance(seconds=30)
        assert await ask.bodies("orders") == ["later"]


async def test_a_message_is_forgotten_after_its_retention() -> None:
    async with sqs() as ask:
        await ask.queue("orders", MessageRetentionPeriod="60")
        await ask.send("orders", "old")
        await ask.advance(seconds=30)
        await ask.send("orders", "young")
        await ask.advance(seconds=30)
        assert await ask.counts("orders") == (1, 0, 0)
        assert await ask.bodies("orders") == ["young"]
        await ask("SetQueueAttributes", "orders", Attributes={"MessageRetentionPeriod": "120"})
        await ask.advance(seconds=89)
        assert await ask.counts("orders") == (1, 0, 0)
        await ask.advance(seconds=1)
        assert await ask.counts("orders") == (0, 0, 0)


async def test_who_waits_is_given_what_is_sent_meanwhile() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        first, second = (asyncio.ensure_future(ask.bodies("orders", WaitTimeSeconds=20)) for _ in range(2))
        await turns(20)
        await ask.world.settled()
        await ask.send("orders", "a")
        assert await first == ["a"]
        await ask.advance(seconds=20)
        assert await second == []


async def test_who_waits_is_given_what_comes_to_be_visible() -> None:
    async with sqs() as ask:
        await ask.queue("orders", ReceiveMessageWaitTimeSeconds="20")
        await ask.send("orders", "delayed", DelaySeconds=10)
        waiting = asyncio.ensure_future(ask.bodies("orders", VisibilityTimeout=5))
        await turns(20)
        await ask.advance(seconds=10)
        assert await waiting == ["delayed"]
        waiting = asyncio.ensure_future(ask.bodies("orders"))
        await turns(20)
        await ask.advance(seconds=5)
        assert await waiting == ["delayed"]


async def test_who_waits_from_outside_holds_up_nobody() -> None:
    async with sqs() as ask:
        await ask.queue("orders")

        async def poll() -> list[str]:
            with ask.world.work.errand():
                return await ask.bodies("orders", WaitTimeSeconds=20)

        polling = asyncio.ensure_future(poll())
        await turns(20)
        await ask.world.settled()
        await ask.advance(seconds=19)
        assert not polling.done()
        await ask.advance(seconds=1)
        assert await polling == []


async def test_a_clock_that_moves_by_itself_goes_for_delays_alone() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        await ask.send("orders", "a")
        [message] = await ask.receive("orders")
        polling = asyncio.ensure_future(ask.bodies("orders", WaitTimeSeconds=20))
        await turns(20)
        ask.world.clock.switch(VirtualClock(ask.world.work, ask.world.clock.now(), auto=True))
        await ask.world.settled()
        assert ask.world.clock.now() == NOON
        await ask.send("orders", "late", DelaySeconds=5)
        assert await polling == ["late"]
        assert ask.world.clock.now() == NOON + timedelta(seconds=5)
        await ask.delete("orders", message)


async def test_speed_shortens_a_delay() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        ask.world.clock.switch(SystemClock(speed=10_000))
        await ask.send("orders", "late", DelaySeconds=900)
        assert await ask.bodies("orders", WaitTimeSeconds=20) == ["late"]


async def test_nobody_waits_once_the_server_stops() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        waiting = asyncio.ensure_future(ask.bodies("orders", WaitTimeSeconds=20))
        await turns(20)
        ask.queues.close()
        assert (await waiting, await ask.bodies("orders", WaitTimeSeconds=20)) == ([], [])


async def test_who_gives_up_takes_no_message_with_them() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        waiting = asyncio.ensure_future(ask.bodies("orders", WaitTimeSeconds=20))
        await turns(20)
        waiting.cancel()
        await asyncio.wait([waiting])
        await ask.send("orders", "a")
        assert await ask.bodies("orders") == ["a"]


async def test_who_waits_at_a_queue_that_is_deleted_is_told() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        waiting = asyncio.ensure_future(ask.fails("ReceiveMessage", "orders", WaitTimeSeconds=20))
        await turns(20)
        await ask("DeleteQueue", "orders")
        assert (await waiting).startswith("AWS.SimpleQueueService.NonExistentQueue: ")


async def test_no_more_are_in_flight_than_may_be() -> None:
    async with sqs(Limits(standard=2, fifo=1)) as ask:
        await ask.queue("orders")
        await ask.send("orders", "a", "b", "c")
        assert await ask.bodies("orders", 2) == ["a", "b"]
        assert await ask.fails("ReceiveMessage", "orders") == "OverLimit: Too many messages in flight."
        # What was deleted, or has come back, is in flight no more.
        await ask.advance(seconds=30)
        [first, _] = await ask.receive("orders", 2)
        await ask.delete("orders", first)
        assert await ask.bodies("orders") == ["b"]
        assert await ask.fails("ReceiveMessage", "orders") == "OverLimit: Too many messages in flight."
        await ask.queue("orders.fifo", ContentBasedDeduplication="true")
        for group in ("1", "2"):
            await ask.send("orders.fifo", group, MessageGroupId=group)
        assert await ask.bodies("orders.fifo", 1) == ["1"]
        assert await ask.bodies("orders.fifo", 1) == []


async def test_a_batch_tells_how_each_went() -> None:
    async with sqs() as ask:
        await ask.queue("orders", MaximumMessageSize="1024")
        entries = [
            {"Id": "1", "MessageBody": "a"},
            {"Id": "2", "MessageBody": "\x00"},
            {"Id": "3", "MessageBody": "x" * 1025},
            {"Id": "4", "MessageBody": "b", "DelaySeconds": 901},
            {"Id": "5", "MessageBody": "c"},
        ]
        answer = await ask("SendMessageBatch", "orders", Entries=entries)
        assert [each["Id"] for each in answer["Successful"]] == ["1", "5"]
        assert [(each["Id"], each["Code"], each["SenderFault"]) for each in answer["Failed"]] == [
            ("2", "InvalidMessageContents", True),
            ("3", "InvalidParameterValue", True),
            ("4", "InvalidParameterValue", True),
        ]
        assert "Message must be shorter than 1024 bytes." in answer["Failed"][1]["Message"]
        handles = [message["ReceiptHandle"] for message in await ask.receive("orders")]
        given = [{"Id": "a", "ReceiptHandle": handles[0]}, {"Id": "b", "ReceiptHandle": "none"}]
        changes = [entry | {"VisibilityTimeout": 1} for entry in given]
        failed = [
            {
                "Id": "b",
                "SenderFault": True,
                "Code": "ReceiptHandleIsInvalid",
                "Message": 'The input receipt handle "none" is not a valid receipt handle.',
            }
        ]
        expected = {"Successful": [{"Id": "a"}], "Failed": failed}
        assert await ask("ChangeMessageVisibilityBatch", "orders", Entries=changes) == expected
        assert await ask("DeleteMessageBatch", "orders", Entries=given) == expected
        assert await ask.counts("orders") == (0, 1, 0)


@pytest.mark.parametrize("operation", ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
@pytest.mark.parametrize(
    ("ids", "error"),
    [
        ([], "AWS.SimpleQueueService.EmptyBatchRequest: There should be at least one {kind} in the request."),
        (
            [str(id) for id in range(20)],
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest: Maximum number of entries per request are 10. "
            "You have sent 20.",
        ),
        (["a", "a"], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct: Id a repeated."),
        *(
            (
                [id],
                "AWS.SimpleQueueService.InvalidBatchEntryId: A batch entry id can only contain alphanumeric "
                "characters, hyphens and underscores. It can be at most 80 letters long.",
            )
            for id in ("", "invalid:id", "a" * 81)
        ),
    ],
)
async def test_a_batch_is_refused_as_a_whole(operation: str, ids: list[str], error: str) -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        told = await ask.fails(operation, "orders", Entries=[{"Id": id, "MessageBody": "a"} for id in ids])
        assert told == error.format(kind=f"{operation}RequestEntry")


async def test_a_batch_is_too_long() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        entries = [{"Id": "1", "MessageBody": "x" * 1_048_576}, {"Id": "2", "MessageBody": "a"}]
        assert await ask.fails("SendMessageBatch", "orders", Entries=entries) == (
            "AWS.SimpleQueueService.BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. "
            "You have sent 1048577 bytes."
        )


STRING = {"DataType": "String", "StringValue": "a"}
TYPES = "You must use only the following supported type prefixes: Binary, Number, String."


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "MissingParameter: The request must contain the parameter MessageBody."),
        ({"MessageBody": ""}, "MissingParameter: The request must contain the parameter MessageBody."),
        ({"MessageBody": "\ufffe"}, "InvalidMessageContents: Invalid characters found."),
        ({"MessageBody": "\ud800"}, "InvalidMessageContents: Invalid characters found."),
        (
            {"MessageBody": "x" * 1_048_577},
            "InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1048576",
        ),
        (
            {"DelaySeconds": 901},
            "InvalidParameterValue: Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be "
            ">= 0 and <= 900.",
        ),
        (
            {"MessageDeduplicationId": "a"},
            "InvalidParameterValue: Value a for parameter MessageDeduplicationId is invalid. Reason: The request "
            "include parameter that is not valid for this queue type.",
        ),
        (
            {"MessageAttributes": {"ErrorDetails": {"DataType": "String", "StringValue": ""}}},
            "InvalidParameterValue: Message (user) attribute 'ErrorDetails' must contain a non-empty value of type "
            "'String'.",
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "Text", "StringValue": "a"}}},
            f"InvalidParameterValue: The type of message (user) attribute 'a' is invalid. {TYPES}",
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "a"}}},
            "InvalidParameterValue: Can't cast the value of message (user) attribute 'a' to a number.",
        ),
        ({"MessageAttributes": {"a": {"StringValue": "a"}}}, "InvalidParameterValue: Message (user) attribute 'a'"),
        ({"MessageAttributes": {"a b": STRING}}, "InvalidParameterValue: The message attribute name 'a b'"),
        ({"MessageAttributes": {"AWS.a": STRING}}, "InvalidParameterValue: The message attribute name 'AWS.a'"),
        ({"MessageAttributes": {"a": {"DataType": "Binary", "BinaryValue": "!"}}}, "InvalidParameterValue: "),
        (
            {"MessageAttributes": {f"a{number}": STRING for number in range(11)}},
            "InvalidParameterValue: Number of message attributes [11] exceeds the allowed maximum [10].",
        ),
        ({"MessageSystemAttributes": {"a": STRING}}, "InvalidParameterValue: Message system attribute name 'a'"),
        ({"QueueUrl": "orders"}, "InvalidAddress: The address orders is not valid for this endpoint."),
        ({"QueueUrl": ""}, "MissingParameter: The request must contain the parameter QueueUrl."),
        (
            {"QueueUrl": f"http://any/{ACCOUNT}/other"},
            "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.",
        ),
        ({"QueueUrl": "http://any/111111111111/orders"}, "AWS.SimpleQueueService.NonExistentQueue: "),
        ({"MessageBody": 5}, "SerializationException: NUMBER_VALUE cannot be converted to String"),
    ],
)
async def test_what_is_wrong_in_a_message_is_told(parameters: dict[str, Any], error: str) -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        body = {} if not parameters else {"MessageBody": "a"}
        told = await ask.fails("SendMessage", **{"QueueUrl": f"http://any/{ACCOUNT}/orders", **body, **parameters})
        assert told.startswith(error)
        assert await ask.counts("orders") == (0, 0, 0)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (
            {"MaxNumberOfMessages": 11},
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            {"VisibilityTimeout": 43_201},
            "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if "
            "provided.",
        ),
        (
            {"WaitTimeSeconds": 21},
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ),
        (
            {"ReceiveRequestAttemptId": "a"},
            "Value a for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is "
            "not valid for this queue type.",
        ),
    ],
)
async def test_what_is_wrong_in_a_receipt_is_told(parameters: dict[str, Any], error: str) -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        assert await ask.fails("ReceiveMessage", "orders", **parameters) == f"InvalidParameterValue: {error}"


async def test_a_receipt_handle_is_one_of_its_queue() -> None:
    async with sqs() as ask:
        for name in ("orders", "others"):
            await ask.queue(name)
        await ask.send("orders", "a")
        [message] = await ask.receive("orders")
        for handle in (message["ReceiptHandle"], "AAAA", "é"):
            told = await ask.fails("DeleteMessage", "others", ReceiptHandle=handle)
            assert told == (
                f'ReceiptHandleIsInvalid: The input receipt handle "{handle}" is not a valid receipt handle.'
            )


async def test_a_queue_is_purged() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        await ask.send("orders", "a", "b")
        await ask.send("orders", "c", DelaySeconds=5)
        await ask.receive("orders", 1)
        await ask("PurgeQueue", "orders")
        assert await ask.counts("orders") == (0, 0, 0)
        assert await ask.fails("PurgeQueue", "orders") == (
            "AWS.SimpleQueueService.PurgeQueueInProgress: Only one PurgeQueue operation on orders is allowed every "
            "60 seconds."
        )
        await ask.advance(seconds=60)
        await ask("PurgeQueue", "orders")


async def test_a_message_may_name_a_group_for_fair_turns() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        await ask.send("orders", "a", "b", MessageGroupId="tenant")
        first, _ = await ask.receive("orders")
        assert first["Attributes"]["MessageGroupId"] == "tenant"
        assert "SequenceNumber" not in first["Attributes"]
