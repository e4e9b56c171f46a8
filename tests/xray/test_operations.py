"""
The operations of X-Ray.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
"""

from datetime import timedelta

import pytest

from pizzabar.documents import JSON
from pizzabar.xray.answers import PAGE
from pizzabar.xray.ending import Ending
from tests.world import NOON
from tests.xray.service import EXECUTION, START, TRACE, XRay, xray

CALLER: JSON = {
    "id": "1111111111111111",
    "name": "app",
    "user": "ada",
    "annotations": {"size": "L", "count": 2, "hot": True},
    "http": {
        "request": {"method": "POST", "url": "http://app/orders", "client_ip": "::1"}, "response": {"status": 502}
    },
    "fault": True,
    "aws": {"account_id": 123456789012},
    "subsegments": [
        {"id": "2222222222222222", "name": "DynamoDB", "namespace": "aws", "aws": {"table_name": "Orders"},
         "start_time": START, "end_time": START + 0.25},
        {"id": "3333333333333333", "name": "oven", "namespace": "remote", "throttle": True,
         "start_time": START, "end_time": START + 0.5},
        {"id": "4444444444444444", "name": "## think", "start_time": START, "in_progress": True},
    ],
}  # fmt: skip
OVEN: JSON = {
    "id": "5555555555555555",
    "name": "oven",
    "origin": "AWS::EC2::Instance",
    "parent_id": "3333333333333333",
}


async def told(ask: XRay) -> None:
    """Send a trace of two services, the first of which asks the second, and a table."""
    await ask.put(**CALLER)
    await ask.put(**OVEN)


async def test_a_summary() -> None:
    async with xray() as ask:
        await told(ask)

        [summary] = await ask.summaries()

    app = {"Name": "app", "Names": ["app"], "Type": "", "AccountId": "123456789012"}
    orders = {"Name": "Orders", "Names": ["Orders"], "Type": "AWS::DynamoDB::Table"}
    oven = {"Name": "oven", "Names": ["oven"], "Type": "AWS::EC2::Instance"}
    assert summary == {
        "Id": TRACE,
        "StartTime": START,
        "Duration": 1,
        "ResponseTime": 1,
        "HasFault": True,
        "HasError": False,
        "HasThrottle": False,
        "IsPartial": False,
        "Http": {"HttpURL": "http://app/orders", "HttpMethod": "POST", "ClientIp": "::1", "HttpStatus": 502},
        "Annotations": {
            "size": [{"AnnotationValue": {"StringValue": "L"}, "ServiceIds": [app]}],
            "count": [{"AnnotationValue": {"NumberValue": 2}, "ServiceIds": [app]}],
            "hot": [{"AnnotationValue": {"BooleanValue": True}, "ServiceIds": [app]}],
        },
        "Users": [{"UserName": "ada", "ServiceIds": [app]}],
        "ServiceIds": [app, orders, oven],
        "ResourceARNs": [],
        "EntryPoint": app,
        "Revision": 1,
        "MatchedEventTime": START,
    }


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ('fault AND http.status = 502 AND http.method = "POST"', 1),
        ("ok", 0),
        ("duration = 1", 1),
        ('user = "ada" annotation.count > 1', 1),
        ('service("app") {annotation.hot = true}', 1),
        ('service("oven") {annotation.hot}', 0),
        ('edge("app", "oven") {ok}', 1),
        ('edge("app", "Orders") {responsetime = 0.25}', 1),
        ('edge("oven", "Orders")', 0),
        ('service(id(name: "Orders", type: "AWS::DynamoDB::Table")) {inferred}', 1),
        ("root fault", 1),
        ('service("oven") {root}', 0),
    ],
)
async def test_traces_are_found_by_an_expression(expression: str, count: int) -> None:
    async with xray() as ask:
        await told(ask)

        assert len(await ask.summaries(expression)) == count


async def test_traces_are_found_by_their_time() -> None:
    async with xray() as ask:
        await told(ask)
        for start, end, kind, count in (
            (START + 0.5, START + 60, "TraceId", 1),
            (START + 1, START + 60, "TraceId", 0),
            (START - 60, START - 1, "TraceId", 0),
            (START + 0.5, START + 60, "Event", 1),
            (START + 1.5, START + 60, "Event", 0),
        ):
            found = await ask.summaries(StartTime=start, EndTime=end, TimeRangeType=kind)
            assert len(found) == count, (start, end, kind)


async def test_a_time_is_a_number_of_seconds_or_that_of_a_program() -> None:
    async with xray() as ask:
        await told(ask)

        assert len(await ask.summaries(StartTime=NOON, EndTime=NOON + timedelta(minutes=1))) == 1
        fault = await ask.fails("GetTraceSummaries", StartTime="noon", EndTime=START)
        assert fault.startswith("SerializationException: STRING_VALUE cannot be converted to Double")


