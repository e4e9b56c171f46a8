"""The console, in a browser: what it shows of a pizza bar at work, and what is done with it."""

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, expect

from tests.flow.serving import ORDER, PizzaBar, open_pizza_bar, receive
from tests.pages.browser import assert_accessible, visit
from tests.running import SECONDS, free_port, pizzabar, wait_for

CONSOLE = "/_pizzabar"
WIDE = 1280


def view(*names: str) -> str:
    """Give the address of a view."""
    return f"{CONSOLE}/#/{'/'.join(quote(name, safe='') for name in names)}"


@asynccontextmanager
async def open_console(browser: Browser, *names: str) -> AsyncIterator[tuple[PizzaBar, Page]]:
    """Open a pizza bar, and look at a view of its console."""
    async with (
        open_pizza_bar() as bar,
        visit(browser, bar.port, view(*names), width=WIDE) as page,
    ):
        yield bar, page


async def order(bar: PizzaBar, waits: int = 5) -> str:
    """Have a guest order and be told of the first statuses; give the execution's ARN."""
    async with bar.connect() as guest:
        await guest.send(ORDER)
        await receive(guest, 1)
        for _ in range(waits):
            await bar.pass_time(5)
            await receive(guest, 1)
    await bar.emulator.settled()
    return str((await bar.executions())[0]["executionArn"])


async def test_an_executions_graph_advances_while_time_does(browser: Browser) -> None:
    async with open_console(browser) as (bar, page):
        await page.get_by_role("navigation").get_by_role("link", name="Executions").click()
        await expect(page.get_by_text("Nothing yet.")).to_be_visible()
        arn = await order(bar, waits=0)
        await page.get_by_role("link", name=arn.rpartition(":")[2]).click()

        def state(name: str, status: str) -> str:
            return f'[data-state="{name}"].{status}'

        await expect(page.locator(state("Notify User - Order accepted", "succeeded"))).to_be_visible()
        await expect(page.locator(state("Wait for 5 Seconds", "running"))).to_be_visible()
        await page.get_by_role("button", name="+5 s").click()
        await expect(page.locator(state("Wait for 5 Seconds", "succeeded"))).to_be_visible()
        await expect(page.locator(state("Wait for 5 Seconds (1)", "running"))).to_be_visible()

        await page.get_by_role("button", name="Wait for 5 Seconds (1): running").focus()
        await page.keyboard.press("Enter")
        aside = page.get_by_role("complementary")
        await expect(aside).to_contain_text("Waits for timer, 5.000 s to go")
        await expect(aside.get_by_label("Input", exact=True)).to_contain_text('"margherita"')
        assert "state=Wait" in page.url

        await bar.pass_time(25)
        await expect(page.locator("dd .badge")).to_have_text("SUCCEEDED")
        await expect(page.get_by_role("table").last).to_contain_text("ExecutionSucceeded")


async def test_an_execution_is_stopped_redriven_and_started_again_with_another_input(browser: Browser) -> None:
    async with open_pizza_bar() as bar:
        arn = await order(bar, waits=1)
        async with visit(browser, bar.port, view("executions", arn), width=WIDE) as page:
            await page.get_by_role("button", name="Stop").click()
            await expect(page.locator("dd .badge")).to_have_text("ABORTED")
            await page.get_by_role("button", name="Redrive").click()
            await expect(page.locator("dd .badge")).to_have_text("RUNNING")

            await page.get_by_role("button", name="Start again, edited").click()
            await page.get_by_role("textbox", name="Input").fill('{"data":{"type":"funghi"},"connectionId":"nobody"}')
            await page.get_by_role("button", name="Start", exact=True).click()
            await expect(page.get_by_label("Input", exact=True).last).to_contain_text("funghi")
            assert len(await bar.executions()) == 2


