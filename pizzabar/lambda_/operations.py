"""
The operations of Lambda, by AWS's names.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import replace

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.lambda_.code import Code
from pizzabar.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from pizzabar.lambda_.event_invoke_config import QUEUES, check_destination
from pizzabar.lambda_.event_invoke_config_operations import CHANGES as EVENT_INVOKE_CONFIG_CHANGES
from pizzabar.lambda_.event_invoke_config_operations import OPERATIONS as EVENT_INVOKE_CONFIG_OPERATIONS
from pizzabar.lambda_.function import LATEST, Function, Handler, load_handler
from pizzabar.lambda_.functions import Functions, split_name
from pizzabar.lambda_.pages import page_of
from pizzabar.lambda_.parameters import hold
from pizzabar.uuids import uuid_of


async def invoke(functions: Functions, parameters: JSON) -> JSON:
    """Invoke a function: wait for its result, have the event queued, or only see whether it could be."""
    name, qualifier = name_of(parameters), qualifier_of(parameters)
    payload = parameters.get("Payload") or b""
    if parameters.get("InvocationType") not in (None, "Event") or "LogType" in parameters:
        hold(parameters, "InvocationType", "LogType")
    match parameters.get("InvocationType") or "RequestResponse":
        case "RequestResponse":
            outcome = await functions.invoke(name, payload, qualifier)
            answer: dict[str, JSON] = {
                "StatusCode": 200,
                "ExecutedVersion": outcome.version,
                "Payload": outcome.payload.encode(),
            }
            if outcome.is_error:
                answer["FunctionError"] = "Unhandled"
            if parameters.get("LogType") == "Tail":
                # The last 4 KB of the log.
                # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-LogType
                answer["LogResult"] = b64encode("\n".join(outcome.lines).encode()[-4096:]).decode()
            return answer
        case "Event":
            functions.accept(name, payload, qualifier)
            return {"StatusCode": 202, "Payload": b""}
        case "DryRun":
            functions.get(name, qualifier)
            return {"StatusCode": 204, "Payload": b""}
        case other:
            raise AssertionError(other)


async def get_function(functions: Functions, parameters: JSON) -> JSON:
    """Read a function, a version, or what an alias leads to."""
    return {"Configuration": configuration(functions.get(name_of(parameters), qualifier_of(parameters)))}


async def get_function_configuration(functions: Functions, parameters: JSON) -> JSON:
    """Read how a function is configured."""
    return configuration(functions.get(name_of(parameters), qualifier_of(parameters)))


async def update_function_configuration(functions: Functions, parameters: JSON) -> JSON:
    """Give a function another environment, time-out, memory size, tracing or description."""
    hold(parameters, "Description")
    function = unqualified(functions, parameters)
    changes: dict[str, JSON] = {}
    for name, (member, check) in _CHANGEABLE.items():
        if parameters.get(name) is not None:
            changes[member] = check(name, parameters[name])
    if (handler := parameters.get("Handler")) is not None:
        code = function.handler
        changes["handler"] = replace(code, handler=handler) if isinstance(code, Code) else _in_process(handler)
    unknown = sorted(parameters.keys() - _CHANGEABLE.keys() - {"FunctionName", "Handler", "RevisionId"})
    if unknown:
        raise InvalidParameterValueException(f"{', '.join(unknown)} cannot be changed here", Type="User")
    if changes:
        functions.changed.note(function.name)
    return configuration(functions.change(function.name, **changes))


def _in_process(value: JSON) -> Handler:
    """Find a handler in process, which is such a function's code."""
    try:
        return load_handler(str(value))
    except (ImportError, AttributeError) as error:
        raise InvalidParameterValueException(f"the handler {value} cannot be loaded: {error}", Type="User") from None


def _number_from(minimum: int, maximum: int) -> Callable[[str, JSON], JSON]:
    def check(name: str, value: JSON) -> JSON:
        if type(value) is not int or not minimum <= value <= maximum:
            raise InvalidParameterValueException(
                f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy "
                f"constraint: Member must have value between {minimum} and {maximum}",
                Type="User",
            )
        return value

    return check


RESERVED = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
MAX_ENVIRONMENT_BYTES = 4096
MAX_PAGE = 50


def _variables(name: str, value: JSON) -> JSON:
    variables = value.get("Variables") if isinstance(value, dict) else None
    if not isinstance(variables, dict) or not all(isinstance(each, str) for each in variables.values()):
        raise InvalidParameterValueException("Environment has Variables, texts by their names", Type="User")
    unable = "Lambda was unable to configure your environment variables because the environment variables you have"
    reserved = [each for each in variables if each in RESERVED]
    if reserved:
        why = "reserved keys that are currently not supported for modification. Reserved keys used in this request"
        raise InvalidParameterValueException(f"{unable} provided contains {why}: {', '.join(reserved)}", Type="User")
    measured = documents.write(variables)
    if len(measured.encode()) > MAX_ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(
            f"{unable} provided exceeded the 4KB limit. String measured: {measured}", Type="User"
        )
    return variables


