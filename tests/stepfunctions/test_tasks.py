"""
What a Task state calls, and how its results and errors come back.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from pizzabar.stepfunctions.errors import InvalidDefinition

ROLE = "arn:aws:iam::123456789012:role/any"


async def bake(event: Any, context: Any) -> Any:
    """Bake, or fail by name."""
    if event.get("burn"):
        raise LookupError("no dough")
    return {"baked": event["pizza"]}


class Kitchen:
    """An emulator in memory, and state machines of one Task."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._count = 0

    async def run(self, resource: str, parameters: Any = None, given: Any = None, **fields: Any) -> dict[str, Any]:
        """Run a state machine of one Task, and describe the execution when everything has settled."""
        task = {"Type": "Task", "Resource": resource, "End": True, **fields}
        if parameters is not None:
            task["Parameters"] = parameters
        definition = json.dumps({"StartAt": "Task", "States": {"Task": task}})
        self._count += 1
        made = {"name": f"machine-{self._count}", "definition": definition, "roleArn": ROLE}
        created = await self.emulator.call("stepfunctions", "CreateStateMachine", made)
        started = await self.emulator.call(
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": created["stateMachineArn"], "input": json.dumps(given or {})},
        )
        await self.emulator.settled()
        return await self.describe(started["executionArn"])

    async def describe(self, arn: str) -> dict[str, Any]:
        """Describe an execution."""
        answer: dict[str, Any] = await self.emulator.call("stepfunctions", "DescribeExecution", {"executionArn": arn})
        return answer


@asynccontextmanager
async def open_kitchen() -> AsyncIterator[Kitchen]:
    """Open a kitchen with a function that bakes."""
    emulator = await Emulator.open(Settings(state=None, clock="virtual"))
    try:
        emulator.functions.create("bake", bake)
        yield Kitchen(emulator)
    finally:
        await emulator.close()


async def test_put_events_serializes_the_detail_and_adds_the_execution_to_the_resources() -> None:
    async with open_kitchen() as kitchen:
        entry = {"Source": "kitchen", "DetailType": "Baked", "Detail": {"pizza": "funghi"}, "Resources": ["arn:mine"]}

        ended = await kitchen.run("arn:aws:states:::events:putEvents", {"Entries": [entry]})

        output = json.loads(ended["output"])
        assert output["FailedEntryCount"] == 0
        assert list(output["Entries"][0]) == ["EventId"]
        [hop] = [hop for hop in kitchen.emulator.journal if hop.operation == "PutEvents"]
        [sent] = hop.parameters["Entries"]
        assert sent["Detail"] == '{"pizza":"funghi"}'
        assert sent["Resources"] == ["arn:mine", ended["stateMachineArn"], ended["executionArn"]]


async def test_a_failed_entry_fails_the_task_with_the_answer_as_cause() -> None:
    async with open_kitchen() as kitchen:
        ended = await kitchen.run("arn:aws:states:::events:putEvents", {"Entries": [{"Source": "x", "Detail": {}}]})

        assert (ended["status"], ended["error"]) == ("FAILED", "EventBridge.FailedEntry")
        assert json.loads(ended["cause"])["FailedEntryCount"] == 1


async def test_lambda_invoke_gives_the_payload_parsed() -> None:
    async with open_kitchen() as kitchen:
        ended = await kitchen.run(
            "arn:aws:states:::lambda:invoke", {"FunctionName": "bake", "Payload.$": "$"}, {"pizza": "funghi"}
        )

        output = json.loads(ended["output"])
        assert output["Payload"] == {"baked": "funghi"}
        assert (output["StatusCode"], output["ExecutedVersion"]) == (200, "$LATEST")


async def test_a_bare_function_arn_gives_the_payload_alone() -> None:
    async with open_kitchen() as kitchen:
        arn = kitchen.emulator.functions.get("bake").arn

        ended = await kitchen.run(arn, given={"pizza": "funghi"})

        assert json.loads(ended["output"]) == {"baked": "funghi"}


async def test_a_functions_error_is_the_name_and_the_whole_object_the_cause() -> None:
    async with open_kitchen() as kitchen:
        ended = await kitchen.run(
            "arn:aws:states:::lambda:invoke", {"FunctionName": "bake", "Payload": {"burn": True}}
        )

        assert (ended["status"], ended["error"]) == ("FAILED", "LookupError")
        assert json.loads(ended["cause"])["errorMessage"] == "no dough"


