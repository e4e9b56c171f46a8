"""
Event source mappings: from a change of an item to the function that is handed it.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.settings import Settings

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Orders
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Tell:
    Type: AWS::Serverless::Function
    Metadata: {pizzabar: {InProcess: "tests.flow.test_event_sources:handle"}}
    Properties:
      FunctionName: tell
EVENTS
"""
EVENT = """
      Events:
        Changes:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Orders.StreamArn, StartingPosition: TRIM_HORIZON, BatchSize: 2}
"""

handed: list[list[JSON]] = []
"""The batches that the function was handed."""
answers: list[Callable[[], JSON]] = []
"""What it does with them, one after another; with the others it does nothing."""


def handle(event: JSON, context: object) -> JSON:
    handed.append(event["Records"])
    return answers.pop(0)() if answers else None


def fail() -> JSON:
    raise RuntimeError("not now")


@pytest.fixture(autouse=True)
def _clean() -> None:
    handed.clear()
    answers.clear()


@asynccontextmanager
async def opened(
    folder: Path, events: str = "", state: Path | None = None, *, iam: Any = "audit"
) -> AsyncIterator[Emulator]:
    (folder / "template.yaml").write_text(TEMPLATE.replace("EVENTS", events))
    emulator = await Emulator.open(Settings(state=state, template=folder / "template.yaml", clock="virtual", iam=iam))
    try:
        yield emulator
    finally:
        await emulator.close()


async def put(emulator: Emulator, *ids: str, **more: JSON) -> None:
    for id in ids:
        await emulator.call("dynamodb", "PutItem", {"TableName": "Orders", "Item": {"id": {"S": id}, **more}})


async def stream_arn(emulator: Emulator) -> str:
    table = (await emulator.call("dynamodb", "DescribeTable", {"TableName": "Orders"}))["Table"]
    arn: str = table["LatestStreamArn"]
    return arn


async def map_stream(emulator: Emulator, **more: JSON) -> JSON:
    given = {"EventSourceArn": await stream_arn(emulator), "FunctionName": "tell", "StartingPosition": "TRIM_HORIZON"}
    return await emulator.call("lambda", "CreateEventSourceMapping", given | more)


async def result(emulator: Emulator) -> str:
    [mapping] = (await emulator.call("lambda", "ListEventSourceMappings", {}))["EventSourceMappings"]
    told: str = mapping["LastProcessingResult"]
    return told


def ids() -> list[list[str]]:
    return [[record["dynamodb"]["Keys"]["id"]["S"] for record in batch] for batch in handed]


async def test_a_function_is_handed_what_a_stream_tells(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT) as emulator:
        await put(emulator, "1", "2", "3")
        await emulator.settled()
        assert [id for batch in ids() for id in batch] == ["1", "2", "3"]
        record = handed[0][0]
        assert record["eventSourceARN"] == await stream_arn(emulator)
        assert (record["eventName"], record["eventSource"]) == ("INSERT", "aws:dynamodb")
        assert await result(emulator) == "OK"


