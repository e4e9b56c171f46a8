"""Recordings that become tests."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pizzabar import Application
from pizzabar.cli import main
from pizzabar.testing import World
from pizzabar.testing.recording import Message, NothingToRecord, write_test
from tests.flow.serving import ORDER, STATUSES


def recorded(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["record", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def outcome(folder: Path, text: str) -> int:
    """Run a test file, and give the exit code: 0 when all is well, 1 when a test failed."""
    (folder / "test_recorded.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_recorded.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False).returncode


def test_a_recording_passes_on_the_spot_and_fails_when_a_status_changes(tmp_path: Path) -> None:
    text = recorded(ORDER, '@30 {"type": "funghi"}')
    assert text.count("pizzabar.advance(5)") == 11
    assert """guest.send('{"type": "funghi"}')""" in text

    assert outcome(tmp_path, text) == 0
    assert outcome(tmp_path, text.replace(STATUSES[3], "order is burnt", 1)) == 1


def echo() -> World:
    app = Application()

    @app.default
    async def answer(event: Any, context: Any) -> Any:
        if event["body"] == "quiet":
            return None
        return {"said": event["body"], "to": event["requestContext"]["connectionId"], "list": [1, {"id": 2}]}

    return World(app)


def test_what_is_another_each_time_is_taken_as_it_comes() -> None:
    text = write_test([Message("hello")], echo, stage="api", opens="")
    assert text.splitlines() == [
        '"""Recorded by `pizzabar record`."""',
        "",
        "from unittest.mock import ANY",
        "",
        "",
        "def test_recorded(pizzabar):",
        "    guest = pizzabar.connect('api')",
        "",
        "    guest.send('hello')",
        "    assert guest.take() == [",
        "        {'said': 'hello', 'to': ANY, 'list': [1, {'id': 2}]},",
        "    ]",
    ]


def test_where_nothing_comes_back_there_is_no_recording() -> None:
    with pytest.raises(NothingToRecord):
        write_test([Message("quiet")], echo, stage=None, opens="")


def test_a_template_is_named_from_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = files("pizzabar.pizzeria")
    (tmp_path / "own").mkdir()
    for name in ("template.yaml", "order-flow.asl.json", "manual-flow.asl.json"):
        (tmp_path / "own" / name).write_text((shipped / name).read_text())
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    recorded(ORDER, "--template", "own/template.yaml", "--output", "tests/test_own.py")
    assert "pizzabar_template('../own/template.yaml')" in (tmp_path / "tests" / "test_own.py").read_text()


def test_what_a_client_of_a_server_has_sent_is_recorded() -> None:
    with World(is_served=True) as world:
        guest = world.connect()
        guest.send(ORDER)
        world.advance(25)
        text = recorded("--connection", guest.connection_id, "--port", str(world.port))
        other = CliRunner().invoke(main, ["record", "--connection", "none", "--port", str(world.port)])
    assert json.dumps(STATUSES[-1])[1:-1] in text
    assert "the journal knows of no message of none" in other.output


def test_either_messages_or_a_connection() -> None:
    assert "give either messages or --connection" in CliRunner().invoke(main, ["record"]).output


def test_times_are_another_each_time() -> None:
    app = Application()

    @app.default
    async def tell(event: Any, context: Any) -> Any:
        return {"at": event["requestContext"]["requestTime"]}

    assert "{'at': ANY}" in write_test([Message("when")], lambda: World(app), stage=None, opens="")
