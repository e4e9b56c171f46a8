"""
boto3's queues against a running server: each operation, and what programs do with them every day.

All is done in both protocols: AWS JSON, and that of queries, which boto3 spoke before 1.28.81.
https://boto3.amazonaws.com/v1/documentation/api/latest/guide/sqs.html
"""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.flow.test_boto3 import Aws, open_aws
from tests.query_protocol.older_model import install

ARN = "arn:aws:sqs:us-east-1:123456789012:{}"
FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


@pytest.fixture(autouse=True, params=["json", "query"])
def protocol(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have boto3 speak a protocol."""
    if request.param == "query":
        install(tmp_path / "models")
        monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return str(request.param)


async def made(aws: Aws, name: str, **attributes: str) -> dict[str, str]:
    """Make a queue, and give what operations name it by."""
    answer = await aws("sqs", "CreateQueue", QueueName=name, Attributes=attributes)
    return {"QueueUrl": answer["QueueUrl"]}


async def test_messages() -> None:
    async with open_aws() as aws:
        queue = await made(aws, "orders")
        assert queue == {"QueueUrl": f"http://localhost:{aws.bar.port}/123456789012/orders"}
        attributes: Any = {
            "kind": {"DataType": "String", "StringValue": "pizza"},
            "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        }
        sent = await aws("sqs", "SendMessage", **queue, MessageBody="margherita", MessageAttributes=attributes)
        assert sent["MD5OfMessageBody"] == hashlib.md5(b"margherita").hexdigest()
        entries = [{"Id": str(number), "MessageBody": f"pizza {number}"} for number in range(3)]
        batch = await aws("sqs", "SendMessageBatch", **queue, Entries=entries)
        assert (batch.get("Failed", []), len(batch["Successful"])) == ([], 3)
        asked: Any = {"MaxNumberOfMessages": 10, "AttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        messages = (await aws("sqs", "ReceiveMessage", **queue, **asked))["Messages"]
        assert messages[0]["MessageAttributes"] == attributes
        assert [each["Body"] for each in messages] == ["margherita", "pizza 0", "pizza 1", "pizza 2"]
        handles = [each["ReceiptHandle"] for each in messages]
        assert await aws("sqs", "ReceiveMessage", **queue) == {}
        await aws("sqs", "ChangeMessageVisibility", **queue, ReceiptHandle=handles[0], VisibilityTimeout=0)
        given = [{"Id": "1", "ReceiptHandle": handles[1], "VisibilityTimeout": 0}]
        await aws("sqs", "ChangeMessageVisibilityBatch", **queue, Entries=given)
        again = (await aws("sqs", "ReceiveMessage", **queue, MaxNumberOfMessages=10))["Messages"]
        assert [each["Body"] for each in again] == ["margherita", "pizza 0"]
        await aws("sqs", "DeleteMessage", **queue, ReceiptHandle=handles[2])
        given = [{"Id": "1", "ReceiptHandle": handles[3]}, {"Id": "2", "ReceiptHandle": "none"}]
        deleted = await aws("sqs", "DeleteMessageBatch", **queue, Entries=given)
        assert [each["Code"] for each in deleted["Failed"]] == ["ReceiptHandleIsInvalid"]
        counts = await aws("sqs", "GetQueueAttributes", **queue, AttributeNames=["All"])
        assert counts["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "2"
        await aws("sqs", "PurgeQueue", **queue)
        assert await aws.fails("sqs", "PurgeQueue", **queue) == "PurgeQueueInProgress"


async def test_queues(protocol: str) -> None:
    async with open_aws() as aws:
        queue = await made(aws, "orders", VisibilityTimeout="60")
        assert await aws("sqs", "GetQueueUrl", QueueName="orders") == queue
        await aws("sqs", "SetQueueAttributes", **queue, Attributes={"DelaySeconds": "5"})
        await aws("sqs", "TagQueue", **queue, Tags={"team": "kitchen", "stage": "test"})
        await aws("sqs", "UntagQueue", **queue, TagKeys=["stage"])
        assert (await aws("sqs", "ListQueueTags", **queue))["Tags"] == {"team": "kitchen"}
        accounts = {"AWSAccountIds": ["123456789012"], "Actions": ["SendMessage"]}
        await aws("sqs", "AddPermission", **queue, Label="all", **accounts)
        await aws("sqs", "RemovePermission", **queue, Label="all")
        await made(aws, "others")
        pages = aws.client("sqs").get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1})
        urls = [url for page in await aws.do(lambda: list(pages)) for url in page["QueueUrls"]]
        assert [url.rpartition("/")[2] for url in urls] == ["orders", "others"]
        assert len((await aws("sqs", "ListQueues", QueueNamePrefix="ot"))["QueueUrls"]) == 1
        await aws("sqs", "DeleteQueue", **queue)
        assert await aws.fails("sqs", "GetQueueUrl", QueueName="orders") == "QueueDoesNotExist"
        with pytest.raises(ClientError) as raised:
            await aws("sqs", "SendMessage", **queue, MessageBody="a")
        error = raised.value.response["Error"]
        assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
        assert error.get("QueryErrorCode") == ("QueueDoesNotExist" if protocol == "json" else None)


async def test_dead_letters() -> None:
    async with open_aws() as aws:
        dead = await made(aws, "dead")
        policy = {"deadLetterTargetArn": ARN.format("dead"), "maxReceiveCount": "1"}
        queue = await made(aws, "orders", VisibilityTimeout="0", RedrivePolicy=json.dumps(policy))
        assert (await aws("sqs", "ListDeadLetterSourceQueues", **dead))["queueUrls"] == [queue["QueueUrl"]]
        await aws("sqs", "SendMessage", **queue, MessageBody="burnt")
        await aws("sqs", "ReceiveMessage", **queue)
        assert await aws("sqs", "ReceiveMessage", **queue) == {}
        source = {"SourceArn": ARN.format("dead")}
        task = await aws("sqs", "StartMessageMoveTask", **source, MaxNumberOfMessagesPerSecond=1)
        await aws.bar.emulator.settled()
        [told] = (await aws("sqs", "ListMessageMoveTasks", **source))["Results"]
        assert (told["Status"], told["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
        assert await aws.fails("sqs", "CancelMessageMoveTask", **task) == "ResourceNotFoundException"
        [message] = (await aws("sqs", "ReceiveMessage", **queue))["Messages"]
        assert message["Body"] == "burnt"


async def test_a_consumer_polls() -> None:
    async with open_aws() as aws:
        queue = await made(aws, "orders", ReceiveMessageWaitTimeSeconds="20")
        polling = asyncio.create_task(aws("sqs", "ReceiveMessage", **queue))
        await aws("sqs", "SendMessage", **queue, MessageBody="a")
        [message] = (await polling)["Messages"]
        assert message["Body"] == "a"


async def test_the_resources_of_boto3() -> None:
    async with open_aws() as aws:

        def program() -> list[str]:
            address = {"endpoint_url": f"http://localhost:{aws.bar.port}", "region_name": "us-east-1"}
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            queue = boto3.resource("sqs", **address, **keys).create_queue(QueueName="orders.fifo", Attributes=FIFO)
            for number in range(3):
                queue.send_message(MessageBody=f"{number}", MessageGroupId="a")
            found = []
            while messages := queue.receive_messages(MaxNumberOfMessages=2):
                for message in messages:
                    found.append(message.body)
                    message.delete()
            return found

        assert await aws.do(program) == ["0", "1", "2"]


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    settings = {"state": tmp_path / "state.db"}
    async with open_aws(**settings) as aws:
        queue = await made(aws, "orders", VisibilityTimeout="60")
        for body in ("a", "b"):
            await aws("sqs", "SendMessage", **queue, MessageBody=body)
        await aws("sqs", "ReceiveMessage", **queue)
    async with open_aws(**settings) as aws:
        queue = await aws("sqs", "GetQueueUrl", QueueName="orders")
        [message] = (await aws("sqs", "ReceiveMessage", **queue, VisibilityTimeout=600))["Messages"]
        assert message["Body"] == "b"
        await aws.bar.pass_time(61)
        [message] = (await aws("sqs", "ReceiveMessage", **queue, AttributeNames=["All"]))["Messages"]
        assert (message["Body"], message["Attributes"]["ApproximateReceiveCount"]) == ("a", "2")
