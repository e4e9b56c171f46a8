"""
Redriving map runs, with the execution that has begun them.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
"""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.service import StepFunctions, step_functions

INVOKE = "arn:aws:states:::lambda:invoke"
FAILS = "The specified tolerated failure threshold was exceeded"


class Oven:
    """A function that fails for those items that are cold, and remembers for which it was called."""

    def __init__(self, *cold: int) -> None:
        self.cold = set(cold)
        self.calls: list[int] = []

    async def __call__(self, event: JSON, context: object) -> JSON:
        self.calls.append(event["n"])
        if event["n"] in self.cold:
            raise RuntimeError("cold")
        return event["n"] * 10


def bake(type_: str = "STANDARD", **fields: JSON) -> JSON:
    """Give a Map state whose children look at their context, wait, bake, and look again."""
    count = "$$.Execution.RedriveCount"
    before = {"n.$": "$$.Execution.Input", "before.$": count}
    after = {"baked.$": "$.baked.n", "before.$": "$.before", "after.$": count}
    task = {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": "bake", "Payload": {"n.$": "$.n"}},
        "ResultSelector": {"n.$": "$.Payload"},
        "ResultPath": "$.baked",
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 5}],
    }
    states = {
        "Before": {"Type": "Pass", "Parameters": before, "Next": "Wait"},
        "Wait": {"Type": "Wait", "SecondsPath": "$.n", "Next": "Bake"},
        "Bake": {**task, "Next": "After"},
        "After": {"Type": "Pass", "Parameters": after, "End": True},
    }
    return {
        "Type": "Map",
        "Label": "each",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": type_},
            "StartAt": "Before",
            "States": states,
        },
        "End": True,
        **fields,
    }


async def failed(ask: StepFunctions, given: JSON, *, type_: str = "STANDARD", **fields: JSON) -> tuple[str, str]:
    """Run an execution whose map run fails; give its ARN, and that of the map run."""
    arn = await ask.start(await ask.machine("M", {"A": bake(type_, **fields)}), given)
    await ask.settled()
    await ask.advance(seconds=60)
    described = await ask.ended(arn)
    assert (described["status"], described["error"], described["cause"]) == (
        *("FAILED", "States.ExceedToleratedFailureThreshold"),
        FAILS,
    )
    [run] = (await ask("ListMapRuns", executionArn=arn))["mapRuns"]
    return arn, run["mapRunArn"]


async def children(ask: StepFunctions, run: str, **filter: JSON) -> dict[int, JSON]:
    """Describe the children of a map run, by their items."""
    found: dict[int, JSON] = {}
    for child in (await ask("ListExecutions", mapRunArn=run, **filter))["executions"]:
        described = await ask("DescribeExecution", executionArn=child["executionArn"])
        assert (child["mapRunArn"], described["mapRunArn"]) == (run, run)
        assert (child["status"], child["redriveCount"]) == (described["status"], described["redriveCount"])
        found[json.loads(described["input"])] = described
    return found


async def counted(ask: StepFunctions, run: str) -> dict[str, int]:
    """Give the counts of a map run's executions that are not 0."""
    described = await ask("DescribeMapRun", mapRunArn=run)
    assert described["executionCounts"] == described["itemCounts"]
    return {name: count for name, count in described["executionCounts"].items() if count}


