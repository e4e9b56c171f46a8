"""
Traces as they are read: segments of hops, and those that were sent.

https://docs.aws.amazon.com/xray/latest/api/API_BatchGetTraces.html
"""

from datetime import timedelta

from pizzabar.documents import JSON
from pizzabar.errors import InternalFailure, ValidationException
from pizzabar.journal import Cause
from pizzabar.lambda_.errors import TooManyRequestsException
from pizzabar.trace_header import TraceHeader
from pizzabar.xray.ending import Ending
from tests.world import NOON
from tests.xray.service import EXECUTION, START, TRACE, XRay, xray

OTHER = "1-69a42c41-111111111111111111111111"


def invocation(ask: XRay, *, started: float = 0, **more: JSON) -> JSON:
    """Enter an execution, its event, and the function that this invokes and that reads an item."""
    start = ask.hop("stepfunctions", "StartExecution", result={"executionArn": EXECUTION})
    put = ask.hop("events", "PutEvents", start)
    invoke = ask.hop("lambda", "Invoke", put, result={"StatusCode": 202})
    run = ask.hop("lambda", "Invocation", invoke, parameters={"FunctionName": "Tell", "RequestId": "r"}, **more)
    get = ask.hop("dynamodb", "GetItem", run, parameters={"TableName": "Orders"})
    return start, put, invoke, run, get


async def test_what_works_is_a_segment_and_what_it_asks_is_within() -> None:
    async with xray() as ask:
        start, put, invoke, run, get = invocation(ask)
        ask.endings[EXECUTION] = Ending(NOON + timedelta(seconds=25))

        execution, function = await ask.segments()

    assert (execution["name"], execution["origin"]) == ("Bake", "AWS::StepFunctions::StateMachine")
    assert execution["id"] == start.segment_id
    assert (execution["start_time"], execution["end_time"]) == (START, START + 25)
    assert execution["resource_arn"] == "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
    [events] = execution["subsegments"]
    assert (events["name"], events["namespace"], events["id"]) == ("Events", "aws", put.segment_id)
    [asked] = events["subsegments"]
    assert (asked["name"], asked["http"]) == ("Lambda", {"response": {"status": 202}})
    assert (function["name"], function["origin"], function["parent_id"]) == (
        "Tell",
        "AWS::Lambda::Function",
        invoke.segment_id,
    )
    assert function["aws"]["request_id"] == "r"
    assert (function["id"], function["end_time"]) == (run.segment_id, START + 0.001)
    [table] = function["subsegments"]
    assert (table["name"], table["id"]) == ("DynamoDB", get.segment_id)
    assert table["aws"] == {
        "account_id": "123456789012",
        "region": "us-east-1",
        "operation": "GetItem",
        "table_name": "Orders",
    }


async def test_what_is_not_sampled_has_no_segments() -> None:
    async with xray() as ask:
        for sampled in (None, False):
            ask.hop("dynamodb", "GetItem", Cause(TRACE, origin=TraceHeader(TRACE, None, sampled)))
        ask.hop("dynamodb", "GetItem", Cause(TRACE))

        assert await ask.segments() == []
        assert await ask.summaries() == []


async def test_a_trace_begins_where_it_is_sampled() -> None:
    async with xray() as ask:
        above = ask.hop("lambda", "Invoke", Cause(TRACE))
        run = ask.hop("lambda", "Invocation", above, parameters={"FunctionName": "Tell"})
        run.origin = run.sampled_origin()

        [function] = await ask.segments()
        assert "parent_id" not in function


async def test_a_caller_elsewhere_is_the_parent_of_its_request() -> None:
    async with xray() as ask:
        header = TraceHeader(OTHER, "53995c3f42cd8ad8", True)
        ask.hop("dynamodb", "PutItem", ask.journal.cause_of(header), parameters={"TableName": "Orders"})

        [table] = await ask.segments(OTHER)
        assert (table["name"], table["origin"], table["inferred"]) == ("Orders", "AWS::DynamoDB::Table", True)
        assert table["parent_id"] == "53995c3f42cd8ad8"


