"""
What a test of a state may be told in place of AWS: a mock of its result or error, and a context object.

A mocked result of an integration is held against what the operation answers with. That is known here of the
optimized integrations, and of the same operations as SDK integrations; AWS knows all operations, and also how long
texts and how large numbers may be. What is not known passes.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html
https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from collections.abc import Mapping

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.stepfunctions.errors import InvalidExecutionInput
from pizzabar.stepfunctions.occurrences import Mocked
from pizzabar.stepfunctions.states import Map, Parallel, State, Task

STRICT, PRESENT, NONE = MODES = ("STRICT", "PRESENT", "NONE")
"""How a mocked result is held against what the operation answers with: all of it, what is there, not at all."""

Shape = str | list["Shape"] | Mapping[str, "Shape"]
"""What a member must be, as messages tell it; an array or an object also by what they consist of."""

_TEXT, _NUMBER, _OBJECT = "a string", "a number", "an object"
_CAPACITY: Shape = {
    "TableName": _TEXT,
    "CapacityUnits": _NUMBER,
    "ReadCapacityUnits": _NUMBER,
    "WriteCapacityUnits": _NUMBER,
    "Table": _OBJECT,
    "LocalSecondaryIndexes": _OBJECT,
    "GlobalSecondaryIndexes": _OBJECT,
}
_WRITTEN: Shape = {"Attributes": _OBJECT, "ConsumedCapacity": _CAPACITY, "ItemCollectionMetrics": _OBJECT}
_FOUND: Shape = {
    "Items": [_OBJECT],
    "Count": _NUMBER,
    "ScannedCount": _NUMBER,
    "LastEvaluatedKey": _OBJECT,
    "ConsumedCapacity": _CAPACITY,
}
RESULTS: dict[str, Shape] = {
    "dynamodb:deleteItem": _WRITTEN,
    "dynamodb:getItem": {"Item": _OBJECT, "ConsumedCapacity": _CAPACITY},
    "dynamodb:putItem": _WRITTEN,
    "dynamodb:query": _FOUND,
    "dynamodb:scan": _FOUND,
    "dynamodb:updateItem": _WRITTEN,
    "events:putEvents": {
        "FailedEntryCount": _NUMBER,
        "Entries": [{"EventId": _TEXT, "ErrorCode": _TEXT, "ErrorMessage": _TEXT}],
    },
    "lambda:invoke": {
        "StatusCode": _NUMBER,
        "FunctionError": _TEXT,
        "LogResult": _TEXT,
        "Payload": _TEXT,
        "ExecutedVersion": _TEXT,
    },
    "sqs:sendMessage": {
        "MD5OfMessageBody": _TEXT,
        "MD5OfMessageAttributes": _TEXT,
        "MD5OfMessageSystemAttributes": _TEXT,
        "MessageId": _TEXT,
        "SequenceNumber": _TEXT,
    },
    "states:startExecution": {"ExecutionArn": _TEXT, "StartDate": _TEXT},
}
"""What operations answer with, by their integrations' names."""
REQUIRED = {"states:startExecution": ("ExecutionArn", "StartDate")}
_SDK = {"aws-sdk:eventbridge": "events", "aws-sdk:sfn": "states"}
"""SDK integrations whose services are called otherwise as optimized ones."""

_CONTEXT: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "Execution": {
        "Id": str,
        "Input": object,
        "Name": str,
        "RoleArn": str,
        "StartTime": str,
        "RedriveCount": int,
        "RedriveTime": str,
    },
    "State": {"EnteredTime": str, "Name": str, "RetryCount": int},
    "StateMachine": {"Id": str, "Name": str},
    "Task": {"Token": str},
}


def read_mock(mock: JSON, state: State) -> Mocked:
    """Read a mock of a state. Raise ``ValidationException``."""
    error, result = mock.get("errorOutput"), mock.get("result")
    mode = mock.get("fieldValidationMode") or STRICT
    if not isinstance(state, (Task, Map, Parallel)):
        raise ValidationException(f"State type '{type(state).__name__}' is not supported when a mock is specified")
    if error is not None and result is not None:
        raise ValidationException("A test mock should have only one of the following fields: [result, errorOutput].")
    if error is None and result is None:
        raise ValidationException("One of the following fields is required for a test mock: [result, errorOutput].")
    if mode not in MODES:
        raise ValidationException(
            f"1 validation error detected: Value '{mode}' at 'mock.fieldValidationMode' failed to satisfy constraint:"
            f" Member must satisfy enum value set: [{', '.join(MODES)}]"
        )
    if error is not None:
        if not error.get("error"):
            raise ValidationException("An error was not specified in the mocked error output.")
        return Mocked(None, error["error"], error.get("cause"), is_error=True)
    value = parsed(mock, "result", None)
    check_result(value, state, mode)
    return Mocked(value)


