"""``pizzabar lint``, and what ``pizzabar up`` says of it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pizzabar.cli import main
from tests.lint.stacks import API, CONNECTIONS, ROLE, connect, template
from tests.running import SECONDS, free_port, pizzabar, wait_for

ITEM = """\
{"TableName": "connections", "Item": {"connectionId": {"S": "$context.connectionId"},
 "expires": {"N": "$context.requestTimeEpoch"}}}
"""
TRAP = template(API, CONNECTIONS, connect(ITEM))


@pytest.fixture(autouse=True)
def _settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no setting of the machine's own be in force."""
    for name in ("TEMPLATE", "PARAMETERS", "LENIENT", "LINT"):
        monkeypatch.delenv(f"PIZZABAR_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def lint(text: str, *options: str) -> Result:
    Path("template.yaml").write_text(text)
    return CliRunner().invoke(main, ["lint", "template.yaml", *options])


def test_what_is_found_is_told_with_its_place_and_the_way_out() -> None:
    done = lint(TRAP)

    assert done.exit_code == 1
    assert done.stdout == (
        "template.yaml:37:30: PB101 error: $context.requestTimeEpoch is in milliseconds, and goes into expires, "
        "which Connections reads as seconds: the item never expires\n"
        "    Divide by 1000 before adding the seconds that the item is to live: `… / 1000 + 86400`. "
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html\n"
        "1 error\n"
    )


def test_nothing_found() -> None:
    done = lint(template(API))

    assert (done.exit_code, done.stdout) == (0, "nothing found\n")


def test_notes_alone_are_no_failure() -> None:
    done = lint(template(API, ROLE % ""))

    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "1 note")


def test_the_pizzeria_has_nothing() -> None:
    done = CliRunner().invoke(main, ["lint"])

    assert (done.exit_code, done.stdout) == (0, "nothing found\n")


def test_a_template_that_cannot_be_loaded() -> None:
    done = lint(template(API, "\nTopic:\n  Type: AWS::SNS::Topic\n"))

    assert done.exit_code == 2
    assert "template.yaml:12:11: PB001 error: Topic: AWS::SNS::Topic is not supported\n" in done.stdout


def test_the_rest_of_it_is_looked_at_when_asked() -> None:
    done = lint(template(API, "\nTopic:\n  Type: AWS::SNS::Topic\n", CONNECTIONS, connect(ITEM)), "--lenient")

    assert done.exit_code == 1
    assert [line.split()[1] for line in done.stdout.splitlines()[:-1:2]] == ["PB002", "PB101"]


def test_a_parameter() -> None:
    named = API.replace("StageName: api", "StageName: !Ref Name")
    text = template(named, head="Parameters: {Name: {Type: String}}\n")

    assert lint(text).exit_code == 2
    assert lint(text, "--parameter", "Name=prod").exit_code == 0


def test_a_server_tells_of_it_when_it_is_open(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TRAP)
    process = pizzabar("up", "template.yaml", state=":memory:", port=free_port())
    assert process.stdout is not None
    try:
        lines = iter(process.stdout.readline, "")
        told = next(line for line in lines if " PB" in line)
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)

    assert told.startswith("  lint      template.yaml:37:30: PB101 $context.requestTimeEpoch is in milliseconds")


def test_a_server_may_be_silent_about_it(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TRAP)
    process = pizzabar("up", "template.yaml", "--lint", "off", state=":memory:", port=(port := free_port()))
    wait_for(process, port)
    process.terminate()
    told, _ = process.communicate(timeout=SECONDS)

    assert "pizzabar is open" in told
    assert "PB101" not in told


def test_a_template_that_is_not_there() -> None:
    done = CliRunner().invoke(main, ["lint", "nowhere.yaml"])

    assert (done.exit_code, "nowhere.yaml" in done.stderr) == (2, True)
