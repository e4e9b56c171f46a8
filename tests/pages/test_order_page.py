"""The order page, as a guest sees it: real sockets, virtual time."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from pizzabar.settings import Settings
from tests.flow.serving import STATUSES, PizzaBar, open_pizza_bar
from tests.pages.browser import assert_accessible, visit


@asynccontextmanager
async def guest(browser: Browser) -> AsyncIterator[tuple[PizzaBar, Page]]:
    """Open the pizza bar, and let a guest look at its page."""
    async with open_pizza_bar() as bar, visit(browser, bar.port) as page:
        await expect(page.get_by_text("Connected", exact=True)).to_be_visible()
        yield bar, page


async def order(page: Page, pizza: str, size: str = "Large", moved_on: str | None = None) -> None:
    """Choose a pizza and order it."""
    await page.get_by_role("radio", name=pizza).check()
    await page.get_by_role("radio", name=size).check()
    if moved_on is not None:
        await page.get_by_label("The order is moved on").select_option(moved_on)
    await page.get_by_role("button", name="Order", exact=True).click()


def card(page: Page, pizza: str) -> Locator:
    """Find an order."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=pizza))


async def expect_status(page: Page, pizza: str, status: str) -> None:
    """Wait until an order has a status, and its line has come as far."""
    await expect(card(page, pizza)).to_contain_text(status)
    await expect(card(page, pizza).locator(".done")).to_have_count(STATUSES.index(status) + 1)


async def test_a_guest_orders_and_sees_six_statuses(browser: Browser) -> None:
    async with guest(browser) as (bar, page):
        await order(page, "margherita", "Medium")

        for status in STATUSES:
            await expect_status(page, "margherita, Medium", status)
            await bar.pass_time(5)

        [stored] = await bar.items("Orders")
        assert (stored["type"], stored["size"]) == ({"S": "margherita"}, {"S": "M"})
        await page.get_by_text("Frames of the WebSocket (7)").click()
        await expect(page.get_by_role("list", name="Frames")).to_contain_text('received {"type":"CHANGED_EVENT"')
        await page.get_by_role("button", name="Forget those that are over").click()
        await expect(page.get_by_text("None yet.")).to_be_visible()


async def test_two_orders_at_once_are_told_apart(browser: Browser) -> None:
    async with guest(browser) as (bar, page):
        await order(page, "funghi")
        await expect_status(page, "funghi", STATUSES[0])
        await bar.pass_time(5)
        await order(page, "diavola")
        await expect_status(page, "diavola", STATUSES[0])
        await expect_status(page, "funghi", STATUSES[1])

        await bar.pass_time(10)

        await expect_status(page, "funghi", STATUSES[3])
        await expect_status(page, "diavola", STATUSES[2])


async def test_after_a_reload_the_orders_are_there_and_the_rest_arrives(browser: Browser) -> None:
    async with guest(browser) as (bar, page):
        await order(page, "funghi")
        await expect_status(page, "funghi", STATUSES[0])

        await page.goto("about:blank")
        await bar.pass_time(7)
        await page.go_back()
        await expect_status(page, "funghi", STATUSES[1])
        await bar.pass_time(5)
        await expect_status(page, "funghi", STATUSES[2])
        await bar.pass_time(13)

        await expect_status(page, "funghi", STATUSES[5])


async def test_the_server_starts_again_and_the_page_connects_by_itself(browser: Browser, tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state.db", clock="virtual")
    async with AsyncExitStack() as visits:
        async with open_pizza_bar(settings) as bar:
            port = bar.port
            page = await visits.enter_async_context(visit(browser, port))
            await order(page, "funghi")
            await expect_status(page, "funghi", STATUSES[0])
        await expect(page.get_by_text("Not connected")).to_be_visible()
        await order(page, "marinara")
        await expect(card(page, "marinara")).to_contain_text("is ordered as soon as there is a connection")

        async with open_pizza_bar(settings, port=port) as bar:
            await expect_status(page, "marinara", STATUSES[0])
            await bar.pass_time(25)
            await expect_status(page, "funghi", STATUSES[5])
            await expect_status(page, "marinara", STATUSES[5])
            assert len(await bar.items("Orders")) == 2


async def test_an_order_that_the_pizza_bar_has_lost_is_told(browser: Browser) -> None:
    async with AsyncExitStack() as visits:
        async with open_pizza_bar() as bar:
            port = bar.port
            page = await visits.enter_async_context(visit(browser, port))
            await order(page, "funghi")
            await expect_status(page, "funghi", STATUSES[0])
        async with open_pizza_bar(port=port):
            await expect(card(page, "funghi")).to_contain_text("does not know this order any more")


@pytest.mark.parametrize("text", ["your table is ready", "null", '{"type":"CHANGED_EVENT","message":"{}"}', "[1]"])
async def test_what_is_pushed_to_a_guest_besides_is_shown_among_the_frames(browser: Browser, text: str) -> None:
    async with guest(browser) as (bar, page):
        await order(page, "funghi")
        await expect_status(page, "funghi", STATUSES[0])
        [connection] = bar.emulator.apis.connections
        push = {"ConnectionId": connection.id, "Data": text}
        await bar.emulator.call("apigatewaymanagementapi", "PostToConnection", push)

        await page.get_by_text("Frames of the WebSocket (3)").click()

        await expect(page.get_by_role("list", name="Frames")).to_contain_text(f"received {text}")
        await expect_status(page, "funghi", STATUSES[0])


async def test_a_guest_needs_no_mouse(browser: Browser) -> None:
    async with guest(browser) as (_bar, page):
        await page.get_by_role("radio", name="margherita").focus()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowLeft")
        await page.keyboard.press("Enter")

        await expect_status(page, "marinara, Medium", STATUSES[0])


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_page_is_accessible(browser: Browser, colors: Literal["light", "dark"], width: int) -> None:
    async with (
        open_pizza_bar() as bar,
        visit(browser, bar.port, width=width, colors=colors) as page,
    ):
        await order(page, "funghi")
        await expect_status(page, "funghi", STATUSES[0])
        await page.get_by_text("Frames of the WebSocket").click()

        await assert_accessible(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
