"""What a server shows that runs something else than the pizza bar."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from pizzabar.settings import Settings
from tests.flow.serving import open_pizza_bar
from tests.pages.browser import assert_accessible, visit

TEMPLATE = "Resources: {Bus: {Type: AWS::Events::EventBus, Properties: {Name: oven}}}"


@pytest.mark.parametrize(
    ("path", "said"), [("/", "This server runs the stack oven."), ("/kitchen", "There is no kitchen here")]
)
async def test_another_stack_has_no_pizza_bar_and_no_kitchen(
    browser: Browser, path: str, said: str, tmp_path: Path
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    settings = Settings(template=template, stack_name="oven", state=None, clock="virtual")
    async with open_pizza_bar(settings) as bar, visit(browser, bar.port, path) as page:
        await expect(page.get_by_role("main")).to_contain_text(said)
        await expect(page.get_by_role("link", name="What happens in it")).to_be_visible()
        await assert_accessible(page)
