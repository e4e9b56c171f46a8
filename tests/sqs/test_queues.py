"""
Queues: their attributes, their dead letters, and what is known of them.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
"""

import json

import pytest

from pizzabar.documents import JSON
from tests.sqs.service import arn, sqs, url


async def test_a_queue_has_what_aws_gives_it() -> None:
    async with sqs() as ask:
        assert await ask("CreateQueue", QueueName="orders") == {"QueueUrl": url("orders")}
        assert await ask.attributes("orders") == {
            "ApproximateNumberOfMessages": "0",
            "ApproximateNumberOfMessagesDelayed": "0",
            "ApproximateNumberOfMessagesNotVisible": "0",
            "CreatedTimestamp": "1772366400",
            "DelaySeconds": "0",
            "LastModifiedTimestamp": "1772366400",
            "MaximumMessageSize": "1048576",
            "MessageRetentionPeriod": "345600",
            "QueueArn": arn("orders"),
            "ReceiveMessageWaitTimeSeconds": "0",
            "SqsManagedSseEnabled": "true",
            "VisibilityTimeout": "30",
        }
        await ask.queue("orders.fifo", ContentBasedDeduplication="true")
        names = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
        assert await ask.attributes("orders.fifo", *names) == {
            "FifoQueue": "true",
            "ContentBasedDeduplication": "true",
            "DeduplicationScope": "queue",
            "FifoThroughputLimit": "perQueue",
        }
        assert await ask("GetQueueAttributes", "orders") == {}
        assert await ask.fails("GetQueueAttributes", "orders", AttributeNames=["Colour"]) == (
            "InvalidAttributeName: Unknown Attribute Colour."
        )


async def test_attributes_are_set_and_taken_away() -> None:
    async with sqs() as ask:
        await ask.queue("orders", DelaySeconds="10")
        await ask.advance(seconds=5)
        await ask("SetQueueAttributes", "orders", Attributes={"VisibilityTimeout": "69", "KmsMasterKeyId": "key"})
        names = (
            "DelaySeconds",
            "KmsMasterKeyId",
            "LastModifiedTimestamp",
            "SqsManagedSseEnabled",
            "VisibilityTimeout",
        )
        assert list((await ask.attributes("orders", *names)).values()) == ["1772366405", "69", "10", "false", "key"]
        await ask("SetQueueAttributes", "orders", Attributes={"SqsManagedSseEnabled": "true"})
        assert await ask.attributes("orders", *names[1:2]) == {}
        policy = json.dumps({"Version": "2012-10-17", "Statement": []})
        await ask("SetQueueAttributes", "orders", Attributes={"Policy": policy})
        assert await ask.attributes("orders", "Policy") == {"Policy": policy}
        await ask("SetQueueAttributes", "orders", Attributes={"Policy": ""})
        assert await ask.attributes("orders", "Policy") == {}


async def test_a_queue_is_made_twice_only_with_the_same_attributes() -> None:
    async with sqs() as ask:
        for _ in range(2):
            await ask.queue("orders", DelaySeconds="1")
        await ask.queue("orders")
        assert await ask.fails("CreateQueue", QueueName="orders", Attributes={"DelaySeconds": "2"}) == (
            "QueueAlreadyExists: A queue already exists with the same name and a different value for attribute "
            "DelaySeconds"
        )


async def test_a_name_is_not_given_again_for_a_minute() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        await ask.send("orders", "a")
        await ask("DeleteQueue", "orders")
        assert (await ask.fails("GetQueueUrl", QueueName="orders")).startswith(
            "AWS.SimpleQueueService.NonExistentQueue: "
        )
        assert await ask.fails("CreateQueue", QueueName="orders") == (
            "AWS.SimpleQueueService.QueueDeletedRecently: You must wait 60 seconds after deleting a queue before you "
            "can create another with the same name."
        )
        await ask.advance(seconds=60)
        await ask.queue("orders")
        assert await ask.bodies("orders") == []


