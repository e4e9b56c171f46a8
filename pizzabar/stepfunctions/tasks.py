"""
Tasks: what the Resource of a Task state calls, with what parameters, and how its errors are named.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from pizzabar import documents
from pizzabar.arn import parse_arn
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.http_client import HttpClient
from pizzabar.journal import act_as
from pizzabar.operations import Call
from pizzabar.principal import role_session
from pizzabar.record import record
from pizzabar.stepfunctions.activities import Activities, ActivityTask
from pizzabar.stepfunctions.errors import TaskFailure
from pizzabar.stepfunctions.execution import SUCCEEDED, Execution
from pizzabar.stepfunctions.executions import ExecutionRecord, describe_in_export
from pizzabar.stepfunctions.http_tasks import (
    Connections,
    EventBridgeConnections,
    answer_of_connection,
    connection_call,
    invoke_api,
    invoke_http,
)
from pizzabar.stepfunctions.task_resource import SYNC
from pizzabar.stepfunctions.timestamp import write_timestamp
from pizzabar.uuids import new_uuid

SERVICE = "states.amazonaws.com"
"""What Step Functions is called where it assumes a role."""


@record
class Integration:
    """How one service integration is done through the call table.

    ``only_writes`` says that all it does stays in the emulator: then it need not wait until the step that asked for
    it is durable. ``general_error`` is what an error is called that the SDK has no class for. ``tells_code`` says
    that causes are as the first version of the SDK for Java writes them.
    """

    service: str
    operation: str
    error_prefix: str
    service_name: str
    prepare: Callable[[JSON, Execution], JSON] = lambda parameters, execution: parameters
    finish: Callable[[JSON], JSON] = lambda result: result
    only_writes: bool = False
    general_error: str | None = None
    tells_code: bool = False


def _put_events(parameters: JSON, execution: Execution) -> JSON:
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
    entries = []
    for entry in parameters.get("Entries", ()):
        detail = entry.get("Detail")
        entries.append(
            entry
            | {
                "Detail": detail if isinstance(detail, str) or detail is None else documents.write(detail),
                "Resources": [*entry.get("Resources", ()), execution.machine_arn, execution.arn],
            }
        )
    return parameters | {"Entries": entries}


def _finish_put_events(result: JSON) -> JSON:
    if result["FailedEntryCount"]:
        raise TaskFailure("EventBridge.FailedEntry", documents.write(result))
    return result


def _invoke(parameters: JSON, execution: Execution) -> JSON:
    if isinstance(parameters.get("Payload"), bool | int | float):
        raise _must_be_text(parameters, "Payload")
    if not isinstance(parameters.get("FunctionName", ""), str):
        raise _must_be_text(parameters, "FunctionName")
    return parameters | {"Payload": documents.pack(parameters.get("Payload", {}))}


def _finish_invoke(result: JSON) -> JSON:
    payload = result.get("Payload", b"")
    if "FunctionError" in result:
        raise _function_failure(payload)
    return {
        "ExecutedVersion": result.get("ExecutedVersion", "$LATEST"),
        "Payload": documents.parse(payload) if payload else None,
        **_metadata(result["StatusCode"], "application/json"),
        "StatusCode": result["StatusCode"],
    }


def _metadata(status: int, media_type: str) -> dict[str, JSON]:
    """Tell of the answer as the SDK does, with those of its headers that say something here."""
    request_id = new_uuid()
    headers = {"Content-Type": media_type, "x-amzn-RequestId": request_id}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": status,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def _must_be_text(parameters: JSON, name: str) -> TaskFailure:
    """Say that a parameter is of another type, as AWS does before it asks a service."""
    why = f"[The value for the field '{name}' must be a STRING]"
    text = documents.write(parameters)
    return TaskFailure("States.Runtime", f"The Parameters '{text}' could not be used to start the Task: {why}")


def _with_attribute_values(parameters: JSON, execution: Execution) -> JSON:
    """Read attribute values as the integrations with DynamoDB do: a text is one of the type S.

    AWS does not document that; published state machines have it.
    """

    def read(value: JSON) -> JSON:
        match value:
            case str():
                return {"S": value}
            case dict():
                return {type: content(type, each) for type, each in value.items()}
            case _:
                return value

    def content(type: str, value: JSON) -> JSON:
        match type, value:
            case (("S" | "N" | "B"), str() | None):
                return value
            case (("S" | "N" | "B"), _):
                raise _must_be_text(parameters, type)
            case "BOOL", ("true" | "false"):
                return value == "true"
            case "L", list():
                return [read(each) for each in value]
            case "M", dict():
                return {name: read(each) for name, each in value.items()}
            case _:
                return value

    given = dict(parameters)
    for name in ("ExpressionAttributeValues", "Item", "Key"):
        if isinstance(given.get(name), dict):
            given[name] = {each: read(value) for each, value in given[name].items()}
    return given


def _function_failure(payload: bytes) -> TaskFailure:
    # The whole error object is the cause; its errorType is the name.
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
    error = documents.parse(payload)
    name = error.get("errorType") if isinstance(error, dict) else None
    return TaskFailure(name or "Lambda.Unknown", payload.decode())


def _start_execution(parameters: JSON, execution: Execution) -> JSON:
    given = parameters.get("Input", {})
    request = {
        "stateMachineArn": parameters.get("StateMachineArn"),
        "input": given if isinstance(given, str) else documents.write(given),
    }
    return request | ({"name": parameters["Name"]} if "Name" in parameters else {})


def _with_metadata(result: JSON) -> JSON:
    return _metadata(200, "application/x-amz-json-1.0") | result


def _send_message(parameters: JSON, execution: Execution) -> JSON:
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html
    body = parameters.get("MessageBody")
    request = {name: value for name, value in parameters.items() if name in _OF_SEND_MESSAGE and value is not None}
    return request if body is None or isinstance(body, str) else request | {"MessageBody": documents.write(body)}


_OF_SEND_MESSAGE = frozenset(
    {
        *("DelaySeconds", "MessageAttributes", "MessageBody", "MessageDeduplicationId", "MessageGroupId"),
        "QueueUrl",
    }
)
"""The parameters that this integration has; AWS leaves the others out."""


INTEGRATIONS: dict[str, Integration] = {
    "events:putEvents": Integration(
        *("events", "PutEvents", "EventBridge", "EventBridge"),
        _put_events,
        _finish_put_events,
        only_writes=True,
        general_error="AmazonEventBridgeException",
    ),
    "lambda:invoke": Integration(
        *("lambda", "Invoke", "Lambda", "Lambda"), _invoke, _finish_invoke, general_error="AWSLambdaException"
    ),
    "sqs:sendMessage": Integration(
        *("sqs", "SendMessage", "SQS", "AmazonSQS"),
        _send_message,
        _with_metadata,
        only_writes=True,
        general_error="AmazonSQSException",
        tells_code=True,
    ),
    "states:startExecution": Integration(
        "stepfunctions",
        "StartExecution",
        "StepFunctions",
        "Sfn",
        _start_execution,
        lambda result: {"ExecutionArn": result["executionArn"], "StartDate": result["startDate"]},
        only_writes=True,
        general_error="AWSStepFunctionsException",
    ),
} | {
    f"dynamodb:{action}": Integration(
        "dynamodb",
        action[0].upper() + action[1:],
        "DynamoDB",
        "AmazonDynamoDBv2",
        _with_attribute_values,
        _with_metadata,
        only_writes=True,
        general_error="AmazonDynamoDBException",
        tells_code=True,
    )
    for action in ("getItem", "putItem", "updateItem", "deleteItem")
}
"""The optimized integrations, by the part of the Resource after ``arn:aws:states:::``."""

SDK_SERVICES: dict[str, tuple[str, str, bool]] = {
    "apigatewaymanagementapi": ("apigatewaymanagementapi", "ApiGatewayManagementApi", False),
    "apigatewayv2": ("apigatewayv2", "ApiGatewayV2", False),
    "cloudformation": ("cloudformation", "CloudFormation", False),
    "cloudwatchlogs": ("logs", "CloudWatchLogs", True),
    "dynamodb": ("dynamodb", "DynamoDb", False),
    "dynamodbstreams": ("dynamodbstreams", "DynamoDbStreams", False),
    "eventbridge": ("events", "EventBridge", False),
    "iam": ("iam", "Iam", False),
    "lambda": ("lambda", "Lambda", False),
    "scheduler": ("scheduler", "Scheduler", False),
    "sfn": ("stepfunctions", "Sfn", True),
    "sqs": ("sqs", "Sqs", False),
    "sts": ("sts", "Sts", False),
    "xray": ("xray", "XRay", False),
}
"""SDK integrations: the call table's name, the name in errors, and whether the API's members are in camelCase.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""


