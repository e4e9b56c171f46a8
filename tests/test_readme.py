"""The README's own words, held against the program."""

import re
import subprocess
import sys
from pathlib import Path

from pizzabar.settings import meanings, repeated

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_example_in_python_runs_as_written() -> None:
    [program, printed] = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", README, re.DOTALL)[0]

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert done.stdout == printed, done.stderr


def test_every_setting_is_in_the_table() -> None:
    options = set(re.findall(r"`--([a-z-]+)`", README.split("## Settings")[1].split("## The clock")[0]))

    assert {repeated().get(name, name).replace("_", "-") for name in meanings()} <= options


def test_the_frame_is_the_one_that_is_pushed() -> None:
    from pizzabar.pizzeria.orders import status_frame

    assert f"```json\n{status_frame('order accepted')}\n```" in README


def test_ci_runs_the_test_command() -> None:
    [command] = re.findall(r"^python3 -m venv .*pytest$", README, re.MULTILINE)

    assert all(tool in command for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"))
