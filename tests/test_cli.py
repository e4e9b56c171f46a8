"""The command line."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from pizzabar import __version__
from pizzabar.cli import main
from tests.running import SECONDS, free_port, pizzabar, running, wait_for

STATUSES = [
    "order accepted",
    "order is now being prepared",
    "order is undergoing the baking process",
    "order is packed",
    "order is sent for delivery",
    "order delivered",
]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a running pizza bar."""
    with running() as port:
        yield port


@pytest.fixture(autouse=True)
def _settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of the machine's own be in force."""
    for name in ("PORT", "SPEED", "STATE", "TEMPLATE", "CLOCK"):
        monkeypatch.delenv(f"PIZZABAR_{name}", raising=False)


def run(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)


def test_the_version() -> None:
    assert run("--version").output == f"pizzabar, version {__version__}\n"


@pytest.mark.parametrize(
    "command", [[], ["up"], *([name] for name in main.commands), ["clock", "set"], ["tables", "show"]]
)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_explains_itself(command: list[str], option: str) -> None:
    result = run(*command, option)

    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")


def test_the_commands_are_there_before_what_they_need_is_imported() -> None:
    """A completion, a help text or a typing error should not wait for it."""
    heavy = "{'fastapi', 'httpx', 'pydantic', 'uvicorn', 'websockets', 'pizzabar.emulator'}"
    program = f"import sys, pizzabar.cli; print({heavy} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


def test_up_has_an_option_for_each_setting() -> None:
    output = run("up", "--help").output

    for option in ("--template", "--state", "--speed", "--clock", "--port", "--allowed-origins", "--journal-size"):
        assert option in output


OWN = """
Parameters: {Name: {Type: String}, Size: {Type: String, Default: S}}
Resources:
  Bake:
    Type: AWS::Lambda::Function
    Properties: {Runtime: nodejs18.x, FunctionName: !Ref Name, Description: !Ref Size, Colour: red}
Outputs:
  Function: {Value: !Sub "${Name} ${Size}"}
"""


def test_an_interrupt_ends_up_without_a_word() -> None:
    port = free_port()
    up = pizzabar("up", state=":memory:", port=port, lint="off")
    try:
        wait_for(up, port)
        up.send_signal(signal.SIGINT)
        output, _ = up.communicate(timeout=SECONDS)
    finally:
        up.kill()

    assert up.returncode == 0
    assert output.splitlines()[-1] == "  state     in memory"


def test_up_runs_a_template_of_ones_own_with_parameters_and_a_stand_in(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(OWN)
    (tmp_path / "oven.py").write_text("async def bake(event, context): return event\n")
    (tmp_path / "samconfig.toml").write_text("[default.global.parameters]\nregion = 'eu-west-1'\n")
    given = ["--parameter", "Name=Oven 1", "--parameter", "Size=L", "--function", "Bake=oven:bake", "--lenient"]
    port = free_port()
    up = pizzabar("up", str(tmp_path / "template.yaml"), *given, state=":memory:", port=port, parameters="Size=M")
    try:
        assert up.stdout is not None
        greeting = [next(up.stdout) for _ in range(8)]
    finally:
        up.terminate()
        up.communicate(timeout=SECONDS)

    assert greeting == [
        f"ignored: {tmp_path / 'template.yaml'}:6:88: Properties validation failed for resource Bake with message: "
        "#: extraneous key [Colour] is not permitted\n",
        "pizzabar is open\n",
        "  output    Function  Oven 1 L\n",
        f"  watch     pizzabar watch --port {port}\n",
        f"  control   http://localhost:{port}/_pizzabar/docs\n",
        "  state     in memory\n",
        f"  taken     from {tmp_path / 'samconfig.toml'}: region eu-west-1\n",
        "  function  Bake is oven:bake, in place of its own code\n",
    ]


def test_an_order_is_followed_to_its_end(port: int) -> None:
    result = run("order", "--port", port, '{"type":"margherita"}')

    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.partition("  ")[0] for line in lines] == ["●" * count + "○" * (6 - count) for count in range(1, 7)]
    assert [" ".join(line.split()[1:-2]) for line in lines] == STATUSES
    assert all(line.endswith(" s") for line in lines)


def test_the_port_may_come_from_the_environment(port: int) -> None:
    assert run("order", '{"type":"margherita"}', PIZZABAR_PORT=str(port)).exit_code == 0


def test_an_order_that_is_no_json_ends_with_the_error_frame(port: int) -> None:
    result = run("order", "--port", port, "hello")

    assert result.exit_code == 1
    assert result.output.startswith('{"message": "Internal server error", "connectionId":"')


def test_a_stage_that_is_not_there(port: int) -> None:
    result = run("order", "--port", port, "--stage", "prod", "{}")

    assert result.exit_code == 1
    assert result.output.startswith(f"Error: ws://localhost:{port}/prod was refused: ")
    assert "403" in result.output