@pytest.mark.parametrize(
    ("name", "attributes", "error"),
    [
        (
            "a b",
            {},
            "InvalidParameterValue: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
            "length",
        ),
        ("a" * 81, {}, "InvalidParameterValue: Can only include"),
        ("orders.fifo", {}, "InvalidParameterValue: Can only include"),
        (
            "orders",
            {"FifoQueue": "true"},
            "InvalidParameterValue: The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
            "underscores, must end with .fifo suffix and be 1 to 80 in length.",
        ),
        ("orders", {"FifoQueue": "false"}, "InvalidAttributeName: Unknown Attribute FifoQueue."),
        ("orders", {"Colour": "red"}, "InvalidAttributeName: Unknown Attribute Colour."),
        ("orders", {"QueueArn": "a"}, "InvalidAttributeName: Unknown Attribute QueueArn."),
        ("orders", {"DelaySeconds": "901"}, "InvalidAttributeValue: Invalid value for the parameter DelaySeconds."),
        ("orders", {"DelaySeconds": "-1"}, "InvalidAttributeValue: Invalid value for the parameter DelaySeconds."),
        ("orders", {"Policy": "{}"}, "InvalidAttributeValue: Invalid value for the parameter Policy."),
        (
            "orders",
            {"KmsMasterKeyId": "a", "SqsManagedSseEnabled": "true"},
            "InvalidAttributeName: You can use one type of server-side encryption (SSE) at one time. You can either "
            "enable KMS SSE or SQS SSE.",
        ),
        (
            "orders.fifo",
            {"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"},
            "InvalidAttributeValue: Invalid value for the parameter FifoThroughputLimit. Reason: ",
        ),
    ],
)
async def test_what_is_wrong_in_a_queue_is_told(name: str, attributes: dict[str, str], error: str) -> None:
    async with sqs() as ask:
        told = await ask.fails("CreateQueue", QueueName=name, Attributes=attributes)
        assert told.startswith(error)
        assert await ask("ListQueues") == {}


async def test_the_type_of_a_queue_stays() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        await ask.queue("orders.fifo")
        given = {"Attributes": {"FifoQueue": "true"}}
        assert await ask.fails("SetQueueAttributes", "orders", **given) == (
            "InvalidAttributeName: Unknown Attribute FifoQueue."
        )
        await ask("SetQueueAttributes", "orders.fifo", **given)
        assert await ask.fails("SetQueueAttributes", "orders.fifo", Attributes={"FifoQueue": "false"}) == (
            "InvalidAttributeValue: Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not "
            "supported."
        )


async def test_queues_are_listed_by_pages() -> None:
    async with sqs() as ask:
        for name in ("b-1", "a-1", "b-3", "b-2"):
            await ask.queue(name)
        assert await ask("ListQueues") == {"QueueUrls": [url(name) for name in ("a-1", "b-1", "b-2", "b-3")]}
        first = await ask("ListQueues", QueueNamePrefix="b", MaxResults=2)
        assert first["QueueUrls"] == [url("b-1"), url("b-2")]
        rest = await ask("ListQueues", QueueNamePrefix="b", MaxResults=2, NextToken=first["NextToken"])
        assert rest == {"QueueUrls": [url("b-3")]}


async def test_an_address_is_at_the_host_that_was_asked() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        answer = await ask("GetQueueUrl", QueueName="orders", Host="127.0.0.1:9000")
        assert answer == {"QueueUrl": "http://127.0.0.1:9000/123456789012/orders"}
        for address in ("https://sqs.us-east-1.amazonaws.com", "http://localhost:1/some/where"):
            await ask("SendMessage", QueueUrl=f"{address}/123456789012/orders", MessageBody="a")
        assert ask.queues.url_of(arn("orders")) == url("orders")
        told = await ask.fails("GetQueueUrl", QueueName="orders", QueueOwnerAWSAccountId="111111111111")
        assert told.startswith("AWS.SimpleQueueService.NonExistentQueue: ")


async def test_tags() -> None:
    async with sqs() as ask:
        await ask("CreateQueue", QueueName="orders", tags={"tag1": "value1"})
        await ask("TagQueue", "orders", Tags={"tag2": "value2", "tag3": ""})
        tags = {"tag1": "value1", "tag2": "value2", "tag3": ""}
        assert await ask("ListQueueTags", "orders") == {"Tags": tags}
        await ask("UntagQueue", "orders", TagKeys=["tag1", "tag3", "tag4"])
        assert await ask("ListQueueTags", "orders") == {"Tags": {"tag2": "value2"}}


async def test_permissions() -> None:
    async with sqs() as ask:
        await ask.queue("orders")
        accounts = ["668614515564", "123456789012"]
        given = {"Label": "cross", "AWSAccountIds": accounts, "Actions": ["ReceiveMessage"]}
        await ask("AddPermission", "orders", **given)
        assert json.loads((await ask.attributes("orders", "Policy"))["Policy"]) == {
            "Version": "2008-10-17",
            "Id": f"{arn('orders')}/SQSDefaultPolicy",
            "Statement": [
                {
                    "Sid": "cross",
                    "Effect": "Allow",
                    "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
                    "Action": "SQS:ReceiveMessage",
                    "Resource": arn("orders"),
                }
            ],
        }
        assert await ask.fails("AddPermission", "orders", **given) == (
            "InvalidParameterValue: Value cross for parameter Label is invalid. Reason: Already exists."
        )
        await ask("RemovePermission", "orders", Label="cross")
        assert await ask.attributes("orders", "Policy") == {}
        assert await ask.fails("RemovePermission", "orders", Label="cross") == (
            "InvalidParameterValue: Value cross for parameter Label is invalid. Reason: can't find label."
        )


# Dead letters.


