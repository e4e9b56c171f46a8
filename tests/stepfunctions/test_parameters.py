"""What the operations of Step Functions take, as the service's model has it."""

import json

import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.service import ROLE, step_functions

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:flow:1"
MAP_RUN = "arn:aws:states:us-east-1:123456789012:mapRun:flow/Label:1"
FLOW = "arn:aws:states:us-east-1:123456789012:stateMachine:flow"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:tell"


@pytest.mark.parametrize(
    ("operation", "name", "missing"),
    [
        ("DescribeExecution", "executionArn", EXECUTION),
        ("GetExecutionHistory", "executionArn", EXECUTION),
        ("StopExecution", "executionArn", EXECUTION),
        ("RedriveExecution", "executionArn", EXECUTION),
        ("ListMapRuns", "executionArn", EXECUTION),
        ("DescribeMapRun", "mapRunArn", MAP_RUN),
        ("ListTagsForResource", "resourceArn", FLOW),
    ],
)
async def test_an_arn_of_another_form_is_of_nothing_missing(operation: str, name: str, missing: str) -> None:
    async with step_functions() as ask:
        for wrong in ("zzz", FUNCTION):
            assert await ask.fails(operation, **{name: wrong}) == f"InvalidArn: Invalid Arn: '{wrong}'"
        code = (await ask.fails(operation, **{name: missing})).partition(":")[0]
        assert code in ("ExecutionDoesNotExist", "ResourceNotFound")


async def test_only_a_state_machine_is_deleted() -> None:
    async with step_functions() as ask:
        assert (
            await ask.fails("DeleteStateMachine", stateMachineArn=FUNCTION)
            == f"InvalidArn: Invalid Arn: '{FUNCTION}'"
        )
        assert await ask("DeleteStateMachine", stateMachineArn=FLOW) == {}


@pytest.mark.parametrize(
    ("operation", "given", "what"),
    [
        ("SendTaskFailure", {"taskToken": "t", "error": "e" * 257}, "at 'error' failed to satisfy constraint"),
        ("SendTaskFailure", {"taskToken": "t", "cause": "e" * 32_769}, "length less than or equal to 32768"),
        ("SendTaskSuccess", {"taskToken": "t", "output": json.dumps("c" * 262_143)}, "less than or equal to 262144"),
        ("StopExecution", {"executionArn": EXECUTION, "error": "e" * 257}, "length less than or equal to 256"),
        ("GetActivityTask", {"activityArn": "a", "workerName": "w" * 81}, "length less than or equal to 80"),
        ("GetExecutionHistory", {"executionArn": EXECUTION, "maxResults": 1001}, "value less than or equal to 1000"),
        ("ListStateMachines", {"maxResults": 1001}, "value less than or equal to 1000"),
        ("ListExecutions", {"stateMachineArn": FLOW, "statusFilter": "FOO"}, "satisfy enum value set: [RUNNING, "),
        ("TagResource", {"resourceArn": FLOW, "tags": [{"key": "k" * 129, "value": ""}]}, "at 'tags.1.member.key'"),
    ],
)
async def test_what_is_too_long_or_no_choice_is_refused(operation: str, given: JSON, what: str) -> None:
    async with step_functions() as ask:
        await ask.machine("flow", {"A": {"Type": "Succeed"}})

        error = await ask.fails(operation, **given)

        assert error.startswith("ValidationException: 1 validation error detected: Value '")
        assert what in error


async def test_a_machine_with_faulty_tags_is_not_made() -> None:
    async with step_functions() as ask:
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
        tags = [{"key": "k", "value": "v" * 257}]
        await ask.fails("CreateStateMachine", name="flow2", definition=definition, roleArn=ROLE, tags=tags)

        names = [each["name"] for each in (await ask("ListStateMachines"))["stateMachines"]]
        assert "flow2" not in names
