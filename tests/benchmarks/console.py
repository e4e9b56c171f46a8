"""
What an order costs the server while the console is open and follows, beside what it costs while nobody looks.

Run with ``python -m tests.benchmarks.console``, and names of views if not all. Rounds with and without take turns,
for the machine's own speed changes meanwhile, and medians are told. The browser runs on the same machine; its own
time does not count.
"""

import asyncio
import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median

from playwright.async_api import async_playwright

from tests.benchmarks.orders import measure
from tests.benchmarks.servers import pizzabar

VIEWS = ("journal", "executions", "bus", "traces/last", "tables/pizzabar-Orders", "logs", "learn")
ROUNDS = ((1, 150), (50, 10))
"""Connections, and orders each."""
TURNS = 9
SETTLED = 1500
"""Milliseconds after which a page has read what there was before."""


async def main() -> None:
    """Print a table."""
    print(f"{'connections':>11} {'view':>24} {'CPU ms/order':>13} {'alone':>13} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder, pizzabar(Path(folder) / "state.db") as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for connections, orders in ROUNDS:
                for view in sys.argv[1:] or VIEWS:
                    alone, watched = [(await measure(server, connections, orders))[1]], []
                    for _ in range(TURNS):
                        page = await browser.new_page()
                        await page.goto(f"http://localhost:{server.port}/_pizzabar/#/{view}")
                        await page.get_by_text("live", exact=True).wait_for()
                        await page.wait_for_timeout(SETTLED)
                        watched.append((await measure(server, connections, orders))[1])
                        await page.close()
                        alone.append((await measure(server, connections, orders))[1])
                    # Each is held against those just before and after it: the machine's pace drifts.
                    ratio = median(
                        2 * each / sum(around) for each, around in zip(watched, pairwise(alone), strict=True)
                    )
                    print(
                        f"{connections:>11} {view:>24} {median(watched):>13.3f} {median(alone):>13.3f} {ratio:>6.2f}",
                        flush=True,
                    )
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
