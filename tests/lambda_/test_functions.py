"""
Functions and their invocations.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import asyncio
import gc
import weakref
from base64 import b64decode
from datetime import datetime, timedelta
from typing import Any

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.journal import CAUSE, Attempt, Cause
from pizzabar.lambda_.event_invoke_config import EventInvokeConfig
from pizzabar.lambda_.function import Context
from pizzabar.lambda_.functions import function_name
from tests.lambda_.service import ARN, Lambda, lambda_
from tests.world import NOON, turns, until


async def echo(event: JSON, context: Context) -> JSON:
    return {"event": event}


async def fail(event: JSON, context: Context) -> JSON:
    raise ValueError("no dough")


async def hang(event: JSON, context: Context) -> JSON:
    await asyncio.Event().wait()


class Attempts:
    """A handler that remembers when it was asked what, and fails as often as it is told to."""

    def __init__(self, ask: Lambda, failures: int = 10**9) -> None:
        self.ask = ask
        self.failures = failures
        self.events: list[JSON] = []
        self.times: list[datetime] = []
        self.request_ids: set[str] = set()

    async def __call__(self, event: JSON, context: Context) -> None:
        self.events.append(event)
        self.times.append(self.ask.world.clock.now())
        self.request_ids.add(context.aws_request_id)
        if len(self.events) <= self.failures:
            raise RuntimeError("not yet")

    @property
    def seconds(self) -> list[float]:
        """How long after noon each attempt was made."""
        return [(when - NOON).total_seconds() for when in self.times]


async def test_a_handler_gets_the_event_and_its_result_is_the_payload() -> None:
    async with lambda_() as ask:
        ask.create(echo)

        answer = await ask("Invoke", FunctionName="Tell", Payload=b'{"size": "L"}')

        assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": b'{"event":{"size":"L"}}'}


@pytest.mark.parametrize(
    "name",
    [
        "Tell",
        ARN,
        f"{ARN}:$LATEST",
        f"{ARN}:7",
        "123456789012:function:Tell",
        "123456789012:function:Tell:PROD",
        "Tell:PROD",
        "function:Tell",
    ],
)
def test_the_name_of_a_function_in_its_forms(name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters"""
    assert function_name(name) == "Tell"


async def test_a_function_that_is_not_there() -> None:
    async with lambda_() as ask:
        wanted = f"ResourceNotFoundException: Function not found: {ARN}"
        for type_ in ("RequestResponse", "Event", "DryRun"):
            assert await ask.fails("Invoke", FunctionName="Tell", InvocationType=type_) == wanted
        assert await ask.fails("Invoke", FunctionName=ARN) == wanted


async def test_a_function_of_the_same_name_takes_its_place() -> None:
    async with lambda_() as ask:
        ask.create(fail)
        ask.create(echo)

        assert "FunctionError" not in await ask("Invoke", FunctionName="Tell")


async def test_what_a_handler_raises_is_a_function_error() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    async with lambda_() as ask:
        ask.create(fail)

        answer = await ask("Invoke", FunctionName="Tell")

        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        error = documents.parse(answer["Payload"])
        assert list(error) == ["errorMessage", "errorType", "stackTrace", "requestId"]
        assert (error["errorMessage"], error["errorType"]) == ("no dough", "ValueError")
        [frame] = error["stackTrace"]
        assert frame.endswith('in fail\n    raise ValueError("no dough")\n')


async def test_a_result_that_is_no_json_is_a_function_error() -> None:
    """Lambda's runtime says so: https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"""

    async def handler(event: JSON, context: Context) -> Any:
        return {"toppings": {"ham"}}

    async with lambda_() as ask:
        ask.create(handler)

        answer = await ask("Invoke", FunctionName="Tell")

        error = documents.parse(answer["Payload"])
        assert answer["FunctionError"] == "Unhandled"
        assert error["errorType"] == "Runtime.MarshalError"
        assert error["errorMessage"] == ("Unable to marshal response: Object of type set is not JSON serializable")