async def test_a_missing_function_is_an_error_of_lambda() -> None:
    async with open_kitchen() as kitchen:
        ended = await kitchen.run("arn:aws:states:::lambda:invoke", {"FunctionName": "nobody"})

        assert ended["error"] == "Lambda.ResourceNotFoundException"


ITEM = {"orderId": {"S": "1"}, "status": {"S": "baked"}}


async def test_dynamodb_actions_write_and_read() -> None:
    async with open_kitchen() as kitchen:
        table = {"TableName": "pizzabar-Orders"}
        key = {"orderId": {"S": "1"}}

        await kitchen.run("arn:aws:states:::dynamodb:putItem", {**table, "Item": ITEM})
        await kitchen.run(
            "arn:aws:states:::dynamodb:updateItem",
            {
                **table,
                "Key": key,
                "UpdateExpression": "SET slices = :n",
                "ExpressionAttributeValues": {":n": {"N": "8"}},
            },
        )
        read = await kitchen.run("arn:aws:states:::dynamodb:getItem", {**table, "Key": key})
        await kitchen.run("arn:aws:states:::dynamodb:deleteItem", {**table, "Key": key})
        gone = await kitchen.run("arn:aws:states:::aws-sdk:dynamodb:getItem", {**table, "Key": key})

        assert json.loads(read["output"])["Item"] == {**ITEM, "slices": {"N": "8"}}
        assert "Item" not in json.loads(gone["output"])


@pytest.mark.parametrize(
    ("resource", "error", "where"),
    [
        (
            "arn:aws:states:::dynamodb:putItem",
            "DynamoDB.ConditionalCheckFailedException",
            "AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException",
        ),
        (
            "arn:aws:states:::aws-sdk:dynamodb:putItem",
            "DynamoDb.ConditionalCheckFailedException",
            "DynamoDb, Status Code: 400",
        ),
    ],
)
async def test_a_services_error_is_named_after_it(resource: str, error: str, where: str) -> None:
    async with open_kitchen() as kitchen:
        put = {"TableName": "pizzabar-Orders", "Item": ITEM, "ConditionExpression": "attribute_exists(orderId)"}

        ended = await kitchen.run(resource, put)

        assert (ended["status"], ended["error"]) == ("FAILED", error)
        assert ended["cause"] == f"The conditional request failed (Service: {where})"


@pytest.mark.parametrize(
    ("resource", "parameters", "error"),
    [
        (
            "dynamodb:updateItem",
            {"UpdateExpression": "SET c = c + :n", "ExpressionAttributeValues": {":n": {"N": "1"}}},
            "DynamoDB.AmazonDynamoDBException",
        ),
        ("aws-sdk:dynamodb:getItem", {"Key": {"id": {"S": "1"}}}, "DynamoDb.DynamoDbException"),
        ("aws-sdk:eventbridge:putEvents", {"Entries": []}, "EventBridge.EventBridgeException"),
        ("aws-sdk:scheduler:getSchedule", {"Name": "none"}, "Scheduler.ResourceNotFoundException"),
    ],
)
async def test_an_error_that_an_sdk_has_no_class_for_has_the_general_name(
    resource: str, parameters: Any, error: str
) -> None:
    async with open_kitchen() as kitchen:
        table = {"TableName": "pizzabar-Orders"} if "dynamodb" in resource else {}
        key = {"Key": {"orderId": {"S": "none"}}} if "update" in resource else {}
        ended = await kitchen.run(f"arn:aws:states:::{resource}", {**table, **key, **parameters})

        assert (ended["status"], ended["error"]) == ("FAILED", error)


async def test_a_schedule_is_made_by_a_task() -> None:
    async with open_kitchen() as kitchen:
        target = {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "RoleArn": ROLE}
        given = {
            "Name": "later",
            "ScheduleExpression": "at(2030-01-01T00:00:00)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
        }
        made = await kitchen.run("arn:aws:states:::aws-sdk:scheduler:createSchedule", {**given, "Target": target})
        assert json.loads(made["output"])["ScheduleArn"].endswith("schedule/default/later")


async def test_an_attribute_value_that_is_a_text_is_one_of_the_type_s() -> None:
    async with open_kitchen() as kitchen:
        table = {"TableName": "pizzabar-Orders"}
        item = {"orderId.$": "$.id", "status": "new", "hot": {"BOOL": "true"}, "by": {"L": ["me", {"M": {"a": "b"}}]}}
        await kitchen.run("arn:aws:states:::dynamodb:putItem", {**table, "Item": item}, {"id": "1"})
        read = await kitchen.run("arn:aws:states:::dynamodb:getItem", {**table, "Key": {"orderId": "1"}})
        assert json.loads(read["output"])["Item"] == {
            "orderId": {"S": "1"},
            "status": {"S": "new"},
            "hot": {"BOOL": True},
            "by": {"L": [{"S": "me"}, {"M": {"a": {"S": "b"}}}]},
        }