@pytest.mark.parametrize("command", [["order", "{}"], ["watch"]])
def test_without_a_server(command: list[str]) -> None:
    port = free_port()

    result = run(*command, "--port", port)

    assert result.exit_code == 1
    assert result.output.startswith(f"Error: no server at localhost:{port} (")
    assert result.output.endswith("): start one with `pizzabar up`\n")


def test_watch_shows_hops_as_they_happen(port: int) -> None:
    line = watched(port, "StartExecution")

    clock, trace, took, unit, name, *told = line.split()
    assert (name, unit) == ("stepfunctions:StartExecution", "ms")
    assert len(clock) == len("12:00:00.000")
    assert len(trace) == 6
    assert float(took) >= 0
    assert told[0].startswith('{"input":"{')
    assert line.endswith("…")


def test_watch_writes_hops_as_json(port: int) -> None:
    hop = json.loads(watched(port, "StartExecution", "--json"))

    assert (hop["service"], hop["operation"]) == ("stepfunctions", "StartExecution")
    assert {"id", "trace", "parent", "time", "milliseconds", "parameters", "result", "error", "notes"} <= set(hop)


def watched(port: int, operation: str, *options: str) -> str:
    """Watch, and order until the watcher tells of an operation; give the line that does."""
    watching = pizzabar("watch", "--port", str(port), *options)
    found: Future[str] = Future()

    def read() -> None:
        assert watching.stdout is not None
        for line in watching.stdout:
            if operation in line and not found.done():
                found.set_result(line.rstrip("\n"))

    reading = Thread(target=read)
    reading.start()
    deadline = time.monotonic() + SECONDS
    try:
        while not found.done() and time.monotonic() < deadline:
            assert run("order", "--port", port, '{"type":"margherita"}').exit_code == 0
        return found.result(timeout=0)
    finally:
        watching.terminate()
        watching.wait(SECONDS)
        reading.join(SECONDS)
        assert watching.stdout is not None
        watching.stdout.close()


def test_up_tells_every_fault_of_its_settings() -> None:
    result = run("up", "--speed", "fast", "--port", "99999", "--clock", "slow", "--account", "1")

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Error: PIZZABAR_SPEED is 'fast', and should be a number greater than 0",
        "PIZZABAR_CLOCK is 'slow', and should be real or virtual or auto",
        "PIZZABAR_PORT is '99999', and should be a port, 0 to 65535",
        "PIZZABAR_ACCOUNT is '1', and should be 12 digits",
    ]


def test_up_tells_a_fault_of_the_environment() -> None:
    result = run("up", PIZZABAR_SPEED="-1", PIZZABAR_PROT="8000")

    assert result.exit_code == 1
    assert "PIZZABAR_PROT is no setting; the settings are PIZZABAR_TEMPLATE" in result.output
    assert "PIZZABAR_SPEED is '-1', and should be a number greater than 0" in result.output


def test_up_tells_every_fault_of_a_template_with_its_place(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources:\n  Bus: {Type: AWS::Events::EventBus}\n  Topic: {Type: AWS::SNS::Topic}\n")
    up = pizzabar("up", str(template), state=":memory:", port=free_port())

    output, _ = up.communicate(timeout=SECONDS)

    assert up.returncode == 3
    lines = output.splitlines()
    assert [line.partition(": ")[0] for line in lines[:2]] == [f"{template}:2:3", f"{template}:3:17"]
    assert "AWS::SNS::Topic" in lines[1]
    assert "Traceback" not in output


def test_up_without_the_template(tmp_path: Path) -> None:
    up = pizzabar("up", str(tmp_path / "nowhere.yaml"), state=":memory:", port=free_port())

    output, _ = up.communicate(timeout=SECONDS)

    assert up.returncode == 3
    assert "nowhere.yaml" in output
    assert "Traceback" not in output


def test_up_greets_and_serves() -> None:
    port = free_port()
    up = pizzabar("up", "--port", str(port), "--state", ":memory:", "--speed", "1000000")
    try:
        assert up.stdout is not None
        greeting = [next(up.stdout) for _ in range(9)]
        assert greeting[0] == "pizzabar is open\n"
        assert greeting[1] == f"  connect   wscat -c ws://localhost:{port}/api\n"
        assert greeting[3] == "  output    SessionsTable  pizzabar-Sessions\n"
        assert greeting[8] == "  state     in memory\n"

        assert run("order", "--port", port, '{"type":"margherita"}').exit_code == 0
    finally:
        up.terminate()
        rest, _ = up.communicate(timeout=SECONDS)
    assert "Traceback" not in rest


def test_up_on_a_port_that_is_taken(port: int) -> None:
    up = pizzabar("up", "--port", str(port), "--state", ":memory:")

    output, _ = up.communicate(timeout=SECONDS)

    assert up.returncode != 0
    assert "address already in use" in output
    assert "Traceback" not in output
