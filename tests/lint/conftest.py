"""A template and the files beside it, looked at."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from pizzabar.lint.finding import Finding
from pizzabar.linting import lint_template
from pizzabar.settings import Settings

TODAY = date(2026, 11, 27)
Look = Callable[..., list[Finding]]


@pytest.fixture(name="look")
def _look(tmp_path: Path) -> Look:
    """Give what is found in a template, with files beside it by their names."""

    def look(template: str, files: dict[str, str] | None = None, today: date = TODAY) -> list[Finding]:
        for name, text in {"template.yaml": dedent(template), **(files or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        settings = Settings(template=tmp_path / "template.yaml")
        return [
            Finding(
                each.code,
                each.position._replace(file=str(Path(each.position.file).relative_to(tmp_path))),
                each.resource,
                each.why,
            )
            for each in lint_template(settings, today)
        ]

    return look


@pytest.fixture(name="codes")
def _codes(look: Look) -> Callable[..., list[str]]:
    """Give only where things are found, and their codes: ``template.yaml:3 PB101``."""

    def codes(template: str, files: dict[str, str] | None = None, today: date = TODAY) -> list[str]:
        return [
            f"{each.position.file}:{each.position.line} {each.code.code}" for each in look(template, files, today)
        ]

    return codes