def _mode(name: str, value: JSON) -> JSON:
    """Read whether segments of a function are kept though nobody upstream has them kept."""
    mode = value.get("Mode") if isinstance(value, dict) else None
    if mode not in ("Active", "PassThrough"):
        raise InvalidParameterValueException(
            f"1 validation error detected: Value '{mode}' at 'tracingConfig.mode' failed to satisfy constraint:"
            " Member must satisfy enum value set: [Active, PassThrough]",
            Type="User",
        )
    return mode == "Active"


def _dead_letter_arn(name: str, value: JSON) -> JSON:
    """Read the ARN of a dead-letter queue; an empty one takes it away."""
    arn = (value or {}).get("TargetArn") or None
    check_destination(arn, QUEUES)
    return arn


_CHANGEABLE: dict[str, tuple[str, Callable[[str, JSON], JSON]]] = {
    "Description": ("description", lambda name, value: str(value)),
    "Environment": ("environment", _variables),
    "MemorySize": ("memory_size", _number_from(128, 10_240)),
    "DeadLetterConfig": ("dead_letter_arn", _dead_letter_arn),
    "Timeout": ("timeout", _number_from(1, 900)),
    "TracingConfig": ("is_traced", _mode),
}


async def get_policy(functions: Functions, parameters: JSON) -> JSON:
    """Read who may invoke a function, a version or an alias."""
    function = functions.get(name_of(parameters), qualifier_of(parameters))
    policy = functions.policies.of(function.invoked_arn)
    if policy is None:
        raise ResourceNotFoundException("The resource you requested does not exist.", Type="User")
    text = documents.write(policy)
    return {"Policy": text, "RevisionId": uuid_of(text)}


async def list_functions(functions: Functions, parameters: JSON) -> JSON:
    """List the functions, in pages; with ``FunctionVersion`` of ``ALL`` their versions, too."""
    hold(parameters, "FunctionVersion")
    found: list[Function] = []
    for function in functions:
        found += versions_of(functions, function) if parameters.get("FunctionVersion") == "ALL" else [function]
    return page_of(parameters, "Functions", [configuration(each) for each in found], MAX_PAGE)


def versions_of(functions: Functions, function: Function) -> list[Function]:
    """Give a function as it is now, and its versions, the oldest first; each is known by its qualifier."""
    return [functions.get(function.name, LATEST), *functions.versions.of(function)]


def name_of(parameters: JSON) -> str:
    """Give what a request calls a function. Raise ``ValidationException``."""
    name = parameters.get("FunctionName")
    if not isinstance(name, str):
        raise ValidationException(
            "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: Member must not"
            " be null"
        )
    return name


def qualifier_of(parameters: JSON) -> str | None:
    """Give the version or alias that a request asks for apart from the name, if it does."""
    return parameters.get("Qualifier") or None


def unqualified(functions: Functions, parameters: JSON) -> Function:
    """Find the function that a request is about, and nothing but the whole function.

    Raise ``ResourceNotFoundException``, ``ValidationException`` or ``InvalidParameterValueException``.
    """
    name, qualifier = split_name(name_of(parameters))
    if qualifier is not None:
        raise InvalidParameterValueException(
            f"{name}:{qualifier} is a version or an alias: name the function alone", Type="User"
        )
    return functions.get(name_of(parameters))


def configuration(function: Function) -> JSON:
    """Tell how a function is configured, under the ARN that it is asked for by."""
    code = function.handler
    of_code = {"Runtime": code.runtime, "Handler": code.handler} if isinstance(code, Code) else {}
    return {
        **({} if function.role is None else {"Role": function.role}),
        "FunctionName": function.name,
        **of_code,
        "FunctionArn": function.invoked_arn,
        "Description": function.description,
        "Timeout": function.timeout,
        "MemorySize": function.memory_size,
        "Version": function.version,
        "State": "Active",
        "Environment": {"Variables": dict(function.environment)},
        "TracingConfig": {"Mode": "Active" if function.is_traced else "PassThrough"},
        "LoggingConfig": _logging_config(function),
        **({} if function.dead_letter_arn is None else {"DeadLetterConfig": {"TargetArn": function.dead_letter_arn}}),
    }


def _logging_config(function: Function) -> JSON:
    if function.json_log is None:
        return {"LogFormat": "Text", "LogGroup": function.log_group}
    return {
        "LogFormat": "JSON",
        "ApplicationLogLevel": function.json_log.application_level,
        "SystemLogLevel": function.json_log.system_level,
        "LogGroup": function.log_group,
    }


OPERATIONS: dict[str, Callable[[Functions, JSON], Awaitable[JSON]]] = {
    **EVENT_INVOKE_CONFIG_OPERATIONS,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_function_configuration,
    "GetPolicy": get_policy,
    "Invoke": invoke,
    "ListFunctions": list_functions,
    "UpdateFunctionConfiguration": update_function_configuration,
}

CHANGES = EVENT_INVOKE_CONFIG_CHANGES | {"UpdateFunctionConfiguration"}
"""The operations after which what API calls have changed is another thing."""