async def test_an_event_is_told_with_why_each_rule_matched_or_not(browser: Browser) -> None:
    async with open_pizza_bar() as bar:
        await order(bar, waits=0)
        async with visit(browser, bar.port, view("bus"), width=WIDE) as page:
            await page.get_by_role("region", name="Events, newest first").get_by_role("link").first.click()
            why = page.get_by_role("region", name="Why each rule matched or did not")
            await expect(why.get_by_role("row", name="pizzabar-StatusRule")).to_contain_text("matches")

            await page.get_by_role("textbox", name="Event pattern").fill('{"detail":{"status":["order delivered"]}}')
            await page.get_by_role("button", name="Try").click()
            await expect(why.get_by_role("row", name="the pattern")).to_contain_text(
                'not met detail.status is to be ["order delivered"], is order accepted'
            )

            await page.get_by_label("Detail type").fill("SomethingElse")
            await page.get_by_role("button", name="Put again").click()
            await expect(why.get_by_role("row", name="pizzabar-StatusRule")).to_contain_text("does not match")
            await expect(page.get_by_role("main")).to_contain_text("Matched by pizzabar-LogRule.")


async def test_an_item_is_made_edited_and_deleted(browser: Browser) -> None:
    async with open_console(browser, "tables", "pizzabar-Sessions") as (bar, page):
        await page.get_by_role("button", name="New item").click()
        now = int(bar.emulator.clock.now().timestamp())
        item = {"connectionId": {"S": "a"}, "ttl": {"N": str(now + 90)}, "stage": {"S": "api"}}
        await page.get_by_label("Item, each attribute with its type").fill(json.dumps(item))
        await page.get_by_role("button", name="Save").click()
        row = page.get_by_role("row", name="a 01:3")
        await expect(row).to_contain_text("api")

        await bar.pass_time(60)
        await expect(page.get_by_role("row", name=re.compile("^a (30|29)"))).to_be_visible()
        await page.get_by_role("button", name="Edit", exact=True).click()
        await page.get_by_label("Item, each attribute with its type").fill(json.dumps(item | {"stage": {"S": "b"}}))
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("region", name="Items of pizzabar-Sessions")).to_contain_text("b")
        assert [each["stage"]["S"] for each in await bar.items("Sessions")] == ["b"]

        await page.get_by_label("connectionId").fill("a")
        await page.get_by_role("button", name="Query", exact=True).click()
        await page.get_by_role("button", name="Delete").click()
        await page.get_by_role("button", name="Query again").click()
        await expect(page.get_by_text("No items.")).to_be_visible()
        assert await bar.items("Sessions") == []


async def test_the_clock_jumps_and_changes_its_mode(browser: Browser) -> None:
    async with open_pizza_bar() as bar:
        await order(bar, waits=0)
        async with visit(browser, bar.port, view("clock")) as page:
            before = bar.emulator.clock.now()
            await expect(page.get_by_text("in 5.000 s")).to_be_visible()
            await page.get_by_role("button", name="Jump to the next timer").click()
            after = before + timedelta(seconds=5)
            await expect(page.get_by_role("timer")).to_have_text(f"{after:%Y-%m-%d %H:%M:%S} UTC")
            await bar.emulator.settled()
            assert (bar.emulator.clock.now() - before).total_seconds() == 5

            await page.get_by_role("button", name="Real time", exact=True).click()
            await expect(page.get_by_role("definition").first).to_have_text("real, waits 1 times as fast")
            await expect(page.get_by_role("button", name="Jump to the next timer")).to_be_disabled()
            await page.get_by_role("button", name="Pause (virtual)").click()
            await expect(page.get_by_role("definition").first).to_have_text("virtual")


