"""The kitchen, and what a guest sees of it: real sockets, virtual time."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from pizzabar.settings import Settings
from tests.flow.serving import STATUSES, PizzaBar, open_pizza_bar
from tests.pages.browser import assert_accessible, visit
from tests.pages.test_order_page import card, expect_status, order

VERBS = ["Prepare", "Bake", "Pack", "Send", "Deliver"]


@asynccontextmanager
async def kitchen(browser: Browser) -> AsyncIterator[tuple[PizzaBar, Page, Page]]:
    """Open the pizza bar, and let a guest and the kitchen look at their pages."""
    async with (
        open_pizza_bar() as bar,
        visit(browser, bar.port) as guest,
        visit(browser, bar.port, "/kitchen", width=1280) as cooks,
    ):
        await expect(cooks.get_by_text("Connected", exact=True)).to_be_visible()
        yield bar, guest, cooks


def column(cooks: Page, status: str) -> Locator:
    """Find the tickets of a status."""
    return cooks.get_by_role("region", name=status.removeprefix("order ").removeprefix("is "))


async def test_the_kitchen_moves_an_order_through_all_statuses(browser: Browser) -> None:
    async with kitchen(browser) as (bar, guest, cooks):
        await order(guest, "funghi", moved_on="manual")

        for status, verb in zip(STATUSES, VERBS, strict=False):
            await expect_status(guest, "funghi", status)
            await bar.pass_time(60)
            await column(cooks, status).get_by_role("button", name=f"{verb} Funghi, L").click()

        await expect_status(guest, "funghi", "order delivered")
        await expect(cooks.get_by_text("Nothing waits for the kitchen.")).to_be_visible()
        await expect(cooks.get_by_role("status")).to_have_text("Funghi, L: order delivered")


async def test_the_kitchen_refuses_an_order_and_the_guest_sees_why(browser: Browser) -> None:
    async with kitchen(browser) as (bar, guest, cooks):
        await order(guest, "diavola", moved_on="manual")
        await cooks.get_by_role("button", name="Refuse Diavola, L").click()
        await expect(cooks.get_by_role("dialog", name="Refuse Diavola, L?")).to_be_visible()

        await cooks.get_by_label("The guest is told why").fill('the "hot" salami is out')
        await cooks.keyboard.press("Enter")

        await expect(card(guest, "diavola")).to_contain_text('order refused: the "hot" salami is out')
        await expect(cooks.get_by_text("Nothing waits for the kitchen.")).to_be_visible()
        [stored] = await bar.items("Orders")
        assert stored["status"] == {"S": 'order refused: the "hot" salami is out'}


async def test_a_refusal_is_thought_better_of(browser: Browser) -> None:
    async with kitchen(browser) as (_bar, guest, cooks):
        await order(guest, "diavola", moved_on="manual")
        await cooks.get_by_role("button", name="Refuse Diavola, L").click()
        await cooks.get_by_role("button", name="Keep it").click()

        await expect(cooks.get_by_role("dialog")).to_have_count(0)
        await expect(cooks.get_by_role("button", name="Refuse Diavola, L")).to_be_focused()


async def test_the_kitchen_is_switched_for_all_orders_that_do_not_say(browser: Browser) -> None:
    async with kitchen(browser) as (bar, guest, cooks):
        switch = cooks.get_by_role("switch")
        await expect(switch).not_to_be_checked()
        await switch.check()
        await expect(cooks.get_by_role("status")).to_have_text("New orders wait for the kitchen.")

        await order(guest, "funghi")
        await expect(column(cooks, "order accepted")).to_contain_text("Funghi, L")
        await order(guest, "marinara", moved_on="automatic")
        await expect_status(guest, "marinara", STATUSES[0])
        await bar.pass_time(25)
        await expect_status(guest, "marinara", STATUSES[5])
        await expect_status(guest, "funghi", STATUSES[0])

        await cooks.reload()
        await expect(switch).to_be_checked()


async def test_a_cook_who_comes_second_is_told(browser: Browser) -> None:
    async with kitchen(browser) as (bar, guest, cooks):
        await order(guest, "funghi", moved_on="manual")
        await expect(column(cooks, STATUSES[0])).to_contain_text("Funghi")
        [ticket] = await bar.items("Tickets")
        # This cook's page does not hear of what the other does.
        items = await cooks.request.get("/_pizzabar/tables/pizzabar-Tickets/items")
        await cooks.route("**/items?*", lambda route: route.fulfill(response=items))
        done = {"taskToken": ticket["taskToken"]["S"], "output": "{}"}
        await bar.emulator.call("stepfunctions", "SendTaskSuccess", done)
        await expect_status(guest, "funghi", STATUSES[1])

        await cooks.get_by_role("button", name="Prepare").click()

        await expect(cooks.get_by_role("status")).to_contain_text("That did not work: Task Timed Out")
        await expect_status(guest, "funghi", STATUSES[1])


async def test_an_order_is_moved_on_without_a_mouse(browser: Browser) -> None:
    async with kitchen(browser) as (_bar, guest, cooks):
        await order(guest, "funghi", moved_on="manual")
        await cooks.get_by_role("button", name="Prepare Funghi, L").focus()

        for verb in VERBS:
            await expect(cooks.get_by_role("button", name=f"{verb} Funghi, L")).to_be_focused()
            await cooks.keyboard.press("Enter")

        await expect_status(guest, "funghi", STATUSES[5])


async def test_the_kitchen_connects_again_after_the_server_does(browser: Browser, tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state.db", clock="virtual")
    async with AsyncExitStack() as visits:
        async with open_pizza_bar(settings) as bar:
            port = bar.port
            guest = await visits.enter_async_context(visit(browser, port))
            cooks = await visits.enter_async_context(visit(browser, port, "/kitchen"))
            await order(guest, "funghi", moved_on="manual")
            await expect(column(cooks, STATUSES[0])).to_contain_text("Funghi")
        async with open_pizza_bar(settings, port=port):
            await cooks.get_by_role("button", name="Prepare").click()
            await expect_status(guest, "funghi", STATUSES[1])


@pytest.mark.parametrize("message", ['"just a text"', '{"type":5,"size":{},"kitchen":"manual"}', "[]", "null"])
async def test_whatever_was_ordered_is_a_ticket(browser: Browser, message: str) -> None:
    async with kitchen(browser) as (bar, _guest, cooks), bar.connect() as other:
        await cooks.get_by_role("switch").check()
        await expect(cooks.get_by_role("status")).to_have_text("New orders wait for the kitchen.")
        await other.send(message)
        await cooks.get_by_role("button", name="Prepare").click()

        await expect(cooks.get_by_role("button", name="Bake")).to_be_visible()


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_the_kitchen_is_accessible(browser: Browser, colors: Literal["light", "dark"], width: int) -> None:
    async with (
        open_pizza_bar() as bar,
        bar.connect() as guest,
        visit(browser, bar.port, "/kitchen", width=width, colors=colors) as cooks,
    ):
        await guest.send('{"type":"funghi","size":"L","kitchen":"manual"}')
        await expect(cooks.get_by_role("button", name="Refuse Funghi, L")).to_be_visible()
        await assert_accessible(cooks)
        assert await cooks.evaluate("document.documentElement.scrollWidth") <= width

        await cooks.get_by_role("button", name="Refuse Funghi, L").click()
        await expect(cooks.get_by_role("dialog")).to_be_visible()
        await assert_accessible(cooks)
