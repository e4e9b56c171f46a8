"""
Logs in JSON.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
"""

import asyncio
import json
from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.lambda_.function import Context, Function, RuntimeFault, timed_out
from pizzabar.lambda_.invocation_log import end_lines, error_type_of, init_end_lines, init_start_lines, start_lines
from pizzabar.lambda_.json_log import JsonLog
from tests.lambda_.service import Lambda, lambda_
from tests.world import NOON

ID = "c0ffee"


def function(level: str) -> Function:
    return Function("Tell", "arn", print, json_log=JsonLog(system_level=level))


def told(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("level", "line", "is_kept"),
    [
        ("INFO", "no JSON", True),
        ("WARN", "no JSON", False),
        ("WARN", "{no JSON", False),
        ("WARN", '{"level": "loud"}', False),
        ("WARN", '{"message": "no level"}', False),
        ("WARN", '{"level": "warn"}', True),
        ("WARN", '{"level": "WARNING"}', True),
        ("ERROR", '{"level": "WARNING"}', False),
        ("FATAL", '{"level": "CRITICAL"}', True),
        ("DEBUG", '{"level": "TRACE"}', False),
        ("TRACE", '{"level": "TRACE"}', True),
        ("INFO", '{"level": "DEBUG"}', False),
    ],
)
def test_lines_of_the_level_and_above_are_kept(level: str, line: str, is_kept: bool) -> None:
    assert JsonLog(application_level=level).keeps(line) is is_kept


@pytest.mark.parametrize(
    ("level", "of_success", "of_failure"),
    [
        (
            "DEBUG",
            ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"],
            ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"],
        ),
        ("INFO", ["start", "report"], ["initRuntimeDone", "initReport", "start", "runtimeDone", "report"]),
        ("WARN", [], ["initRuntimeDone", "initReport", "runtimeDone", "report"]),
    ],
)
def test_events_of_the_platform_are_of_levels(level: str, of_success: list[str], of_failure: list[str]) -> None:
    """The table "System log level event mapping"."""
    it = function(level)

    def types(status: str, error_type: str | None) -> list[str]:
        lines = [
            *init_start_lines(it, NOON),
            *init_end_lines(it, NOON, 1.5, status),
            *start_lines(it, ID, NOON),
            *end_lines(it, ID, NOON, 1.5, error_type=error_type),
        ]
        return [each["type"].removeprefix("platform.") for each in told(lines)]

    assert types("success", None) == of_success
    assert types("error", "Oven.Cold") == of_failure


def test_an_invocation_is_told_with_what_it_took() -> None:
    it = function("DEBUG")

    start, done, report = told(
        [*start_lines(it, ID, NOON), *end_lines(it, ID, NOON, 1.5, memory_used=40, init=60.25)]
    )

    assert start == {
        "time": "2026-03-01T12:00:00.000Z",
        "type": "platform.start",
        "record": {"requestId": ID, "version": "$LATEST"},
    }
    assert done["record"] == {"requestId": ID, "status": "success", "metrics": {"durationMs": 1.5}}
    assert report["record"] == {
        "requestId": ID,
        "metrics": {
            "durationMs": 1.5,
            "billedDurationMs": 2,
            "memorySizeMB": 128,
            "maxMemoryUsedMB": 40,
            "initDurationMs": 60.25,
        },
        "status": "success",
    }


@pytest.mark.parametrize(
    ("fault", "error_type", "ended"),
    [
        (timed_out(function("INFO")), None, {"status": "timeout"}),
        (
            RuntimeFault("Runtime.ExitError", "exit status 1"),
            None,
            {"status": "error", "errorType": "Runtime.ExitError"},
        ),
        (None, "ValueError", {"status": "error", "errorType": "ValueError"}),
    ],
)
def test_how_an_invocation_ended(fault: RuntimeFault | None, error_type: str | None, ended: JSON) -> None:
    *_, report = told(end_lines(function("INFO"), ID, NOON, 1.5, fault=fault, error_type=error_type))

    assert {
        name: report["record"][name] for name in report["record"] if name not in ("requestId", "metrics")
    } == ended


def test_what_is_no_error_object_is_of_an_unknown_type() -> None:
    payloads = ('{"errorType": "A"}', "[]", "no JSON")

    assert list(map(error_type_of, payloads)) == ["A", "Runtime.Unknown", "Runtime.Unknown"]


async def lines_of(ask: Lambda, **levels: str) -> list[dict[str, Any]]:
    """Invoke a function in process with a log in JSON, and give what it logged."""

    async def handle(event: JSON, context: Context) -> None:
        context.log("plain")
        context.log('{"level": "DEBUG", "message": "of its own"}')
        await asyncio.sleep(0)
        raise ValueError("no dough")

    ask.create(handle, json_log=JsonLog(**levels))
    await ask("Invoke", FunctionName="Tell")
    return told(ask.logged.pop("/aws/lambda/Tell", []))


async def test_a_function_in_process_logs_in_json() -> None:
    async with lambda_() as ask:
        start, plain, error, done, report = await lines_of(ask)

        request_id = start["record"]["requestId"]
        assert plain == {
            "timestamp": "2026-03-01T12:00:00.000Z",
            "level": "INFO",
            "message": "plain",
            "requestId": request_id,
        }
        stack = error.pop("stackTrace")
        assert 'raise ValueError("no dough")' in stack[-1]
        assert error == {
            "timestamp": "2026-03-01T12:00:00.000Z",
            "level": "ERROR",
            "errorMessage": "no dough",
            "errorType": "ValueError",
            "requestId": request_id,
        }
        assert [each["record"]["errorType"] for each in (done, report)] == ["ValueError"] * 2

        _, _, own, *_ = await lines_of(ask, application_level="TRACE")
        assert own == {"level": "DEBUG", "message": "of its own"}


async def test_a_log_may_have_nothing_to_tell() -> None:
    async def handle(event: JSON, context: Context) -> None:
        context.log("plain")

    async with lambda_() as ask:
        ask.create(handle, json_log=JsonLog("WARN", "WARN"))
        await ask("Invoke", FunctionName="Tell")

        assert ask.logged == {}
        assert (await ask("GetFunctionConfiguration", FunctionName="Tell"))["LoggingConfig"] == {
            "LogFormat": "JSON",
            "ApplicationLogLevel": "WARN",
            "SystemLogLevel": "WARN",
            "LogGroup": "/aws/lambda/Tell",
        }
