"""
The operations of Lambda.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

import botocore.session
import pytest

from pizzabar.documents import JSON
from pizzabar.lambda_.function import Context
from pizzabar.lambda_.operations import OPERATIONS
from tests.lambda_.service import ARN, lambda_

VIOLATED = (
    "ValidationException: 1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must "
)


async def note(event: JSON, context: Context) -> JSON:
    context.log(f"invoked with {event}")
    return event


def test_the_operations_have_boto3s_names() -> None:
    model = botocore.session.get_session().get_service_model("lambda")

    assert set(OPERATIONS) <= set(model.operation_names)


async def test_an_invocation_is_waited_for_unless_it_says_otherwise() -> None:
    async with lambda_() as ask:
        ask.create(note)

        wanted = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": b"5"}
        assert await ask("Invoke", FunctionName="Tell", Payload=b"5") == wanted
        assert await ask("Invoke", FunctionName="Tell", Payload="5", InvocationType="RequestResponse") == wanted


async def test_an_event_is_answered_before_it_is_handled() -> None:
    async with lambda_() as ask:
        ask.create(note)

        answer = await ask("Invoke", FunctionName="Tell", InvocationType="Event", Payload=b"5")
        await ask.world.settled()

        assert answer == {"StatusCode": 202, "Payload": b""}
        assert "invoked with 5" in ask.logged["/aws/lambda/Tell"]


async def test_a_dry_run_runs_nothing() -> None:
    async with lambda_() as ask:
        ask.create(note)

        assert await ask("Invoke", FunctionName="Tell", InvocationType="DryRun") == {
            "StatusCode": 204,
            "Payload": b"",
        }
        assert ask.logged == {}


async def test_another_type_of_invocation_is_refused() -> None:
    async with lambda_() as ask:
        ask.create(note)

        error = await ask.fails("Invoke", FunctionName="Tell", InvocationType="Later")

        wanted = "[Event, RequestResponse, DryRun]"
        assert error == f"{VIOLATED.format('Later', 'invocationType')}satisfy enum value set: {wanted}"


@pytest.mark.parametrize(
    ("operation", "parameters", "why"),
    [
        ("Invoke", {"LogType": "All"}, VIOLATED.format("All", "logType") + "satisfy enum value set: [None, Tail]"),
        ("ListFunctions", {"FunctionVersion": "NONE"}, VIOLATED.format("NONE", "functionVersion")),
        ("UpdateFunctionConfiguration", {"Description": "d" * 257}, "have length less than or equal to 256"),
    ],
)
async def test_a_parameter_that_the_model_has_not_is_refused(operation: str, parameters: JSON, why: str) -> None:
    async with lambda_() as ask:
        ask.create(note)
        assert why in await ask.fails(operation, FunctionName="Tell", **parameters)


async def test_a_request_without_a_name() -> None:
    async with lambda_() as ask:
        for operation in ("Invoke", "GetFunction"):
            assert await ask.fails(operation) == (
                "ValidationException: 1 validation error detected: Value null at 'functionName' failed to satisfy"
                " constraint: Member must not be null"
            )


async def test_functions_are_read_and_listed() -> None:
    async with lambda_() as ask:
        assert await ask("ListFunctions") == {"Functions": []}
        ask.create(
            note, environment={"TABLE": "Orders"}, timeout=30, memory_size=256, description="d", log_group="/tell"
        )

        configuration = {
            "FunctionName": "Tell",
            "FunctionArn": ARN,
            "Description": "d",
            "Timeout": 30,
            "MemorySize": 256,
            "Version": "$LATEST",
            "State": "Active",
            "Environment": {"Variables": {"TABLE": "Orders"}},
            "TracingConfig": {"Mode": "PassThrough"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/tell"},
        }
        assert await ask("GetFunction", FunctionName=ARN) == {"Configuration": configuration}
        assert await ask("ListFunctions") == {"Functions": [configuration]}


async def test_a_function_that_is_not_there_is_not_read() -> None:
    async with lambda_() as ask:
        assert await ask.fails("GetFunction", FunctionName="Tell") == (
            f"ResourceNotFoundException: Function not found: {ARN}"
        )


def count(event: JSON, context: Context) -> JSON:
    return len(event)


async def test_a_function_is_given_another_handler() -> None:
    async with lambda_() as ask:
        ask.create(note)
        handler = "tests.lambda_.test_lambda_operations:count"
        await ask("UpdateFunctionConfiguration", FunctionName="Tell", Handler=handler, Timeout=7)

        assert (await ask("Invoke", FunctionName="Tell", Payload=b"[1, 2]"))["Payload"] == b"2"
        assert (await ask("GetFunctionConfiguration", FunctionName="Tell"))["Timeout"] == 7
        fault = await ask.fails("UpdateFunctionConfiguration", FunctionName="Tell", Handler="nowhere:count")
        assert fault.startswith("InvalidParameterValueException: the handler nowhere:count cannot be loaded")


async def test_functions_are_listed_in_pages() -> None:
    async with lambda_() as ask:
        for name in "abc":
            ask.functions.create(name, note)

        first = await ask("ListFunctions", MaxItems=2)
        rest = await ask("ListFunctions", MaxItems="2", Marker=first["NextMarker"])

        assert [[each["FunctionName"] for each in page["Functions"]] for page in (first, rest)] == [["a", "b"], ["c"]]
        assert "NextMarker" not in rest
        assert (await ask.fails("ListFunctions", Marker="x")) == "InvalidParameterValueException: Invalid Marker: x"
        assert (await ask.fails("ListFunctions", MaxItems="-1")).endswith("Invalid MaxItems: -1")


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"AWS_REGION": "x", "A1": "y"}, "Reserved keys used in this request: AWS_REGION"),
        ({"A": "x" * 4090}, 'exceeded the 4KB limit. String measured: {"A":"xxx'),
    ],
)
async def test_an_environment_that_lambda_does_not_take(variables: dict[str, str], why: str) -> None:
    async with lambda_() as ask:
        ask.create(note)

        error = await ask.fails(
            "UpdateFunctionConfiguration", FunctionName="Tell", Environment={"Variables": variables}
        )

        assert error.startswith("InvalidParameterValueException: Lambda was unable to configure your environment")
        assert why in error
