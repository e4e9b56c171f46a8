"""Who asks each hop: rules, streams, authorizers and functions, each in its own name."""

import asyncio
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus

from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.lambda_.function import Context
from pizzabar.principal import role_session
from pizzabar.settings import Settings
from tests.flow.serving import open_pizza_bar

HERE = "us-east-1:123456789012"
ME = "tests.flow.test_iam_hops"


async def ask(event: Any, context: Context) -> Any:
    """Do what an event says, and tell what came of it."""
    context.log("asked")
    try:
        return await context.call(*event["ask"])
    except ServiceError as error:
        return str(error)


async def let_in(event: Any, context: Context) -> Any:
    """Let everybody in."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    return {"principalId": "ada", "policyDocument": {"Statement": [statement]}}


async def nothing(event: Any, context: Context) -> None:
    """Take what comes."""


def role(service: str, *statements: Any) -> dict[str, Any]:
    """A role that a service may assume."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policies = [{"PolicyName": "Own", "PolicyDocument": {"Statement": list(statements)}}] if statements else []
    properties = {"AssumeRolePolicyDocument": {"Statement": trust}, "Policies": policies}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def allow(action: Any, on: Any = "*") -> dict[str, Any]:
    """A statement that allows something."""
    return {"Effect": "Allow", "Action": action, "Resource": on}


def function(handler: str, role: str) -> dict[str, Any]:
    """A function in process, with a role."""
    return {
        "Type": "AWS::Lambda::Function",
        "Metadata": {"pizzabar": {"InProcess": f"{ME}:{handler}"}},
        "Properties": {"Role": {"Fn::GetAtt": [role, "Arn"]}},
    }


def settings(folder: Path, iam: str = "enforce", /, **resources: Any) -> Settings:
    """Settings for a template of these resources."""
    (folder / "template.json").write_text(json.dumps({"Resources": resources}))
    return Settings(state=None, clock="virtual", template=folder / "template.json").changed({"iam": iam})


async def refused(settings: Settings, *asked: Any) -> list[str]:
    """Ask something, and give the actions and resources of all that was refused."""
    emulator = await Emulator.open(settings)
    try:
        await emulator.call(*asked)
        await emulator.settled()
        return [
            f"{each.action} {each.resource}"
            for finding in emulator.authorization.findings()
            for each in finding.refusals
        ]
    finally:
        await emulator.close()


PUT = ("events", "PutEvents", {"Entries": [{"Source": "oven", "DetailType": "Baked", "Detail": "{}"}]})
KITCHEN = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "kitchen"}}
MACHINE: dict[str, Any] = {
    "Type": "AWS::StepFunctions::StateMachine",
    "Properties": {
        "StateMachineName": "Bake",
        "RoleArn": {"Fn::GetAtt": ["Flow", "Arn"]},
        "Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
    },
}


def rule(**target: Any) -> dict[str, Any]:
    """A rule for all events of the oven."""
    properties = {"Name": "Rule", "EventPattern": {"source": ["oven"]}, "Targets": [{"Id": "t", **target}]}
    return {"Type": "AWS::Events::Rule", "Properties": properties}


async def test_a_rule_needs_a_role_to_start_a_state_machine(tmp_path: Path) -> None:
    rest: dict[str, Any] = {"Machine": MACHINE, "Flow": role("states.amazonaws.com")}
    start = f"states:StartExecution arn:aws:states:{HERE}:stateMachine:Bake"
    target = rule(Arn={"Ref": "Machine"}, RoleArn={"Fn::GetAtt": ["Sender", "Arn"]})
    powerless = role("events.amazonaws.com")
    assert await refused(settings(tmp_path, **rest, Rule=target, Sender=powerless), *PUT) == [start]
    sender = role("events.amazonaws.com", allow("states:StartExecution", {"Ref": "Machine"}))
    assert await refused(settings(tmp_path, **rest, Rule=target, Sender=sender), *PUT) == []
    wrong = role("states.amazonaws.com", allow("states:StartExecution", {"Ref": "Machine"}))
    [assume] = await refused(settings(tmp_path, **rest, Rule=target, Sender=wrong), *PUT)
    assert assume == "sts:AssumeRole arn:aws:iam::123456789012:role/pizzabar-Sender"


