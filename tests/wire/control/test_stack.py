"""State machines, functions, templates and findings of the stack, through the control plane."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pizzabar.documents import JSON
from pizzabar.lambda_.function import Context
from tests.wire.asgi import guest, server
from tests.wire.control.asking import client_of, control


async def test_state_machines_are_drawn_with_a_name_for_each_state() -> None:
    async with control() as (client, _emulator):
        machine, *_ = (await client.get("/state-machines")).json()
        drawn = await client.get(f"/state-machines/{machine['arn']}/graph")

        assert drawn.headers["content-type"] == "image/svg+xml"
        names = [
            each.get("data-state") for each in ElementTree.fromstring(drawn.text).iter() if each.get("data-state")
        ]
        assert sorted(filter(None, names)) == sorted(machine["definition"]["States"])
        # What the page that shows it may not hold: its policy is against styles of others.
        assert "<style" not in drawn.text
        assert (
            await client.get("/state-machines/arn:aws:states:us-east-1:123456789012:stateMachine:no/graph")
        ).is_error


async def test_an_execution_is_drawn_by_the_definition_that_it_goes_by() -> None:
    async with server() as (app, emulator), client_of(app) as client, guest(app) as customer:
        customer.says('{"type":"margherita"}')
        await emulator.settled()
        [execution] = (await client.get("/executions")).json()["executions"]
        machine, *_ = emulator.state_machines
        emulator.state_machines.create(machine.name, '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}')

        drawn = await client.get(f"/executions/{execution['arn']}/graph")
        assert 'data-state="Notify User - Delivered"' in drawn.text


async def test_functions_are_told_with_what_the_journal_knows_of_them() -> None:
    async with server() as (app, emulator), client_of(app) as client:

        def bake(event: JSON, context: JSON) -> JSON:
            raise ValueError("it is burnt")

        emulator.functions.create("bake", bake, environment={"OVEN": "1"})
        await emulator.call("lambda", "Invoke", {"FunctionName": "bake"})

        functions = {each["name"]: each for each in (await client.get("/functions")).json()}
        told = functions["bake"]
        assert (told["runtime"], told["environment"]) == ("in process", {"OVEN": "1"})
        assert (told["invocations"], told["errors"]) == (1, 1)
        assert told["handler"].endswith("bake")
        assert functions["pizzabar-StatusFunction"]["invocations"] == 0


async def test_the_templates_of_integrations_are_told_with_their_routes() -> None:
    async with control() as (client, _emulator):
        templates = (await client.get("/mapping-templates")).json()

        routes = {each["integration"]: each["routes"] for each in templates}
        assert routes["ConnectIntegration"] == ["$connect"]
        assert routes["OrderIntegration"] == ["$default"]
        assert '"TableName": "pizzabar-Sessions"' in templates[0]["text"]


async def test_findings_are_told_of_the_stack_that_runs(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:\n"
        "  Bake:\n"
        "    Type: AWS::Lambda::Function\n"
        "    Properties:\n"
        "      Runtime: python3.8\n"
        "      Handler: index.handle\n"
        "      Role: arn:aws:iam::123456789012:role/Bake\n"
        "      Code:\n"
        "        ZipFile: 'def handle(event, context): pass'\n"
    )
    async with control(template=template) as (client, _emulator):
        findings = (await client.get("/findings")).json()

        found = next(each for each in findings if each["resource"] == "Bake")
        assert (found["file"], found["line"]) == (str(template), 5)
        [resource] = (await client.get("/resources")).json()["resources"]
        assert (resource["file"], resource["line"]) == (str(template), 3)


async def test_the_lines_of_a_trace_stand_with_the_hops_that_wrote_them() -> None:
    async with server() as (app, emulator), client_of(app) as client, guest(app) as customer:
        customer.says('{"type":"margherita"}')
        await emulator.settled()
        customer.says('{"type":"funghi"}')
        await emulator.settled()

        lines = (await client.get("/traces/last/lines")).json()
        spans = {each["id"]: each for each in (await client.get("/traces/last")).json()["spans"]}
        assert {spans[line["hop"]]["operation"] for line in lines} == {"Invocation", "PutLogEvents"}
        written = [line["message"] for line in lines if spans[line["hop"]]["operation"] == "Invocation"]
        assert written[0].startswith("START RequestId: ")
        assert written[-1].startswith("REPORT RequestId: ")
        assert sum(line.startswith("START ") for line in written) == 1


@pytest.mark.parametrize("level", ["INFO", "WARN"])
async def test_the_lines_of_an_invocation_in_json_are_those_of_its_request(tmp_path: Path, level: str) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Tell:
    Type: AWS::Serverless::Function
    Metadata: {{pizzabar: {{InProcess: 'tests.wire.control.test_stack:log'}}}}
    Properties: {{FunctionName: Tell, LoggingConfig: {{LogFormat: JSON, SystemLogLevel: {level}}}}}
"""
    )
    async with control(template=template) as (client, emulator):
        for number in range(3):
            await emulator.call("lambda", "Invoke", {"FunctionName": "Tell", "Payload": f"{number}"})
        second = [hop for hop in emulator.journal if hop.operation == "Invocation"][1]

        lines = (await client.get(f"/traces/{second.trace_id}/lines")).json()

        told = [json.loads(line["message"]) for line in lines]
        assert [each["message"] for each in told if "message" in each] == ["1"]
        types = [each["type"] for each in told if "type" in each]
        assert types == (["platform.start", "platform.report"] if level == "INFO" else [])


async def log(event: Any, context: Context) -> None:
    context.log(str(event))
