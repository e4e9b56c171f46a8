"""What is edited while a stack runs."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.reloading import Reloader
from pizzabar.settings import Settings
from tests.flow.serving import PizzaBar, open_pizza_bar
from tests.flow.stacks import stack

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = "import os\ndef handler(event, context): return [{!r}, os.getpid()]\n"
NODE = "export const handler = async () => ['{}', process.pid];"
WAITING = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 5, "Next": "Say"}, "Say": {"Type": "Pass", "End": True}},
}
TEMPLATE = """
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: api, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: api, DeploymentId: !Ref Deployment}
  Deployment:
    Type: AWS::ApiGatewayV2::Deployment
    DependsOn: [Echo]
    Properties: {ApiId: !Ref Api}
  Echo:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $default
      RouteResponseSelectionExpression: $default
      Target: !Sub integrations/${Integration}
  Response:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref Echo, RouteResponseKey: $default}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      TemplateSelectionExpression: "200"
      RequestTemplates: {"200": '{"statusCode": 200}'}
  Answer:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Integration
      IntegrationResponseKey: $default
      TemplateSelectionExpression: hello
      ResponseTemplates: {hello: 'GREETING'}
  Bus:
    Type: AWS::Events::EventBus
    Properties: {Name: bus}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: rule
      EventBusName: !Ref Bus
      EventPattern: {source: [SOURCE]}
      Targets: [{Id: log, Arn: !GetAtt Log.Arn}]
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: /events}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties: {Name: flow, DefinitionUri: flow.asl.json}
Transform: AWS::Serverless-2016-10-31
"""


class Edited:
    """A stack whose files are edited."""

    def __init__(self, bar: PizzaBar, folder: Path) -> None:
        self.bar = bar
        self.call = bar.emulator.call
        self.folder = folder
        self.reloader = Reloader(bar.emulator)

    async def edit(self, name: str, old: str, new: str) -> None:
        """Put one text in place of another."""
        file = self.folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        await self.reloader.changed({file})

    async def matched(self, source: str) -> int:
        """Put an event, and tell how many rules matched."""
        entry = {"Source": source, "DetailType": "x", "Detail": "{}", "EventBusName": "bus"}
        before = len(await self.bar.log_lines("/events"))
        await self.call("events", "PutEvents", {"Entries": [entry]})
        await self.bar.emulator.settled()
        return len(await self.bar.log_lines("/events")) - before


@asynccontextmanager
async def edited(folder: Path, template: str = TEMPLATE, **more: Any) -> AsyncIterator[Edited]:
    """Open a stack in a folder."""
    (folder / "template.yaml").write_text(template.replace("GREETING", '"hello"').replace("SOURCE", "kitchen"))
    (folder / "flow.asl.json").write_text(json.dumps(WAITING))
    settings = Settings(
        state=None, clock="virtual", port=0, template=folder / "template.yaml", cache=folder / "cache", **more
    )
    async with open_pizza_bar(settings) as bar:
        yield Edited(bar, folder)


@pytest.mark.parametrize(
    ("runtime", "file", "app", "broken", "why"),
    [
        (RUNTIME, "app.py", PYTHON, "def handler(:\n", "invalid syntax (app.py, line 1)"),
        ("nodejs20.x", "app.mjs", NODE, "export const handler = (;\n", "app.mjs:1"),
    ],
)
async def test_an_edited_handler_is_used_from_the_next_invocation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, runtime: str, file: str, app: str, broken: str, why: str
) -> None:
    async with stack(tmp_path, {file: app.format("old")}, runtime=runtime) as tell:
        used: list[int] = []
        reloader, code = Reloader(tell.emulator, lambda: used.append(1)), tmp_path / "src" / file
        old, first = await tell.invoke()

        code.write_text(app.format("new"))
        await reloader.changed({code})
        new, second = await tell.invoke()
        assert (old, new) == ("old", "new")
        assert first != second

        # A broken edit keeps what ran before.
        code.write_text(broken)
        with caplog.at_level(logging.ERROR, "pizzabar"):
            await reloader.changed({code})
        assert await tell.invoke() == ["new", second]
        [told] = [each for each in caplog.messages if each.startswith("not")]
        assert told.startswith("not reloaded: Tell: Runtime.UserCodeSyntaxError: ")
        assert why in told

        code.write_text(app.format("mended"))
        await reloader.changed({code})
        assert (await tell.invoke())[0] == "mended"
        assert len(used) == 3


async def test_an_edited_mapping_template_is_used_from_the_next_message(tmp_path: Path) -> None:
    async with edited(tmp_path) as it, it.bar.connect() as guest:
        await guest.send("{}")
        assert await guest.recv() == '"hello"'

        await it.edit("template.yaml", '"hello"', '"good evening"')

        await guest.send("{}")
        assert await guest.recv() == '"good evening"'


async def test_an_edited_definition_is_used_from_the_next_execution(tmp_path: Path) -> None:
    async with edited(tmp_path) as it:
        [machine] = it.bar.emulator.state_machines

        async def start() -> str:
            answer = await it.call("stepfunctions", "StartExecution", {"stateMachineArn": machine.arn})
            return str(answer["executionArn"])

        async def output(arn: str) -> Any:
            return (await it.call("stepfunctions", "DescribeExecution", {"executionArn": arn})).get("output")

        first = await start()
        await it.edit("flow.asl.json", '"Type": "Pass", ', '"Type": "Pass", "Result": "new", ')
        second = await start()
        await it.bar.pass_time(5)

        assert (await output(first), await output(second)) == ("{}", '"new"')


async def test_edited_rules_and_what_is_gone(tmp_path: Path) -> None:
    async with edited(tmp_path) as it:
        assert (await it.matched("kitchen"), await it.matched("bar")) == (1, 0)

        await it.edit("template.yaml", "[kitchen]", "[bar]")
        assert (await it.matched("kitchen"), await it.matched("bar")) == (0, 1)

        await it.edit(
            "template.yaml",
            "  Rule:\n    Type: AWS::Events::Rule",
            "  Rule:\n    Condition: Never\n    Type: AWS::Events::Rule",
        )
        # The condition is not there: nothing changes.
        assert (await it.matched("kitchen"), await it.matched("bar")) == (0, 1)

        await it.edit("template.yaml", "Resources:\n", "Conditions: {Never: !Equals [a, b]}\nResources:\n")
        assert (await it.matched("kitchen"), await it.matched("bar")) == (0, 0)
        assert (await it.call("events", "ListRules", {"EventBusName": "bus"}))["Rules"] == []


async def test_a_route_that_is_gone_is_not_taken_any_more(tmp_path: Path) -> None:
    other = TEMPLATE.replace("RouteKey: $default\n", "RouteKey: greet\n")
    async with edited(tmp_path, other) as it, it.bar.connect() as guest:
        await guest.send('{"action":"greet"}')
        assert await guest.recv() == '"hello"'

        await it.edit("template.yaml", "RouteKey: greet", "RouteKey: salute")
        await guest.send('{"action":"greet"}')
        assert json.loads(await guest.recv())["message"] == "Forbidden"
        await guest.send('{"action":"salute"}')
        assert await guest.recv() == '"hello"'


async def test_a_broken_template_keeps_the_old_one_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with edited(tmp_path) as it:
        with caplog.at_level(logging.ERROR, "pizzabar"):
            await it.edit("template.yaml", "EventPattern: {source: [kitchen]}", "EventPatern: {source: [kitchen]}")
            await it.edit("flow.asl.json", '"Next": "Say"', '"Next": "Sing"')

        [template, definition] = [each for each in caplog.messages if each.startswith("not")]
        assert f"{tmp_path / 'template.yaml'}:" in template
        assert "EventPatern" in template
        assert f"{tmp_path / 'flow.asl.json'}:1:" in definition
        assert "Missing 'Next' target: Sing" in definition
        assert await it.matched("kitchen") == 1


async def test_an_edited_handler_in_process_is_imported_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "kitchen_of_a_test.py").write_text("kind = 'old'\n")
    handler = "import kitchen_of_a_test\nasync def handle(event, context): return kitchen_of_a_test.kind\n"
    (tmp_path / "handler_of_a_test.py").write_text(handler)
    (tmp_path / "template.yaml").write_text(
        "Resources:\n  Tell:\n    Type: AWS::Lambda::Function\n    Properties: {FunctionName: Tell}\n"
        "    Metadata: {pizzabar: {InProcess: 'handler_of_a_test:handle'}}\n"
    )
    emulator = await Emulator.open(
        Settings(state=None, template=tmp_path / "template.yaml", cache=tmp_path / "cache")
    )
    try:
        reloader = Reloader(emulator)

        async def invoke() -> Any:
            return (await emulator.call("lambda", "Invoke", {"FunctionName": "Tell"}))["Payload"]

        for kind in ("old", "new of another length"):
            (tmp_path / "kitchen_of_a_test.py").write_text(f"kind = {kind!r}\n")
            await reloader.changed({tmp_path / "kitchen_of_a_test.py"})
            assert await invoke() == f'"{kind}"'.encode()

        (tmp_path / "kitchen_of_a_test.py").write_text("kind = \n")
        await reloader.changed({tmp_path / "kitchen_of_a_test.py"})
        assert await invoke() == b'"new of another length"'
    finally:
        await emulator.close()


async def test_what_is_edited_is_noticed(tmp_path: Path) -> None:
    async with edited(tmp_path) as it:
        noticed = asyncio.get_running_loop().create_future()

        class Noticing(Reloader):
            async def changed(self, files: Any) -> None:
                await super().changed(files)
                if not noticed.done():
                    noticed.set_result(files)

        stop = Noticing(it.bar.emulator).watch()
        try:
            file = tmp_path / "template.yaml"
            file.write_text(file.read_text().replace("[kitchen]", "[bar]"))
            async with asyncio.timeout(20):
                assert file in await noticed
        finally:
            stop()
        assert await it.matched("bar") == 1


async def test_what_calls_have_made_of_an_edited_resource_stays(tmp_path: Path) -> None:
    async with edited(tmp_path) as it:
        [machine] = it.bar.emulator.state_machines
        arn = {"stateMachineArn": machine.arn}
        await it.call("stepfunctions", "PublishStateMachineVersion", arn)
        tags = [{"key": "kind", "value": "oven"}]
        await it.call("stepfunctions", "TagResource", {"resourceArn": machine.arn, "tags": tags})

        await it.edit("flow.asl.json", '"Type": "Pass", ', '"Type": "Pass", "Result": "new", ')

        versions = await it.call("stepfunctions", "ListStateMachineVersions", arn)
        assert len(versions["stateMachineVersions"]) == 1
        told = await it.call("stepfunctions", "ListTagsForResource", {"resourceArn": machine.arn})
        assert told["tags"] == tags


async def test_an_edited_bus_keeps_its_rules_and_an_edited_rule_has_the_templates_targets(tmp_path: Path) -> None:
    async with edited(tmp_path) as it:
        await it.edit("template.yaml", "{Name: bus}", "{Name: bus, Description: busy}")
        assert await it.matched("kitchen") == 1
        described = await it.call("events", "DescribeEventBus", {"Name": "bus"})
        assert described["Description"] == "busy"

        await it.edit("template.yaml", "{Id: log,", "{Id: other,")
        targets = await it.call("events", "ListTargetsByRule", {"Rule": "rule", "EventBusName": "bus"})
        assert [each["Id"] for each in targets["Targets"]] == ["other"]


STREAM = """
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: KEYS_ONLY}
  Told:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: told}
    Metadata: {pizzabar: {InProcess: 'tests.flow.test_reload:told'}}
  Source:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Told, EventSourceArn: !GetAtt Orders.StreamArn, StartingPosition: TRIM_HORIZON}
