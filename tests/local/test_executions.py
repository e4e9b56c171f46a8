"""The local driver of executions."""

import logging
from typing import Any

import pytest

from pizzabar.local import executions
from pizzabar.stepfunctions.interpreter import advance
from pizzabar.stepfunctions.occurrences import TimerFired
from tests.stepfunctions.service import step_functions


async def test_a_step_that_fails_ends_its_execution(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fall(machine: Any, execution: Any, occurrence: Any, now: Any) -> Any:
        if isinstance(occurrence, TimerFired):
            raise KeyError("oven")
        return advance(machine, execution, occurrence, now)

    monkeypatch.setattr(executions, "advance", fall)
    async with step_functions() as ask:
        arn = await ask.start(await ask.machine("m", {"W": {"Type": "Wait", "Seconds": 1, "End": True}}))

        with caplog.at_level(logging.ERROR, "pizzabar"):
            await ask.advance(seconds=1)
            ended = await ask.ended(arn)

        assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "States.Runtime", "KeyError: 'oven'")
        assert caplog.messages == [f"a step of {arn} failed"]