async def test_summaries_come_in_pages_the_last_trace_first() -> None:
    async with xray() as ask:
        for number in range(PAGE + 1):
            await ask.put(trace_id=f"{TRACE[:-4]}{number:04}", start_time=START + number / 100)

        asked = {"StartTime": START, "EndTime": START + 60}
        first = await ask("GetTraceSummaries", **asked)
        second = await ask("GetTraceSummaries", **asked, NextToken=first["NextToken"])

    ids = [summary["Id"][-4:] for summary in (*first["TraceSummaries"], *second["TraceSummaries"])]
    assert ids == [f"{number:04}" for number in reversed(range(PAGE + 1))]
    assert first["TracesProcessedCount"] == PAGE + 1
    assert "NextToken" not in second


async def test_the_graph_of_a_trace() -> None:
    async with xray() as ask:
        await told(ask)

        services = (await ask("GetTraceGraph", TraceIds=[TRACE]))["Services"]
        whole = await ask("GetServiceGraph", StartTime=START, EndTime=START + 60)

    assert whole["Services"] == services
    app, orders, oven = services
    assert [service["Root"] for service in services] == [True, False, False]
    assert [edge["ReferenceId"] for edge in app["Edges"]] == [orders["ReferenceId"], oven["ReferenceId"]]
    assert app["SummaryStatistics"] == {
        "OkCount": 0,
        "ErrorStatistics": {"ThrottleCount": 0, "OtherCount": 0, "TotalCount": 0},
        "FaultStatistics": {"OtherCount": 1, "TotalCount": 1},
        "TotalCount": 1,
        "TotalResponseTime": 1,
    }
    assert app["Edges"][0]["ResponseTimeHistogram"] == [{"Value": 0.25, "Count": 1}]
    assert (orders["Edges"], oven["Edges"]) == ([], [])


async def test_the_graph_of_an_order() -> None:
    async with xray() as ask:
        start = ask.hop("stepfunctions", "StartExecution", result={"executionArn": EXECUTION})
        ask.endings[EXECUTION] = Ending(NOON + timedelta(seconds=5))
        for _ in range(2):
            invoke = ask.hop("lambda", "Invoke", ask.hop("events", "PutEvents", start))
            run = ask.hop("lambda", "Invocation", invoke, parameters={"FunctionName": "Tell"})
            ask.hop("dynamodb", "GetItem", run, parameters={"TableName": "Orders"})

        services = (await ask("GetTraceGraph", TraceIds=[TRACE]))["Services"]

    names = {service["ReferenceId"]: service["Name"] for service in services}
    edges = [
        (service["Name"], names[edge["ReferenceId"]], edge["SummaryStatistics"]["TotalCount"])
        for service in services
        for edge in service["Edges"]
    ]
    assert edges == [("Bake", "Events", 2), ("Events", "Tell", 2), ("Tell", "Orders", 2)]


@pytest.mark.parametrize(
    ("operation", "parameters", "why"),
    [
        ("GetTraceSummaries", {"StartTime": START}, "EndTime is required"),
        ("GetTraceSummaries", {"StartTime": START, "EndTime": START - 1}, "StartTime is after EndTime"),
        ("GetTraceSummaries", {"StartTime": 0, "EndTime": 1, "TimeRangeType": "Service"}, "TimeRangeType Service"),
        ("GetTraceSummaries", {"StartTime": 0, "EndTime": 1, "NextToken": "x"}, "Invalid NextToken"),
        ("GetTraceSummaries", {"StartTime": 0, "EndTime": 1, "NextToken": "9" * 5_000}, "Invalid NextToken"),
        ("GetServiceGraph", {"StartTime": 0, "EndTime": 1e21}, "EndTime is not a time"),
        (
            "GetTraceSummaries",
            {"StartTime": 0, "EndTime": 1, "FilterExpression": "cold"},
            "Invalid filter expression",
        ),
        ("GetServiceGraph", {"StartTime": 0, "EndTime": 1, "GroupName": "mine"}, "there is no group mine"),
        ("BatchGetTraces", {"TraceIds": [TRACE] * 6}, "TraceIds has 1 to 5 ids"),
        ("BatchGetTraces", {}, "TraceIds is required"),
        ("GetTraceGraph", {"TraceIds": []}, "TraceIds has 1 to 5 ids"),
        ("PutTraceSegments", {}, "TraceSegmentDocuments is required"),
    ],
)
async def test_requests_that_are_refused(operation: str, parameters: JSON, why: str) -> None:
    async with xray() as ask:
        assert (await ask.fails(operation, **parameters)).startswith(f"InvalidRequestException: {why}")


async def test_a_trace_of_which_nothing_is_kept_is_left_out() -> None:
    async with xray() as ask:
        await told(ask)
        other = "1-69a42c41-111111111111111111111111"

        answer = await ask("BatchGetTraces", TraceIds=[other, TRACE.upper(), TRACE])

    assert [trace["Id"] for trace in answer["Traces"]] == [TRACE]
    assert answer["UnprocessedTraceIds"] == []
