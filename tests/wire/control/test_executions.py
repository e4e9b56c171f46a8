"""Executions, through the control plane."""

import json
from typing import Any

from pizzabar.emulator import Emulator
from tests.wire.control.asking import control

INPUT = json.dumps({"data": {"type": "funghi"}, "connectionId": "nobody"})


async def start(emulator: Emulator, definition: Any = None) -> str:
    """Start an execution of the pizza bar's machine, or of one for the test."""
    if definition is None:
        machine, _manual = emulator.state_machines
        arn = machine.arn
    else:
        asked = {"name": "Own", "definition": json.dumps(definition), "roleArn": "arn:aws:iam::123456789012:role/a"}
        arn = (await emulator.call("stepfunctions", "CreateStateMachine", asked))["stateMachineArn"]
    started = await emulator.call("stepfunctions", "StartExecution", {"stateMachineArn": arn, "input": INPUT})
    await emulator.settled()
    return str(started["executionArn"])


async def test_an_execution_tells_where_it_stands() -> None:
    async with control() as (client, emulator):
        arn = await start(emulator)

        [summary] = (await client.get("/executions")).json()["executions"]
        assert (summary["arn"], summary["status"]) == (arn, "RUNNING")
        details = (await client.get(f"/executions/{arn}")).json()
        [state] = details["current"]
        assert summary["states"] == [state["name"]]
        assert state["waits_for"] == "timer"
        due = (await client.get("/clock")).json()["next_call"]
        assert state["until"] == due
        assert details["input"] == json.loads(INPUT)
        assert any(hop["trace"] == details["trace"] for hop in (await client.get("/journal")).json())

        history = (await client.get(f"/executions/{arn}/history")).json()
        assert history[0]["type"] == "ExecutionStarted"

        stopped = await client.post(f"/executions/{arn}/stop", json={"error": "Closed", "cause": "no dough"})
        assert stopped.json()["status"] == "ABORTED"
        details = (await client.get(f"/executions/{arn}")).json()
        assert (details["error"], details["cause"], details["current"]) == ("Closed", "no dough", [])


async def test_what_each_branch_waits_for() -> None:
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "pizzabar-TellGuest", "Payload": {"token.$": "$$.Task.Token"}},
        "HeartbeatSeconds": 60,
        "End": True,
    }
    branches = [
        {"StartAt": "Ask", "States": {"Ask": ask}},
        {"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 5, "End": True}}},
    ]
    machine = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": True, "Branches": branches}}}
    async with control() as (client, emulator):

        async def answer(event: Any, context: Any) -> Any:
            return {"statusCode": 200}

        emulator.functions.create("pizzabar-TellGuest", answer)
        arn = await start(emulator, machine)

        states = {each["name"]: each for each in (await client.get(f"/executions/{arn}")).json()["current"]}

        assert {name: each["waits_for"] for name, each in states.items()} == {
            "Both": "branches",
            "Ask": "task token",
            "Sleep": "timer",
        }
        assert states["Both"]["branches"] == "0 of 2"
        assert {name: (each["type"], each["within"], each["index"]) for name, each in states.items()} == {
            "Both": ("Parallel", None, 0),
            "Ask": ("Task", "Both", 0),
            "Sleep": ("Wait", "Both", 1),
        }
        assert states["Ask"]["heartbeat"] is not None
        token = states["Ask"]["task_token"]
        await emulator.call("stepfunctions", "SendTaskSuccess", {"taskToken": token, "output": "1"})
        await client.post("/clock/next")
        assert (await client.get(f"/executions/{arn}")).json()["status"] == "SUCCEEDED"


async def test_executions_are_filtered_and_paged() -> None:
    async with control() as (client, emulator):
        arns = [await start(emulator) for _ in range(3)]
        await client.post(f"/executions/{arns[0]}/stop", json={})

        async def listed(**query: Any) -> list[str]:
            return [each["arn"] for each in (await client.get("/executions", params=query)).json()["executions"]]

        assert set(await listed()) == set(arns)
        assert await listed(status="ABORTED") == [arns[0]]
        assert await listed(state_machine="nobody") == []
        machine, _manual = emulator.state_machines
        assert len(await listed(state_machine=machine.name)) == 3
        first = (await client.get("/executions", params={"limit": 2})).json()
        second = (await client.get("/executions", params={"limit": 2, "start": first["next"]})).json()
        assert len(first["executions"] + second["executions"]) == 3
        assert second["next"] is None


async def test_an_execution_that_is_not_there() -> None:
    async with control() as (client, _emulator):
        for path in ("", "/history"):
            answer = await client.get(f"/executions/arn:aws:states:us-east-1:123456789012:execution:a:b{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "ExecutionDoesNotExist")
        assert (await client.get("/executions", params={"status": "GONE"})).status_code == 422


async def test_how_data_flowed_through_an_execution() -> None:
    async with control() as (client, emulator):
        rules = [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Large"}]
        states = {
            "Pick": {"Type": "Pass", "Parameters": {"n": 3, "id.$": "States.UUID()"}, "Next": "Choose"},
            "Choose": {"Type": "Choice", "Choices": rules, "Default": "Small"},
            "Large": {"Type": "Succeed"},
            "Small": {"Type": "Wait", "Seconds": 60, "End": True},
        }
        arn = await start(emulator, {"StartAt": "Pick", "States": states})

        flow = (await client.get(f"/executions/{arn}/flow")).json()

        assert flow["is_whole"]
        assert [visit["state"] for visit in flow["states"]] == ["Pick", "Choose", "Small"]
        points = {point["name"]: point["value"] for point in flow["states"][1]["points"]}
        assert points["choices"] == [False]
        assert points["input"]["n"] == 3
        assert len(points["input"]["id"]) == 36
