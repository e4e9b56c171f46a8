"""The commands on definitions alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pizzabar.cli import main
from tests.stepfunctions.stories import FUNCTION, Story

DEFINITION: dict[str, Any] = {
    "StartAt": "Bake",
    "States": {
        "Bake": {"Type": "Task", "Resource": FUNCTION, "ResultPath": "$.pizza", "Next": "Cool"},
        "Cool": {"Type": "Wait", "Seconds": 600, "Next": "Eat"},
        "Eat": {"Type": "Succeed", "OutputPath": "$.pizza"},
    },
}
MOCKS = {
    "StateMachines": {"Pizza": {"TestCases": {"Hot": {"Bake": "Baked"}, "Burnt": {"Bake": "Burnt"}}}},
    "MockedResponses": {
        "Baked": {"0": {"Return": "hot"}},
        "Burnt": {"0": {"Throw": {"Error": "Burnt", "Cause": "too hot"}}},
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a definition, its history and mocks."""
    (tmp_path / "pizza.asl.json").write_text(json.dumps(DEFINITION))
    (tmp_path / "mocks.json").write_text(json.dumps(MOCKS))
    story = Story(DEFINITION, {"n": 1})
    story.succeed("hot")
    story.fire_timer()
    (tmp_path / "history.json").write_text(json.dumps({"events": story.history}))
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_machine_is_run_at_once(folder: Path) -> None:
    definition = folder / "pizza.asl.json"
    mocks = ("--mocks", folder / "mocks.json", "--case")
    found = run("test-machine", definition, "--input", '{"n": 1}', *mocks, "Hot", "--json")
    assert found.exit_code == 0
    read = json.loads(found.output)
    assert (read["status"], read["output"]) == ("SUCCEEDED", '"hot"')
    assert [each["state"] for each in read["states"]] == ["Bake", "Cool", "Eat"]

    shown = run("test-machine", definition, *mocks, "Hot", "--until", "Cool").output
    assert shown.rstrip().endswith("RUNNING")
    assert "Eat" not in shown

    burnt = run("test-machine", definition, *mocks, "Burnt")
    assert burnt.exit_code == 1
    assert "FAILED" in burnt.output
    assert "cause  too hot" in burnt.output


def test_a_machine_uses_a_template_of_ones_own(folder: Path) -> None:
    (folder / "template.yaml").write_text("Resources: {Menu: {Type: AWS::Scheduler::ScheduleGroup}}")
    found = run("test-machine", folder / "pizza.asl.json", "--template", folder / "template.yaml")
    assert found.exit_code != 0
    listing = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:listTables", "End": True}
    (folder / "list.json").write_text(json.dumps({"StartAt": "A", "States": {"A": listing}}))
    (folder / "template.yaml").write_text(
        "Resources: {Menu: {Type: AWS::DynamoDB::Table, Properties: {TableName: menu, BillingMode: PAY_PER_REQUEST,"
        " KeySchema: [{AttributeName: id, KeyType: HASH}],"
        " AttributeDefinitions: [{AttributeName: id, AttributeType: S}]}}}"
    )
    found = run("test-machine", folder / "list.json", "--template", folder / "template.yaml", "--json")
    assert json.loads(json.loads(found.output)["output"])["TableNames"] == ["menu"]


def test_a_definition_that_is_wrong_tells_every_fault(folder: Path) -> None:
    (folder / "bad.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Bake"}}}')
    for command in ("test-machine", "graph"):
        found = run(command, folder / "bad.json")
        assert found.exit_code == 1
        assert "SCHEMA_VALIDATION_FAILED" in found.output


def test_a_definition_is_drawn(folder: Path) -> None:
    assert run("graph", folder / "pizza.asl.json").output.startswith("<svg")
    assert run("graph", folder / "pizza.asl.json", "--format", "mermaid").output.startswith("flowchart TD")
    written = run("graph", folder / "pizza.asl.json", "--output", folder / "pizza.svg")
    assert written.output == f"wrote {folder / 'pizza.svg'}\n"
    assert (folder / "pizza.svg").read_text().startswith("<svg")


def test_a_history_is_replayed(folder: Path) -> None:
    definition, history = folder / "pizza.asl.json", folder / "history.json"
    found = run("replay", history, definition)
    assert (found.exit_code, found.output) == (0, "the same: 11 events\n")
    assert "Cool" in run("replay", history, definition, "--flow").output

    changed = json.loads(json.dumps(DEFINITION))
    changed["States"]["Bake"]["ResultPath"] = "$.pie"
    definition.write_text(json.dumps(changed))
    found = run("replay", history, definition)
    assert found.exit_code == 1
    assert found.output.splitlines() == [
        "5 events are the same, then:",
        "  event 6, TaskStateExited:",
        '    output was {"n": 1, "pizza": "hot"}',
        '            is {"n": 1, "pie": "hot"}',
    ]
    assert json.loads(run("replay", history, definition, "--json").output)["difference"]["recorded"]["id"] == 6

    history.write_text("[]")
    assert "is not a history" in run("replay", history, definition).output
