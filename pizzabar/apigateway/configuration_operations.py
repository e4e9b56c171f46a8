"""
The operations of API Gateway, version 2, by AWS's names: WebSocket APIs and their parts are made, read and changed.

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/operations.html
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from pizzabar import documents
from pizzabar.apigateway.configuration import PARENTS, Configuration, Part
from pizzabar.apigateway.errors import BadRequestException
from pizzabar.apigateway.resources import RESOURCES as TYPES
from pizzabar.constraints import natural
from pizzabar.documents import JSON, NotJSON
from pizzabar.resource import Boolean, ListOf, MapOf, Number, Record, Shape, Text, Unsupported, Without

Operation = Callable[[Configuration, JSON], Awaitable[JSON]]

KINDS = {
    "Api": "ApiId",
    "Authorizer": "AuthorizerId",
    "Deployment": "DeploymentId",
    "Integration": "IntegrationId",
    "IntegrationResponse": "IntegrationResponseId",
    "Model": "ModelId",
    "Route": "RouteId",
    "RouteResponse": "RouteResponseId",
    "Stage": "StageName",
}
"""What APIs are made of, and how its ids are called."""

DEFAULTS: Mapping[str, Mapping[str, JSON]] = {
    "Api": {
        "ApiKeySelectionExpression": "$request.header.x-api-key",
        "DisableExecuteApiEndpoint": False,
        "DisableSchemaValidation": False,
        "Tags": {},
    },
    "Deployment": {"AutoDeployed": False, "DeploymentStatus": "DEPLOYED"},
    "Integration": {"ConnectionType": "INTERNET", "PassthroughBehavior": "WHEN_NO_MATCH", "TimeoutInMillis": 29_000},
    "Model": {"ContentType": "application/json"},
    "Route": {"ApiKeyRequired": False, "AuthorizationType": "NONE"},
    "Stage": {"AutoDeploy": False, "DefaultRouteSettings": {}, "RouteSettings": {}, "StageVariables": {}},
}
"""What is answered where nothing was given."""


async def _create(kind: str, configuration: Configuration, parameters: JSON) -> JSON:
    shape = TYPES[f"AWS::ApiGatewayV2::{kind}"].shape
    return _write(configuration.create(kind, _read(shape, _without(parameters, "Host"))), parameters)


async def _update(kind: str, configuration: Configuration, parameters: JSON) -> JSON:
    part = _find(kind, configuration, parameters)
    shape = TYPES[f"AWS::ApiGatewayV2::{kind}"].shape
    given = _without(parameters, "Host", "ApiId", KINDS[kind], PARENTS.get(kind))
    return _write(configuration.update(part, _read(Record(shape.properties), given)), parameters)


async def _delete(kind: str, configuration: Configuration, parameters: JSON) -> JSON:
    part = _find(kind, configuration, parameters)
    configuration.delete(part)
    if kind == "Api":
        for connection in [each for each in configuration.apis.connections if each.api_id == part.id]:
            await configuration.apis.connections.close(connection.id, 1001, "Going away")
    return {}


async def _get(kind: str, configuration: Configuration, parameters: JSON) -> JSON:
    return _write(_find(kind, configuration, parameters), parameters)


async def _get_all(kind: str, configuration: Configuration, parameters: JSON) -> JSON:
    parent = PARENTS.get(kind)
    api_id = None if kind == "Api" else _text(parameters, "ApiId")
    parts = configuration.find(kind, api_id, None if parent is None else _text(parameters, parent))
    begin, most = _count(parameters, "NextToken", 0), _count(parameters, "MaxResults", len(parts) or 1)
    page: dict[str, JSON] = {"Items": [_write(part, parameters) for part in parts[begin : begin + most]]}
    return page | ({"NextToken": str(begin + most)} if begin + most < len(parts) else {})


def _find(kind: str, configuration: Configuration, parameters: JSON) -> Part:
    part = configuration.get(kind, _text(parameters, "ApiId"), _text(parameters, KINDS[kind]))
    parent = PARENTS.get(kind)
    if parent is not None:
        configuration.get(kind.removesuffix("Response"), part.api_id, _text(parameters, parent))
    return part


def _text(parameters: JSON, name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequestException(f"{name} is required")
    return value


def _count(parameters: JSON, name: str, default: int) -> int:
    value = parameters.get(name, default)
    number = natural(value)
    if number is None or (name == "MaxResults" and number == 0):
        raise BadRequestException(f"Invalid {name}: {value}")
    return number


# Parameters in, and properties out


def _read(shape: Record, given: JSON, path: str = "") -> dict[str, JSON]:
    """Read parameters against the shape of a template's properties. Raise ``BadRequestException``."""
    read: dict[str, JSON] = {}
    for member, value in given.items():
        name = member[:1].upper() + member[1:]
        if value is None:
            continue
        if name not in shape.properties or isinstance(shape.properties[name], Unsupported):
            raise BadRequestException(f"{path}{name} is not supported")
        read[name] = _value(shape.properties[name], value, f"{path}{name}")
    if missing := sorted(shape.required - read.keys()):
        raise BadRequestException(f"Missing required field: {path}{', '.join(missing)}")
    return read