async def test_children_that_have_not_succeeded_go_on() -> None:
    """As AWS was seen to do: those that failed, those that were aborted, and those that had not begun."""
    async with step_functions() as ask:
        oven = Oven(2)
        ask.emulator.functions.create("bake", oven)
        arn, run = await failed(ask, [1, 2, 9, 14], MaxConcurrency=3)
        assert await counted(ask, run) == {"succeeded": 1, "failed": 1, "aborted": 2, "total": 4}
        before = await children(ask, run)
        assert {n: child["redriveStatus"] for n, child in before.items()} == {
            1: "NOT_REDRIVABLE",
            2: "REDRIVABLE_BY_MAP_RUN",
            14: "REDRIVABLE_BY_MAP_RUN",
            9: "REDRIVABLE_BY_MAP_RUN",
        }
        assert before[1]["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
        machine = await ask("DescribeStateMachineForExecution", executionArn=before[2]["executionArn"])
        assert (machine["mapRunArn"], machine["label"]) == (run, "each")
        assert json.loads(machine["definition"])["StartAt"] == "Before"
        fault = await ask.fails("RedriveExecution", executionArn=before[2]["executionArn"])
        assert fault == "ValidationException: Labeled Execution ARNs are not supported for this API"
        told = await ask.events(before[2]["executionArn"])
        [entered] = [event["id"] for event in told if event["type"] == "TaskStateEntered"]
        calls = len(oven.calls)

        oven.cold.clear()
        asked = await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        await ask.advance(seconds=60)

        described = await ask.ended(arn)
        assert [each["baked"] for each in json.loads(described["output"])] == [10, 20, 90, 140]
        assert sorted(oven.calls[calls:]) == [2, 9, 14]
        after = await children(ask, run)
        assert after[1] == before[1]
        assert {n: child["redriveCount"] for n, child in after.items()} == {1: 0, 2: 1, 9: 1, 14: 1}
        assert all(after[n]["startDate"] == before[n]["startDate"] for n in before)
        assert json.loads(after[2]["output"]) == {"baked": 20, "before": 0, "after": 1}
        told = (await ask.events(before[2]["executionArn"]))[len(told) :]
        assert [(event["type"], event["previousEventId"]) for event in told[:2]] == [
            ("ExecutionRedriven", told[0]["id"] - 1),
            ("TaskScheduled", entered),
        ]
        assert after.keys() - {1} == (await children(ask, run, redriveFilter="REDRIVEN")).keys()

        events = [(event["type"], event["previousEventId"]) for event in await ask.events(arn)]
        assert events[3:] == [
            *(("MapRunStarted", 3), ("MapRunFailed", 4), ("MapStateFailed", 5), ("ExecutionFailed", 6)),
            *(("ExecutionRedriven", 7), ("MapRunRedriven", 3), ("MapRunSucceeded", 9), ("MapStateSucceeded", 10)),
            *(("MapStateExited", 9), ("ExecutionSucceeded", 12)),
        ]
        redriven = (await ask.events(arn))[8]["mapRunRedrivenEventDetails"]
        assert redriven == {"mapRunArn": run, "redriveCount": 1}
        found = await ask("DescribeMapRun", mapRunArn=run)
        assert (found["status"], found["redriveCount"], found["redriveDate"]) == (
            "SUCCEEDED",
            1,
            asked["redriveDate"],
        )
        assert await counted(ask, run) == {"succeeded": 4, "total": 4}


async def test_children_of_express_begin_anew() -> None:
    """As AWS was seen to do: under the same ARN, with a start of their own, and without telling when."""
    async with step_functions() as ask:
        oven = Oven(2)
        ask.emulator.functions.create("bake", oven)
        arn, run = await failed(ask, [1, 2, 3], type_="EXPRESS", MaxConcurrency=1)
        assert await counted(ask, run) == {"succeeded": 1, "failed": 1, "pending": 1, "total": 3}
        before = await children(ask, run)
        assert before[2]["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
        for operation in ("RedriveExecution", "GetExecutionHistory"):
            fault = await ask.fails(operation, executionArn=before[2]["executionArn"])
            assert fault == "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"

        oven.cold.clear()
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        await ask.advance(seconds=60)

        described = await ask.ended(arn)
        assert json.loads(described["output"]) == [
            {"baked": 10, "before": 0, "after": 0},
            {"baked": 20, "before": 1, "after": 1},
            {"baked": 30, "before": 0, "after": 0},
        ]
        after = await children(ask, run)
        assert after[1] == before[1]
        assert after[2]["executionArn"] == before[2]["executionArn"]
        assert after[2]["startDate"] > before[2]["startDate"]
        assert "redriveDate" not in after[2]


async def test_children_of_express_come_to_their_end_before_their_map_run_fails() -> None:
    """As AWS was seen to do; those of Standard are aborted."""
    async with step_functions() as ask:
        oven = Oven(1)
        ask.emulator.functions.create("bake", oven)
        arn, run = await failed(ask, [1, 30, 2, 3], type_="EXPRESS", MaxConcurrency=2)
        assert await counted(ask, run) == {"succeeded": 1, "failed": 1, "pending": 2, "total": 4}
        assert (await ask("DescribeMapRun", mapRunArn=run))["stopDate"] == (await children(ask, run))[30]["stopDate"]

        oven.cold.clear()
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        await ask.advance(seconds=60)
        assert await counted(ask, run) == {"succeeded": 4, "total": 4}
        assert oven.calls == [1, 1, 30, 1, 2, 3]


async def test_what_is_to_go_on_waits_until_there_is_room() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html#redrive-child-workflow-behavior"""
    async with step_functions() as ask:
        ask.emulator.functions.create("bake", Oven(1, 2))
        arn, run = await failed(ask, [1, 2, 3, 4], MaxConcurrency=1, ToleratedFailureCount=1)
        counts = {"failed": 2, "pending": 2, "total": 4}
        assert await counted(ask, run) == counts

        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        assert await counted(ask, run) == {"running": 1, "pendingRedrive": 1, "pending": 2, "total": 4}
        assert {n: child["status"] for n, child in (await children(ask, run)).items()} == {
            1: "RUNNING",
            2: "PENDING_REDRIVE",
        }
        assert [*await children(ask, run, statusFilter="PENDING_REDRIVE")] == [2]
        found = await ask("DescribeMapRun", mapRunArn=run)
        assert (found["status"], "stopDate" in found) == ("RUNNING", False)

        await ask("StopExecution", executionArn=arn)
        await ask.settled()
        assert await counted(ask, run) == {"failed": 1, "aborted": 1, "pending": 2, "total": 4}
        assert (await children(ask, run))[2]["status"] == "FAILED"

        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        await ask.advance(seconds=60)
        assert await counted(ask, run) == counts
        assert (await ask.ended(arn))["error"] == "States.ExceedToleratedFailureThreshold"
        assert (await ask("DescribeMapRun", mapRunArn=run))["redriveCount"] == 2


async def test_a_child_that_may_not_go_on_has_failed_for_good() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html#redrive-eligibility-map-run"""
    async with step_functions() as ask:
        oven, late = Oven(1), int(timedelta(days=20).total_seconds())
        ask.emulator.functions.create("bake", oven)
        machine = await ask.machine("M", {"A": bake(ToleratedFailureCount=1)})
        arn = await ask.start(machine, [1, late])
        await ask.advance(days=10)
        oven.cold.add(late)
        await ask.advance(days=11)
        assert (await ask.ended(arn))["status"] == "FAILED"
        [run] = [each["mapRunArn"] for each in (await ask("ListMapRuns", executionArn=arn))["mapRuns"]]
        assert (await children(ask, run))[1]["redriveStatusReason"] == "Execution redrivable period exceeded"

        oven.cold.clear()
        await ask("RedriveExecution", executionArn=arn)
        output = json.loads((await ask.ended(arn))["output"])
        assert (output[0]["Error"], output[1]["baked"]) == ("RuntimeError", late * 10)
        assert oven.calls == [1, 1, late, late, late]
        assert await counted(ask, run) == {"succeeded": 1, "failed": 1, "failuresNotRedrivable": 1, "total": 2}


async def test_what_could_not_be_read_is_read_again(tmp_path: Path) -> None:
    async with step_functions(buckets=tmp_path / "buckets") as ask:
        ask.emulator.functions.create("bake", Oven())
        reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "shelf", "Key": "items.json"}}
        arn = await ask.start(await ask.machine("M", {"A": bake(ItemReader=reader)}))
        assert (await ask.ended(arn))["error"] == "States.ItemReaderFailed"
        (tmp_path / "buckets" / "shelf").mkdir(parents=True)
        (tmp_path / "buckets" / "shelf" / "items.json").write_text("[0]")
        await ask("RedriveExecution", executionArn=arn)
        assert [each["baked"] for each in json.loads((await ask.ended(arn))["output"])] == [0]
        assert (await ask.types(arn))[7:10] == ["ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded"]


