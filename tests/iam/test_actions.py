"""Actions: what each operation of the call table comes to, by the Service Authorization Reference."""

import base64
import json
from typing import Any

import pytest

from pizzabar.arn import Home
from pizzabar.iam.actions import RULES
from pizzabar.services import SERVICES

HERE = "us-east-1:123456789012"
TABLE = f"arn:aws:dynamodb:{HERE}:table/Orders"
STREAM = f"{TABLE}/stream/2026-03-01T12:00:00.000"
GROUP = f"arn:aws:logs:{HERE}:log-group:/aws/x"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:Bake"
KEY = {"id": {"S": "7"}}
QUEUE = "123456789012/late"
QUEUE_ARN = f"arn:aws:sqs:{HERE}:late"
HANDLE = base64.b64encode(json.dumps({"taskId": "a", "sourceArn": QUEUE_ARN}).encode()).decode()


class Around:
    """The surroundings of requests."""

    home = Home()

    def stage_of(self, connection_id: str) -> tuple[str, str] | None:
        """One connection is open."""
        return ("a1b2c3", "api") if connection_id == "here=" else None

    def partition_key_of(self, table: str) -> str | None:
        """Each table has the same key."""
        return "id"

    def machine_of(self, task_token: str) -> str | None:
        """One token is one."""
        return MACHINE if task_token == "token" else None


def accesses(service: str, operation: str, **parameters: Any) -> list[tuple[str, str]]:
    """Give the actions and resources of a request."""
    rule = RULES[service, operation]
    return [(each.action, each.resource) for each in rule.accesses(rule.inputs(parameters), Around())]