def _value(shape: Shape, value: JSON, path: str) -> JSON:
    match shape:
        case Without():
            return _value(shape.shape, value, path)
        case Text() if isinstance(value, str) or (path.endswith("ThrottlingRateLimit") and _is_number(value)):
            if shape.choices and value not in shape.choices:
                raise BadRequestException(f"{path}: {value} is not one of {', '.join(shape.choices)}")
            return str(value)
        case Number() if isinstance(value, int) and _is_number(value):
            least, most = shape.minimum, shape.maximum
            if (least is not None and value < least) or (most is not None and value > most):
                raise BadRequestException(f"{path}: {value} is not between {least} and {most}")
            return value
        case Boolean() if isinstance(value, bool):
            return value
        case ListOf() if isinstance(value, list):
            return [_value(shape.member, each, f"{path}/{number}") for number, each in enumerate(value)]
        case MapOf() if isinstance(value, dict):
            return {key: _value(shape.member, each, f"{path}/{key}") for key, each in value.items()}
        case Record() if isinstance(value, dict):
            return _read(shape, value, f"{path}/")
        case Text() | Number() | Boolean() | ListOf() | MapOf() | Record():
            raise BadRequestException(f"{path} is of another type than {type(shape).__name__}")
        case _ if path == "Schema":
            return _schema(value)
        case _ if path == "RequestParameters" and isinstance(value, dict):
            return {key: _required(each) for key, each in value.items()}
        case _:
            return value


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _schema(value: JSON) -> JSON:
    try:
        return documents.parse(value) if isinstance(value, str) else value
    except NotJSON as error:
        raise BadRequestException(f"Schema: {error}") from None


def _required(value: JSON) -> JSON:
    """Read the constraint of a route's parameter."""
    given = value.get("Required", value.get("required", False)) if isinstance(value, dict) else value
    return {"Required": given}


async def _delete_access_log_settings(configuration: Configuration, parameters: JSON) -> JSON:
    stage = _find("Stage", configuration, parameters)
    configuration.update(stage, {"AccessLogSettings": {}})
    return {}


def _without(parameters: JSON, *names: str | None) -> dict[str, JSON]:
    return {name: value for name, value in parameters.items() if name not in names}


def _write(part: Part, parameters: JSON) -> JSON:
    """Give a part as it is answered to a request; its ``Host`` is where that came to, if it came from outside."""
    hidden = {"ApiId", PARENTS.get(part.kind)}
    properties = {name: value for name, value in part.properties.items() if name not in hidden}
    answer = {**DEFAULTS.get(part.kind, {}), **properties, KINDS[part.kind]: part.id}
    match part.kind:
        case "Api":
            port = re.search(r":\d+$", parameters.get("Host", ""))
            address = f"ws://{part.id}.execute-api.localhost{port[0] if port else ''}"
            answer |= {"ApiEndpoint": address, "CreatedDate": _time(part.created)}
        case "Deployment":
            answer.pop("StageName", None)
            answer["CreatedDate"] = _time(part.created)
        case "Stage":
            answer |= {"CreatedDate": _time(part.created), "LastUpdatedDate": _time(part.updated)}
            answer["DefaultRouteSettings"] = _settings(answer["DefaultRouteSettings"])
            answer["RouteSettings"] = {key: _settings(each) for key, each in answer["RouteSettings"].items()}
        case "Model" if not isinstance(answer["Schema"], str):
            answer["Schema"] = documents.write(answer["Schema"])
        case "Route" if "RequestParameters" in answer:
            answer["RequestParameters"] = {key: _required(each) for key, each in answer["RequestParameters"].items()}
    return answer


def _settings(given: Mapping[str, JSON]) -> JSON:
    return {name: float(value) if name == "ThrottlingRateLimit" else value for name, value in given.items()}


def _time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _plural(kind: str) -> str:
    return f"{kind}s"


_VERBS: Sequence[tuple[Callable[[str], str], Callable[[str, Configuration, JSON], Awaitable[JSON]]]] = (
    (lambda kind: f"Create{kind}", _create),
    (lambda kind: f"Get{kind}", _get),
    (lambda kind: f"Get{_plural(kind)}", _get_all),
    (lambda kind: f"Update{kind}", _update),
    (lambda kind: f"Delete{kind}", _delete),
)

OPERATIONS: dict[str, Operation] = {name(kind): partial(act, kind) for kind in KINDS for name, act in _VERBS}
"""The operations of boto3's service ``apigatewayv2``."""
OPERATIONS["DeleteAccessLogSettings"] = _delete_access_log_settings

CHANGES = frozenset(name for name in OPERATIONS if not name.startswith("Get"))
"""Those that change what is kept."""