"""
TOLD: list[str] = []


async def told(event: Any, context: Any) -> None:
    """Keep the keys of what a stream tells of."""
    TOLD.extend(each["dynamodb"]["Keys"]["id"]["S"] for each in event["Records"])


async def test_an_edited_event_source_goes_on_where_it_was(tmp_path: Path) -> None:
    TOLD.clear()
    async with edited(tmp_path, TEMPLATE.replace("  Log:\n", STREAM[1:] + "  Log:\n")) as it:

        async def put(id: str) -> None:
            await it.call("dynamodb", "PutItem", {"TableName": "Orders", "Item": {"id": {"S": id}}})
            await it.bar.emulator.settled()

        await put("1")
        await it.edit(
            "template.yaml", "StartingPosition: TRIM_HORIZON", "StartingPosition: TRIM_HORIZON, BatchSize: 5"
        )
        await it.bar.emulator.settled()
        await put("2")

        assert TOLD == ["1", "2"]


ROLE = """
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: 'sts:AssumeRole'}]
  May:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: may
      Roles: [!Ref Reader]
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Action: 'ACTION', Resource: '*'}]
  Lister:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: lister
      Role: !GetAtt Reader.Arn
      Definition:
        StartAt: List
        States: {List: {Type: Task, Resource: 'arn:aws:states:::aws-sdk:dynamodb:listTables', End: true}}
