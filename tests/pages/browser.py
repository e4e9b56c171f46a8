"""A browser on the pages of a pizza bar: Chromium, without a screen."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

AXE = Path(__file__).parent.parent / "flow" / "javascript" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start the browser. Without one the test is skipped; in CI it fails."""
    chromium = shutil.which("chromium")
    if chromium is None or not AXE.exists():
        message = "Chromium is needed (apt-get install chromium), and npm install in tests/flow/javascript"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(message)
        pytest.skip(message)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Visit:
    """One visitor's window, and the errors that its pages told of; what was refused to them is none."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        is_refusal = "ERR_CONNECTION_REFUSED" in message.text or "a status of 400" in message.text
        if message.type in ("error", "warning") and not is_refusal:
            self.errors.append(message.text)


@asynccontextmanager
async def visit(
    browser: Browser,
    port: int,
    path: str = "/",
    *,
    width: int = 390,
    colors: Literal["light", "dark"] = "light",
) -> AsyncIterator[Page]:
    """Look at a page with a browser that knows nothing yet. At the end nothing may have gone wrong in it."""
    context = await browser.new_context(
        base_url=f"http://localhost:{port}", viewport={"width": width, "height": 844}, color_scheme=colors
    )
    context.set_default_timeout(10_000)
    page = await context.new_page()
    visitor = Visit(page)
    await page.goto(path)
    try:
        yield page
    finally:
        # What is cut off when the window closes is nobody's fault.
        errors = tuple(visitor.errors)
        await context.close()
    assert not errors, errors


async def assert_accessible(page: Page) -> None:
    """Have axe look at a page: nothing that it finds is serious or critical.

    https://github.com/dequelabs/axe-core
    """
    await page.evaluate(AXE.read_text())
    violations = await page.evaluate("axe.run().then(results => results.violations)")
    assert [
        (each["id"], node["html"], node["failureSummary"])
        for each in violations
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ] == []
