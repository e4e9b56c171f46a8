"""
Distributed Map states: their items, their children, and what comes of them.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from pizzabar.stepfunctions.values import batches
from tests.stepfunctions.service import ROLE, StepFunctions, step_functions

PROCESSOR: JSON = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "I",
    "States": {"I": {"Type": "Pass", "End": True}},
}
READER: JSON = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "shelf", "Key": "items.csv"}}


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[StepFunctions]:
    """Open a Step Functions with a bucket that has something in it."""
    shelf = tmp_path / "buckets" / "shelf"
    shelf.mkdir(parents=True)
    (shelf / "items.csv").write_text('name,price\nHat,3\n"Tri, lby",4\nCap\n')
    (shelf / "deep").mkdir()
    (shelf / "deep" / "items.json").write_text('{"all": [{"n": 1}, {"n": 2}], "object": {"a": 1, "b": 2}}')
    (shelf / "deep" / "items.jsonl").write_text('{"n": 1}\n\n{"n": 2}\n')
    (shelf / "bad.json").write_text("{")
    async with step_functions(buckets=tmp_path / "buckets") as ask:
        yield ask


def state(**fields: JSON) -> JSON:
    return {"Type": "Map", "ItemProcessor": PROCESSOR, "End": True, "Label": "each", **fields}


async def run(ask: StepFunctions, *, given: JSON = None, **fields: JSON) -> JSON:
    machine = await ask.machine("M", {"A": state(**fields)})
    return await ask.ended(await ask.start(machine, given))


async def output(ask: StepFunctions, *, given: JSON = None, **fields: JSON) -> JSON:
    described = await run(ask, given=given, **fields)
    assert described["status"] == "SUCCEEDED", described
    return json.loads(described["output"])


async def test_each_item_is_an_execution_of_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        selector = {
            "n.$": "$$.Map.Item.Value",
            "at.$": "$$.Map.Item.Index",
            "of.$": "$.of",
            "from.$": "$$.Map.Item.Source",
        }
        described = await run(ask, given={"items": [7, 8], "of": "x"}, ItemsPath="$.items", ItemSelector=selector)

        assert json.loads(described["output"]) == [
            {"n": 7, "at": 0, "of": "x", "from": "STATE_DATA"},
            {"n": 8, "at": 1, "of": "x", "from": "STATE_DATA"},
        ]
        events = await ask.events(described["executionArn"])
        assert [event["type"] for event in events] == [
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapRunStarted",
            "MapRunSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded",
        ]
        # What comes after a success follows from what that follows from.
        assert [event["previousEventId"] for event in events] == [0, 0, 2, 3, 4, 5, 4, 7]
        arn = events[3]["mapRunStartedEventDetails"]["mapRunArn"]
        assert arn.startswith("arn:aws:states:us-east-1:123456789012:mapRun:M/each:")

        assert (await ask("ListMapRuns", executionArn=described["executionArn"]))["mapRuns"][0]["mapRunArn"] == arn
        found = await ask("DescribeMapRun", mapRunArn=arn)
        assert (found["status"], found["itemCounts"]["succeeded"], found["executionCounts"]["total"]) == (
            "SUCCEEDED",
            2,
            2,
        )
        children = (await ask("ListExecutions", mapRunArn=arn))["executions"]
        assert {child["mapRunArn"] for child in children} == {arn}
        assert children[0]["stateMachineArn"] == "arn:aws:states:us-east-1:123456789012:stateMachine:M/each"
        assert children[0]["executionArn"].startswith("arn:aws:states:us-east-1:123456789012:execution:M/each:")
        assert await ask.types(children[0]["executionArn"]) == [
            *("ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded")
        ]


@pytest.mark.parametrize(
    ("reader", "items"),
    [
        (
            {**READER, "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}},
            [{"name": "Hat", "price": "3"}, {"name": "Tri, lby", "price": "4"}, {"name": "Cap", "price": ""}],
        ),
        (
            {
                **READER,
                "ReaderConfig": {
                    "InputType": "CSV",
                    "CSVHeaderLocation": "GIVEN",
                    "CSVHeaders": ["a"],
                    "MaxItems": 2,
                },
            },
            [{"a": "name"}, {"a": "Hat"}],
        ),
        (
            {
                **READER,
                "Parameters": {"Bucket": "shelf", "Key": "deep/items.json"},
                "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/all"},
            },
            [{"n": 1}, {"n": 2}],
        ),
        (
            {
                **READER,
                "Parameters": {"Bucket": "shelf", "Key": "deep/items.json"},
                "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/object", "MaxItemsPath": "$.most"},
            },
            [{"Key": "a", "Value": 1}],
        ),
        (
            {
                **READER,
                "Parameters": {"Bucket.$": "$.bucket", "Key": "deep/items.jsonl"},
                "ReaderConfig": {"InputType": "JSONL"},
            },
            [{"n": 1}, {"n": 2}],
        ),
    ],
)
async def test_items_are_read_from_a_bucket(tmp_path: Path, reader: JSON, items: JSON) -> None:
    async with opened(tmp_path) as ask:
        assert await output(ask, given={"most": 1, "bucket": "shelf"}, ItemReader=reader) == items


async def test_the_objects_of_a_bucket_are_items(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        reader = {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Parameters": {"Bucket": "shelf", "Prefix": "deep/"},
        }
        found = await output(ask, ItemReader=reader, ItemSelector={"key.$": "$$.Map.Item.Value.Key"})
        assert found == [{"key": "deep/items.json"}, {"key": "deep/items.jsonl"}]


async def test_what_is_in_the_objects_of_a_bucket_are_items(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        (tmp_path / "buckets" / "shelf" / "deep" / "items.json").write_text('{"n": 0}')
        reader = {
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Parameters": {"Bucket": "shelf", "Prefix": "deep/"},
            "ReaderConfig": {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 2},
        }
        assert await output(ask, ItemReader=reader) == [{"n": 0}, {"n": 1}]


@pytest.mark.parametrize(
    ("parameters", "config", "cause"),
    [
        ({"Bucket": "none", "Key": "x"}, {}, "The specified bucket does not exist: none"),
        ({"Bucket": "shelf", "Key": "x"}, {}, "The specified key does not exist: x"),
        ({"Bucket": "shelf", "Key": "../../x"}, {}, "The specified key is not valid"),
        ({"Bucket": "..", "Key": "x"}, {}, "The specified bucket does not exist"),
        ({"Bucket": "shelf", "Key": "bad.json"}, {"InputType": "JSON"}, "Attempting to read the object bad.json"),
        ({"Bucket": "shelf"}, {}, "The field 'Key' must be a string"),
    ],
)
async def test_what_cannot_be_read_fails_the_state(
    tmp_path: Path, parameters: JSON, config: JSON, cause: str
) -> None:
    async with opened(tmp_path) as ask:
        reader = {**READER, "Parameters": parameters, "ReaderConfig": config}
        described = await run(ask, ItemReader=reader)
        assert described["error"] == "States.ItemReaderFailed"
        assert cause in described["cause"]
        assert (await ask.types(described["executionArn"]))[-3:] == [
            "MapRunFailed",
            "MapStateFailed",
            "ExecutionFailed",
        ]


async def test_items_come_in_batches(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"shared.$": "$.x"}}
        found = await output(ask, given={"x": 1, "items": [1, 2, 3]}, ItemsPath="$.items", ItemBatcher=batcher)
        assert found == [
            {"BatchInput": {"shared": 1}, "Items": [1, 2]},
            {"BatchInput": {"shared": 1}, "Items": [3]},
        ]


def test_batches_have_as_many_bytes_as_they_may() -> None:
    assert list(batches(["aaaa", "bbbb", "cccc"], None, 28, {})) == [["aaaa", "bbbb"], ["cccc"]]
    assert list(batches(["a" * 50, "b"], None, 20, {})) == [["a" * 50], ["b"]]
    assert list(batches([], 3, None, {})) == []


FAILING: JSON = {
    **PROCESSOR,
    "StartAt": "C",
    "States": {
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericGreaterThan": 2, "Next": "F"}],
            "Default": "W",
        },
        "F": {"Type": "Fail", "Error": "TooMuch", "Cause": "more than two"},
        "W": {"Type": "Succeed"},
    },
}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 49.5}, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, "SUCCEEDED"),
        ({"ToleratedFailureCountPath": "$[3]"}, "SUCCEEDED"),
    ],
)
async def test_failures_are_tolerated_up_to_a_threshold(tmp_path: Path, fields: JSON, status: str) -> None:
    async with opened(tmp_path) as ask:
        described = await run(ask, given=[1, 2, 3, 4], ItemProcessor=FAILING, MaxConcurrency=1, **fields)
        assert described["status"] == status
        if status == "FAILED":
            assert described["error"] == "States.ExceedToleratedFailureThreshold"
        else:
            failed = {"Error": "TooMuch", "Cause": "more than two"}
            assert json.loads(described["output"]) == [1, 2, failed, failed]


async def test_a_failure_is_caught_and_the_rest_is_stopped(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        waiting = {**PROCESSOR, "StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$", "Next": "F"}, "F": {"Type": "Fail"}}}  # fmt: skip # noqa: E501
        caught = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "B"}]
        fields = {"ItemProcessor": waiting, "Catch": caught, "Next": "B"}
        one = {key: each for key, each in state(**fields).items() if key != "End"}
        machine = await ask.machine("M", {"A": one, "B": {"Type": "Succeed"}})
        arn = await ask.start(machine, [5, 500])
        await ask.advance(seconds=6)
        assert (await ask.ended(arn))["status"] == "SUCCEEDED"
        [run] = (await ask("ListMapRuns", executionArn=arn))["mapRuns"]
        counts = (await ask("DescribeMapRun", mapRunArn=run["mapRunArn"]))["executionCounts"]
        assert (counts["failed"], counts["aborted"], counts["running"]) == (1, 1, 0)
        children = (await ask("ListExecutions", mapRunArn=run["mapRunArn"]))["executions"]
        assert sorted(child["status"] for child in children) == ["ABORTED", "FAILED"]


async def test_children_are_stopped_with_their_parent(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        waiting = {**PROCESSOR, "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 50, "End": True}}}
        machine = await ask.machine("M", {"A": state(ItemProcessor=waiting, MaxConcurrency=2)})
        arn = await ask.start(machine, [1, 2, 3])
        await ask.settled()
        [run] = (await ask("ListMapRuns", executionArn=arn))["mapRuns"]
        counts = (await ask("DescribeMapRun", mapRunArn=run["mapRunArn"]))["executionCounts"]
        assert (counts["running"], counts["pending"]) == (2, 1)
        await ask("UpdateMapRun", mapRunArn=run["mapRunArn"], maxConcurrency=3)
        await ask.settled()
        assert len((await ask("ListExecutions", mapRunArn=run["mapRunArn"]))["executions"]) == 3

        await ask("StopExecution", executionArn=arn)
        await ask.settled()
        children = (await ask("ListExecutions", mapRunArn=run["mapRunArn"]))["executions"]
        assert {child["status"] for child in children} == {"ABORTED"}
        assert (await ask("DescribeMapRun", mapRunArn=run["mapRunArn"]))["status"] == "ABORTED"


async def test_results_are_written_to_a_bucket(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "jobs"}}
        fields = {"ItemProcessor": FAILING, "ToleratedFailureCount": 1, "ResultWriter": writer}
        found = await output(ask, given=[1, 3], **fields)
        key = found["ResultWriterDetails"]["Key"]
        assert key == f"jobs/{found['MapRunArn'].rpartition(':')[2]}/manifest.json"
        folder = tmp_path / "buckets" / "out"
        manifest = json.loads((folder / key).read_text())
        assert manifest["DestinationBucket"] == "out"
        [succeeded] = manifest["ResultFiles"]["SUCCEEDED"]
        [failed] = manifest["ResultFiles"]["FAILED"]
        [child] = json.loads((folder / succeeded["Key"]).read_text())
        assert (child["Input"], child["Output"], child["Status"]) == ("1", "1", "SUCCEEDED")
        [other] = json.loads((folder / failed["Key"]).read_text())
        assert (other["Error"], other["RedriveStatus"]) == ("TooMuch", "REDRIVABLE_BY_MAP_RUN")
        assert other["OutputDetails"] == {"Included": True}
        assert datetime.fromisoformat(other["StartDate"]) <= datetime.fromisoformat(other["StopDate"])
        assert succeeded["Size"] == (folder / succeeded["Key"]).stat().st_size


async def test_outputs_are_flattened(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        config = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
        assert await output(ask, given=[[1, 2], [3]], ResultWriter=config) == [1, 2, 3]


async def test_children_may_be_express_and_in_jsonata(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        states = {"I": {"Type": "Pass", "Output": "{% $states.input.Items.($ * 2) %}", "End": True}}
        processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "I", "States": states}  # fmt: skip # noqa: E501
        one = {
            "Type": "Map",
            "Items": "{% $states.input.a %}",
            "ItemProcessor": processor,
            "ItemBatcher": {"MaxItemsPerBatch": "{% 1 + 1 %}", "BatchInput": {"n": "{% $count($states.input.a) %}"}},
            "MaxConcurrency": 1,
            "Output": "{% $append($states.result, []) %}",
            "End": True,
        }
        definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": one}})
        made = await ask("CreateStateMachine", name="J", definition=definition, roleArn=ROLE)
        described = await ask.ended(await ask.start(made["stateMachineArn"], {"a": [1, 2, 3]}))
        assert json.loads(described["output"]) == [[2, 4], 6]


async def test_no_items_are_no_children(tmp_path: Path) -> None:
    async with opened(tmp_path) as ask:
        assert await output(ask, given=[]) == []


@pytest.mark.parametrize(
    ("fields", "number", "cause"),
    [
        (
            {"ToleratedFailurePercentagePath": "$.p"},
            101,
            "'ToleratedFailurePercentage' must be a number from 0 to 100: 101",
        ),
        (
            {"ToleratedFailurePercentagePath": "$.p"},
            -1,
            "'ToleratedFailurePercentage' must be a number from 0 to 100: -1",
        ),
        ({"ToleratedFailureCountPath": "$.p"}, 1.5, "'ToleratedFailureCount' must be an integer of at least 0: 1.5"),
        (
            {"ItemBatcher": {"MaxItemsPerBatchPath": "$.p"}},
            0,
            "'MaxItemsPerBatch' must be an integer of at least 1: 0",
        ),
        (
            {"ItemBatcher": {"MaxInputBytesPerBatchPath": "$.p"}},
            "2",
            "'MaxInputBytesPerBatch' must be an integer of at least 1: 2",
        ),
    ],
)
async def test_a_number_from_the_data_is_held_to_its_range(
    tmp_path: Path, fields: JSON, number: JSON, cause: str
) -> None:
    async with opened(tmp_path) as ask:
        described = await run(ask, given={"i": [1, 2], "p": number}, ItemsPath="$.i", **fields)

        assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
        assert cause in described["cause"]