async def test_an_order_is_a_waterfall_with_its_log_lines(browser: Browser) -> None:
    async with open_pizza_bar() as bar:
        await order(bar)
        [trace] = [hop.trace_id for hop in bar.emulator.journal if hop.operation == "StartExecution"]
        async with visit(browser, bar.port, view("traces", "last"), width=WIDE) as page:
            spans = page.locator(".waterfall .span")
            await expect(spans).to_have_count(sum(hop.trace_id == trace for hop in bar.emulator.journal))
            await expect(page.locator(".gap").first).to_contain_text("s without a hop")
            await expect(page.get_by_label("Lines that Invocation wrote").first).to_contain_text("START RequestId")
            await page.get_by_role("link", name="StartExecution").click()
            await expect(page.get_by_role("complementary")).to_contain_text("stepfunctions:StartExecution")


async def test_the_lines_of_a_log_come_as_they_are_written_each_once(browser: Browser) -> None:
    async with open_console(browser, "logs", "/aws/lambda/pizzabar-StatusFunction") as (bar, page):
        await order(bar, waits=0)
        lines = page.locator(".line")
        await expect(lines).to_have_count(4)
        for count in (8, 12):
            await bar.pass_time(5)
            await expect(lines).to_have_count(count)
        await page.get_by_label("Contains").fill("END RequestId")
        await expect(lines).to_have_count(3)
        await expect(page).to_have_url(re.compile(r"\?text=END\+RequestId$"))


async def test_clients_side_by_side_send_and_are_told(browser: Browser) -> None:
    async with open_console(browser, "connections") as (_bar, page):
        for number in (1, 2):
            await page.get_by_role("button", name="Open").click()
            await expect(page.get_by_role("region", name=f"Client {number}")).to_contain_text("connected")
        connections = page.get_by_role("region", name="Connections")
        await expect(connections.get_by_role("row")).to_have_count(3)

        client = page.get_by_role("region", name="Client 1")
        await client.get_by_role("button", name="Send").click()
        await expect(client.get_by_role("log")).to_contain_text("order accepted")
        await expect(page.get_by_role("region", name="Client 2").get_by_role("log")).not_to_contain_text("order")

        # What was sent is a command that makes a test of it.
        await client.get_by_text("As a test").click()
        recording = await client.locator("pre").inner_text()
        assert shlex.split(recording.replace("\\\n", " ")) == [
            *("pizzabar", "record", ORDER, "--output", "test_session.py"),
        ]

        # The server makes it, too.
        async with page.expect_download() as downloading:
            await client.get_by_role("button", name="Save a test of client 1").click()
        download = await downloading.value
        assert download.suggested_filename == "test_session.py"
        test = Path(await download.path()).read_text()
        assert "def test_" in test
        assert "order delivered" in test

        await connections.get_by_role("button", name="Push").last.click()
        await expect(page.get_by_role("region", name="Client 2").get_by_role("log")).to_contain_text("hello")
        await connections.get_by_role("button", name=re.compile("^Close")).last.click()
        await expect(page.get_by_role("region", name="Client 2")).to_contain_text("closed: 1000")
        # They stay while one looks at something else.
        await page.get_by_role("navigation").get_by_role("link", name="Journal").click()
        await page.get_by_role("navigation").get_by_role("link", name="Connections").click()
        await expect(client.get_by_role("log")).to_contain_text("order accepted")


async def test_a_piece_of_output_shows_what_of_the_template_it_came_from(browser: Browser) -> None:
    async with open_console(browser, "templates", "OrderIntegration", "$default") as (_bar, page):
        await page.get_by_role("region", name="Output").get_by_text("margherita").click()
        await expect(page.locator("mark")).to_have_text("$order")
        await expect(page.get_by_role("region", name="Values")).to_contain_text("java.lang.String")


async def test_learning_goes_on_with_what_really_happens(browser: Browser) -> None:
    async with open_console(browser, "learn") as (bar, page):
        await expect(page.get_by_text("0 of 7 done.")).to_be_visible()
        async with bar.connect():
            await expect(page.get_by_text("2 of 7 done.")).to_be_visible()
        await order(bar)
        await expect(page.get_by_text("7 of 7 done.")).to_be_visible()


