"""
Versions and aliases of functions from end to end: whatever invokes a function invokes the alias that it names.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pizzabar.emulator import Emulator
from pizzabar.journal import Hop
from pizzabar.lambda_.code import Code
from pizzabar.lambda_.function import Context
from pizzabar.reloading import Reloader
from pizzabar.settings import Settings
from tests.flow.serving import open_pizza_bar
from tests.flow.stacks import stack
from tests.flow.test_boto3 import Aws
from tests.flow.test_iam_hops import PUT, allow, function, role, rule, settings

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
HERE = "us-east-1:123456789012"
ARN = f"arn:aws:lambda:{HERE}:function:pizzabar-Bake"
ALIAS = f"{ARN}:live"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: nodejs22.x, Handler: index.handler, CodeUri: ., AutoPublishAlias: live}
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: prod
      Routes:
        $connect: {FunctionArn: !Ref Bake.Alias}
        $default: {FunctionArn: !Ref Bake.Alias}
      Auth: {AuthType: CUSTOM, AuthArn: !Ref Let.Alias, IdentitySource: [route.request.querystring.who]}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: orders}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: kitchen}}
  Let: {Type: AWS::Serverless::Function}
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - Statement: {Effect: Allow, Action: 'execute-api:*', Resource: '*'}
      Events:
        Ordered: {Type: EventBridgeRule, Properties: {EventBusName: !Ref Bus, Pattern: {source: [oven]}}}
        Queued: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
        Later: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Bake}}]
      Definition:
        StartAt: Asked
        States:
          Asked:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Parameters: {FunctionName: !Ref Bake, Qualifier: live, Payload: {}}
            ResultPath: $.asked
            Next: Named
          Named:
            Type: Task
            Resource: !Ref Bake.Alias
            ResultPath: $.named
            End: true
"""


async def bake(event: Any, context: Context) -> Any:
    """Push back by what it was invoked, if it is a guest's; else tell."""
    told = [context.invoked_function_arn, context.function_version]
    request = event.get("requestContext", {})
    if request.get("routeKey") == "$default":
        pushed = {"ConnectionId": request["connectionId"], "Data": json.dumps(told)}
        await context.call("apigatewaymanagementapi", "PostToConnection", pushed)
    return {"statusCode": 200} if request else told