async def test_a_result_is_not_too_large() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

    async def handler(event: JSON, context: Context) -> Any:
        return "x" * event

    async with lambda_() as ask:
        ask.create(handler)

        assert "FunctionError" not in await ask("Invoke", FunctionName="Tell", Payload=b"6291554")
        answer = await ask("Invoke", FunctionName="Tell", Payload=b"6291555")

        error = documents.parse(answer["Payload"])
        assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
        assert "exceeded maximum allowed payload size (6291556 bytes)" in error["errorMessage"]


async def test_a_handler_that_exits_takes_nobody_with_it() -> None:
    async def handler(event: JSON, context: Context) -> None:
        raise SystemExit(3)

    async with lambda_() as ask:
        ask.create(handler)

        answer = await ask("Invoke", FunctionName="Tell")

        error = documents.parse(answer["Payload"])
        assert error["errorType"] == "Runtime.ExitError"
        assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")


async def test_a_handler_that_takes_too_long_is_cancelled() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""
    ended: list[bool] = []

    async def handler(event: JSON, context: Context) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with lambda_() as ask:
        ask.create(handler, timeout=3)

        answer = await ask.runs_out(after=3)

        error = documents.parse(answer["Payload"])
        assert ended == [True]
        assert answer["FunctionError"] == "Unhandled"
        assert error["errorType"] == "Sandbox.Timedout"
        assert error["errorMessage"].endswith(" Error: Task timed out after 3.00 seconds")
        [line] = [line for line in ask.logged["/aws/lambda/Tell"] if "timed out" in line]
        assert line.startswith("2026-03-01T12:00:00.000Z ")
        assert line.endswith(" Task timed out after 3.00 seconds")


async def test_a_timeout_error_of_the_handler_is_an_error_like_any_other() -> None:
    async def handler(event: JSON, context: Context) -> None:
        raise TimeoutError("the oven is slow")

    async with lambda_() as ask:
        ask.create(handler)

        error = documents.parse((await ask("Invoke", FunctionName="Tell"))["Payload"])

        assert (error["errorType"], error["errorMessage"]) == ("TimeoutError", "the oven is slow")


@pytest.mark.parametrize("fails", [True, False], ids=["an error", "a time-out"])
async def test_what_a_handler_had_is_let_go_when_it_fails(fails: bool) -> None:
    """The journal remembers the error, but not all that was there where it was raised."""
    had: list[weakref.ref[Attempts]] = []

    async def handler(event: JSON, context: Context) -> None:
        mine = Attempts(ask)
        had.append(weakref.ref(mine))
        if fails:
            raise ValueError("no dough")
        await asyncio.Event().wait()

    async with lambda_() as ask:
        ask.create(handler, timeout=10)
        gc.disable()
        try:
            asking = asyncio.create_task(ask("Invoke", FunctionName="Tell"))
            await turns(50)
            ask.world.virtual.move(NOON + timedelta(seconds=10))
            answer = await asking
            await turns(50)

            assert answer["FunctionError"] == "Unhandled"
            assert had[0]() is None
        finally:
            gc.enable()


async def test_an_event_is_handled_after_it_was_accepted() -> None:
    async with lambda_() as ask:
        handler = Attempts(ask, failures=0)
        ask.create(handler)

        await ask.send('{"size":"L"}')

        assert handler.events == [{"size": "L"}]


async def test_a_function_error_is_tried_again_after_one_minute_and_then_two() -> None:
    async with lambda_() as ask:
        handler = Attempts(ask)
        ask.create(handler)

        await ask.send('{"size":"L"}')
        await ask.world.advance(days=1)

        assert handler.seconds == [0, 60, 180]
        assert handler.events == [{"size": "L"}] * 3
        assert len(handler.request_ids) == 1