def test_every_operation_of_the_call_table_has_a_rule_and_no_other_has() -> None:
    operations = {(service, name) for service, operations, _ in SERVICES for name in operations}
    assert set(RULES) == operations | {("events", "InvokeApiDestination")}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("sqs", "SendMessage", {"QueueUrl": f"http://any/{QUEUE}"}, [("sqs:SendMessage", QUEUE_ARN)]),
        ("sqs", "SendMessageBatch", {"QueueUrl": f"http://any/{QUEUE}"}, [("sqs:SendMessage", QUEUE_ARN)]),
        ("sqs", "CreateQueue", {"QueueName": "late"}, [("sqs:CreateQueue", QUEUE_ARN)]),
        ("sqs", "StartMessageMoveTask", {"SourceArn": QUEUE_ARN}, [("sqs:StartMessageMoveTask", QUEUE_ARN)]),
        ("sqs", "CancelMessageMoveTask", {"TaskHandle": HANDLE}, [("sqs:CancelMessageMoveTask", QUEUE_ARN)]),
        ("sqs", "ListQueues", {}, [("sqs:ListQueues", "*")]),
        ("dynamodb", "PutItem", {"TableName": "Orders"}, [("dynamodb:PutItem", TABLE)]),
        ("dynamodb", "GetItem", {"TableName": TABLE}, [("dynamodb:GetItem", TABLE)]),
        ("dynamodb", "Query", {"TableName": "Orders"}, [("dynamodb:Query", TABLE)]),
        (
            "dynamodb",
            "Query",
            {"TableName": "Orders", "IndexName": "ByGuest"},
            [("dynamodb:Query", f"{TABLE}/index/ByGuest")],
        ),
        (
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"Orders": [], "Guests": []}},
            [("dynamodb:BatchWriteItem", TABLE), ("dynamodb:BatchWriteItem", TABLE.replace("Orders", "Guests"))],
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "Orders"}},
                    {"Put": {"TableName": "Orders"}},
                    {"ConditionCheck": {"TableName": "Orders"}},
                ]
            },
            [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
        ),
        (
            "dynamodb",
            "TransactGetItems",
            {"TransactItems": [{"Get": {"TableName": "Orders"}}]},
            [("dynamodb:GetItem", TABLE)],
        ),
        (
            "dynamodb",
            "ExecuteStatement",
            {"Statement": 'SELECT * FROM "Orders"."ByGuest" WHERE id = \' FROM x\''},
            [("dynamodb:PartiQLSelect", f"{TABLE}/index/ByGuest")],
        ),
        (
            "dynamodb",
            "BatchExecuteStatement",
            {
                "Statements": [
                    {"Statement": "INSERT INTO Orders VALUE {'id': '7'}"},
                    {"Statement": "update Orders set a = 1 where id = '7'"},
                    {"Statement": 'DELETE FROM "Orders" WHERE id = ?'},
                ]
            },
            [
                ("dynamodb:PartiQLInsert", TABLE),
                ("dynamodb:PartiQLUpdate", TABLE),
                ("dynamodb:PartiQLDelete", TABLE),
            ],
        ),
        (
            "dynamodb",
            "ExecuteTransaction",
            {"TransactStatements": [{"Statement": "EXISTS(SELECT * FROM Orders WHERE id = '7')"}]},
            [("dynamodb:PartiQLSelect", TABLE)],
        ),
        ("dynamodb", "ExecuteStatement", {"Statement": "DROP"}, []),
        ("dynamodb", "ListTables", {}, [("dynamodb:ListTables", "*")]),
        ("dynamodbstreams", "GetRecords", {"ShardIterator": f"{STREAM}|1|xyz"}, [("dynamodb:GetRecords", STREAM)]),
        (
            "dynamodbstreams",
            "ListStreams",
            {"TableName": "Orders"},
            [("dynamodb:ListStreams", f"{TABLE}/stream/*")],
        ),
        (
            "events",
            "PutEvents",
            {"Entries": [{"Source": "a"}, {"EventBusName": "kitchen"}]},
            [
                ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default"),
                ("events:PutEvents", f"arn:aws:events:{HERE}:event-bus/kitchen"),
            ],
        ),
        (
            "events",
            "PutTargets",
            {"Rule": "All", "EventBusName": "kitchen"},
            [("events:PutTargets", f"arn:aws:events:{HERE}:rule/kitchen/All")],
        ),
        ("events", "DeleteRule", {"Name": "All"}, [("events:DeleteRule", f"arn:aws:events:{HERE}:rule/All")]),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "123456789012:function:Bake", "Qualifier": "$LATEST"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:Bake:$LATEST")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "Bake:1"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:Bake:1")],
        ),
        (
            "lambda",
            "AddPermission",
            {"FunctionName": "Bake", "Qualifier": "live"},
            [("lambda:AddPermission", f"arn:aws:lambda:{HERE}:function:Bake:live")],
        ),
        *(
            (
                "lambda",
                operation,
                {"FunctionName": "Bake", "Qualifier": "live"},
                [(f"lambda:{operation}", f"arn:aws:lambda:{HERE}:function:Bake:live")],
            )
            for operation in ("DeleteFunction", "GetFunction", "GetFunctionConfiguration", "GetPolicy")
        ),
        (
            "lambda",
            "UpdateAlias",
            {"FunctionName": "Bake", "Name": "live"},
            [("lambda:UpdateAlias", f"arn:aws:lambda:{HERE}:function:Bake")],
        ),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/aws/x", "logStreamName": "s"},
            [("logs:PutLogEvents", f"{GROUP}:log-stream:s")],
        ),
        (
            "logs",
            "FilterLogEvents",
            {"logGroupIdentifier": f"{GROUP}:*"},
            [("logs:FilterLogEvents", f"{GROUP}:log-stream:")],
        ),
        ("stepfunctions", "StartExecution", {"stateMachineArn": MACHINE}, [("states:StartExecution", MACHINE)]),
        (
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": f"{MACHINE}:live"},
            [("states:StartExecution", MACHINE)],
        ),
        (
            "stepfunctions",
            "UpdateStateMachineAlias",
            {"stateMachineAliasArn": f"{MACHINE}:live"},
            [("states:UpdateStateMachineAlias", MACHINE)],
        ),
        ("stepfunctions", "SendTaskSuccess", {"taskToken": "token"}, [("states:SendTaskSuccess", MACHINE)]),
        ("stepfunctions", "SendTaskSuccess", {"taskToken": "no"}, []),
        (
            "apigatewaymanagementapi",
            "PostToConnection",
            {"ConnectionId": "here="},
            [
                (
                    "execute-api:ManageConnections",
                    f"arn:aws:execute-api:{HERE}:a1b2c3/api/POST/@connections/here=",
                )
            ],
        ),
        # Of one that is gone, nobody knows whose it was.
        ("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": "gone="}, []),
        (
            "apigatewayv2",
            "UpdateIntegrationResponse",
            {"ApiId": "a", "IntegrationId": "i", "IntegrationResponseId": "r"},
            [("apigateway:PATCH", "arn:aws:apigateway:us-east-1::/apis/a/integrations/i/integrationresponses/r")],
        ),
        ("apigatewayv2", "GetApis", {}, [("apigateway:GET", "arn:aws:apigateway:us-east-1::/apis")]),
        (
            "cloudformation",
            "DescribeStacks",
            {"StackName": "pizza"},
            [("cloudformation:DescribeStacks", f"arn:aws:cloudformation:{HERE}:stack/pizza/*")],
        ),
        ("sts", "GetCallerIdentity", {}, []),
        ("iam", "GetRole", {"RoleName": "R"}, [("iam:GetRole", "arn:aws:iam::123456789012:role/R")]),
    ],
)
def test_what_an_operation_comes_to(
    service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert accesses(service, operation, **parameters) == expected


def test_events_tell_their_source_and_detail_type() -> None:
    rule = RULES["events", "PutEvents"]
    entries = {"Entries": [{"Source": "oven", "DetailType": "Baked", "Detail": "1"}] * 3}
    [access] = rule.accesses(rule.inputs(entries), Around())
    assert access.keys == {"events:source": ("oven",), "events:detail-type": ("Baked",)}


@pytest.mark.parametrize(
    ("arn", "qualifier"),
    [(MACHINE, None), (f"{MACHINE}#Case", None), (f"{MACHINE}:live", "live"), (f"{MACHINE}:1#C", "1")],
)
def test_a_version_or_an_alias_of_a_state_machine_is_a_condition_key(arn: str, qualifier: str | None) -> None:
    rule = RULES["stepfunctions", "StartExecution"]
    [access] = rule.accesses(rule.inputs({"stateMachineArn": arn}), Around())
    assert access.resource == MACHINE
    assert access.keys == ({} if qualifier is None else {"states:statemachinequalifier": (qualifier,)})


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("GetItem", {"TableName": "Orders", "Key": KEY}, ("7",)),
        ("PutItem", {"TableName": "Orders", "Item": {**KEY, "a": {"N": "1"}}}, ("7",)),
        (
            "Query",
            {
                "TableName": "Orders",
                "KeyConditionExpression": "#k = :v AND a > :w",
                "ExpressionAttributeNames": {"#k": "id"},
                "ExpressionAttributeValues": {":v": {"S": "7"}, ":w": {"N": "1"}},
            },
            ("7",),
        ),
        ("Query", {"TableName": "Orders", "KeyConditionExpression": "a = :v"}, None),
        ("BatchGetItem", {"RequestItems": {"Orders": {"Keys": [KEY, {"id": {"N": "8"}}]}, "Guests": {}}}, ("7", "8")),
        (
            "BatchWriteItem",
            {"RequestItems": {"Orders": [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": KEY}}]}},
            ("7", "7"),
        ),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "Orders", "Item": KEY}},
                    {"Put": {"TableName": "Guests", "Item": {"id": {"S": "8"}}}},
                ]
            },
            ("7",),
        ),
    ],
)
def test_leading_keys(operation: str, parameters: dict[str, Any], expected: tuple[str, ...] | None) -> None:
    rule = RULES["dynamodb", operation]
    access = next(iter(rule.accesses(rule.inputs(parameters), Around())))
    assert rule.late["dynamodb:leadingkeys"](parameters, access, Around()) == expected
