"""Parameters that an integration does not have."""

import json

import pytest

from pizzabar.documents import JSON
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import InvalidDefinition
from tests.stepfunctions.service import ROLE, step_functions


@pytest.mark.parametrize(
    ("resource", "parameters", "told"),
    [
        ("lambda:invoke", {"FunctionName": "f", "Payload.$": "$"}, None),
        (
            "lambda:invoke",
            {"FunctionName": "f", "Foo": 1},
            '"Foo" is not supported by Step Functions at /States/A/Parameters',
        ),
        ("lambda:invoke.waitForTaskToken", {"FunctionName": "f", "Foo.$": "$"}, '"Foo" is not supported'),
        ("dynamodb:getItem", {"TableName": "t", "Key": {}, "Item": {}}, '"Item" is not supported'),
        ("states:startExecution", {"StateMachineArn": "m", "input": {}}, '"input" is not supported'),
        ("events:putEvents", {"Entries": [{"Detail.$": "$", "DetailType": "d", "Source": "s"}]}, None),
        ("events:putEvents", {"Entries.$": "$"}, None),
        (
            "events:putEvents",
            {"Entries": [{"EventBusname": "zz"}]},
            '"EventBusname" is not supported by Step Functions at /States/A/Parameters/Entries[0]',
        ),
    ],
)
async def test_a_parameter_that_an_integration_does_not_have(
    resource: str, parameters: JSON, told: str | None
) -> None:
    async with step_functions() as ask:
        states = {
            "A": {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True}
        }
        asked = {"name": "m", "definition": json.dumps({"StartAt": "A", "States": states}), "roleArn": ROLE}

        if told is None:
            await ask("CreateStateMachine", **asked)
        else:
            assert told in await ask.fails("CreateStateMachine", **asked)


async def test_the_arguments_of_a_query_are_held_to_it_too() -> None:
    async with step_functions() as ask:
        states = {
            "A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"Foo": 1}, "End": True}
        }
        definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": states})

        told = await ask.fails("CreateStateMachine", name="m", definition=definition, roleArn=ROLE)

        assert 'The field "Foo" is not supported by Step Functions at /States/A/Arguments' in told


async def test_the_actions_of_an_sdk_are_in_camel_case() -> None:
    async with step_functions() as ask:
        for action, is_known in (("listTables", True), ("ListTables", False)):
            states = {"A": {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:dynamodb:{action}", "End": True}}
            definition = json.dumps({"StartAt": "A", "States": states})
            answer = await ask("ValidateStateMachineDefinition", definition=definition)
            assert (answer["result"] == "OK") is is_known


@pytest.mark.parametrize("resource", ["lambda:invoke", "aws-sdk:dynamodb:ListTables"])
def test_what_was_taken_before_is_read_as_it_was(resource: str) -> None:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": {"Foo": 1}, "End": True}
    text = json.dumps({"StartAt": "A", "States": {"A": task}})

    assert read_definition(text).states["A"].name == "A"
    with pytest.raises(InvalidDefinition):
        read_definition(text, supports=lambda resource: True)
