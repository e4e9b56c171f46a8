"""``kill -9`` of a process that archives and replays: no event is lost, and those of one execution stay in order."""

import json
from datetime import timedelta
from pathlib import Path

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from tests.flow.dying import survives, undelivered

KILLS = 25
EVENTS = 40
DEFAULT = "arn:aws:events:us-east-1:123456789012:event-bus/default"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:seen.fifo"
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/seen.fifo"


async def prepare(state: Path) -> None:
    """Archive events, with a queue for those that are replayed."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    try:
        call = emulator.call
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        await call("sqs", "CreateQueue", {"QueueName": "seen.fifo", "Attributes": attributes})
        await call("events", "CreateArchive", {"ArchiveName": "all", "EventSourceArn": DEFAULT})
        pattern = json.dumps({"replay-name": [{"exists": True}]})
        await call("events", "PutRule", {"Name": "again", "EventPattern": pattern})
        target = {"Id": "q", "Arn": QUEUE, "SqsParameters": {"MessageGroupId": "g"}, "InputPath": "$.detail.number"}
        await call("events", "PutTargets", {"Rule": "again", "Targets": [target]})
        for number in range(EVENTS):
            entry = {"Source": "a", "DetailType": "b", "Detail": json.dumps({"number": number})}
            await call("events", "PutEvents", {"Entries": [entry]})
        await emulator.settled()
    finally:
        await emulator.close()


async def live(emulator: Emulator) -> None:
    """Begin the replay, or go on with it, and see it through."""
    if not (await emulator.call("events", "ListReplays", {}))["Replays"]:
        span = {"EventStartTime": 0, "EventEndTime": (emulator.clock.now() + timedelta(days=1)).timestamp()}
        archive = DEFAULT.replace("event-bus/default", "archive/all")
        replay = {"ReplayName": "again", "EventSourceArn": archive, "Destination": {"Arn": DEFAULT}, **span}
        await emulator.call("events", "StartReplay", replay)
    await emulator.settled()


async def check(state: Path) -> None:
    """Go on from what is left, and see that every event came, and in order."""
    emulator = await Emulator.open(Settings(state=state, clock="virtual"))
    try:
        await live(emulator)
        replay = await emulator.call("events", "DescribeReplay", {"ReplayName": "again"})
        assert replay["State"] == "COMPLETED"
        seen: list[int] = []
        while True:
            asked = {"QueueUrl": URL, "MaxNumberOfMessages": 10}
            messages = (await emulator.call("sqs", "ReceiveMessage", asked)).get("Messages")
            if not messages:
                break
            for message in messages:
                seen.append(int(message["Body"]))
                handle = {"QueueUrl": URL, "ReceiptHandle": message["ReceiptHandle"]}
                await emulator.call("sqs", "DeleteMessage", handle)
        # The queue takes no number twice, so that this is the order in which they came first.
        assert seen == [*range(EVENTS)]
        archive = await emulator.call("events", "DescribeArchive", {"ArchiveName": "all"})
        assert archive["EventCount"] == EVENTS
        assert await undelivered(emulator) == 0
    finally:
        await emulator.close()


async def test_killed_at_random_points(tmp_path: Path) -> None:
    statements = await survives(tmp_path, prepare, live, check, kills=KILLS, seed=2026)
    assert statements > EVENTS
