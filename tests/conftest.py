"""What every test may use: a test that is a coroutine function runs on an event loop of its own."""

import asyncio
import inspect
import os
from collections.abc import Coroutine
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
    """Run a coroutine test to its end."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names if name in pyfuncitem.funcargs}
    asyncio.run(_within(pyfuncitem.obj(**arguments)))
    return True


async def _within(test: Coroutine[Any, Any, None]) -> None:
    """Let a test that waits for what never comes fail, and not hang."""
    async with asyncio.timeout(SECONDS):
        await test