@pytest.mark.parametrize(
    ("resource", "parameters", "field"),
    [
        ("dynamodb:getItem", {"TableName": "pizzabar-Orders", "Key": {"orderId": {"S.$": "$.n"}}}, "S"),
        ("lambda:invoke", {"FunctionName": "bake", "Payload.$": "$.n"}, "Payload"),
        ("lambda:invoke", {"FunctionName.$": "$.n"}, "FunctionName"),
    ],
)
async def test_a_parameter_of_another_type_fails_before_anybody_is_asked(
    resource: str, parameters: Any, field: str
) -> None:
    async with open_kitchen() as kitchen:
        catch = [{"ErrorEquals": ["States.ALL"], "Next": "Task"}]
        ended = await kitchen.run(f"arn:aws:states:::{resource}", parameters, {"n": 5}, Catch=catch)

        assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
        assert "could not be used to start the Task" in ended["cause"]
        assert f"[The value for the field '{field}' must be a STRING]" in ended["cause"]


async def test_an_execution_starts_another() -> None:
    async with open_kitchen() as kitchen:
        flow = next(each for each in kitchen.emulator.state_machines if each.name == "pizzabar-OrderFlow")
        order: dict[str, Any] = {"data": {}}

        ended = await kitchen.run(
            "arn:aws:states:::states:startExecution",
            {"StateMachineArn": flow.arn, "Input": {**order, "connectionId.$": "$.who"}, "Name": "first"},
            {"who": "somebody"},
        )

        child = json.loads(ended["output"])["ExecutionArn"]
        assert child.endswith(":first")
        assert json.loads((await kitchen.describe(child))["input"])["connectionId"] == "somebody"


async def test_sdk_actions_of_services_in_camel_case_take_pascal_case() -> None:
    async with open_kitchen() as kitchen:
        flow = next(each for each in kitchen.emulator.state_machines if each.name == "pizzabar-OrderFlow")

        ended = await kitchen.run(
            "arn:aws:states:::aws-sdk:sfn:describeStateMachine", {"StateMachineArn": flow.arn}, ResultPath="$.it"
        )

        assert json.loads(ended["output"])["it"]["Name"] == flow.name


async def test_a_task_waits_for_its_token() -> None:
    async with open_kitchen() as kitchen:
        waiting = await kitchen.run(
            "arn:aws:states:::events:putEvents.waitForTaskToken",
            {"Entries": [{"Source": "x", "DetailType": "y", "Detail": {"token.$": "$$.Task.Token"}}]},
        )
        assert waiting["status"] == "RUNNING"
        [hop] = [hop for hop in kitchen.emulator.journal if hop.operation == "PutEvents"]
        token = json.loads(hop.parameters["Entries"][0]["Detail"])["token"]

        await kitchen.emulator.call("stepfunctions", "SendTaskHeartbeat", {"taskToken": token})
        await kitchen.emulator.call(
            "stepfunctions", "SendTaskSuccess", {"taskToken": token, "output": '{"by":"hand"}'}
        )

        ended = await kitchen.describe(waiting["executionArn"])
        assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"by": "hand"})


async def test_a_task_is_failed_by_its_token() -> None:
    async with open_kitchen() as kitchen:
        waiting = await kitchen.run(
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            {"FunctionName": "bake", "Payload": {"pizza.$": "$$.Task.Token"}},
        )
        [hop] = [hop for hop in kitchen.emulator.journal if hop.operation == "Invocation"]
        token = hop.parameters["Event"]["pizza"]

        await kitchen.emulator.call(
            "stepfunctions", "SendTaskFailure", {"taskToken": token, "error": "Refused", "cause": "closed"}
        )

        ended = await kitchen.describe(waiting["executionArn"])
        assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Refused", "closed")


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::aws-sdk:dynamodb:createBackup",
        "arn:aws:states:::aws-sdk:s3:getObject",
        "arn:aws:states:::sns:publish",
    ],
)
async def test_what_is_not_there_is_refused_with_the_definition(resource: str) -> None:
    async with open_kitchen() as kitchen:
        with pytest.raises(InvalidDefinition, match="/States/Task/Resource"):
            await kitchen.run(resource, {})