"""


async def test_an_edited_policy_counts_from_the_next_hop(tmp_path: Path) -> None:
    template = TEMPLATE.replace("  Log:\n", ROLE[1:].replace("ACTION", "dynamodb:ListTables") + "  Log:\n")
    async with edited(tmp_path, template, iam="enforce") as it:
        arn = "arn:aws:states:us-east-1:123456789012:stateMachine:lister"

        async def status() -> str:
            started = await it.call("stepfunctions", "StartExecution", {"stateMachineArn": arn})
            await it.bar.emulator.settled()
            found = {"executionArn": started["executionArn"]}
            return str((await it.call("stepfunctions", "DescribeExecution", found))["status"])

        assert await status() == "SUCCEEDED"
        await it.edit("template.yaml", "PolicyName: may", "PolicyName: might")
        assert await status() == "SUCCEEDED"
        await it.edit("template.yaml", "'dynamodb:ListTables'", "'dynamodb:GetItem'")
        assert await status() == "FAILED"
        await it.edit("template.yaml", "'dynamodb:GetItem'", "'dynamodb:*'")
        assert await status() == "SUCCEEDED"
        await it.edit("template.yaml", "  May:\n    Type", "  May:\n    Condition: Never\n    Type")
        await it.edit("template.yaml", "Resources:\n", "Conditions: {Never: !Equals [a, b]}\nResources:\n")
        assert await status() == "FAILED"


PERMISSION = """
  Open:
    Type: AWS::Events::EventBusPolicy
    Properties: {StatementId: open, EventBusName: !Ref Bus, Action: 'events:PutEvents', Principal: '210987654321'}