async def test_a_success_ends_the_attempts() -> None:
    async with lambda_() as ask:
        handler = Attempts(ask, failures=1)
        ask.create(handler)

        await ask.send()
        await ask.world.advance(days=1)

        assert handler.seconds == [0, 60]


async def test_a_result_that_tells_of_an_error_is_a_success() -> None:
    async def handler(event: JSON, context: Context) -> JSON:
        seen.append(event)
        return {"statusCode": 404}

    seen: list[JSON] = []
    async with lambda_() as ask:
        ask.create(handler)

        await ask.send()
        await ask.world.advance(days=1)

        assert len(seen) == 1


@pytest.mark.parametrize(
    ("configuration", "seconds"),
    [
        ({"maximum_retry_attempts": 0}, [0]),
        ({"maximum_retry_attempts": 1}, [0, 60]),
        ({"maximum_event_age_seconds": 100}, [0, 60]),
        ({"maximum_event_age_seconds": 60}, [0, 60]),
    ],
)
async def test_how_often_is_configured(configuration: dict[str, Any], seconds: list[float]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html"""
    async with lambda_() as ask:
        handler = Attempts(ask)
        ask.create(handler)
        ask.functions.event_invoke_configs[f"{ARN}:$LATEST"] = EventInvokeConfig(**configuration)

        await ask.send()
        await ask.world.advance(days=1)

        assert handler.seconds == seconds


async def test_a_time_out_is_tried_again() -> None:
    async with lambda_() as ask:
        ask.create(hang, timeout=10)

        await ask("Invoke", FunctionName="Tell", InvocationType="Event")
        await turns(200)
        for seconds in (10, 60, 10, 120, 10):
            ask.world.virtual.move(ask.world.clock.now() + timedelta(seconds=seconds))
            await turns(200)
        await ask.world.settled()

        errors = [line for line in ask.logged["/aws/lambda/Tell"] if "Task timed out after 10.00 seconds" in line]
        assert len(errors) == 3


async def test_events_of_one_cause_are_handled_in_order_and_one_at_a_time() -> None:
    running = 0
    handled: list[JSON] = []

    async def handler(event: JSON, context: Context) -> None:
        nonlocal running
        running += 1
        assert running == 1
        for _ in range(10 - event):
            await asyncio.sleep(0)
        handled.append(event)
        running -= 1

    async with lambda_() as ask:
        ask.create(handler)
        cause = CAUSE.set(Cause("1-0-0", lane="an execution"))
        for number in range(10):
            ask.functions.accept("Tell", str(number))
        CAUSE.reset(cause)
        await ask.world.settled()

        assert handled == list(range(10))


async def test_events_of_other_causes_do_not_wait_for_each_other() -> None:
    handled: list[JSON] = []
    gate = asyncio.Event()

    async def handler(event: JSON, context: Context) -> None:
        if event == "slow":
            await gate.wait()
        handled.append(event)
        if event == "fast":
            gate.set()

    async with lambda_() as ask:
        ask.create(handler)

        ask.functions.accept("Tell", '"slow"')
        ask.functions.accept("Tell", '"fast"')
        await ask.world.settled()

        assert handled == ["fast", "slow"]


async def test_an_event_that_is_tried_again_holds_up_none_of_its_lane() -> None:
    handled: list[JSON] = []

    async def handler(event: JSON, context: Context) -> None:
        handled.append(event)
        if handled == ["bad"]:
            raise ValueError

    async with lambda_() as ask:
        ask.create(handler)
        cause = CAUSE.set(Cause("1-0-0", lane="an execution"))
        ask.functions.accept("Tell", '"bad"')
        ask.functions.accept("Tell", '"good"')
        CAUSE.reset(cause)

        await ask.world.settled()
        assert handled == ["bad", "good"]
        await ask.world.advance(minutes=1)
        assert handled == ["bad", "good", "bad"]


async def test_reserved_concurrency_throttles_what_is_waited_for() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
    gate = asyncio.Event()

    async def handler(event: JSON, context: Context) -> None:
        await gate.wait()

    async with lambda_() as ask:
        ask.create(handler, reserved_concurrency=1)
        first = asyncio.create_task(ask("Invoke", FunctionName="Tell"))
        await until(lambda: ask.world.hops("lambda", "Invocation"))

        with pytest.raises(ServiceError) as raised:
            await ask("Invoke", FunctionName="Tell")
        gate.set()
        await first

        assert (raised.value.code, raised.value.status) == ("TooManyRequestsException", 429)
        assert raised.value.members["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert (await ask("Invoke", FunctionName="Tell"))["StatusCode"] == 200


async def test_a_throttled_event_waits_for_a_second_and_longer() -> None:
    async with lambda_() as ask:
        handler = Attempts(ask, failures=0)
        ask.create(handler, reserved_concurrency=1)
        ask.functions._running["Tell"] = 1

        await ask.send()
        await ask.world.advance(seconds=6)
        ask.create(handler)
        await ask.world.advance(minutes=1)

        # Throttled at 0, 1 and 3 seconds.
        assert handler.seconds == [7]


async def test_throttling_does_not_count_as_a_retry() -> None:
    async with lambda_() as ask:
        handler = Attempts(ask)
        ask.create(handler, reserved_concurrency=1)
        ask.functions._running["Tell"] = 1

        await ask.send()
        await ask.world.advance(seconds=6)
        ask.create(handler)
        await ask.world.advance(hours=1)

        assert handler.seconds == [7, 67, 187]


async def test_a_throttled_event_is_given_up_when_it_is_too_old() -> None:
    async with lambda_() as ask:
        handler = Attempts(ask)
        ask.create(handler, reserved_concurrency=1)
        ask.functions._running["Tell"] = 1

        await ask.send()
        await ask.world.advance(hours=7)
        ask.create(handler)
        await ask.world.advance(hours=7)

        assert handler.seconds == []
        assert ask.world.virtual.next_call() is None


async def test_a_plain_handler_runs_in_a_thread_and_its_calls_block() -> None:
    def handler(event: JSON, context: Any) -> JSON:
        item = context.call("dynamodb", "GetItem", {"TableName": event["table"]})
        context.log("got it")
        return {"item": item, "name": context.function_name}

    async with lambda_() as ask:
        ask.world.answer("dynamodb", "GetItem", lambda asked: {"asked": asked})
        ask.create(handler)

        answer = await ask("Invoke", FunctionName="Tell", Payload='{"table":"Orders"}')

        assert documents.parse(answer["Payload"]) == {"item": {"asked": {"TableName": "Orders"}}, "name": "Tell"}
        assert "got it" in ask.logged["/aws/lambda/Tell"]
        [get], [invocation] = ask.world.hops("dynamodb", "GetItem"), ask.world.hops("lambda", "Invocation")
        assert (get.trace_id, get.parent) == (invocation.trace_id, invocation.id)


async def test_a_plain_handler_sees_the_error_of_a_service() -> None:
    class ConditionalCheckFailedException(ServiceError):
        """As DynamoDB raises it."""

    def refuse(asked: JSON) -> JSON:
        raise ConditionalCheckFailedException("The conditional request failed")

    def handler(event: JSON, context: Any) -> JSON:
        try:
            context.call("dynamodb", "PutItem", {})
        except ServiceError as error:
            return error.code
        return None

    async with lambda_() as ask:
        ask.world.answer("dynamodb", "PutItem", refuse)
        ask.create(handler)

        answer = await ask("Invoke", FunctionName="Tell")

        assert answer["Payload"] == b'"ConditionalCheckFailedException"'


async def test_what_a_plain_handler_raises_is_a_function_error() -> None:
    def handler(event: JSON, context: Any) -> JSON:
        return event["missing"]

    async with lambda_() as ask:
        ask.create(handler)

        error = documents.parse((await ask("Invoke", FunctionName="Tell"))["Payload"])

        assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'missing'")


async def test_an_invocation_is_logged_as_lambda_does() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""

    async def handler(event: JSON, context: Context) -> None:
        request_ids.append(context.aws_request_id)
        context.log("one")
        context.log("two")

    request_ids: list[str] = []
    async with lambda_() as ask:
        ask.create(handler)

        await ask("Invoke", FunctionName="Tell")

        [id_] = request_ids
        *lines, report = ask.logged["/aws/lambda/Tell"]
        assert lines == [f"START RequestId: {id_} Version: $LATEST", "one", "two", f"END RequestId: {id_}"]
        assert report.startswith(f"REPORT RequestId: {id_}\tDuration: ")
        assert report.endswith(" ms\tMemory Size: 128 MB")


async def test_an_error_is_logged_and_so_is_where() -> None:
    async with lambda_() as ask:
        ask.create(fail, log_group="/pizza/tell")

        await ask("Invoke", FunctionName="Tell")

        assert "[ERROR] ValueError: no dough" in ask.logged["/pizza/tell"]
        assert any("in fail" in line for line in ask.logged["/pizza/tell"])
        assert "/aws/lambda/Tell" not in ask.logged


async def test_the_tail_of_the_log_comes_with_the_answer() -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

    async def handler(event: JSON, context: Context) -> None:
        for number in range(1000):
            context.log(f"line {number}")

    async with lambda_() as ask:
        ask.create(handler)

        answer = await ask("Invoke", FunctionName="Tell", LogType="Tail")

        tail = b64decode(answer["LogResult"])
        assert len(tail) == 4096
        assert b"\nline 999\nEND RequestId: " in tail
        assert "LogResult" not in await ask("Invoke", FunctionName="Tell", LogType="None")


@pytest.mark.parametrize(
    ("type_", "limit"),
    [("RequestResponse", 6 << 20), ("Event", 1 << 20)],
)
async def test_a_payload_has_a_bound(type_: str, limit: int) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    async with lambda_() as ask:
        ask.create(echo)
        payload = b'"' + b"x" * (limit - 2) + b'"'

        answer = await ask("Invoke", FunctionName="Tell", InvocationType=type_, Payload=payload)
        error = await ask.fails("Invoke", FunctionName="Tell", InvocationType=type_, Payload=payload + b" ")

        assert answer["StatusCode"] in (200, 202)
        assert error == (
            f"RequestTooLargeException: {limit + 1} byte payload is too large for the Invoke operation"
            f" (limit {limit} bytes)"
        )
        await ask.world.settled()


@pytest.mark.parametrize("type_", ["RequestResponse", "Event"])
async def test_a_payload_is_json(type_: str) -> None:
    async with lambda_() as ask:
        ask.create(echo)

        error = await ask.fails("Invoke", FunctionName="Tell", InvocationType=type_, Payload=b"hello")

        assert error.startswith("InvalidRequestContentException: Could not parse request body into json: ")


async def test_no_payload_is_an_empty_event() -> None:
    async with lambda_() as ask:
        ask.create(echo)

        assert (await ask("Invoke", FunctionName="Tell"))["Payload"] == b'{"event":{}}'


async def test_a_repeated_piece_of_work_queues_the_same_event() -> None:
    async with lambda_() as ask:
        ask.create(echo)
        attempts = []
        for _ in range(2):
            cause = CAUSE.set(Cause("1-0-0", attempt=Attempt("an event/a rule/a target")))
            attempts.append([ask.functions.accept("Tell", "") for _ in range(2)])
            CAUSE.reset(cause)
        await ask.world.settled()

        assert attempts[0] == attempts[1]
        assert len({*attempts[0], ask.functions.accept("Tell", "")}) == 3
        await ask.world.settled()
