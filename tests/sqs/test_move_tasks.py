"""
Tasks that move messages out of dead-letter queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

import base64
import json

from pizzabar.documents import JSON
from tests.sqs.service import Sqs, arn, sqs


async def with_dead_letters(ask: Sqs, *bodies: str) -> list[JSON]:
    """Have dead letters of a queue, and give what was sent."""
    await ask.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1})
    await ask.queue("orders", RedrivePolicy=policy, VisibilityTimeout="0")
    sent = await ask.send("orders", *bodies)
    for _ in range(2):
        await ask.receive("orders")
    assert await ask.counts("dead") == (len(bodies), 0, 0)
    return sent


async def start(ask: Sqs, **more: JSON) -> str:
    handle: str = (await ask("StartMessageMoveTask", SourceArn=arn("dead"), **more))["TaskHandle"]
    return handle


async def listed(ask: Sqs, **more: JSON) -> list[JSON]:
    results: list[JSON] = (await ask("ListMessageMoveTasks", SourceArn=arn("dead"), **more))["Results"]
    return results


async def test_messages_go_back_to_where_they_came_from() -> None:
    async with sqs() as ask:
        sent = await with_dead_letters(ask, "a", "b")
        await ask.advance(seconds=5)
        await start(ask)
        await ask.world.settled()
        assert await listed(ask) == [
            {
                "Status": "COMPLETED",
                "SourceArn": arn("dead"),
                "ApproximateNumberOfMessagesMoved": 2,
                "ApproximateNumberOfMessagesToMove": 2,
                "StartedTimestamp": 1772366405000,
            }
        ]
        messages = await ask.receive("orders")
        assert [each["Body"] for each in messages] == ["a", "b"]
        # They are new messages.
        assert not {each["MessageId"] for each in messages} & {each["MessageId"] for each in sent}
        assert messages[0]["Attributes"]["SentTimestamp"] == "1772366405000"
        assert "DeadLetterQueueSourceArn" not in messages[0]["Attributes"]


async def test_messages_go_to_another_queue_so_many_a_second() -> None:
    async with sqs() as ask:
        await with_dead_letters(ask, "a", "b", "c", "d", "e")
        await ask.queue("hospital")
        handle = await start(ask, DestinationArn=arn("hospital"), MaxNumberOfMessagesPerSecond=2)
        await ask.world.settled()
        assert await listed(ask) == [
            {
                "TaskHandle": handle,
                "Status": "RUNNING",
                "SourceArn": arn("dead"),
                "DestinationArn": arn("hospital"),
                "MaxNumberOfMessagesPerSecond": 2,
                "ApproximateNumberOfMessagesMoved": 2,
                "ApproximateNumberOfMessagesToMove": 5,
                "StartedTimestamp": 1772366400000,
            }
        ]
        assert await ask.fails("StartMessageMoveTask", SourceArn=arn("dead")) == (
            "InvalidParameterValue: There is already a task running. Only one active task is allowed for a source "
            "queue arn at a given time."
        )
        await ask.advance(seconds=1)
        assert await ask("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 4}
        await ask.advance(seconds=5)
        assert (await ask.counts("hospital"))[0] == 4
        [task] = await listed(ask)
        assert (task["Status"], "TaskHandle" in task) == ("CANCELLED", False)
        assert await ask.fails("CancelMessageMoveTask", TaskHandle=handle) == (
            "ResourceNotFoundException: Task does not exist."
        )
        await start(ask)
        await ask.world.settled()
        assert [task["Status"] for task in await listed(ask, MaxResults=10)] == ["COMPLETED", "CANCELLED"]
        assert len(await listed(ask)) == 1


async def test_a_task_fails_without_its_destination() -> None:
    async with sqs() as ask:
        await with_dead_letters(ask, "a", "b")
        await ask.queue("hospital")
        await start(ask, DestinationArn=arn("hospital"), MaxNumberOfMessagesPerSecond=1)
        await ask.world.settled()
        await ask("DeleteQueue", "hospital")
        await ask.advance(seconds=1)
        [task] = await listed(ask)
        assert (task["Status"], task["FailureReason"], task["ApproximateNumberOfMessagesMoved"]) == (
            "FAILED",
            "AWS.SimpleQueueService.NonExistentQueue",
            1,
        )
        assert await ask.counts("dead") == (1, 0, 0)


async def test_a_task_ends_with_its_queue() -> None:
    """What it has moved stays moved; a queue of the same name has no task."""
    async with sqs() as ask:
        await with_dead_letters(ask, "a", "b", "c")
        await start(ask, MaxNumberOfMessagesPerSecond=1)
        await ask.world.settled()
        await ask("DeleteQueue", "dead")
        await ask.advance(seconds=61)
        await ask.queue("dead")
        await ask.advance(seconds=5)
        assert await listed(ask) == []
        assert (await ask.counts("orders"), await ask.counts("dead")) == ((1, 0, 0), (0, 0, 0))


async def test_what_is_wrong_is_told() -> None:
    async with sqs() as ask:
        await with_dead_letters(ask)
        gone = "ResourceNotFoundException: The resource that you specified for the {} parameter doesn't exist."
        assert await ask.fails("StartMessageMoveTask", SourceArn=arn("orders")) == (
            "InvalidParameterValue: Source queue must be configured as a Dead Letter Queue."
        )
        told = await ask.fails("StartMessageMoveTask", SourceArn=arn("dead"), DestinationArn=arn("other"))
        assert told == gone.format("DestinationArn")
        assert await ask.fails("ListMessageMoveTasks", SourceArn=arn("other")) == gone.format("SourceArn")
        assert await ask.fails("CancelMessageMoveTask", TaskHandle="foobared") == (
            "InvalidParameterValue: Value for parameter TaskHandle is invalid."
        )
        for name, error in (
            ("other", gone.format("SourceArn")),
            ("dead", "ResourceNotFoundException: Task does not exist."),
        ):
            handle = base64.b64encode(json.dumps({"taskId": "a", "sourceArn": arn(name)}).encode()).decode()
            assert await ask.fails("CancelMessageMoveTask", TaskHandle=handle) == error
