"""
AWS JSON.

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import asyncio
import gzip
import re
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.wire.aws.json_protocol import SERVICES, answer
from tests.wire.aws.asking import aws
from tests.world import turns

DYNAMODB = "DynamoDB_20120810"
STATES = "AWSStepFunctions"


@pytest.mark.parametrize(
    ("target", "content_type", "member"),
    [
        (f"{DYNAMODB}.ListTables", "application/x-amz-json-1.0", "TableNames"),
        (f"{STATES}.ListStateMachines", "application/x-amz-json-1.0", "stateMachines"),
        ("AWSEvents.ListEventBuses", "application/x-amz-json-1.1", "EventBuses"),
        ("Logs_20140328.DescribeLogGroups", "application/x-amz-json-1.1", "logGroups"),
        ("AmazonSQS.CreateQueue", "application/x-amz-json-1.0", "QueueUrl"),
    ],
)
async def test_each_service_answers_in_its_version(target: str, content_type: str, member: str) -> None:
    async with aws() as client:
        answer = await client.json(target, {"QueueName": "orders"} if target.startswith("AmazonSQS") else {})

        assert (answer.status, answer.headers["content-type"]) == (200, content_type)
        assert member in documents.parse(answer.body)
        assert answer.headers["content-length"] == str(len(answer.body))


async def test_dynamodb_sends_an_id_of_its_own_form_and_a_checksum() -> None:
    async with aws() as client:
        answer = await client.json(f"{DYNAMODB}.ListTables", {})

        assert re.fullmatch("[0-9A-Z]{52}", answer.headers["x-amzn-requestid"])
        assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
        other = await client.json(f"{STATES}.ListStateMachines", {})
        assert "x-amz-crc32" not in other.headers
        assert len(other.headers["x-amzn-requestid"]) == 36


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        (
            "SendMessage",
            {"QueueUrl": "http://any/123456789012/none", "MessageBody": "a"},
            (400, "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender"),
        ),
        (
            "SendMessage",
            {},
            (
                400,
                "com.amazon.coral.service#MissingRequiredParameterException",
                "MissingParameter;Sender",
            ),
        ),
        (
            "ListMessageMoveTasks",
            {"SourceArn": "arn:aws:sqs:us-east-1:123456789012:none"},
            (404, "com.amazonaws.sqs#ResourceNotFoundException", "ResourceNotFoundException;Sender"),
        ),
    ],
)
async def test_sqs_tells_its_errors_by_both_names(operation: str, parameters: JSON, expected: JSON) -> None:
    async with aws() as client:
        answer = await client.json(f"AmazonSQS.{operation}", parameters)

        told = (answer.status, documents.parse(answer.body)["__type"], answer.headers["x-amzn-query-error"])
        assert told == expected


async def test_sqs_is_asked_at_the_address_of_a_queue_too() -> None:
    async with aws() as client:
        made = await client.json("AmazonSQS.CreateQueue", {"QueueName": "orders"}, host="localhost:1234")
        url = "http://localhost:1234/123456789012/orders"
        assert documents.parse(made.body) == {"QueueUrl": url}
        body = documents.encode({"QueueUrl": url, "MessageBody": "a"})
        path = "/123456789012/orders"
        sent = await client.rest("POST", path, body, **{"x-amz-target": "AmazonSQS.SendMessage"})
        assert (sent.status, documents.parse(sent.body)["MD5OfMessageBody"][:4]) == (200, "0cc1")
        form = {"content-type": "application/x-www-form-urlencoded"}
        old = await client.rest("POST", path, b"Action=SendMessage&MessageBody=a", **form)
        assert (old.status, b"0cc175b9c0f1b6a831c399e269772661" in old.body) == (200, True)


async def test_who_goes_while_they_wait_takes_no_message_with_them() -> None:
    async with aws() as client:
        await client.json("AmazonSQS.CreateQueue", {"QueueName": "orders"})
        queue = {"QueueUrl": "http://localhost/123456789012/orders"}
        body = documents.encode({**queue, "WaitTimeSeconds": 20})
        said: list[JSON] = [{"type": "http.request", "body": body, "more_body": False}]
        going = asyncio.Event()

        async def receive() -> JSON:
            if not said:
                await going.wait()
                return {"type": "http.disconnect"}
            return said.pop()

        polling = asyncio.ensure_future(
            answer(client.emulator.call, "AmazonSQS.ReceiveMessage", {b"host": b"localhost"}, receive)
        )
        await turns(20)
        going.set()
        assert (await polling).status == 408
        await client.emulator.call("sqs", "SendMessage", {**queue, "MessageBody": "a"})
        counts = await client.emulator.queues.messages.count("orders")
        assert (counts.visible, counts.in_flight) == (1, 0)


async def test_the_type_of_the_body_does_not_matter() -> None:
    async with aws() as client:
        for kind in ("", "application/json", "text/plain"):
            assert (await client.json(f"{DYNAMODB}.ListTables", {}, **{"content-type": kind})).status == 200


async def test_a_body_may_be_zipped() -> None:
    async with aws() as client:
        body = gzip.compress(b'{"Limit": 1}')

        answer = await client.json(f"{DYNAMODB}.ListTables", body, **{"content-encoding": "gzip"})

        assert len(documents.parse(answer.body)["TableNames"]) == 1


@pytest.mark.parametrize(
    ("target", "body", "document"),
    [
        ("", b"{}", {"__type": "com.amazon.coral.service#UnknownOperationException"}),
        (
            "Nobody_1.Do",
            b"{}",
            {
                "__type": "com.amazon.coral.service#UnknownOperationException",
                "message": "Nobody_1 is no service that pizzabar has",
            },
        ),
        (
            f"{DYNAMODB}.CreateBackup",
            b"{}",
            {
                "__type": "com.amazon.coral.service#UnknownOperationException",
                "message": "dynamodb:CreateBackup is not supported by pizzabar",
            },
        ),
        (f"{DYNAMODB}.ListTables", b"{", {"__type": "com.amazon.coral.service#SerializationException"}),
        (f"{DYNAMODB}.ListTables", b"", {"__type": "com.amazon.coral.service#SerializationException"}),
        (f"{DYNAMODB}.ListTables", b"[]", {"__type": "com.amazon.coral.service#SerializationException"}),
        (f"{STATES}.ListStateMachines", b"{", {"__type": "SerializationException"}),
        (
            f"{STATES}.Fly",
            b"{}",
            {"__type": "UnknownOperationException", "message": "stepfunctions:Fly is not supported by pizzabar"},
        ),
        (
            f"{DYNAMODB}.GetItem",
            b'{"TableName":"nobody","Key":{"a":{"S":"1"}}}',
            {
                "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
                "message": "Requested resource not found",
            },
        ),
        (
            f"{STATES}.DescribeStateMachine",
            b'{"stateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:no"}',
            {
                "__type": "StateMachineDoesNotExist",
                "message": "State Machine Does Not Exist: 'arn:aws:states:us-east-1:123456789012:stateMachine:no'",
            },
        ),
    ],
)
async def test_what_is_refused(target: str, body: bytes, document: JSON) -> None:
    async with aws() as client:
        answer = await client.json(target, body)

        assert (answer.status, documents.parse(answer.body)) == (400, document)


async def test_errors_of_dynamodb_have_their_namespaces_and_members() -> None:
    async with aws() as client:
        put = {"TableName": "pizzabar-Orders", "Item": {"orderId": {"S": "1"}}}
        await client.json(f"{DYNAMODB}.PutItem", put)
        condition = {
            "ConditionExpression": "attribute_not_exists(orderId)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

        failed = documents.parse((await client.json(f"{DYNAMODB}.PutItem", put | condition)).body)
        assert failed == {
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": {"orderId": {"S": "1"}},
        }
        wrong = documents.parse((await client.json(f"{DYNAMODB}.PutItem", put | {"Item": {}})).body)
        assert wrong["__type"] == "com.amazon.coral.validate#ValidationException"
        typed = documents.parse((await client.json(f"{DYNAMODB}.PutItem", put | {"TableName": 5})).body)
        assert typed["__type"] == "com.amazon.coral.service#SerializationException"
        assert "Message" in typed


async def test_a_request_that_is_too_large_is_told_so() -> None:
    async with aws() as client:
        answer = await client.json("AWSEvents.PutEvents", b"x" * (SERVICES["AWSEvents"].most + 1))

        assert answer.status == 413
        assert documents.parse(answer.body)["__type"] == "RequestEntityTooLargeException"


async def test_what_is_acknowledged_is_durable() -> None:
    async with aws() as client:
        put = {"TableName": "pizzabar-Orders", "Item": {"orderId": {"S": "1"}}}
        answer = await client.json(f"{DYNAMODB}.PutItem", put)

        assert answer.status == 200
        assert not client.emulator.runtime.database.is_scheduled  # type: ignore[attr-defined]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["TableName", "Key", "Item", "Limit", "stateMachineArn", "input", "Entries", "logGroupName"])


OPERATIONS = ["GetItem", "PutItem", "Query", "UpdateItem", "StartExecution", "PutEvents", "PutLogEvents", "X"]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(SERVICES)),
    st.sampled_from(OPERATIONS),
    st.binary(max_size=30) | st.dictionaries(names, anything, max_size=4),
)
def test_whatever_is_sent_the_answer_is_well_formed(prefix: str, operation: str, body: bytes | JSON) -> None:
    async def story(sent: bytes) -> None:
        async with aws() as client:
            answer = await client.json(f"{prefix}.{operation}", sent)

        document = documents.parse(answer.body)
        assert answer.status in (200, 400)
        assert (answer.status == 200) is ("__type" not in document)
        assert "InternalFailure" not in str(document.get("__type"))

    try:
        sent = body if isinstance(body, bytes) else documents.encode(body)
    except (TypeError, UnicodeEncodeError):
        return
    asyncio.run(story(sent))
