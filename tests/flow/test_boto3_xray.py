"""
boto3 reads the traces of orders, and sends segments of its own.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-gettingdata.html
"""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.flow.serving import ORDER, receive
from tests.flow.test_boto3 import FUNCTION, MACHINE, Aws, open_aws

TRACE = "1-{:08x}-53995c3f42cd8ad853995c3f"


async def trace_orders(aws: Aws) -> None:
    _manual, machine = (await aws("stepfunctions", "ListStateMachines"))["stateMachines"]
    on: Any = {"tracingConfiguration": {"enabled": True}}
    await aws("stepfunctions", "UpdateStateMachine", stateMachineArn=machine["stateMachineArn"], **on)
    described = await aws("stepfunctions", "DescribeStateMachine", stateMachineArn=machine["stateMachineArn"])
    assert described["tracingConfiguration"] == {"enabled": True}


async def test_the_trace_of_an_order() -> None:
    async with open_aws() as aws, aws.bar.connect() as guest:
        await trace_orders(aws)
        await guest.send(ORDER)
        await receive(guest, 1)
        await aws.bar.pass_time(25)
        now = aws.bar.emulator.clock.now()
        time: Any = {"StartTime": now - timedelta(minutes=1), "EndTime": now + timedelta(seconds=1)}

        wanted = f'service("{FUNCTION}") {{ok}} AND duration >= 25 AND !partial'
        [summary] = (await aws("xray", "GetTraceSummaries", **time, FilterExpression=wanted))["TraceSummaries"]
        assert (await aws("xray", "GetTraceSummaries", **time, FilterExpression="fault"))["TraceSummaries"] == []
        [trace] = (await aws("xray", "BatchGetTraces", TraceIds=[summary["Id"]]))["Traces"]
        graph = (await aws("xray", "GetTraceGraph", TraceIds=[summary["Id"]]))["Services"]
        whole = await aws("xray", "GetServiceGraph", **time)

    segments = [json.loads(segment["Document"]) for segment in trace["Segments"]]
    assert [segment["name"] for segment in segments] == [MACHINE, *[FUNCTION] * 6]
    assert summary["EntryPoint"]["Name"] == MACHINE
    assert summary["ResponseTime"] == 25
    assert [service["Name"] for service in graph] == [service["Name"] for service in whole["Services"]]
    function = next(service for service in graph if service["Name"] == FUNCTION)
    assert function["SummaryStatistics"]["TotalCount"] == 6


async def test_segments_of_a_programs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_aws() as aws:
        start = aws.bar.emulator.clock.now().timestamp()
        trace = TRACE.format(int(start))
        segment = {"name": "till", "id": "53995c3f42cd8ad8", "trace_id": trace, "start_time": start}
        header = f"Root={trace};Parent={segment['id']};Sampled=1"
        # As in a function: botocore hands on what its runtime was handed.
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", FUNCTION)
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
        await aws("dynamodb", "Scan", TableName="pizzabar-Orders")
        monkeypatch.undo()
        told = [json.dumps(segment | {"end_time": start + 1}), json.dumps({"name": "nobody"})]
        [fault] = (await aws("xray", "PutTraceSegments", TraceSegmentDocuments=told))["UnprocessedTraceSegments"]
        assert fault["ErrorCode"] == "MissingId"

        services = (await aws("xray", "GetTraceGraph", TraceIds=[trace]))["Services"]
        assert [service["Name"] for service in services] == ["till", "pizzabar-Orders"]
        assert [edge["ReferenceId"] for edge in services[0]["Edges"]] == [services[1]["ReferenceId"]]
        assert await aws.fails("xray", "BatchGetTraces", TraceIds=[trace] * 6) == "InvalidRequestException"
        assert await aws.fails("xray", "GetGroups") == "ClientError"
