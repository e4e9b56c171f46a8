"""
FIFO queues: order, groups, and messages that are not taken twice.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sqs.service import Sqs, sqs
from tests.world import turns

Q = "orders.fifo"


async def opened(ask: Sqs, **attributes: str) -> None:
    await ask.queue(Q, **{"ContentBasedDeduplication": "true", **attributes})


async def send(ask: Sqs, *bodies: str) -> None:
    """Send messages whose groups are their first letters."""
    for body in bodies:
        await ask.send(Q, body, MessageGroupId=body[0])


async def test_a_group_is_in_flight_once_at_a_time() -> None:
    async with sqs() as ask:
        await opened(ask)
        await send(ask, "a1", "b1", "a2", "b2")
        first = await ask.receive(Q, 1)
        assert [each["Body"] for each in first] == ["a1"]
        # The other group goes on, in its order.
        assert await ask.bodies(Q) == ["b1", "b2"]
        assert await ask.bodies(Q) == []
        await ask.delete(Q, first[0])
        assert await ask.bodies(Q) == ["a2"]


async def test_as_many_of_one_group_as_possible_come_together() -> None:
    async with sqs() as ask:
        await opened(ask)
        await send(ask, "a1", "b1", "a2", "b2", "a3")
        assert await ask.bodies(Q, 4) == ["a1", "a2", "a3", "b1"]


async def test_what_comes_back_keeps_its_place() -> None:
    async with sqs() as ask:
        await opened(ask)
        await send(ask, "a1", "a2")
        assert await ask.bodies(Q, 1) == ["a1"]
        await ask.advance(seconds=30)
        messages = await ask.receive(Q)
        assert [each["Body"] for each in messages] == ["a1", "a2"]
        for message in messages:
            handle = message["ReceiptHandle"]
            await ask("ChangeMessageVisibility", Q, ReceiptHandle=handle, VisibilityTimeout=0)
        assert await ask.bodies(Q) == ["a1", "a2"]


async def test_sequence_numbers_grow() -> None:
    async with sqs() as ask:
        await opened(ask)
        sent = [
            *(await ask.send(Q, "1", MessageGroupId="a")),
            *(await ask.send(Q, "2", MessageGroupId="b", MessageDeduplicationId="two")),
        ]
        numbers = [each["SequenceNumber"] for each in sent]
        assert numbers == sorted(numbers)
        assert [len(number) for number in numbers] == [20, 20]
        received = await ask.receive(Q)
        assert [each["Attributes"]["SequenceNumber"] for each in received] == numbers
        assert received[1]["Attributes"]["MessageGroupId"] == "b"
        assert received[1]["Attributes"]["MessageDeduplicationId"] == "two"


async def test_a_message_is_not_taken_twice_within_five_minutes() -> None:
    async with sqs() as ask:
        await opened(ask)
        [first, again] = await ask.send(Q, "same", "same", MessageGroupId="a")
        assert again == first
        [message] = await ask.receive(Q)
        await ask.delete(Q, message)
        # Neither once it is gone, nor in another group.
        await ask.send(Q, "same", MessageGroupId="b")
        await ask.advance(seconds=299)
        await ask.send(Q, "same", MessageGroupId="a")
        assert await ask.bodies(Q) == []
        await ask.advance(seconds=1)
        await ask.send(Q, "same", MessageGroupId="a")
        assert await ask.bodies(Q) == ["same"]


async def test_an_id_stands_for_the_content() -> None:
    async with sqs() as ask:
        await opened(ask)
        await ask.send(Q, "one", MessageGroupId="a", MessageDeduplicationId="id")
        await ask.send(Q, "two", MessageGroupId="a", MessageDeduplicationId="id")
        await ask.send(Q, "one", MessageGroupId="a")
        assert await ask.bodies(Q) == ["one", "one"]


async def test_with_high_throughput_each_group_is_by_itself() -> None:
    async with sqs() as ask:
        await opened(ask, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
        for group in ("a", "b", "a"):
            await ask.send(Q, "same", MessageGroupId=group)
        assert await ask.bodies(Q) == ["same", "same"]


async def test_an_attempt_that_is_made_again_is_given_the_same() -> None:
    async with sqs() as ask:
        await opened(ask)
        await send(ask, "a1", "a2", "b1")
        attempt = {"ReceiveRequestAttemptId": "try"}
        given = await ask.receive(Q, 2, **attempt)
        await ask.advance(seconds=20)
        again = await ask.receive(Q, 2, **attempt)
        assert [each["ReceiptHandle"] for each in again] == [each["ReceiptHandle"] for each in given]
        # They are in flight for as long again.
        await ask.advance(seconds=29)
        assert await ask.bodies(Q) == ["b1"]
        await ask.delete(Q, again[0])
        # Once one of them is done, it is another attempt.
        assert await ask.bodies(Q, 2, **attempt) == []


async def test_a_receipt_of_a_fifo_queue_expires() -> None:
    async with sqs() as ask:
        await opened(ask)
        await send(ask, "a1")
        [message] = await ask.receive(Q, VisibilityTimeout=1)
        await ask.advance(seconds=1)
        handle = message["ReceiptHandle"]
        error = (
            f"InvalidParameterValue: Value {handle} for parameter ReceiptHandle is invalid. "
            "Reason: The receipt handle has expired."
        )
        assert await ask.fails("DeleteMessage", Q, ReceiptHandle=handle) == error
        told = await ask.fails("ChangeMessageVisibility", Q, ReceiptHandle=handle, VisibilityTimeout=5)
        assert told == error


async def test_the_delay_of_a_fifo_queue_is_that_of_messages_already_there() -> None:
    async with sqs() as ask:
        await opened(ask, DelaySeconds="60")
        await send(ask, "a1")
        await ask("SetQueueAttributes", Q, Attributes={"DelaySeconds": "10"})
        await ask.advance(seconds=9)
        assert await ask.bodies(Q) == []
        await ask.advance(seconds=1)
        assert await ask.bodies(Q) == ["a1"]


async def test_who_waits_goes_on_when_a_group_is_free() -> None:
    async with sqs() as ask:
        await opened(ask)
        await send(ask, "a1", "a2")
        [first] = await ask.receive(Q, 1)
        waiting = asyncio.ensure_future(ask.bodies(Q, WaitTimeSeconds=20))
        await turns(20)
        await ask.delete(Q, first)
        assert await waiting == ["a2"]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({}, "MissingParameter: The request must contain the parameter MessageGroupId."),
        (
            {"MessageGroupId": "a"},
            "InvalidParameterValue: The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly",
        ),
        (
            {"MessageGroupId": "a", "MessageDeduplicationId": "a", "DelaySeconds": 2},
            "InvalidParameterValue: Value 2 for parameter DelaySeconds is invalid. Reason: The request include "
            "parameter that is not valid for this queue type.",
        ),
        (
            {"MessageGroupId": "a b", "MessageDeduplicationId": "a"},
            "InvalidParameterValue: Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can "
            "only include alphanumeric and punctuation characters. 1 to 128 in length.",
        ),
    ],
)
async def test_what_a_message_of_a_fifo_queue_needs(parameters: dict[str, Any], error: str) -> None:
    async with sqs() as ask:
        await ask.queue(Q)
        assert await ask.fails("SendMessage", Q, MessageBody="a", **parameters) == error


async def test_a_batch_without_what_it_needs_is_refused_as_a_whole() -> None:
    async with sqs() as ask:
        await ask.queue(Q)
        entry = {"Id": "1", "MessageBody": "a"}
        assert await ask.fails("SendMessageBatch", Q, Entries=[entry]) == (
            "InvalidParameterValue: The request must contain the parameter MessageGroupId."
        )
        assert await ask.fails("SendMessageBatch", Q, Entries=[entry | {"MessageGroupId": "a"}]) == (
            "InvalidParameterValue: The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


async def test_dead_letters_of_a_group_let_the_others_go_on() -> None:
    async with sqs() as ask:
        await ask.queue("dead.fifo")
        policy = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead.fifo","maxReceiveCount":1}'
        await opened(ask, RedrivePolicy=policy, VisibilityTimeout="5")
        await send(ask, "a1", "a2")
        assert await ask.bodies(Q, 1) == ["a1"]
        await ask.advance(seconds=5)
        assert await ask.bodies(Q, 1) == ["a2"]
        [dead] = await ask.receive("dead.fifo")
        assert (dead["Body"], dead["Attributes"]["MessageGroupId"]) == ("a1", "a")


@settings(max_examples=40, deadline=None)
@given(
    sent=st.lists(st.sampled_from("abc"), max_size=12),
    acts=st.lists(st.tuples(st.sampled_from(("take", "done", "back", "wait")), st.integers(1, 4)), max_size=30),
)
def test_each_group_is_done_in_its_order(sent: list[str], acts: list[tuple[str, int]]) -> None:
    """Whatever receivers do, what is deleted of a group is deleted in the order in which it was sent."""

    async def story() -> None:
        async with sqs() as ask:
            await opened(ask)
            for number, group in enumerate(sent):
                await ask.send(Q, f"{group}{number:02}", MessageGroupId=group)
            held: list[dict[str, Any]] = []
            done: list[str] = []
            for act, count in [*acts, ("wait", 1), *[("take", 4), ("done", 4)] * len(sent)]:
                match act:
                    case "take":
                        taken = await ask.receive(Q, count)
                        assert not {each["Body"][0] for each in taken} & {each["Body"][0] for each in held}
                        held += taken
                    case "done":
                        for message in held[:count]:
                            await ask.delete(Q, message)
                            done.append(message["Body"])
                        held = held[count:]
                    case "back":
                        for message in held:
                            handle = message["ReceiptHandle"]
                            await ask("ChangeMessageVisibility", Q, ReceiptHandle=handle, VisibilityTimeout=0)
                        held = []
                    case _:
                        await ask.advance(seconds=30)
                        held = []
            for group in "abc":
                expected = [f"{each}{number:02}" for number, each in enumerate(sent) if each == group]
                assert [body for body in done if body[0] == group] == expected

    asyncio.run(story())