def check_result(value: JSON, state: State, mode: str) -> None:
    """See that a mocked result is what a state may give. Raise ``ValidationException``."""
    match state:
        case Task(resource=resource) if (
            resource.name and mode != NONE and not (resource.has_token or resource.is_job)
        ):
            if not isinstance(value, dict):
                raise ValidationException("Mocked result must be a valid JSON object.")
            service = _SDK.get(resource.type, resource.type.removeprefix("aws-sdk:"))
            name = f"{service}:{resource.name}"
            for member in REQUIRED.get(name, ()) if mode == STRICT else ():
                if member not in value:
                    raise _mismatch(f"Required field '{member}' is missing")
            _check(value, RESULTS.get(name, _OBJECT), "")
        case Map(distributed=plan) if plan is not None and plan.writer is not None:
            if not isinstance(value, dict):
                raise ValidationException("Mocked result must be a JSON object.")
        case Map() | Parallel():
            if not isinstance(value, list):
                raise ValidationException("Mocked result must be an array.")
            if isinstance(state, Parallel) and len(value) != len(state.starts):
                raise ValidationException(
                    "Mocked result must contain the same number of items as number of Parallel branches."
                )
        case _:
            pass


def _check(value: JSON, shape: Shape, name: str) -> None:
    kind = shape if isinstance(shape, str) else "an array" if isinstance(shape, list) else _OBJECT
    if value is None:
        return
    if not _IS[kind](value):
        raise _mismatch(f"Field '{name}' must be {kind}")
    if isinstance(shape, list):
        for each in value:
            _check(each, shape[0], name)
    elif not isinstance(shape, str):
        for member, each in value.items():
            if member in shape:
                _check(each, shape[member], member)


_IS = {
    _TEXT: lambda value: isinstance(value, str),
    _NUMBER: lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    _OBJECT: lambda value: isinstance(value, dict),
    "an array": lambda value: isinstance(value, list),
}


def _mismatch(text: str) -> ValidationException:
    return ValidationException(f"Mock result schema validation error: {text}")


def read_context(parameters: JSON, state: State) -> JSON:
    """Read the context object that a test gives; None where it gives none. Raise ``ValidationException``."""
    context = parsed(parameters, "context", None)
    if context is None:
        return None
    if not isinstance(context, dict):
        raise _wrong_context("The Context object must be a JSON object")
    for name, member in context.items():
        if name == "Map":
            raise _wrong_context("'Map' field is not supported when mocking a Context object")
        if name not in _CONTEXT:
            raise _wrong_context(f"Field '{name}' is not allowed")
        if name == "Task" and not (isinstance(state, Task) and (state.resource.has_token or state.resource.is_job)):
            raise _wrong_context(
                "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken'"
                " service integration pattern"
            )
        if not isinstance(member, dict):
            raise _wrong_context(f"{name} must be an object")
        for inner, value in member.items():
            wanted = _CONTEXT[name].get(inner)
            if wanted is None:
                raise _wrong_context(f"Field '{inner}' is not allowed")
            if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                raise _wrong_context(f"{name}.{inner} must be {_TEXT if wanted is str else _NUMBER}")
    return context


def read_variables(parameters: JSON) -> dict[str, JSON]:
    """Read the variables that a test gives. Raise ``InvalidExecutionInput`` or ``ValidationException``."""
    variables = parsed(parameters, "variables", {})
    if not isinstance(variables, dict):
        # The words are made after those for the context object.
        raise ValidationException("Invalid variables provided: The variables must be a JSON object")
    return variables


def _wrong_context(text: str) -> ValidationException:
    return ValidationException(f"Invalid Context object provided: {text}")


def parsed(parameters: JSON, name: str, default: JSON) -> JSON:
    """Read a parameter that is a JSON text. Raise ``InvalidExecutionInput``."""
    text = parameters.get(name)
    if text is None:
        return default
    try:
        return documents.parse(text)
    except NotJSON as error:
        raise InvalidExecutionInput(f"Invalid {name}: '{error}'") from None