async def let(event: Any, context: Context) -> Any:
    """Let everybody in."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    return {"principalId": "ada", "policyDocument": {"Statement": [statement]}}


def runs(emulator: Emulator) -> list[tuple[str, str | None, str | None]]:
    """Give what ran: the function, by what it was asked for, and its version."""
    hops: list[Hop] = [hop for hop in emulator.journal if hop.operation == "Invocation"]
    return [
        (hop.parameters["FunctionName"], hop.parameters.get("Qualifier"), hop.parameters.get("Version"))
        for hop in hops
    ]


async def test_a_template_of_sam_publishes_to_an_alias_which_everything_invokes(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    me = "tests.flow.test_function_versions"
    here = Settings(
        state=None,
        clock="virtual",
        template=tmp_path / "template.yaml",
        iam="enforce",
        functions={"Bake": f"{me}:bake", "Let": f"{me}:let"},
    )
    run = ("pizzabar-Bake", "live", "1")

    async with open_pizza_bar(here) as bar:
        aws, emulator = Aws(bar), bar.emulator
        # A rate begins at once.
        await emulator.settled()
        assert runs(emulator) == [run]
        async with bar.connect("/prod?who=ada") as guest:
            await guest.send("hello")
            assert json.loads(await guest.recv()) == [ALIAS, "1"]
            assert runs(emulator)[1:] == [("pizzabar-Let", "live", "1"), run, run]

            entry = {"Source": "oven", "DetailType": "Baked", "Detail": "{}", "EventBusName": "kitchen"}
            await aws("events", "PutEvents", Entries=[entry])
            await emulator.settled()
            assert runs(emulator)[4:] == [run]

            url = (await aws("sqs", "GetQueueUrl", QueueName="orders"))["QueueUrl"]
            await aws("sqs", "SendMessage", QueueUrl=url, MessageBody="margherita")
            await emulator.settled()
            assert runs(emulator)[5:] == [run]

            machine = f"arn:aws:states:{HERE}:stateMachine:pizzabar-Flow"
            started = await aws("stepfunctions", "StartExecution", stateMachineArn=machine, input="{}")
            await emulator.settled()
            ended = await aws("stepfunctions", "DescribeExecution", executionArn=started["executionArn"])
            output = json.loads(ended["output"])
            assert output["asked"]["ExecutedVersion"] == "1"
            assert output["asked"]["Payload"] == output["named"] == [ALIAS, "1"]
        assert emulator.authorization.findings() == []


# Permissions ------------------------------------------------------------------------------------------------


def permission(name: Any) -> dict[str, Any]:
    """Let EventBridge invoke a function, or what else it is called by."""
    properties = {"Action": "lambda:InvokeFunction", "FunctionName": name, "Principal": "events.amazonaws.com"}
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}


PUBLISHED: dict[str, Any] = {
    "Bake": function("nothing", "Baker"),
    "Baker": role("lambda.amazonaws.com", allow("logs:*")),
    "First": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Bake"}}},
    "Live": {
        "Type": "AWS::Lambda::Alias",
        "Properties": {
            "FunctionName": {"Ref": "Bake"},
            "FunctionVersion": {"Fn::GetAtt": ["First", "Version"]},
            "Name": "live",
        },
    },
}
ON_FUNCTION, ON_ALIAS = {"Fn::GetAtt": ["Bake", "Arn"]}, {"Ref": "Live"}


@pytest.mark.parametrize(
    ("target", "permitted", "is_let_in"),
    [
        (ON_FUNCTION, ON_FUNCTION, True),
        (ON_ALIAS, ON_FUNCTION, False),
        (ON_ALIAS, ON_ALIAS, True),
        (ON_ALIAS, "pizzabar-Bake:live", True),
        (ON_FUNCTION, ON_ALIAS, False),
        ({"Ref": "First"}, ON_ALIAS, False),
        ({"Ref": "First"}, {"Ref": "First"}, True),
    ],
)
async def test_a_permission_is_on_what_it_names(tmp_path: Path, target: Any, permitted: Any, is_let_in: bool) -> None:
    resources = {**PUBLISHED, "Rule": rule(Arn=target), "Permission": permission(permitted)}
    emulator = await Emulator.open(settings(tmp_path, **resources))

    await emulator.call(*PUT)
    await emulator.settled()

    assert (len(runs(emulator)) == 1) == is_let_in
    refused = [each.action for finding in emulator.authorization.findings() for each in finding.refusals]
    assert refused == ([] if is_let_in else ["lambda:InvokeFunction"])
    await emulator.close()


async def test_a_permission_that_a_call_adds_on_an_alias_counts_at_once(tmp_path: Path) -> None:
    emulator = await Emulator.open(settings(tmp_path, **PUBLISHED, Rule=rule(Arn=ON_ALIAS)))
    await emulator.call(*PUT)
    await emulator.settled()
    assert runs(emulator) == []

    given = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    await emulator.call("lambda", "AddPermission", {"FunctionName": ALIAS, **given})
    await emulator.call(*PUT)
    await emulator.settled()

    assert runs(emulator) == [("pizzabar-Bake", "live", "1")]
    await emulator.close()


async def test_a_role_that_may_invoke_a_function_may_not_invoke_its_alias(tmp_path: Path) -> None:
    task = {"FunctionName": {"Ref": "Bake"}, "Qualifier": "live"}
    states = {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": task, "End": True}}
    for resource, status in ((ON_FUNCTION, "FAILED"), (ON_ALIAS, "SUCCEEDED")):
        machine = {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "Flow",
                "RoleArn": {"Fn::GetAtt": ["Flow", "Arn"]},
                "Definition": {"StartAt": "A", "States": states},
            },
        }
        flow = role("states.amazonaws.com", allow("lambda:InvokeFunction", resource))
        emulator = await Emulator.open(settings(tmp_path, **PUBLISHED, Machine=machine, Flow=flow))
        started = await emulator.call(
            "stepfunctions", "StartExecution", {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:Flow"}
        )
        await emulator.settled()
        ended = await emulator.call("stepfunctions", "DescribeExecution", started)
        assert ended["status"] == status
        await emulator.close()


# Processes --------------------------------------------------------------------------------------------------

APP = """
import os
def handler(event, context):
    told = [context.invoked_function_arn, context.function_version, os.environ["AWS_LAMBDA_FUNCTION_VERSION"]]
    return [*told, os.environ.get("MOOD"), context.log_stream_name.partition("/[")[2][:2], os.getpid(), "OLD"]
