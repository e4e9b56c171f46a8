"""The commands that ask a running server."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from websockets.sync.client import ClientConnection, connect

from pizzabar.cli import main
from tests.running import SECONDS, environment, free_port, pizzabar, running, wait_for


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a running pizza bar, whose time stands still."""
    with running(clock="virtual") as port:
        yield port


@pytest.fixture(autouse=True)
def _here(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands speak to it."""
    monkeypatch.setenv("PIZZABAR_PORT", str(port))


@pytest.fixture
def guest(port: int) -> Iterator[ClientConnection]:
    """Somebody who has ordered, and has heard of the first status."""
    with connect(f"ws://localhost:{port}/api", compression=None, proxy=None) as guest:
        guest.send('{"type":"funghi"}')
        guest.recv(SECONDS)
        yield guest


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def lines(*arguments: object) -> list[str]:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def told(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_what_roles_have_used(guest: ClientConnection) -> None:
    shown = lines("iam", "OrderFlowRole")
    assert shown[0] == "pizzabar-OrderFlowRole"
    assert re.fullmatch(
        r"  used +[0-9]+ × events:PutEvents on arn:aws:events:us-east-1:123456789012:event-bus/pizzabar-EventBus",
        shown[1],
    )
    assert shown[2:4] == ["  the smallest policy that covers this use:", "    {"]
    assert json.loads("".join(shown[3:]))["Statement"][0]["Action"] == "events:PutEvents"

    whole = told("iam")
    assert whole["mode"] == "audit"
    assert (whole["findings"], whole["unknown"]) == ([], [])
    [sessions] = [role for role in whole["roles"] if role["logical_id"] == "SessionsRole"]
    assert [each["action"] for each in sessions["used"]] == ["dynamodb:PutItem"]
    assert sessions["never_used"] == [
        {
            "policy": "Sessions",
            "statement": "1",
            "actions": ["dynamodb:DeleteItem"],
            "resources": ["arn:aws:dynamodb:us-east-1:123456789012:table/pizzabar-Sessions"],
        }
    ]
    assert lines("iam")[-1] == "nothing was asked for that is not allowed"
    assert "there is no role Nobody" in run("iam", "Nobody").output


def test_the_clock() -> None:
    assert "virtual" in lines("clock", "get")[0]
    before = told("clock", "get")["now"]
    assert told("clock", "advance", 60)["now"] > before
    assert told("clock", "next")["mode"] == "virtual"
    assert lines("clock", "set", "real", "--speed", 60)[0].split(",")[0].endswith("real at speed 60")
    assert lines("clock", "set", "virtual")[0].split("  ")[1].startswith("virtual")
    assert told("settled")["mode"] == "virtual"
    assert "nan is no number" in run("clock", "advance", "nan").output
    assert "inf is no number" in run("clock", "set", "real", "--speed", "inf").output


def test_connections(guest: ClientConnection) -> None:
    head, row = lines("connections", "list")
    assert head.split()[:2] == ["CONNECTIONS", "STAGE"]
    [connection] = told("connections", "list")
    assert row.startswith(connection["id"])

    assert lines("connections", "push", connection["id"], "hello") == []
    assert guest.recv(SECONDS) == "hello"
    assert lines("connections", "close", connection["id"], "--code", 4001, "--reason", "bye") == []
    with pytest.raises(Exception, match="4001"):
        guest.recv(SECONDS)
    told("settled")
    assert lines("connections", "list") == ["no connections"]


def test_executions(guest: ClientConnection) -> None:
    page = told("executions", "list", "--status", "RUNNING", "--limit", 1)
    [execution] = page["executions"]
    assert execution["name"] in "\n".join(lines("executions", "list"))

    shown = lines("executions", "show", execution["name"], "--history")
    assert shown[0].startswith(f"{execution['name']}  RUNNING, started ")
    assert any(line.startswith(f"  in {execution['states'][0]} since ") and "timer until" in line for line in shown)
    assert any("ExecutionStarted" in line for line in shown)
    assert told("executions", "show", execution["arn"])["current"][0]["waits_for"] == "timer"

    assert lines("executions", "stop", execution["name"], "--error", "Closed") == [f"{execution['name']}  ABORTED"]
    assert run("executions", "show", "nobody").output.startswith("Error: there is no execution nobody")


def test_a_task_token_is_told_and_answers(port: int) -> None:
    entry = {"Source": "oven", "DetailType": "hot?", "Detail": {"token.$": "$$.Task.Token"}}
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents.waitForTaskToken",
        "Parameters": {"Entries": [entry]},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Ask", "States": {"Ask": ask}})
    machine = {"name": "Oven", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/a"}
    with httpx.Client(base_url=f"http://localhost:{port}", trust_env=False) as client:

        def call(operation: str, parameters: Any) -> Any:
            headers = {"x-amz-target": f"AWSStepFunctions.{operation}", "content-type": "application/x-amz-json-1.0"}
            return client.post("/", headers=headers, content=json.dumps(parameters)).raise_for_status().json()

        arn = call("CreateStateMachine", machine)["stateMachineArn"]
        execution = call("StartExecution", {"stateMachineArn": arn, "name": "first"})["executionArn"]
        told("settled")

        shown = lines("executions", "show", "first")
        assert "waits for task token" in shown[1]
        name, token = shown[2].split()
        assert name == "token"
        call("SendTaskSuccess", {"taskToken": token, "output": '"hot"'})
        told("settled")
        assert told("executions", "show", execution)["output"] == "hot"


def test_events_tables_logs_and_resources(guest: ClientConnection) -> None:
    head, first, *_ = lines("events")
    assert head.split() == ["EVENTS", "BUS", "SOURCE", "DETAIL", "TYPE", "MATCHED"]
    assert "OrderStatusChangedEvent" in first
    assert told("events", "--limit", 1)[0]["matched"]

    assert any(line.startswith("pizzabar-Sessions  connectionId:S") for line in lines("tables", "list"))
    [session] = [json.loads(line) for line in lines("tables", "show", "pizzabar-Sessions")]
    assert session["stage"] == "api"
    assert len(told("tables", "show", "pizzabar-Orders")["items"]) >= 1

    groups = [line.split()[0] for line in lines("logs")[1:]]
    group = next(name for name in groups if name.startswith("/aws/lambda/"))
    assert "START RequestId" in lines("logs", group, "--text", "START", "--limit", 1)[0]
    assert told("logs", group)[0]["message"]
    assert lines("logs", group, "--until", "2020-01-01T00:00:00Z") == []
    assert run("logs", "--follow").exit_code == 2

    shown = lines("resources")
    assert shown[0].split() == ["RESOURCES", "TYPE", "REF"]
    assert any(line.startswith("SessionsTable") for line in shown)
    assert told("resources")["name"] == "pizzabar"


def test_a_mapping_template_is_rendered(tmp_path: Path) -> None:
    file = tmp_path / "template.vm"
    file.write_text("#set($n = $input.path('$.n'))$n of $context.stage, $stageVariables.v")
    given = [file, "--body", '{"n": 4}', "--context", "stage=prod", "--stage-variable", "v=hot"]

    assert lines("render", *given) == ["4 of prod, hot"]
    traced = lines("render", *given, "--trace")
    assert traced[0].split() == ["1:30", "$n", '"4"']
    assert told("render", *given)["output"] == "4 of prod, hot"
    (tmp_path / "body.json").write_text('{"type":"funghi"}')
    assert "funghi" in "".join(lines("render", "OrderIntegration", "--body", f"@{tmp_path / 'body.json'}"))

    file.write_text("#if($a")
    faulty = run("render", file)
    assert faulty.exit_code == 1
    assert "Error: 1:" in faulty.output


def test_items_are_shown_in_pages(port: int) -> None:
    with connect(f"ws://localhost:{port}/api", proxy=None), connect(f"ws://localhost:{port}/api", proxy=None):
        page = run("tables", "show", "pizzabar-Sessions", "--limit", 1)
        first, more = page.stdout.splitlines(), page.stderr.splitlines()
        [next_] = [line.removeprefix("there are more: --after ").strip("'") for line in more]
        second = lines("tables", "show", "pizzabar-Sessions", "--limit", 1, "--after", next_)
        typed = told("tables", "show", "pizzabar-Sessions", "--typed")

    ids = [json.loads(line)["connectionId"] for line in (first[0], second[0])]
    assert ids[0] != ids[1]
    assert [item["connectionId"]["S"] for item in typed["items"]][:2] == ids


def test_a_rule_is_explained(guest: ClientConnection, tmp_path: Path) -> None:
    event = told("events", "--limit", 1)[0]
    shown = lines("explain", event["id"], "--rule", event["matched"][0])
    assert shown[0] == f"rule {event['matched'][0]} matches"
    assert all(line.startswith("  ✓ ") for line in shown[1:])

    (tmp_path / "event.json").write_text('{"source": "oven"}')
    assert lines("explain", f"@{tmp_path / 'event.json'}", "--pattern", '{"source": ["kitchen"]}') == [
        "the pattern does not match",
        '  ✗ source  wants ["kitchen"]  found ["oven"]',
    ]
    assert told("explain", '{"a": 1}', "--pattern", '{"a": [1]}')[0]["matches"]


def test_events_are_put_resent_and_replayed(guest: ClientConnection) -> None:
    [line] = lines("events", "put", "oven", "Hot", '{"degrees": 480, "by": {"name": "Jo"}}', "--resource", "arn:a")
    put = told("events", "--source", "oven")[0]
    assert line.split()[0] == put["id"]
    shown = told("events", "show", put["id"])
    assert (shown["bus"], shown["event"]["resources"]) == ("default", ["arn:a"])

    again = told("events", "resend", put["id"], "--set", "detail.degrees=20", "--set", "detail.by.name=Al")
    assert json.loads(again["detail"]) == {"degrees": 20, "by": {"name": "Al"}}
    other = told("events", "resend", put["id"], "--detail", '{"cold": true}', "--set", "source=fridge")
    assert (other["source"], json.loads(other["detail"])) == ("fridge", {"cold": True})
    for member in ("id", "colour"):
        result = run("events", "resend", put["id"], "--set", f"{member}=1")
        assert result.exit_code == 2
        assert f"{member} cannot be set: it is made anew. There are source, detail-type" in result.output

    pattern = '{"source": ["oven"], "detail": {"degrees": [480]}}'
    assert [each["source"] for each in told("events", "replay", "--pattern", pattern)] == ["oven"]
    assert len(told("events", "--pattern", pattern)) == 2
    assert lines("events", "explain", put["id"], "--pattern", pattern)[0] == "the pattern matches"


def test_events_are_followed(guest: ClientConnection, port: int) -> None:
    lines("events", "put", "tail", "First", "{}")
    lines("events", "put", "tail", "Second", '{"number": 2}')
    wanted = ["--source", "tail", "--pattern", '{"detail": {"number": [2]}}', "--after", "0"]
    following = pizzabar("events", "tail", *wanted, port=port)
    assert following.stdout is not None
    try:
        assert 'tail Second  {"number":2}  no rule' in following.stdout.readline()
    finally:
        following.terminate()
        following.communicate(timeout=SECONDS)


def test_logs_are_followed(guest: ClientConnection, port: int) -> None:
    group = next(each["name"] for each in told("logs") if each["name"].startswith("/aws/lambda/"))
    since = ["--since", "2020-01-01T00:00:00Z", "--text", "START"]
    following = pizzabar("logs", group, "--follow", *since, port=port)
    assert following.stdout is not None
    try:
        assert "START RequestId" in following.stdout.readline()
    finally:
        following.terminate()
        following.communicate(timeout=SECONDS)


def test_another_server_is_not_pizzabar() -> None:
    with HTTPServer(("localhost", 0), Another) as other:
        port = other.server_port
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        result = run("resources", "--port", port)
        other.shutdown()
        thread.join()
    assert (result.exit_code, result.output) == (1, f"Error: what answers at localhost:{port} is not pizzabar\n")


class Another(BaseHTTPRequestHandler):
    """A server of something else."""

    def do_GET(self) -> None:
        """Answer anything with a page."""
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def test_what_is_refused_is_one_line(tmp_path: Path) -> None:
    nowhere, folder = tmp_path / "nowhere", tmp_path
    (tmp_path / "latin").write_bytes(b"\xe9")
    for arguments, message in (
        (("explain", "nobody"), "the journal knows of no event nobody"),
        (("explain", "{"), "it is not JSON"),
        (("events", "put", "a", "b", "[]"), "the detail is to be a JSON object"),
        (("events", "resend", "nobody"), "the journal knows of no event nobody"),
        (("events", "--pattern", "{}"), "Event pattern is not valid. Reason: Empty objects are not allowed"),
        (("explain", "{}", "--pattern", f"@{nowhere}"), f"{nowhere} cannot be read: No such file or directory"),
        (("explain", f"@{tmp_path / 'latin'}"), f"{tmp_path / 'latin'} cannot be read: 'utf-8' codec"),
        (("render", folder), f"{folder} cannot be read: Is a directory"),
        (("render", "Nobody", "--body", f"@{nowhere}"), f"{nowhere} cannot be read"),
        (("tables", "show", "a/b?c"), "Not Found"),
        (("tables", "show", "pizzabar-Orders", "--after", "{"), "after is not JSON"),
        (("logs", "nobody"), "The specified log group does not exist"),
        (("logs", "nobody", "--follow"), "The specified log group does not exist"),
        (("logs", "nobody", "--since", "soon"), "since: Input should be a valid datetime"),
        (("executions", "show", "arn:aws:states:us-east-1:123456789012:execution:a:b"), "Execution Does Not Exist"),
        (("resources", "--host", "no such host"), "no server at no such host:"),
        (("connections", "push", "x", "hello"), "Invalid connectionId: x"),
        (("tables", "show", "nobody"), "Requested resource not found"),
        (("clock", "set", "real", "--speed", -1), "speed: Input should be greater than 0"),
        (("render", "Nobody"), "there is no integration Nobody"),
    ):
        result = run(*arguments)
        assert result.exit_code == 1
        assert result.output.startswith(f"Error: {message}"), result.output
        assert len(result.output.splitlines()) == 1
    nobody = run("resources", "--port", free_port())
    assert nobody.exit_code == 1
    assert "start one with `pizzabar up`" in nobody.output


def test_watch_is_filtered(port: int) -> None:
    watching = pizzabar("watch", "--json", "--service", "dynamodb", "--operation", "PutItem", port=port)
    assert watching.stdout is not None
    with httpx.Client(trust_env=False) as client:
        # A follower is there once its first hop is told: guests come until it is.
        heard: list[str] = []
        listening = threading.Thread(target=lambda: heard.append(watching.stdout.readline()))  # type: ignore[union-attr]
        listening.start()
        while listening.is_alive():
            with connect(f"ws://localhost:{port}/api", compression=None, proxy=None):
                client.post(f"http://localhost:{port}/_pizzabar/settled", json={})
    watching.terminate()
    watching.communicate(timeout=SECONDS)
    hop = json.loads(heard[0])
    assert (hop["service"], hop["operation"]) == ("dynamodb", "PutItem")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "command", [["-m", "uvicorn", "pizzabar.app:app"], ["-c", "from pizzabar.cli import main; main()", "up"]]
)
def test_a_server_stops_at_the_first_signal_though_it_is_followed(command: list[str], number: signal.Signals) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, *command, "--port", str(port)],
        env=environment(state=":memory:"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(process, port)
        address = f"http://localhost:{port}/_pizzabar/journal/follow"
        with httpx.stream("GET", address, timeout=SECONDS, trust_env=False) as following:
            told = following.iter_lines()
            assert next(told) == ": following"
            process.send_signal(number)
            assert [line for line in told if line] == []
        process.wait(SECONDS)
    finally:
        process.kill()
        process.wait()
