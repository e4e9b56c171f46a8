"""
Functions in processes of their own that log in JSON.

https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html#node-js-logging-advanced
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html#python-logging-advanced
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.flow.stacks import Stack, stack

NODE = "nodejs20.x"
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def logging(**levels: str) -> str:
    """Write the properties of a function that logs in JSON."""
    return f"      LoggingConfig: {json.dumps({'LogFormat': 'JSON', **levels})}"


async def told(tell: Stack) -> list[Any]:
    """Read the log; what is no JSON as text."""
    return [json.loads(line) if line.startswith("{") else line for line in await tell.lines()]


def without(each: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give what a line tells beside what is another each time."""
    return {name: value for name, value in each.items() if name not in names}


async def test_what_node_writes_to_its_console(tmp_path: Path) -> None:
    app = """
export const handler = async (event) => {
  console.debug('unheard of');
  console.log({ pizza: 'funghi', cold: new RangeError('cold') });
  console.warn('%d slices', 8);
  console.error('burnt', new TypeError('black'));
  console.info(1n);
  process.stdout.write('as it is\\n');
  if (event) throw new Error('no dough');
};
"""
    async with stack(tmp_path, {"app.mjs": app}, runtime=NODE, more=logging()) as tell:
        await tell.invoke()
        start, *written, report = await told(tell)
        assert (start["type"], report["type"]) == ("platform.start", "platform.report")
        assert set(report["record"]["metrics"]) >= {
            "durationMs",
            "billedDurationMs",
            "memorySizeMB",
            "initDurationMs",
        }
        request_id = start["record"]["requestId"]
        assert report["record"]["requestId"] == request_id
        assert [each["requestId"] for each in written[:-1]] == [request_id] * 4
        log, warn, error, info, plain = written
        cold = log["message"].pop("cold")
        assert without(cold, "stackTrace") == {"errorType": "RangeError", "errorMessage": "cold"}
        assert without(log, "timestamp", "requestId") == {"level": "INFO", "message": {"pizza": "funghi"}}
        assert (warn["level"], warn["message"]) == ("WARN", "8 slices")
        assert (error["level"], error["errorType"], error["errorMessage"]) == ("ERROR", "TypeError", "black")
        assert error["message"].startswith("burnt TypeError: black")
        assert error["stackTrace"][0] == "TypeError: black"
        assert (info["message"], plain) == ("1n", "as it is")

        await tell.fails("burn")
        *_, thrown, done, report = await told(tell)
        assert thrown["level"] == "ERROR"
        assert (thrown["message"]["errorType"], thrown["message"]["errorMessage"]) == ("Error", "no dough")
        assert {each["type"]: (each["record"]["status"], each["record"]["errorType"]) for each in (done, report)} == {
            "platform.runtimeDone": ("error", "Error"),
            "platform.report": ("error", "Error"),
        }


async def test_what_python_logs(tmp_path: Path) -> None:
    app = """
import logging
logger = logging.getLogger("oven")

def handler(event, context):
    logger.debug("unheard of")
    logger.info("%s slices", 8, extra={"pizza": "funghi"})
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("burnt")
    print("as it is")
    if event:
        raise ValueError("no dough")
"""
    async with stack(tmp_path, {"app.py": app}, runtime=PYTHON, more=logging()) as tell:
        await tell.invoke()
        start, info, error, plain, _ = await told(tell)
        request_id = start["record"]["requestId"]
        assert without(info, "timestamp") == {
            "level": "INFO",
            "message": "8 slices",
            "logger": "oven",
            "requestId": request_id,
            "pizza": "funghi",
        }
        assert (error["level"], error["message"], error["errorType"]) == ("ERROR", "burnt", "ZeroDivisionError")
        assert error["errorMessage"] == "division by zero"
        assert error["location"].split(":")[1] == "handler"
        assert "1 / 0" in error["stackTrace"][0]
        assert plain == "as it is"

        await tell.fails("burn")
        *_, raised, done, report = await told(tell)
        assert (raised["level"], raised["errorType"], raised["errorMessage"]) == ("ERROR", "ValueError", "no dough")
        assert raised["requestId"] == report["record"]["requestId"]
        assert done["record"]["errorType"] == "ValueError"


async def test_the_least_level_is_told_to_the_runtime(tmp_path: Path) -> None:
    app = """
import logging, os

def handler(event, context):
    logging.warning("unheard of")
    print("unheard of")
    logging.error("heard of")
    return [os.environ["AWS_LAMBDA_LOG_FORMAT"], os.environ["AWS_LAMBDA_LOG_LEVEL"]]
"""
    levels = logging(ApplicationLogLevel="ERROR", SystemLogLevel="WARN")
    async with stack(tmp_path, {"app.py": app}, runtime=PYTHON, more=levels) as tell:
        assert await tell.invoke() == ["JSON", "ERROR"]

        assert [each["message"] for each in await told(tell)] == ["heard of"]


async def test_who_debugs_sees_how_a_process_begins(tmp_path: Path) -> None:
    levels = logging(ApplicationLogLevel="TRACE", SystemLogLevel="DEBUG")
    app = "console.trace('loaded');\nexport const handler = async () => {};"
    async with stack(tmp_path, {"app.mjs": app}, runtime=NODE, more=levels) as tell:
        await tell.invoke()

        assert [each.get("type", each.get("message")) for each in await told(tell)] == [
            "platform.initStart",
            "loaded",
            "platform.initRuntimeDone",
            "platform.initReport",
            "platform.start",
            "platform.runtimeDone",
            "platform.report",
        ]


async def test_a_time_out_and_a_handler_that_is_not_there(tmp_path: Path) -> None:
    app = "def handler(event, context):\n    while True: pass\n"
    async with stack(tmp_path, {"app.py": app}, runtime=PYTHON, timeout=1, more=logging()) as tell:
        await tell.fails()
        *_, report = await told(tell)
        assert report["record"]["status"] == "timeout"

    more = logging(SystemLogLevel="WARN")
    async with stack(tmp_path / "other", {"app.py": app}, runtime=PYTHON, handler="app.nobody", more=more) as tell:
        await tell.fails()
        lines = await told(tell)
        types = [each["type"] for each in lines if "type" in each]
        assert types[:2] == ["platform.initRuntimeDone", "platform.initReport"]
        assert lines[-1]["record"]["errorType"] == "Runtime.HandlerNotFound"
        assert [each["errorType"] for each in lines if each.get("level") == "ERROR"] == ["Runtime.HandlerNotFound"]