"""
TELL = f"arn:aws:lambda:{HERE}:function:Tell"


async def test_a_version_in_a_process_of_its_own_knows_what_it_is(tmp_path: Path) -> None:
    more = "      AutoPublishAlias: live\n      Environment: {Variables: {MOOD: good}}\n"
    async with stack(tmp_path, {"app.py": APP}, runtime=RUNTIME, more=more) as tell:
        call = tell.emulator.call

        async def told(**asked: Any) -> Any:
            return json.loads((await call("lambda", "Invoke", {"FunctionName": "Tell", **asked}))["Payload"])

        *first, process, _ = await told(Qualifier="live")
        assert first == [f"{TELL}:live", "1", "1", "good", "1]"]
        # One process serves a version, by whatever it is asked for.
        *by_number, same, _ = await told(Qualifier="1")
        assert by_number == [f"{TELL}:1", "1", "1", "good", "1]"]
        assert same == process
        assert (await told())[:5] == [TELL, "$LATEST", "$LATEST", "good", "$L"]

        change = {"FunctionName": "Tell", "Environment": {"Variables": {"MOOD": "bad"}}}
        await call("lambda", "UpdateFunctionConfiguration", change)
        published = await call("lambda", "PublishVersion", {"FunctionName": "Tell"})
        await call("lambda", "UpdateAlias", {"FunctionName": "Tell", "Name": "live", "FunctionVersion": "2"})
        assert published["Version"] == "2"
        assert (await told(Qualifier="live"))[:5] == [f"{TELL}:live", "2", "2", "bad", "2]"]
        assert (await told(Qualifier="1"))[3:6] == ["good", "1]", process]

        # Another version of the same number is of other code.
        function = tell.emulator.functions.get("Tell")
        assert isinstance(function.handler, Code)
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "app.py").write_text("def handler(event, context): return 'other'\n")
        tell.emulator.functions.versions.forget("Tell")
        tell.emulator.functions.change("Tell", handler=replace(function.handler, folder=tmp_path / "other"))
        await call("lambda", "PublishVersion", {"FunctionName": "Tell"})
        assert await told(Qualifier="1") == "other"
        assert any(line.endswith(" Version: 2") for line in await tell.lines())


async def test_an_edited_template_publishes_what_sam_would(tmp_path: Path) -> None:
    more = "      AutoPublishAlias: live\n      Environment: {Variables: {MOOD: good}}\n"
    async with stack(tmp_path, {"app.py": APP}, runtime=RUNTIME, more=more) as tell:
        reloader, template = Reloader(tell.emulator), tmp_path / "template.yaml"

        async def edit(old: str, new: str) -> Any:
            text = template.read_text()
            assert old in text
            template.write_text(text.replace(old, new))
            await reloader.changed({template})
            answer = await tell.emulator.call("lambda", "Invoke", {"FunctionName": "Tell:live"})
            return [*json.loads(answer["Payload"])[1:4], tell.emulator.functions.get("Tell:live").timeout]

        assert await edit("Timeout: 20", "Timeout: 19") == ["1", "1", "good", 20]
        assert await edit("MOOD: good", "MOOD: bad") == ["2", "2", "bad", 19]
        assert await edit("MOOD: bad", "MOOD: good") == ["3", "3", "good", 19]
        everything = "Alias: live\n      AutoPublishAliasAllProperties: true"
        assert await edit("Alias: live", everything) == ["4", "4", "good", 19]
        assert await edit("Timeout: 19", "Timeout: 18") == ["5", "5", "good", 18]


async def test_an_edited_handler_is_used_by_the_versions_too(tmp_path: Path) -> None:
    async with stack(tmp_path, {"app.py": APP}, runtime=RUNTIME, more="      AutoPublishAlias: live\n") as tell:
        live = {"FunctionName": "Tell:live"}
        code, reloader = tmp_path / "src" / "app.py", Reloader(tell.emulator)
        answers = []
        for text in (APP, APP.replace("OLD", "NEW"), "def handler(:\n"):
            code.write_text(text)
            await reloader.changed({code})
            answer = await tell.emulator.call("lambda", "Invoke", live)
            answers.append([*json.loads(answer["Payload"])[1:2], json.loads(answer["Payload"])[-1]])

        # A broken edit keeps what ran before.
        assert answers == [["1", "OLD"], ["1", "NEW"], ["1", "NEW"]]