def redrive(name: str, most: JSON = 2) -> str:
    return json.dumps({"deadLetterTargetArn": arn(name), "maxReceiveCount": most})


async def test_what_is_received_in_vain_goes_to_the_dead_letters() -> None:
    async with sqs() as ask:
        await ask.queue("dead")
        await ask.queue("orders", RedrivePolicy=redrive("dead", "2"), VisibilityTimeout="10")
        await ask.send("orders", "a", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})
        for _ in range(2):
            [message] = await ask.receive("orders")
            await ask.advance(seconds=10)
        assert await ask.counts("dead") == (0, 0, 0)
        assert await ask.receive("orders") == []
        assert await ask.counts("orders") == (0, 0, 0)
        [dead] = await ask.receive("dead", MessageAttributeNames=["All"])
        assert (dead["MessageId"], dead["Body"], dead["MessageAttributes"]["k"]["StringValue"]) == (
            message["MessageId"],
            "a",
            "v",
        )
        assert dead["Attributes"]["DeadLetterQueueSourceArn"] == arn("orders")
        assert dead["Attributes"]["SentTimestamp"] == message["Attributes"]["SentTimestamp"]
        assert dead["Attributes"]["ApproximateReceiveCount"] == "1"
        # What was good for the message in its own queue is good for nothing here.
        await ask.delete("orders", message)
        assert await ask.counts("dead") == (0, 1, 0)


async def test_without_the_queue_of_dead_letters_they_stay() -> None:
    async with sqs() as ask:
        await ask.queue("dead")
        await ask.queue("orders", RedrivePolicy=redrive("dead", 1), VisibilityTimeout="0")
        await ask.send("orders", "a")
        await ask("DeleteQueue", "dead")
        for _ in range(3):
            assert await ask.bodies("orders") == ["a"]


async def test_the_sources_of_dead_letters_are_listed() -> None:
    async with sqs() as ask:
        await ask.queue("dead")
        assert await ask("ListDeadLetterSourceQueues", "dead") == {"queueUrls": []}
        for name in ("b", "a"):
            await ask.queue(name, RedrivePolicy=redrive("dead"))
        assert await ask("ListDeadLetterSourceQueues", "dead") == {"queueUrls": [url("a"), url("b")]}
        await ask("SetQueueAttributes", "a", Attributes={"RedrivePolicy": ""})
        assert await ask("ListDeadLetterSourceQueues", "dead") == {"queueUrls": [url("b")]}


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("dead", "Redrive policy is not a valid JSON map."),
        ('{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}', "Invalid value for deadLetterTargetArn."),
        (
            json.dumps({"deadLetterTargetArn": arn("dead")}),
            "Redrive policy does not contain mandatory attribute: maxReceiveCount.",
        ),
        (
            redrive("dead", 0),
            "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
        ),
        (redrive("other"), "Dead letter target does not exist."),
        (redrive("dead.fifo"), "Dead-letter queue must be same type of queue as the source."),
        (redrive("closed"), "The redrive allow policy of the dead-letter queue does not allow the source queue."),
    ],
)
async def test_what_is_wrong_in_a_redrive_policy(policy: str, reason: str) -> None:
    async with sqs() as ask:
        for name in ("dead", "dead.fifo"):
            await ask.queue(name)
        await ask.queue("closed", RedriveAllowPolicy='{"redrivePermission":"denyAll"}')
        assert await ask.fails("CreateQueue", QueueName="orders", Attributes={"RedrivePolicy": policy}) == (
            f"InvalidParameterValue: Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}"
        )


async def test_dead_letters_of_some_queues_alone() -> None:
    async with sqs() as ask:
        allowed = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn("orders")]})
        await ask.queue("dead", RedriveAllowPolicy=allowed)
        await ask.queue("orders", RedrivePolicy=redrive("dead"))
        told = await ask.fails("CreateQueue", QueueName="others", Attributes={"RedrivePolicy": redrive("dead")})
        assert told.endswith("does not allow the source queue.")
        for policy in (
            "{}",
            '{"redrivePermission":"byQueue"}',
            '{"redrivePermission":"denyAll","sourceQueueArns":[]}',
        ):
            told = await ask.fails("SetQueueAttributes", "dead", Attributes={"RedriveAllowPolicy": policy})
            assert told.startswith(f"InvalidParameterValue: Value {policy} for parameter RedriveAllowPolicy")


async def test_names_of_deleted_queues_are_not_remembered_for_ever() -> None:
    async with sqs() as ask:
        for name in ("first", "second", "third"):
            await ask.queue(name)
        await ask("DeleteQueue", "first")
        await ask.advance(seconds=59)
        await ask("DeleteQueue", "second")
        assert set(ask.queues.to_keep()["deleted"]) == {"first", "second"}
        await ask.advance(seconds=1)
        await ask("DeleteQueue", "third")
        assert set(ask.queues.to_keep()["deleted"]) == {"second", "third"}
