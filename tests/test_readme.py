"""The README's own words, held against the program."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from pizzabar.settings import meanings, option_names
from tests.flow.serving import serving

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_example_in_python_runs_as_written() -> None:
    [program, printed] = re.findall(r"```python\n((?:(?!```).)*)```\n\n```\n(.*?)```", README, re.DOTALL)[0]

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert done.stdout == printed, done.stderr


async def test_the_program_of_ones_own_runs_as_written(tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(# kitchen\.py\n.*?)```", README, re.DOTALL)
    (tmp_path / "kitchen.py").write_text(program)
    spec = importlib.util.spec_from_file_location("kitchen", tmp_path / "kitchen.py")
    assert spec is not None
    assert spec.loader is not None
    kitchen = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kitchen)

    async with (
        kitchen.app.emulator(state=":memory:", clock="virtual") as emulator,
        serving(emulator) as bar,
        bar.connect("/api") as guest,
    ):
        await guest.send('{"action":"order","pizza":"margherita"}')
        assert await guest.recv() == '{"ordered":"margherita"}'
        await bar.pass_time(5)
        assert await guest.recv() == "your margherita is ready"


def test_every_setting_is_in_the_table() -> None:
    options = set(re.findall(r"`--([a-z-]+)`", README.split("## Settings")[1].split("## The clock")[0]))

    assert {option_names().get(name, name).replace("_", "-") for name in meanings()} <= options


def test_the_frame_is_the_one_that_is_pushed() -> None:
    from pizzabar.pizzeria.orders import status_frame

    assert f"```json\n{status_frame('order accepted')}\n```" in README


def test_ci_runs_the_test_command() -> None:
    [command] = re.findall(r"^python3 -m venv .* pytest .*$", README, re.MULTILINE)

    assert all(tool in command for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"))


def test_the_tests_run_as_written(tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(# test_orders\.py\n.*?)```", README, re.DOTALL)
    (tmp_path / "test_orders.py").write_text(program)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert "2 passed" in done.stdout, done.stdout
