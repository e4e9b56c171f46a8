"""One event loop for all tests of the pages, and one browser on it: to start one takes longer than many a test."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser

from tests.pages.browser import open_browser


@pytest.fixture(scope="session", autouse=True)
def runner() -> Iterator[asyncio.Runner]:
    """Run tests that are coroutines, here, on one loop."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def browser(runner: asyncio.Runner) -> Iterator[Browser]:
    """Open the browser; each visit of a test is that of somebody new."""
    stack = AsyncExitStack()
    yield runner.run(stack.enter_async_context(open_browser()))
    runner.run(stack.aclose())
