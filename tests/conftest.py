"""What every test may use: a test that is a coroutine function runs on an event loop of its own, or its folder's."""

import asyncio
import inspect
import os
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any

import pytest

SECONDS = 300
MOST_WORKERS = 8


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Give one worker more than there are cores, for some tests wait for processes; each collects them all anew."""
    return min((os.cpu_count() or 1) + 1, MOST_WORKERS)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test to its end, by its fixture ``runner`` if it has one."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names if name in pyfuncitem.funcargs}
    test = _within(pyfuncitem.obj(**arguments))
    runner = pyfuncitem.funcargs.get("runner")
    if isinstance(runner, asyncio.Runner):
        runner.run(test, context=copy_context())
    else:
        asyncio.run(test)
    return True


async def _within(test: Coroutine[Any, Any, None]) -> None:
    """Let a test that waits for what never comes fail, and not hang."""
    async with asyncio.timeout(SECONDS):
        await test