"""


async def test_an_edited_permission_of_a_bus_stands_in_place_of_what_it_was(tmp_path: Path) -> None:
    async with edited(tmp_path, TEMPLATE.replace("  Log:\n", PERMISSION[1:] + "  Log:\n")) as it:

        async def principals() -> list[str]:
            described = await it.call("events", "DescribeEventBus", {"Name": "bus"})
            return [str(each["Principal"]) for each in json.loads(described["Policy"])["Statement"]]

        await it.edit("template.yaml", "'210987654321'", "'111111111111'")
        assert [each for each in await principals() if "111111111111" in each] == await principals()
        await it.edit("template.yaml", "{Name: bus}", "{Name: bus, Description: busy}")
        assert len(await principals()) == 1


async def test_what_calls_have_deployed_stays_when_the_api_is_edited(tmp_path: Path) -> None:
    async with edited(tmp_path) as it:
        [api] = (await it.call("apigatewayv2", "GetApis", {}))["Items"]
        deployed = await it.call("apigatewayv2", "CreateDeployment", {"ApiId": api["ApiId"]})
        given = {"ApiId": api["ApiId"], "StageName": "other", "DeploymentId": deployed["DeploymentId"]}
        await it.call("apigatewayv2", "CreateStage", given)

        await it.edit("template.yaml", "{Name: api, ProtocolType", "{Name: renamed, ProtocolType")
        await it.edit("template.yaml", '"hello"', '"good day"')
        async with it.bar.connect("/other") as old, it.bar.connect() as new:
            await old.send("{}")
            await new.send("{}")
            assert (await old.recv(), await new.recv()) == ('"hello"', '"good day"')


ALLOWED = """
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: nodejs20.x
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/x
      Code: {ZipFile: 'exports.handler = async () => 1;'}
  Allow:
    Type: AWS::Lambda::Permission
    Properties: {Action: 'lambda:InvokeFunction', FunctionName: !Ref Function, Principal: events.amazonaws.com}
  Written:
    Type: AWS::Logs::ResourcePolicy
    Properties: {PolicyName: written, PolicyDocument: '{"Version": "2012-10-17", "Statement": []}'}
"""


async def test_permissions_that_are_gone_are_gone(tmp_path: Path) -> None:
    async with edited(tmp_path, TEMPLATE.replace("  Log:\n", ALLOWED[1:] + "  Log:\n")) as it:

        async def principal() -> object:
            policy = (await it.call("lambda", "GetPolicy", {"FunctionName": "function"}))["Policy"]
            return [each["Principal"]["Service"] for each in json.loads(policy)["Statement"]]

        await it.edit("template.yaml", "Principal: events.amazonaws.com", "Principal: states.amazonaws.com")
        assert await principal() == ["states.amazonaws.com"]
        for name in ("Allow", "Written"):
            await it.edit("template.yaml", f"  {name}:\n", f"  {name}:\n    Condition: Never\n")
        await it.edit("template.yaml", "Resources:\n", "Conditions: {Never: !Equals [a, b]}\nResources:\n")
        with pytest.raises(ServiceError) as refused:
            await principal()
        assert refused.value.code == "ResourceNotFoundException"
        assert await it.call("logs", "DescribeResourcePolicies", {}) == {"resourcePolicies": []}


async def test_a_template_that_stays_broken_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with edited(tmp_path) as it:
        with caplog.at_level(logging.WARNING, "pizzabar"):
            await it.edit("template.yaml", "Resources:", "Resources: [")
            # A log that is written beside the template, say.
            (tmp_path / "up.log").write_text("not reloaded")
            await it.reloader.changed({tmp_path / "up.log"})
            await it.edit("template.yaml", "Resources: [", "Resources:")
            await it.reloader.changed({tmp_path / "up.log"})

        told = [each.partition(":")[0] for each in caplog.messages]
        assert told == ["not reloaded", f"the stack {it.bar.emulator.stack.name} is sound again, as it runs"]