async def test_what_could_not_be_written_is_written_again(tmp_path: Path) -> None:
    async with step_functions(buckets=tmp_path / "buckets") as ask:
        oven = Oven()
        ask.emulator.functions.create("bake", oven)
        (tmp_path / "buckets").mkdir()
        (tmp_path / "buckets" / "out").write_text("in the way")
        writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "jobs"}}
        arn = await ask.start(await ask.machine("M", {"A": bake(ResultWriter=writer)}), [0])
        assert (await ask.ended(arn))["error"] == "States.ResultWriterFailed"
        (tmp_path / "buckets" / "out").unlink()
        await ask("RedriveExecution", executionArn=arn)
        assert json.loads((await ask.ended(arn))["output"])["ResultWriterDetails"]["Bucket"] == "out"
        assert oven.calls == [0]


async def test_a_state_that_fails_after_its_map_run_begins_another() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html#redrive-eligibility-map-run"""
    async with step_functions() as ask:
        ask.emulator.functions.create("bake", Oven())
        arn = await ask.start(await ask.machine("M", {"A": bake(OutputPath="$.nope")}), [0])
        assert (await ask.ended(arn))["error"] == "States.Runtime"
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        assert (await ask.types(arn)).count("MapRunStarted") == 2
        assert len((await ask("ListMapRuns", executionArn=arn))["mapRuns"]) == 2


@pytest.mark.parametrize("type_", ["STANDARD", "EXPRESS"])
async def test_a_redriven_map_run_goes_on_after_a_restart(tmp_path: Path, type_: str) -> None:
    state = tmp_path / "state.db"
    async with step_functions(state) as ask:
        ask.emulator.functions.create("bake", Oven(1, 2))
        arn, run = await failed(
            ask, [0, 1, 2, 3], type_=type_, MaxConcurrency=1, ToleratedFailureCount=1, ToleratedFailurePercentage=50
        )
        await ask("RedriveExecution", executionArn=arn)
        await ask.settled()
        await ask.advance(seconds=7)
        counts = {"succeeded": 1, "failed": 1, "running": 1, "pending": 1, "total": 4}
        assert await counted(ask, run) == counts
    async with step_functions(state) as ask:
        oven = Oven()
        ask.emulator.functions.create("bake", oven)
        await ask.settled()
        assert await counted(ask, run) == counts
        await ask.advance(seconds=200)
        assert (await ask.ended(arn))["status"] == "SUCCEEDED"
        # The one that has failed in this redrive does not go on in it.
        assert oven.calls == [2, 3]
        assert (await ask("DescribeMapRun", mapRunArn=run))["redriveCount"] == 1
