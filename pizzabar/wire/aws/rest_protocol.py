"""
REST-JSON: the operation in method and path, parameters in path, query string, headers and body.

https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from urllib.parse import parse_qsl, unquote

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.operations import Operations
from pizzabar.record import record
from pizzabar.wire.aws.exchange import (
    BodyNotDecoded,
    Receive,
    RequestTooLarge,
    Response,
    read_body,
    request_id,
)
from pizzabar.wire.aws.rest_paths import API_GATEWAY_V2, LAMBDA, SCHEDULER, XRAY

MEGABYTE = 1 << 20
Take = Callable[[dict[str, JSON], bytes, dict[bytes, bytes]], None]


@record
class RestService:
    """A service that speaks REST-JSON.

    ``root`` is how its paths begin. ``camel`` tells that its members are written ``apiId`` rather than ``ApiId``.
    """

    name: str
    root: re.Pattern[str]
    paths: str
    """A line each: method, path and name of an operation."""
    most: int = 10 * MEGABYTE
    camel: bool = False
    query_names: tuple[tuple[str, str], ...] = ()
    """Parameters of the query string, and what the operation calls them."""
    query_lists: frozenset[str] = frozenset()
    """Parameters that are given once for each of several values."""
    is_modelled: bool = False
    """Whether an answer's status is 200 whatever is done, and an error's text its member ``Message``."""


SERVICES = (
    RestService("lambda", re.compile(r"/20\d\d-\d\d-\d\d/"), LAMBDA),
    RestService("apigatewayv2", re.compile(r"/v2/"), API_GATEWAY_V2, camel=True),
    RestService(
        "scheduler",
        re.compile(r"/(schedules|schedule-groups)(/[^/]*)?$|/tags/[^/]+(/[^/@]+)?$"),
        SCHEDULER,
        query_names=(("clientToken", "ClientToken"), ("groupName", "GroupName"), ("ScheduleGroup", "GroupName")),
        query_lists=frozenset({"TagKeys"}),
        is_modelled=True,
    ),
    # Its paths have nothing in common but that each is one word.
    RestService("xray", re.compile(rf"/({'|'.join(re.findall(r'POST /([A-Za-z]+) ', XRAY))})$"), XRAY),
)


class _Routes:
    """The paths of a service, ready to be found."""

    def __init__(self, service: RestService) -> None:
        self._literal: dict[tuple[str, str], str] = {}
        self._patterns: list[tuple[str, re.Pattern[str], list[str], str]] = []
        for line in service.paths.split("\n"):
            if not line:
                continue
            method, path, operation = line.split(" ")
            if "{" not in path:
                self._literal[method, path] = operation
                continue
            names: list[str] = []
            written = ""
            for part in re.split(r"(\{[^}]+\})", path):
                if not part.startswith("{"):
                    written += re.escape(part)
                    continue
                name = part.strip("{}")
                written += "(.+)" if name.endswith("+") else "([^/]+)"
                names.append(name.rstrip("+"))
            self._patterns.append((method, re.compile(written), names, operation))

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Give the operation and the parameters of a path as it was sent, still encoded."""
        path = path.rstrip("/")
        if (operation := self._literal.get((method, path))) is not None:
            return operation, {}
        for each, pattern, names, operation in self._patterns:
            if each == method and (match := pattern.fullmatch(path)) is not None:
                return operation, dict(zip(names, map(unquote, match.groups()), strict=True))
        return None


@cache
def _routes_of(service: RestService) -> _Routes:
    return _Routes(service)


def service_of(path: str) -> RestService | None:
    """Find the service whose paths begin as this one does."""
    return next((each for each in SERVICES if each.root.match(path)), None)