SEND: dict[str, Any] = {
    "Type": "AWS::StepFunctions::StateMachine",
    "Properties": {
        "StateMachineName": "Bake",
        "RoleArn": {"Fn::GetAtt": ["Flow", "Arn"]},
        "Definition": {
            "StartAt": "Send",
            "States": {
                "Send": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::sqs:sendMessage",
                    "Parameters": {"QueueUrl": "${Queue}", "MessageBody": "hot"},
                    "End": True,
                }
            },
        },
        "DefinitionSubstitutions": {"Queue": {"Ref": "Queue"}},
    },
}
START = ("stepfunctions", "StartExecution", {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:Bake"})


def trusting(role: dict[str, Any], **condition: Any) -> dict[str, Any]:
    """The role, with a condition in its trust policy."""
    properties = role["Properties"]
    document = {"Statement": {**properties["AssumeRolePolicyDocument"]["Statement"], "Condition": condition}}
    return {**role, "Properties": {**properties, "AssumeRolePolicyDocument": document}}


@pytest.mark.parametrize(
    ("machine", "is_let"), [("stateMachine:*", True), ("stateMachine:Bake", True), ("stateMachine:Fry", False)]
)
async def test_a_state_machine_says_which_it_is_where_it_assumes_its_role(
    tmp_path: Path, machine: str, is_let: bool
) -> None:
    """As the CDK writes the trust: of aws:SourceArn and aws:SourceAccount."""
    flow = trusting(
        role("states.us-east-1.amazonaws.com", allow("sqs:*")),
        ArnLike={"aws:SourceArn": f"arn:aws:states:{HERE}:{machine}"},
        StringEquals={"aws:SourceAccount": "123456789012"},
    )
    rest = {"Machine": SEND, "Queue": {"Type": "AWS::SQS::Queue"}, "Flow": flow}

    found = await refused(settings(tmp_path, **rest), *START)

    assert found == ([] if is_let else ["sts:AssumeRole arn:aws:iam::123456789012:role/pizzabar-Flow"])


async def test_functions_and_rules_say_which_they_are(tmp_path: Path) -> None:
    baker = trusting(
        role("lambda.amazonaws.com", allow("sqs:*")),
        ArnLike={"aws:SourceArn": f"arn:aws:lambda:{HERE}:function:pizzabar-Ask"},
    )
    asked = {"FunctionName": "pizzabar-Ask", "Payload": json.dumps({"ask": ["sqs", "ListQueues", {}]})}
    ask_as_baker = settings(tmp_path, Ask=function("ask", "Baker"), Baker=baker)
    assert not [each for each in await refused(ask_as_baker, "lambda", "Invoke", asked) if "AssumeRole" in each]

    sender = trusting(
        role("events.amazonaws.com", allow("states:StartExecution")),
        ArnLike={"aws:SourceArn": f"arn:aws:events:{HERE}:rule/Rule"},
    )
    target = rule(Arn={"Ref": "Machine"}, RoleArn={"Fn::GetAtt": ["Sender", "Arn"]})
    rest = {"Machine": MACHINE, "Flow": role("states.amazonaws.com"), "Rule": target, "Sender": sender}
    assert await refused(settings(tmp_path, **rest), *PUT) == []


async def test_how_an_execution_is_step_functions_itself_tells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its role need not let it put events."""
    listening = {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": {"source": ["aws.states"]},
            "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["Told", "Arn"]}}],
        },
    }
    rest = {
        "Machine": SEND,
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Flow": role("states.amazonaws.com", allow("sqs:SendMessage")),
        "Told": {"Type": "AWS::SQS::Queue"},
        "Letting": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Told"}],
                "PolicyDocument": {"Statement": {**allow("sqs:SendMessage"), "Principal": "*"}},
            },
        },
        "Rule": listening,
    }
    emulator = await Emulator.open(settings(tmp_path, **rest))
    try:
        await emulator.call(*START)
        await emulator.settled()

        asked = {"QueueUrl": "http://localhost:8000/123456789012/pizzabar-Told", "MaxNumberOfMessages": 10}
        told = await emulator.call("sqs", "ReceiveMessage", asked)
        details = [json.loads(each["Body"])["detail"]["status"] for each in told["Messages"]]
        assert sorted(details) == ["RUNNING", "SUCCEEDED"]
        assert "not everybody was told" not in caplog.text
    finally:
        await emulator.close()


async def test_a_rule_is_let_onto_another_bus_by_a_role_or_by_the_bus(tmp_path: Path) -> None:
    on = {"Fn::GetAtt": ["Kitchen", "Arn"]}
    put = f"events:PutEvents arn:aws:events:{HERE}:event-bus/kitchen"
    assert await refused(settings(tmp_path, Kitchen=KITCHEN, Rule=rule(Arn=on)), *PUT) == [put]

    sender = role("events.amazonaws.com", allow("events:PutEvents", on))
    as_role = rule(Arn=on, RoleArn={"Fn::GetAtt": ["Sender", "Arn"]})
    assert await refused(settings(tmp_path, Kitchen=KITCHEN, Rule=as_role, Sender=sender), *PUT) == []

    statement = {**allow("events:PutEvents", on), "Principal": {"Service": "events.amazonaws.com"}}
    policy = {
        "Type": "AWS::Events::EventBusPolicy",
        "Properties": {"EventBusName": {"Ref": "Kitchen"}, "StatementId": "rules", "Statement": statement},
    }
    assert await refused(settings(tmp_path, Kitchen=KITCHEN, Rule=rule(Arn=on), Policy=policy), *PUT) == []
    own = {
        "Type": KITCHEN["Type"],
        "Properties": {"Name": "kitchen", "Policy": {"Statement": {**statement, "Resource": "*"}}},
    }
    assert await refused(settings(tmp_path, Kitchen=own, Rule=rule(Arn=on)), *PUT) == []


async def test_an_event_goes_on_from_the_bus_that_it_was_sent_to(tmp_path: Path) -> None:
    on = {"Fn::GetAtt": ["Kitchen", "Arn"]}
    emulator = await Emulator.open(settings(tmp_path, "audit", Kitchen=KITCHEN, Rule=rule(Arn=on)))
    await emulator.call(*PUT)
    await emulator.settled()
    first, second = [hop for hop in emulator.journal if hop.operation == "PutEvents"]
    assert second.parent == first.id
    assert second.parameters["Entries"][0]["EventBusName"] == f"arn:aws:events:{HERE}:event-bus/kitchen"
    assert second.result["Entries"] == first.result["Entries"]
    await emulator.close()


STREAMED = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "TableName": "Orders",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
    },
}
MAPPING = {
    "Type": "AWS::Lambda::EventSourceMapping",
    "Properties": {
        "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
        "FunctionName": {"Ref": "Reader"},
        "StartingPosition": "TRIM_HORIZON",
    },
}


async def test_the_role_of_a_function_reads_the_stream(tmp_path: Path) -> None:
    rest = {"Table": STREAMED, "Mapping": MAPPING, "Reader": function("nothing", "Role")}
    put = ("dynamodb", "PutItem", {"TableName": "Orders", "Item": {"id": {"S": "7"}}})
    logs = allow("logs:*")
    reads = [
        each.partition(" ")[0]
        for each in await refused(settings(tmp_path, "audit", **rest, Role=role("lambda.amazonaws.com", logs)), *put)
    ]
    assert reads == ["dynamodb:GetShardIterator", "dynamodb:GetRecords"]
    may = allow(["dynamodb:GetShardIterator", "dynamodb:GetRecords"], {"Fn::GetAtt": ["Table", "StreamArn"]})
    assert await refused(settings(tmp_path, **rest, Role=role("lambda.amazonaws.com", logs, may)), *put) == []


async def test_a_function_without_permission_to_log_has_no_log(tmp_path: Path) -> None:
    for statements, lines in (((allow("logs:*"),), 4), ((), 0)):
        given = settings(tmp_path, Ask=function("ask", "Role"), Role=role("lambda.amazonaws.com", *statements))
        emulator = await Emulator.open(given)
        await emulator.call(
            "lambda", "Invoke", {"FunctionName": "pizzabar-Ask", "Payload": '{"ask":["sts","GetCallerIdentity",{}]}'}
        )
        groups = {group.name for group in emulator.log_groups}
        assert groups == ({"/aws/lambda/pizzabar-Ask"} if lines else set())
        [hop] = [hop for hop in emulator.journal if hop.operation == "Invoke"]
        assert len((hop.notes or {}).get("iam", [])) == (0 if lines else 3)
        await emulator.close()


async def test_a_function_asks_as_its_role(tmp_path: Path) -> None:
    may = allow("dynamodb:ListTables")
    emulator = await Emulator.open(
        settings(tmp_path, Ask=function("ask", "Role"), Role=role("lambda.amazonaws.com", may))
    )

    async def told(*asked: Any) -> Any:
        payload = json.dumps({"ask": asked})
        answer = await emulator.call("lambda", "Invoke", {"FunctionName": "pizzabar-Ask", "Payload": payload})
        return json.loads(answer["Payload"])

    assert await told("dynamodb", "ListTables", {}) == {"TableNames": []}
    assert (await told("dynamodb", "DescribeLimits", {})).startswith("AccessDeniedException: User: arn:aws:sts::")
    who = await told("sts", "GetCallerIdentity", {})
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/pizzabar-Role/pizzabar-Ask"
    [role_id] = [each.id for each in emulator.roles]
    assert who["UserId"] == f"{role_id}:pizzabar-Ask"
    await emulator.close()


URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Guard.Arn}/invocations"


def guarded(**others: Any) -> dict[str, Any]:
    """An API whose guests an authorizer lets in."""
    its = {"ApiId": {"Ref": "Api"}}
    return {
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Name": "a", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.a"},
        },
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {**its, "StageName": "api", "AutoDeploy": True}},
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                **its,
                "RouteKey": "$connect",
                "AuthorizationType": "CUSTOM",
                "AuthorizerId": {"Ref": "Authorizer"},
            },
        },
        "Authorizer": {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                **its,
                "Name": "guard",
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": {"Fn::Sub": URI},
                **others.pop("authorizer", {}),
            },
        },
        "Guard": function("let_in", "Role"),
        "Role": role("lambda.amazonaws.com", allow("logs:*")),
        **others,
    }


async def status_of_handshake(settings: Settings) -> int:
    """Give the status of the answer to somebody who connects."""
    async with open_pizza_bar(settings) as bar:
        try:
            guest = await bar.connect()
        except InvalidStatus as refusal:
            return refusal.response.status_code
        await guest.close()
        return 101


async def test_an_authorizer_is_asked_in_the_name_of_the_api(tmp_path: Path) -> None:
    assert await status_of_handshake(settings(tmp_path, **guarded())) == 500
    permission = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Guard"},
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/authorizers/*"},
        },
    }
    assert await status_of_handshake(settings(tmp_path, **guarded(Permission=permission))) == 101
    credentials = {"AuthorizerCredentialsArn": {"Fn::GetAtt": ["Caller", "Arn"]}}
    caller = role("apigateway.amazonaws.com", allow("lambda:InvokeFunction", {"Fn::GetAtt": ["Guard", "Arn"]}))
    assert await status_of_handshake(settings(tmp_path, **guarded(authorizer=credentials, Caller=caller))) == 101


async def test_a_request_is_made_as_whom_its_access_key_stands_for() -> None:
    async with open_pizza_bar(Settings(state=None, clock="virtual", iam="enforce")) as bar:
        arn = "arn:aws:iam::123456789012:role/pizzabar-StatusFunctionRole"
        bar.emulator.access_keys.give("ASIAOVEN", role_session(arn, "oven", "lambda.amazonaws.com"))

        def client(service: str, key: str) -> Any:
            return boto3.client(
                service,
                endpoint_url=f"http://localhost:{bar.port}",
                region_name="us-east-1",
                aws_access_key_id=key,
                aws_secret_access_key="x",
                config=Config(retries={"max_attempts": 0}, proxies={}),
            )

        async def do(key: str, service: str, method: str, **given: Any) -> Any:
            return await asyncio.to_thread(lambda: getattr(client(service, key), method)(**given))

        table = {"TableName": "pizzabar-Orders"}
        assert (await do("ASIAOVEN", "dynamodb", "describe_table", **table))["Table"][
            "TableName"
        ] == "pizzabar-Orders"
        with pytest.raises(ClientError, match="assumed-role/pizzabar-StatusFunctionRole/oven is not authorized"):
            await do("ASIAOVEN", "dynamodb", "delete_table", **table)
        who = await do("ASIAOVEN", "sts", "get_caller_identity")
        assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/pizzabar-StatusFunctionRole/oven"
        # All others are the root of the account, and so is this one when its key is taken back.
        assert (await do("test", "sts", "get_caller_identity"))["Arn"] == "arn:aws:iam::123456789012:root"
        bar.emulator.access_keys.take_back("ASIAOVEN")
        await do("ASIAOVEN", "dynamodb", "delete_table", **table)
