"""
Activities.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

import asyncio
import json
from pathlib import Path

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.loading import load_stack
from pizzabar.settings import Settings
from tests.stepfunctions.service import StepFunctions, step_functions

BAKE = "arn:aws:states:us-east-1:123456789012:activity:bake"
TASK: JSON = {"Type": "Task", "Resource": BAKE, "End": True, "TimeoutSeconds": 300}


async def baking(ask: StepFunctions, **more: JSON) -> str:
    """Start an execution that wants something baked."""
    await ask("CreateActivity", name="bake")
    machine = await ask.machine("baker", {"Bake": TASK | more})
    return await ask.start(machine, {"pizza": "funghi"})


async def take(ask: StepFunctions, **more: JSON) -> JSON:
    return await ask("GetActivityTask", activityArn=BAKE, **more)


async def test_a_worker_takes_a_task_and_answers_it() -> None:
    async with step_functions() as ask:
        arn = await baking(ask)
        task = await take(ask, workerName="mario")
        assert json.loads(task["input"]) == {"pizza": "funghi"}
        await ask("SendTaskHeartbeat", taskToken=task["taskToken"])
        await ask("SendTaskSuccess", taskToken=task["taskToken"], output='{"baked": true}')
        assert json.loads((await ask.ended(arn))["output"]) == {"baked": True}
        events = await ask.events(arn)
        assert [event["type"] for event in events] == [
            *("ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivitySucceeded"),
            *("TaskStateExited", "ExecutionSucceeded"),
        ]
        assert events[2]["activityScheduledEventDetails"] == {
            "resource": BAKE,
            "input": '{"pizza":"funghi"}',
            "inputDetails": {"truncated": False},
            "timeoutInSeconds": 300,
        }
        assert events[3]["activityStartedEventDetails"] == {"workerName": "mario"}
        assert events[4]["activitySucceededEventDetails"]["output"] == '{"baked":true}'


async def test_a_worker_fails_a_task() -> None:
    async with step_functions() as ask:
        arn = await baking(ask)
        task = await take(ask)
        await ask("SendTaskFailure", taskToken=task["taskToken"], error="Burnt", cause="too hot")
        ended = await ask.ended(arn)
        assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Burnt", "too hot")
        assert "ActivityFailed" in await ask.types(arn)


async def test_a_worker_that_asks_first_waits_for_a_task() -> None:
    async with step_functions() as ask:
        await ask("CreateActivity", name="bake")
        first, second = (asyncio.ensure_future(take(ask, workerName=name)) for name in ("a", "b"))
        await asyncio.sleep(0)
        await baking(ask)
        assert json.loads((await first)["input"]) == {"pizza": "funghi"}
        await ask.advance(seconds=61)
        assert await second == {}


async def test_a_worker_that_goes_away_takes_no_task_with_it() -> None:
    async with step_functions() as ask:
        await ask("CreateActivity", name="bake")
        worker = asyncio.ensure_future(take(ask))
        await asyncio.sleep(0)
        worker.cancel()
        await asyncio.wait([worker])
        await baking(ask)
        assert "taskToken" in await take(ask)


async def test_no_worker_waits_once_the_server_stops() -> None:
    async with step_functions() as ask:
        await ask("CreateActivity", name="bake")
        worker = asyncio.ensure_future(take(ask))
        await asyncio.sleep(0)
        ask.emulator.state_machines.activities.close()
        assert (await worker, await take(ask)) == ({}, {})


async def test_a_task_that_has_timed_out_is_not_handed_out() -> None:
    async with step_functions() as ask:
        arn = await baking(ask, TimeoutSeconds=10)
        await ask.advance(seconds=11)
        assert (await ask.ended(arn))["error"] == "States.Timeout"
        assert "ActivityTimedOut" in await ask.types(arn)
        worker = asyncio.ensure_future(take(ask))
        await ask.advance(seconds=61)
        assert await worker == {}


async def test_a_missed_heartbeat_fails_the_task() -> None:
    async with step_functions() as ask:
        arn = await baking(ask, HeartbeatSeconds=5)
        await take(ask)
        await ask.advance(seconds=6)
        assert (await ask.ended(arn))["error"] == "States.Timeout"


async def test_an_activity_that_is_not_there() -> None:
    async with step_functions() as ask:
        machine = await ask.machine("baker", {"Bake": TASK})
        ended = await ask.ended(await ask.start(machine))
        assert (ended["error"], ended["cause"]) == ("ActivityDoesNotExist", f"Activity Does Not Exist: '{BAKE}'")
        for operation in ("DescribeActivity", "GetActivityTask"):
            assert (await ask.fails(operation, activityArn=BAKE)).startswith("ActivityDoesNotExist: ")
            assert await ask.fails(operation, activityArn="bake") == "InvalidArn: Invalid Arn: 'bake'"


async def test_activities_are_made_listed_tagged_and_deleted() -> None:
    async with step_functions() as ask:
        made = await ask("CreateActivity", name="bake", tags=[{"key": "team", "value": "kitchen"}])
        assert made["activityArn"] == BAKE
        assert await ask("CreateActivity", name="bake") == made
        await ask("CreateActivity", name="apply")
        described = await ask("DescribeActivity", activityArn=BAKE)
        assert described == {"activityArn": BAKE, "name": "bake", "creationDate": made["creationDate"]}
        listed = await ask("ListActivities", maxResults=1)
        assert [each["name"] for each in listed["activities"]] == ["apply"]
        assert (await ask("ListActivities", nextToken=listed["nextToken"]))["activities"] == [described]
        tags = await ask("ListTagsForResource", resourceArn=BAKE)
        assert tags == {"tags": [{"key": "team", "value": "kitchen"}]}
        await ask("DeleteActivity", activityArn=BAKE)
        await ask("DeleteActivity", activityArn=BAKE)
        assert len((await ask("ListActivities"))["activities"]) == 1
        assert (await ask.fails("CreateActivity", name="a b")).startswith("InvalidName: ")


async def test_an_activity_of_a_template(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    resource = "Resources:\n  Bake:\n    Type: AWS::StepFunctions::Activity\n    Properties: {Name: bake}\n"
    template.write_text(resource + "Outputs:\n  Arn: {Value: !Ref Bake}\n")
    emulator = await Emulator.open(Settings(state=None, template=template, clock="virtual"))
    try:
        assert emulator.stack.outputs["Arn"].value == BAKE
        described = await StepFunctions(emulator)("DescribeActivity", activityArn=BAKE)
        assert described["name"] == "bake"
        assert emulator.state_machines.to_keep() == [
            {"versions": {"versions": [], "last": {}, "aliases": [], "changed": []}}
        ]
    finally:
        await emulator.close()
    template.write_text(resource.replace("bake", "a b"))
    with pytest.raises(FaultyTemplate, match="Invalid Name: 'a b'"):
        load_stack(Settings(state=None, template=template))


async def test_what_waits_for_a_worker_is_there_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with step_functions(state) as ask:
        arn = await baking(ask)
        taken = await ask.start((await ask.ended(arn))["stateMachineArn"], {"pizza": "diavola"})
        await take(ask)
    async with step_functions(state) as ask:
        task = await take(ask)
        assert json.loads(task["input"]) == {"pizza": "diavola"}
        await ask("SendTaskSuccess", taskToken=task["taskToken"], output="1")
        assert (await ask.ended(taken))["status"] == "SUCCEEDED"
        assert (await ask.ended(arn))["status"] == "RUNNING"