async def test_batches_are_no_larger_than_asked(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await put(emulator, "1", "2", "3", "4", "5")
        await map_stream(emulator, BatchSize=2)
        await emulator.settled()
        assert ids() == [["1", "2"], ["3", "4"], ["5"]]


async def test_a_mapping_from_the_latest_record_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await put(emulator, "1")
        await map_stream(emulator, StartingPosition="LATEST")
        await put(emulator, "2")
        await emulator.settled()
        assert ids() == [["2"]]


async def test_what_ttl_deletes_is_marked_as_functions_are_told(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT) as emulator:
        await put(emulator, "1", ttl={"N": str(int(emulator.clock.now().timestamp()) + 60)})
        await emulator.advance(timedelta(minutes=2))
        await emulator.settled()
        assert handed[-1][0]["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


FAILING = """
      Events:
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Orders.StreamArn
            StartingPosition: TRIM_HORIZON
            MaximumRetryAttempts: 1
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
  Failed: {Type: AWS::SQS::Queue, Properties: {QueueName: failed}}
"""


async def failures(emulator: Emulator) -> list[JSON]:
    """Receive what the queue was told."""
    asked = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/failed", "MaxNumberOfMessages": 10}
    answer = await emulator.call("sqs", "ReceiveMessage", asked)
    return [json.loads(each["Body"]) for each in answer.get("Messages", [])]


async def test_a_batch_that_is_given_up_is_told_of(tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html"""
    async with opened(tmp_path, FAILING, iam="enforce") as emulator:
        answers.extend([fail, fail])
        await put(emulator, "1", "2")
        await emulator.advance(timedelta(seconds=1))

        [told] = await failures(emulator)
        numbers = [record["dynamodb"]["SequenceNumber"] for record in handed[0]]
        assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
        assert told["requestContext"]["approximateInvokeCount"] == 2
        assert told["requestContext"]["functionArn"].endswith(":function:tell")
        assert told["responseContext"] == {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        }
        batch = told["DDBStreamBatchInfo"]
        assert (batch["startSequenceNumber"], batch["endSequenceNumber"]) == (numbers[0], numbers[-1])
        assert (batch["batchSize"], batch["streamArn"]) == (len(numbers), await stream_arn(emulator))
        [mapping] = (await emulator.call("lambda", "ListEventSourceMappings", {}))["EventSourceMappings"]
        assert mapping["DestinationConfig"]["OnFailure"]["Destination"].endswith(":failed")
        # What works is nobody's business, and nobody is told without a destination.
        nobody = {"UUID": mapping["UUID"], "DestinationConfig": {"OnFailure": {}}}
        await emulator.call("lambda", "UpdateEventSourceMapping", nobody)
        answers.extend([fail, fail])
        await put(emulator, "3")
        await emulator.advance(timedelta(seconds=1))
        assert await failures(emulator) == []


async def test_a_batch_that_is_too_old_is_told_of(tmp_path: Path) -> None:
    old = FAILING.replace("MaximumRetryAttempts: 1", "MaximumRecordAgeInSeconds: 60")
    async with opened(tmp_path, old) as emulator:
        answers.extend([fail] * 20)
        await put(emulator, "1")
        await emulator.advance(timedelta(minutes=5))
        [told] = await failures(emulator)
        assert told["requestContext"]["condition"] == "RecordAgeExceeded"


async def test_a_batch_that_fails_is_tried_again_and_holds_up_the_others(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT) as emulator:
        answers.extend([fail, fail])
        await put(emulator, "1")
        await emulator.settled()
        assert await result(emulator) == "PROBLEM: Function call failed"
        await put(emulator, "2")
        await emulator.settled()
        assert ids() == [["1"]]
        await emulator.advance(timedelta(seconds=1))
        assert ids() == [["1"], ["1"]]
        await emulator.advance(timedelta(seconds=2))
        await emulator.settled()
        assert ids() == [["1"], ["1"], ["1"], ["2"]]
        assert await result(emulator) == "OK"


async def test_a_mapping_gives_up_after_so_many_attempts(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await map_stream(emulator, MaximumRetryAttempts=1)
        answers.extend([fail, fail])
        await put(emulator, "1")
        await emulator.settled()
        await emulator.advance(timedelta(seconds=10))
        await put(emulator, "2")
        await emulator.settled()
        assert ids() == [["1"], ["1"], ["2"]]


async def test_a_mapping_gives_up_records_that_are_too_old(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await map_stream(emulator, MaximumRecordAgeInSeconds=60)
        answers.extend([fail] * 100)
        await put(emulator, "1")
        await emulator.settled()
        await emulator.advance(timedelta(minutes=5))
        attempts = len(handed)
        assert 6 <= attempts <= 8
        await emulator.advance(timedelta(minutes=5))
        assert len(handed) == attempts


async def test_an_attempt_that_is_throttled_does_not_count(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        emulator.functions.change("tell", reserved_concurrency=0)
        await map_stream(emulator, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
        await put(emulator, "1", "2")
        await emulator.settled()
        await emulator.advance(timedelta(seconds=5))
        assert (ids(), await result(emulator)) == ([], "PROBLEM: Function call failed")
        emulator.functions.change("tell", reserved_concurrency=None)
        await emulator.advance(timedelta(seconds=1))
        assert [id for batch in ids() for id in batch] == ["1", "2"]


async def test_a_batch_that_fails_is_cut_in_two(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await put(emulator, "1", "2", "3", "4")
        answers.extend([fail, fail, lambda: None, fail])
        await map_stream(emulator, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)
        await emulator.settled()
        assert ids() == [["1", "2", "3", "4"], ["1", "2"], ["1"], ["2"], ["3", "4"]]


async def test_a_function_says_which_records_failed(tmp_path: Path) -> None:
    def from_the_second() -> JSON:
        return {"batchItemFailures": [{"itemIdentifier": handed[-1][1]["dynamodb"]["SequenceNumber"]}]}

    async with opened(tmp_path) as emulator:
        await put(emulator, "1", "2", "3")
        answers.extend([from_the_second, lambda: {"batchItemFailures": []}])
        await map_stream(emulator, FunctionResponseTypes=["ReportBatchItemFailures"])
        await emulator.settled()
        await emulator.advance(timedelta(seconds=1))
        assert ids() == [["1", "2", "3"], ["2", "3"]]
        answers.extend([lambda: {"batchItemFailures": [{"itemIdentifier": ""}]}, lambda: "what"])
        await put(emulator, "4")
        await emulator.settled()
        await emulator.advance(timedelta(seconds=60))
        assert ids()[2:] == [["4"], ["4"], ["4"]]


async def test_filters(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        pattern = json.dumps({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"size": {"S": ["L"]}}}})
        await map_stream(emulator, FilterCriteria={"Filters": [{"Pattern": pattern}]})
        await put(emulator, "1", size={"S": "S"})
        await put(emulator, "2", size={"S": "L"})
        await put(emulator, "2", size={"S": "M"})
        await emulator.settled()
        assert ids() == [["2"]]


async def test_a_window_gathers_a_batch(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await map_stream(emulator, MaximumBatchingWindowInSeconds=10, BatchSize=3)
        await put(emulator, "1")
        await emulator.settled()
        await emulator.advance(timedelta(seconds=9))
        await put(emulator, "2")
        await emulator.settled()
        assert ids() == []
        await emulator.advance(timedelta(seconds=1))
        await emulator.settled()
        assert ids() == [["1", "2"]]
        await put(emulator, "3", "4", "5")
        await emulator.settled()
        assert ids() == [["1", "2"], ["3", "4", "5"]]


async def test_the_trace_of_a_change_goes_on_in_the_function(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT) as emulator:
        await put(emulator, "1")
        await emulator.settled()
        hops = {(hop.service, hop.operation): hop for hop in emulator.journal}
        put_item, invocation = hops["dynamodb", "PutItem"], hops["lambda", "Invocation"]
        assert invocation.trace_id == put_item.trace_id


async def test_places_are_kept(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    others = {
        "TableName": "Others",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    }
    async with opened(tmp_path, EVENT, state) as emulator:
        arn = (await emulator.call("dynamodb", "CreateTable", others))["TableDescription"]["LatestStreamArn"]
        uuid = (await map_stream(emulator, EventSourceArn=arn, BatchSize=7))["UUID"]
        await put(emulator, "1")
        await emulator.settled()
        answers.extend([fail, fail])
        await put(emulator, "2")
        await emulator.call("dynamodb", "PutItem", {"TableName": "Others", "Item": {"id": {"S": "3"}}})
        await emulator.settled()
        assert ids() == [["1"], ["2"], ["3"]]
    handed.clear()
    async with opened(tmp_path, EVENT, state) as emulator:
        await emulator.settled()
        assert sorted(ids()) == [["2"], ["3"]]
        got = await emulator.call("lambda", "GetEventSourceMapping", {"UUID": uuid})
        assert (got["BatchSize"], got["LastProcessingResult"]) == (7, "OK")


async def test_mappings_are_changed_listed_and_deleted(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with opened(tmp_path, EVENT, state) as emulator:
        call = emulator.call
        [mapping] = (await call("lambda", "ListEventSourceMappings", {"FunctionName": "tell"}))["EventSourceMappings"]
        uuid = mapping["UUID"]
        assert (mapping["BatchSize"], mapping["State"]) == (2, "Enabled")
        off = await call("lambda", "UpdateEventSourceMapping", {"UUID": uuid, "Enabled": False, "BatchSize": 3})
        assert (off["BatchSize"], off["State"]) == (3, "Disabled")
        await put(emulator, "1")
        await emulator.settled()
        assert ids() == []
        await call("lambda", "UpdateEventSourceMapping", {"UUID": uuid, "Enabled": True})
        await emulator.settled()
        assert ids() == [["1"]]
    async with opened(tmp_path, EVENT, state) as emulator:
        assert emulator.changed_back == [f"the event source mapping {uuid} is the template's again"]
        call = emulator.call
        assert (await call("lambda", "GetEventSourceMapping", {"UUID": uuid}))["BatchSize"] == 2
        assert (await call("lambda", "DeleteEventSourceMapping", {"UUID": uuid}))["State"] == "Deleting"
        await put(emulator, "2")
        await emulator.settled()
        assert ids() == [["1"]]
        with pytest.raises(ServiceError, match="ResourceNotFoundException"):
            await call("lambda", "GetEventSourceMapping", {"UUID": uuid})
    there_again = f"the event source mapping {uuid} is there again, as the template has it"
    for told_once in ([there_again], []):
        async with opened(tmp_path, EVENT, state) as emulator:
            assert emulator.changed_back == told_once


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"StartingPosition": None}, "InvalidParameterValueException: .*StartingPosition is required"),
        ({"EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:a"}, "InvalidParameterValueException: An event"),
        ({"BatchSize": 10_001}, "'batchSize' failed to satisfy .*less than or equal to 10000"),
        ({"MaximumRecordAgeInSeconds": 59}, "greater than or equal to 60"),
        ({"TumblingWindowInSeconds": 10}, "TumblingWindowInSeconds is not supported by pizzabar"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "Invalid filter pattern definition"),
        ({"FunctionName": "other"}, "ResourceNotFoundException: Function not found"),
    ],
)
async def test_faults_are_told(tmp_path: Path, more: dict[str, Any], error: str) -> None:
    async with opened(tmp_path) as emulator:
        with pytest.raises(ServiceError, match=error):
            await map_stream(emulator, **more)


async def test_one_mapping_of_a_stream_and_a_function(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await map_stream(emulator)
        with pytest.raises(ServiceError, match=r"ResourceConflictException: .* already exists"):
            await map_stream(emulator)
        with pytest.raises(ServiceError, match="Stream not found"):
            await map_stream(emulator, EventSourceArn=await stream_arn(emulator) + "0")