_WITHOUT_CLASS: Mapping[str, frozenset[str]] = {
    "dynamodb": frozenset({"AccessDeniedException", "SerializationException", "ValidationException"}),
    "events": frozenset({"AccessDeniedException", "SerializationException", "ValidationException"}),
    "lambda": frozenset({"AccessDeniedException", "SerializationException", "ValidationException"}),
    "sqs": frozenset(
        {
            *("AccessDeniedException", "InvalidParameterValueException", "MissingRequiredParameterException"),
            "SerializationException",
        }
    ),
    "stepfunctions": frozenset({"AccessDeniedException", "SerializationException"}),
}
"""Codes of errors that an SDK has no class for, by the call table's services; they have the service's general name.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""


def is_job(resource: str) -> bool:
    """Whether a task is the execution that it starts, to its end."""
    return resource.endswith(SYNC)


def job_result(resource: str, record: ExecutionRecord) -> JSON:
    """Give the result of a task whose execution has ended. Raise ``TaskFailure`` where that has failed.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    """
    described = describe_in_export(record)
    if record.execution.status != SUCCEEDED:
        raise TaskFailure("States.TaskFailed", documents.write(described))
    if resource.endswith(":2"):
        described |= {"Input": documents.parse(record.input), "Output": record.execution.output}
    return described


def is_activity(resource: str) -> bool:
    """Whether a Resource is an activity, which workers ask for."""
    arn = parse_arn(resource)
    return arn is not None and arn.service == "states" and arn.resource.startswith("activity:")


def integration_of(resource: str) -> Integration | None:
    """Find what the Resource of a Task state stands for, or None when it is nothing known."""
    arn = parse_arn(resource)
    if arn is None:
        return None
    if arn.service == "lambda":
        return Integration(
            "lambda",
            "Invoke",
            "Lambda",
            "Lambda",
            lambda parameters, execution: {"FunctionName": resource, "Payload": documents.pack(parameters)},
            lambda result: _finish_invoke(result)["Payload"],
        )
    name = arn.resource.removesuffix(".waitForTaskToken").removesuffix(":2").removesuffix(".sync")
    if name in INTEGRATIONS:
        return INTEGRATIONS[name]
    match name.split(":"):
        case ["aws-sdk", service, action] if service in SDK_SERVICES and action:
            table_name, error_name, is_camel = SDK_SERVICES[service]
            return Integration(
                table_name,
                action[0].upper() + action[1:],
                error_name,
                error_name,
                (lambda parameters, execution: _recase(parameters, str.lower)) if is_camel else _as_given,
                partial(_answered, service) if is_camel else _as_answered,
                general_error=f"{error_name}Exception",
            )
    return None


def operation_of(resource: str) -> tuple[str, str] | None:
    """Give the operation that a task asks for, by the call table's names; None if it asks for none.

    One of a service that is not here is told by what the Resource calls it.
    """
    if is_activity(resource) or _http_task(resource) is not None:
        return None
    integration = integration_of(resource)
    if integration is not None:
        return integration.service, integration.operation
    arn = parse_arn(resource)
    service, _, action = ("" if arn is None else arn.resource.partition(".")[0]).rpartition(":")
    return service, action


def _as_given(parameters: JSON, execution: Execution) -> JSON:
    return parameters


def _as_answered(result: JSON) -> JSON:
    return result


def _answered(service: str, result: JSON) -> JSON:
    """Give an answer as SDK integrations have it: names in PascalCase, times as texts."""
    answer = _recase(result, str.upper)
    if service == "sfn" and isinstance(answer, dict):
        for name, value in answer.items():
            if name.endswith("Date") and isinstance(value, (int, float)):
                answer[name] = write_timestamp(datetime.fromtimestamp(value, UTC))
    return answer


def _recase(value: JSON, change: Callable[[str], str]) -> JSON:
    """Give every member's name another first letter, at every depth."""
    match value:
        case dict():
            return {change(key[:1]) + key[1:]: _recase(member, change) for key, member in value.items()}
        case list():
            return [_recase(member, change) for member in value]
        case _:
            return value


