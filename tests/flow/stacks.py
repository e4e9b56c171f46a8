"""A stack of one function in a process of its own, from files that a test writes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Tell:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: Tell
      CodeUri: ./src
      Handler: {handler}
      Runtime: {runtime}
      Timeout: {timeout}
{more}
"""


class Stack:
    """A stack that runs; ``folder`` has its template and the code in ``src``."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder

    async def invoke(self, event: Any = None) -> Any:
        """Invoke the function, and give what it returned. It must not fail."""
        answer = await self.emulator.call("lambda", "Invoke", {"FunctionName": "Tell", "Payload": json.dumps(event)})
        assert "FunctionError" not in answer, answer["Payload"]
        return json.loads(answer["Payload"])

    async def fails(self, event: Any = None) -> dict[str, Any]:
        """Invoke the function, and give the error object that it answered with."""
        answer = await self.emulator.call("lambda", "Invoke", {"FunctionName": "Tell", "Payload": json.dumps(event)})
        assert answer.get("FunctionError") == "Unhandled", answer["Payload"]
        error: dict[str, Any] = json.loads(answer["Payload"])
        return error

    async def lines(self) -> list[str]:
        """Read the function's log."""
        answer = await self.emulator.call("logs", "FilterLogEvents", {"logGroupName": "/aws/lambda/Tell"})
        return [event["message"] for event in answer["events"]]


@asynccontextmanager
async def stack(
    folder: Path,
    files: dict[str, str],
    *,
    runtime: str,
    handler: str = "app.handler",
    timeout: int = 20,
    more: str = "",
    **settings: Any,
) -> AsyncIterator[Stack]:
    """Run a function of files; ``more`` are lines of its properties, and of resources after it."""
    for name, text in files.items():
        place = folder / "src" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    template = folder / "template.yaml"
    template.write_text(
        TEMPLATE.format(handler=handler, runtime=runtime, timeout=timeout, more=more), encoding="utf-8"
    )
    given = {"state": None, "clock": "virtual", "port": 0, "cache": folder / "cache", **settings}
    emulator = await Emulator.open(Settings(template=template, **given))
    try:
        yield Stack(emulator, folder)
    finally:
        await emulator.close()
