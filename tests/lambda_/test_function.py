"""
A handler, and the context that it is handed.

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pizzabar import documents
from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.lambda_.function import (
    Context,
    Function,
    MarshalError,
    as_text,
    exit_message,
    is_coroutine_handler,
    load_handler,
)
from pizzabar.work import Work
from tests.lambda_.service import ARN, lambda_

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def plainly(event: JSON, context: Context) -> None: ...


def blockingly(event: JSON, context: Context) -> None: ...


class Callable:
    async def __call__(self, event: JSON, context: Context) -> None: ...


NOT_A_HANDLER = 5


def test_a_handler_is_found_by_its_name() -> None:
    assert load_handler("tests.lambda_.test_function:plainly") is plainly


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("tests.lambda_.nowhere:handle", ImportError, "No module named 'tests.lambda_.nowhere'"),
        ("tests.lambda_.test_function:nothing", AttributeError, "has no attribute 'nothing'"),
        ("tests.lambda_.test_function:NOT_A_HANDLER", AttributeError, "NOT_A_HANDLER is not a function"),
        ("tests.lambda_.test_function", ImportError, "write it as module:function"),
        (":handle", ImportError, "write it as module:function"),
        ("", ImportError, "write it as module:function"),
    ],
)
def test_a_handler_that_is_not_there(name: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        load_handler(name)


def test_a_module_that_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_handler.py").write_text("def handle(event, context) return")
    (tmp_path / "failing_handler.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ImportError, match="SyntaxError: "):
        load_handler("broken_handler:handle")
    with pytest.raises(ImportError, match="ZeroDivisionError: division by zero"):
        load_handler("failing_handler:handle")


@pytest.mark.parametrize(
    ("handler", "is_coroutine"),
    [
        (plainly, True),
        (blockingly, False),
        (Callable(), True),
        (lambda event, context: None, False),
    ],
)
def test_which_handlers_are_awaited(handler: Any, is_coroutine: bool) -> None:
    assert is_coroutine_handler(handler) is is_coroutine


async def test_what_a_context_tells() -> None:
    clock = VirtualClock(Work(), NOON)
    function = Function("Tell", ARN, plainly, {"TABLE": "Orders"}, timeout=30, log_group="/aws/lambda/Tell")
    context = Context(function, "an-id", NOON + timedelta(seconds=30), None, clock)

    assert context.function_name == "Tell"
    assert context.function_version == "$LATEST"
    assert context.invoked_function_arn == ARN
    assert context.memory_limit_in_mb == 128
    assert context.aws_request_id == "an-id"
    assert context.log_group_name == "/aws/lambda/Tell"
    assert context.environment == {"TABLE": "Orders"}
    assert context.get_remaining_time_in_millis() == 30_000
    clock.move(NOON + timedelta(seconds=29.5))
    assert context.get_remaining_time_in_millis() == 500
    clock.move(NOON + timedelta(minutes=1))
    assert context.get_remaining_time_in_millis() == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("é", '"é"'),
        ({"b": [1, 2.5, True], "a": {}}, '{"b":[1,2.5,true],"a":{}}'),
        ((1, 2), "[1,2]"),
        ({1: "a"}, '{"1":"a"}'),
        (2**70, "1180591620717411303424"),
    ],
)
def test_results_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def circle() -> list[Any]:
    values: list[Any] = []
    values.append(values)
    return values


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "Object of type set is not JSON serializable"),
        (b"x", "Object of type bytes is not JSON serializable"),
        (circle(), "Circular reference detected"),
    ],
)
def test_results_without_a_text(value: Any, message: str) -> None:
    with pytest.raises(MarshalError, match=f"^Unable to marshal response: {message}$"):
        as_text(value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (3, "Runtime exited with error: exit status 3"),
        ("the oven is cold", "Runtime exited with error: exit status 1"),
        (None, "Runtime exited without providing a reason"),
        (0, "Runtime exited without providing a reason"),
    ],
)
def test_how_a_runtime_exited(code: Any, message: str) -> None:
    assert exit_message(SystemExit(code)) == message


async def test_a_stack_trace_shows_the_handler_and_what_it_called() -> None:
    def bake() -> None:
        raise ValueError("no dough")

    async def handler(event: JSON, context: Context) -> None:
        bake()

    async with lambda_() as ask:
        ask.create(handler)

        error = documents.parse((await ask("Invoke", FunctionName="Tell"))["Payload"])

        first, second = error["stackTrace"]
        assert first.startswith(f'  File "{__file__}", line ')
        assert first.endswith(", in handler\n    bake()\n")
        assert second.endswith(', in bake\n    raise ValueError("no dough")\n')


async def test_a_stack_trace_of_a_plain_handler_shows_no_thread() -> None:
    def handler(event: JSON, context: Context) -> None:
        raise ValueError("no dough")

    async with lambda_() as ask:
        ask.create(handler)

        error = documents.parse((await ask("Invoke", FunctionName="Tell"))["Payload"])

        [frame] = error["stackTrace"]
        assert ", in handler\n" in frame


async def test_a_thread_that_takes_too_long_loses_its_result() -> None:
    loop = asyncio.get_running_loop()
    gate = asyncio.Event()

    def handler(event: JSON, context: Context) -> str:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
        return "too late"

    async with lambda_() as ask:
        ask.create(handler, timeout=3)

        answer = await ask.runs_out(after=3)
        gate.set()

        assert documents.parse(answer["Payload"])["errorType"] == "Sandbox.Timedout"