async def answer(
    call: Operations,
    service: RestService,
    method: str,
    path: str,
    query: bytes,
    headers: dict[bytes, bytes],
    receive: Receive,
) -> Response:
    """Do the operation that method and path name; ``path`` is still percent-encoded."""
    found = _routes_of(service).find(method, path)
    if found is None:
        return _refuse(404, "UnknownOperationException", f"{method} {path} is no operation of {service.name}")
    operation, parameters = found
    if not call.has(service.name, operation):
        message = f"{service.name}:{operation} is not supported by pizzabar"
        return _refuse(501, "UnknownOperationException", message)
    try:
        body = await read_body(receive, headers, service.most)
    except RequestTooLarge:
        return _refuse(413, "RequestTooLargeException", f"a request may have at most {service.most} bytes")
    except BodyNotDecoded as error:
        return _refuse(400, "SerializationException", str(error))
    given: dict[str, JSON] = {_pascal(name) if service.camel else name: value for name, value in parameters.items()}
    names = dict(service.query_names)
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name in service.query_lists:
            given.setdefault(name, []).append(value)
        else:
            given[names.get(name, _pascal(name) if service.camel else name)] = value
    special = _SPECIAL.get((service.name, operation))
    if special is not None:
        special.take(given, body, headers)
    elif body:
        try:
            document = documents.parse(body)
        except NotJSON as error:
            return _refuse(400, "SerializationException", f"Could not parse request body into json: {error}")
        if not isinstance(document, dict):
            return _refuse(400, "SerializationException", "Expected a JSON object")
        given |= {_pascal(name): value for name, value in document.items()} if service.camel else document
    if service.name == "apigatewayv2" and operation in _ADDRESSES:
        given["Host"] = headers.get(b"host", b"").decode("latin-1")
    try:
        result = await call(service.name, operation, given)
    except ServiceError as error:
        members: Mapping[str, JSON] = error.members
        if service.name == "lambda":
            members = {"Type": "User", **members}
        if service.is_modelled:
            members = {"Message": error.message or error.code, **members}
        return _refuse(error.status, error.code, error.message or error.code, members)
    if special is not None:
        return special.give(result)
    usual = 200
    if not service.is_modelled:
        usual = 201 if operation.startswith("Create") else 204 if operation.startswith("Delete") else 200
    status = _STATUSES.get((service.name, operation), usual)
    if status == 204:
        return _write(204, b"")
    return _write(status, documents.encode(_camel(result) if service.camel else result))


@record
class Special:
    """An operation whose body is no document of parameters, one way or both."""

    take: Take
    give: Callable[[JSON], Response]


def _take_invocation(parameters: dict[str, JSON], body: bytes, headers: dict[bytes, bytes]) -> None:
    parameters["Payload"] = body
    for header, name in (
        (b"x-amz-invocation-type", "InvocationType"),
        (b"x-amz-log-type", "LogType"),
        (b"x-amz-client-context", "ClientContext"),
    ):
        if (value := headers.get(header)) is not None:
            parameters[name] = value.decode("latin-1")


def _give_outcome(result: JSON) -> Response:
    headers = [
        (header, str(result[name]).encode("latin-1"))
        for header, name in (
            (b"x-amz-function-error", "FunctionError"),
            (b"x-amz-log-result", "LogResult"),
            (b"x-amz-executed-version", "ExecutedVersion"),
        )
        if name in result
    ]
    status: int = result["StatusCode"]
    return _write(status, b"" if status == 204 else result["Payload"], *headers)


_SPECIAL: Mapping[tuple[str, str], Special] = {
    ("lambda", "Invoke"): Special(_take_invocation, _give_outcome),
}
_ADDRESSES = frozenset({"CreateApi", "GetApi", "GetApis", "UpdateApi"})
"""What these answer has addresses, which are at the one that the request came to."""
_STATUSES: Mapping[tuple[str, str], int] = {
    ("apigatewayv2", "TagResource"): 201,
    ("lambda", "CreateEventSourceMapping"): 202,
    ("lambda", "AddPermission"): 201,
    ("lambda", "DeleteEventSourceMapping"): 202,
    ("lambda", "PublishVersion"): 201,
    ("lambda", "RemovePermission"): 204,
    ("lambda", "TagResource"): 204,
    ("lambda", "UpdateEventSourceMapping"): 202,
}


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _camel(value: JSON) -> JSON:
    """Write the members of a result as the service does; what is under a key of the caller's choice stays."""
    if isinstance(value, list):
        return [_camel(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {name[:1].lower() + name[1:]: _camel_member(name, member) for name, member in value.items()}


def _camel_member(name: str, member: JSON) -> JSON:
    if name in _BY_KEY:
        return member
    if name in _VALUES_BY_KEY:
        return {key: _camel(each) for key, each in member.items()}
    return _camel(member)


_BY_KEY = frozenset(
    {"RequestTemplates", "ResponseTemplates", "RequestModels", "ResponseParameters", "StageVariables", "Tags"}
)
_VALUES_BY_KEY = frozenset({"RouteSettings", "RequestParameters"})


def _refuse(status: int, code: str, message: str, members: Mapping[str, JSON] | None = None) -> Response:
    # Lambda writes Message in answers to calls with a user's fault, and lower case elsewhere: SDKs read both.
    body = documents.encode({**(members or {}), "message": message})
    return _write(status, body, (b"x-amzn-errortype", code.encode()))


def _write(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Response:
    return Response(
        status, body, ((b"content-type", b"application/json"), (b"x-amzn-requestid", request_id()), *headers)
    )