async def test_ten_thousand_hops_are_a_list_of_the_few_that_are_seen(browser: Browser) -> None:
    async with open_console(browser) as (bar, page):
        await expect(page.get_by_text("0 of 0 hops")).to_be_visible()
        for _ in range(25):
            for _ in range(400):
                await bar.emulator.call("dynamodb", "ListTables", {})
            await expect(page.get_by_role("status").first).to_have_text("live")
            await asyncio.sleep(0.3)
        await expect(page.get_by_text("10000 of 10000 hops")).to_be_visible()
        rows = page.locator(".rows")
        assert await rows.locator("li").count() < 80
        # At the end of the list it stays there.
        await expect(rows.locator("a").last).to_have_attribute("href", f"#/journal/{bar.emulator.journal.last_id}")
        frames = await page.evaluate(
            """async () => {
                const rows = document.querySelector(".rows");
                const frames = [];
                let last = performance.now();
                for (let top = 0; top < rows.scrollHeight; top += rows.scrollHeight / 60) {
                    rows.scrollTop = top;
                    await new Promise(requestAnimationFrame);
                    frames.push(performance.now() - last);
                    last = performance.now();
                }
                return frames.sort((one, other) => one - other);
            }"""
        )
        assert frames[len(frames) // 2] < 50, frames


async def test_it_takes_up_where_it_was_when_the_server_is_there_again(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    settings = {"port": port, "state": tmp_path / "state.db", "clock": "virtual"}
    server = pizzabar("up", **settings)
    try:
        await asyncio.to_thread(wait_for, server, port)
        async with visit(browser, port, view("connections"), width=WIDE) as page:
            await expect(page.get_by_role("status").first).to_have_text("live")
            server.terminate()
            await asyncio.to_thread(server.communicate, timeout=SECONDS)
            await expect(page.get_by_role("status").first).to_have_text("the server is away: trying again")

            server = pizzabar("up", **settings)
            await asyncio.to_thread(wait_for, server, port)
            await expect(page.get_by_role("status").first).to_have_text("live")
            await page.get_by_role("button", name="Open").click()
            await expect(page.get_by_role("link", name="1 connection")).to_be_visible()
    finally:
        server.terminate()
        await asyncio.to_thread(server.communicate, timeout=SECONDS)


VIEWS = [
    ("journal",),
    ("journal", "5"),
    ("traces",),
    ("traces", "last"),
    ("executions",),
    ("executions", "ARN"),
    ("bus",),
    ("bus", "EVENT"),
    ("connections",),
    ("tables",),
    ("tables", "pizzabar-Orders"),
    ("logs",),
    ("logs", "/aws/lambda/pizzabar-StatusFunction"),
    ("functions",),
    ("functions", "pizzabar-StatusFunction"),
    ("templates",),
    ("templates", "OrderIntegration", "$default"),
    ("clock",),
    ("resources",),
    ("resources", "OrderFlow"),
    ("learn",),
]
"""Every view, and in it an address of one thing."""


async def assert_shown(page: Page) -> None:
    """Whatever is asked for has come."""
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_text("…", exact=True)).to_have_count(0)
    await expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(("width", "colors"), [(390, "light"), (WIDE, "dark")])
async def test_every_view_has_its_address_and_is_accessible(
    browser: Browser, width: int, colors: Literal["light", "dark"]
) -> None:
    async with open_pizza_bar() as bar:
        arn = await order(bar, waits=2)
        [event] = [
            hop.result["Entries"][0]["EventId"] for hop in bar.emulator.journal if hop.operation == "PutEvents"
        ][:1]
        for names in VIEWS:
            path = view(*({"ARN": arn, "EVENT": event}.get(name, name) for name in names))
            async with visit(browser, bar.port, path, width=width, colors=colors) as page:
                await assert_shown(page)
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
                await assert_accessible(page)