def _http_task(resource: str) -> str | None:
    """Tell which of the integrations that send requests a Resource is, if it is one."""
    arn = parse_arn(resource)
    name = "" if arn is None or arn.service != "states" else arn.resource.removesuffix(".waitForTaskToken")
    return name if name in ("apigateway:invoke", "http:invoke") else None


class Tasks:
    """Runs tasks through the call table."""

    def __init__(
        self,
        call: Call,
        has: Callable[[str, str], bool],
        activities: Activities | None = None,
        http: HttpClient | None = None,
        connections: Connections | None = None,
    ) -> None:
        self.activities = activities
        self.http = http
        self._connections = connections or {}
        self.eventbridge: EventBridgeConnections | None = None
        """The connections of EventBridge, for HTTP tasks."""
        self._call = call
        self._has = has
        self._integrations: dict[str, Integration | None] = {}

    def find(self, resource: str) -> Integration | None:
        """Find the integration of a Resource, None where the call table has no such operation."""
        if resource not in self._integrations:
            integration = integration_of(resource)
            if integration is not None and not self._has(integration.service, integration.operation):
                integration = None
            self._integrations[resource] = integration
        return self._integrations[resource]

    def supports(self, resource: str) -> bool:
        """Whether a Task state may have this Resource."""
        return is_activity(resource) or _http_task(resource) is not None or self.find(resource) is not None

    def offer(self, resource: str, token: str, parameters: JSON) -> None:
        """Give a task to the workers of an activity. Raise ``TaskFailure`` if there is none."""
        if self.activities is None or resource not in self.activities:
            raise TaskFailure("ActivityDoesNotExist", f"Activity Does Not Exist: '{resource}'")
        self.activities.offer(resource, ActivityTask(token, parameters))

    def _act(self, execution: Execution, role_arn: str | None) -> None:
        """Ask as the execution's role from now on, or as another."""
        if role_arn or execution.role_arn:
            # On AWS the session has a name that tells nothing.
            session = execution.machine_arn.rpartition(":")[2]
            # What a distributed Map's children do, their parent's state machine does.
            source = execution.machine_arn.partition("/")[0]
            act_as(role_session(role_arn or execution.role_arn, session, SERVICE, source_arn=source))

    async def run(
        self,
        resource: str,
        parameters: JSON,
        execution: Execution,
        role_arn: str | None = None,
        *,
        http: HttpClient | None = None,
    ) -> JSON:
        """Run a task, as the execution's role or another, and give its result. Raise ``TaskFailure``.

        ``http`` sends requests in place of the client that is there.
        """
        request, client = _http_task(resource), http or self.http
        if request == "apigateway:invoke" and (asked := connection_call(parameters)) is not None:
            self._act(execution, role_arn)
            try:
                return answer_of_connection(await self._call("apigatewaymanagementapi", *asked))
            except ServiceError as error:
                raise TaskFailure(f"ApiGateway.{error.status}", error.message or error.code) from error
        if request is not None and client is not None:
            if request == "apigateway:invoke":
                return await invoke_api(client, parameters)
            return await invoke_http(client, self._connections, parameters, execution.region, self.eventbridge)
        integration = self.find(resource)
        if integration is None:
            raise TaskFailure("States.Runtime", f"The resource '{resource}' is not supported")
        self._act(execution, role_arn)
        try:
            request = integration.prepare(parameters, execution)
            result = await self._call(integration.service, integration.operation, request)
        except ServiceError as error:
            code = error.code if error.code.endswith("Exception") else f"{error.code}Exception"
            if integration.general_error is not None and code in _WITHOUT_CLASS.get(integration.service, ()):
                code = integration.general_error
            # https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
            cause = f"{error.message} (Service: {integration.service_name}, Status Code: {error.status})"
            if integration.tells_code:
                told = f"Status Code: {error.status}; Error Code: {error.query_code or error.code}"
                cause = f"{error.message} (Service: {integration.service_name}; {told})"
            raise TaskFailure(f"{integration.error_prefix}.{code}", cause) from error
        return integration.finish(result)