async def test_what_is_under_way_is_in_progress() -> None:
    async with xray() as ask:
        invocation(ask, duration=None)
        ask.endings[EXECUTION] = Ending(None)

        for segment in await ask.segments():
            assert segment["in_progress"] is True
            assert "end_time" not in segment
        assert [summary["IsPartial"] for summary in await ask.summaries("partial")] == [True]
        assert "ResponseTime" not in (await ask.summaries())[0]


async def test_errors_are_told_by_whose_fault_they_are() -> None:
    async with xray() as ask:
        for error in (
            ValidationException("no such key"),
            TooManyRequestsException("Rate Exceeded."),
            InternalFailure("out of dough"),
            ValueError("cold oven"),
        ):
            ask.hop("dynamodb", "PutItem", error=error)

        segments = await ask.segments()
    flags = [[flag for flag in ("error", "throttle", "fault") if segment.get(flag)] for segment in segments]
    assert flags == [["error"], ["error", "throttle"], ["fault"], ["fault"]]
    exceptions = [segment["cause"]["exceptions"][0] for segment in segments]
    assert [each["type"] for each in exceptions] == [
        "ValidationException", "TooManyRequestsException", "InternalFailure", "ValueError",
    ]  # fmt: skip
    assert exceptions[0]["message"] == "no such key"


async def test_an_execution_that_failed_is_a_fault() -> None:
    async with xray() as ask:
        ask.hop("stepfunctions", "StartExecution", result={"executionArn": EXECUTION})
        ask.endings[EXECUTION] = Ending(NOON + timedelta(seconds=5), "Oven.Cold", "nobody lit it")

        [execution] = await ask.segments()
        assert execution["fault"] is True
        assert execution["cause"]["exceptions"][0]["type"] == "Oven.Cold"
        [summary] = await ask.summaries("fault")
        assert (summary["HasFault"], summary["Duration"], summary["ResponseTime"]) == (True, 5, 5)


async def test_segments_that_were_sent_are_kept() -> None:
    async with xray() as ask:
        assert await ask.put(in_progress=True) == []
        assert [segment["in_progress"] for segment in await ask.segments()] == [True]
        # The whole one takes its place.
        assert await ask.put(annotations={"size": "L"}) == []
        [segment] = await ask.segments()
        assert segment["annotations"] == {"size": "L"}
        [fault] = await ask.put(id="7")
        assert fault == {"Id": "7", "ErrorCode": "InvalidId", "Message": "id is 16 hexadecimal digits in lower case"}


async def test_only_so_many_segments_are_kept() -> None:
    async with xray(size=2) as ask:
        for number in range(3):
            await ask.put(id=f"{number:016}", start_time=START + number)

        assert [segment["id"] for segment in await ask.segments()] == [f"{number:016}" for number in (1, 2)]


async def test_a_functions_own_subsegments_are_put_where_they_belong() -> None:
    async with xray() as ask:
        *_, run, _ = invocation(ask)
        own: JSON = {"id": "53995c3f42cd8ad8", "type": "subsegment", "parent_id": run.segment_id, "name": "## bake"}
        # What it asks meanwhile names the subsegment as its parent.
        ask.journal.invocations[run.id] = run
        cause = ask.journal.cause_of(TraceHeader(TRACE, own["id"], True))
        ask.hop("dynamodb", "PutItem", cause, parameters={"TableName": "Orders"})

        # Until it is sent, that stays with the invocation.
        function = (await ask.segments())[-1]
        assert [each["name"] for each in function["subsegments"]] == ["DynamoDB", "DynamoDB"]

        await ask.put(**own)
        function = (await ask.segments())[-1]
        [table, bake] = function["subsegments"]
        assert (table["name"], bake["name"]) == ("DynamoDB", "## bake")
        assert [each["aws"]["operation"] for each in bake["subsegments"]] == ["PutItem"]


async def test_what_turns_out_of_the_ring_is_gone() -> None:
    async with xray() as ask:
        invocation(ask)
        ask.endings[EXECUTION] = Ending(None)
        for _ in range(4093):
            ask.hop("logs", "PutLogEvents", Cause(OTHER))

        # The execution and its event are gone, and what is left stands for itself.
        assert [segment["name"] for segment in await ask.segments()] == ["Lambda", "Tell"]
