"""
Tasks that call HTTP APIs: any, with the credentials of a connection, and those of API Gateway.

A connection is one of EventBridge's, or what the settings say of its name: the headers, the query and the body that
it adds.

https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote, unquote, urlencode

from pizzabar.documents import JSON, NotJSON, parse, write
from pizzabar.errors import PizzabarError
from pizzabar.http_client import HttpClient, HttpRequest, HttpResponse
from pizzabar.stepfunctions.errors import TaskFailure

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
USER_AGENT = "Amazon|StepFunctions|HttpInvoke|{region}"
MOST_BYTES = 262_144
Connections = Mapping[str, JSON]
"""What each connection adds to a request (``headers``, ``query``, ``body``), by its name or ARN."""
MASK = "***"


class EventBridgeConnections(Protocol):
    """The connections of EventBridge, by ARN."""

    async def additions_of(self, arn: str) -> JSON:
        """Give what a connection adds; None if there is none. Raise ``PizzabarError`` if it is not authorized."""

    def forget_token(self, arn: str) -> None:
        """Let another token be fetched for a connection: this one was refused."""


async def invoke_http(
    client: HttpClient,
    connections: Connections,
    parameters: JSON,
    region: str,
    eventbridge: EventBridgeConnections | None = None,
) -> JSON:
    """Call an API with the credentials of a connection. Raise ``TaskFailure``."""
    arn = _connection_arn(parameters)
    adds = await _connection(arn, connections, eventbridge)
    request = _request(parameters, adds, region)
    masked = {part: dict.fromkeys(added, MASK) for part, added in adds.items() if isinstance(added, dict)}
    try:
        response = await client.send(replace(request, shown=_request(parameters, masked, region)))
    except OSError as error:
        raise TaskFailure("States.Http.Socket", str(error)) from error
    if response.status in (401, 407) and eventbridge is not None:
        eventbridge.forget_token(arn)
    if response.status >= 400:
        raise TaskFailure(f"States.Http.StatusCode.{response.status}", response.body)
    return _answer(response)


def _request(parameters: JSON, adds: JSON, region: str) -> HttpRequest:
    """Make the request of a task, with what its connection adds. Raise ``TaskFailure``."""
    body = parameters.get("RequestBody")
    if isinstance(added := adds.get("body"), dict):
        body = {**(body if isinstance(body, dict) else {}), **added}
    transform = parameters.get("Transform") or {}
    if transform.get("RequestBodyEncoding") == "URL_ENCODED" and isinstance(body, dict):
        text, kind = (
            _form(body, (transform.get("RequestEncodingOptions") or {}).get("ArrayFormat", "INDICES")),
            ("application/x-www-form-urlencoded"),
        )
    else:
        text, kind = "" if body is None else body if isinstance(body, str) else write(body), "application/json"
    headers = {
        "User-Agent": USER_AGENT.format(region=region),
        "Range": f"bytes=0-{MOST_BYTES}",
        **({"Content-Type": kind} if text else {}),
        **_texts(parameters.get("Headers")),
        **_texts(adds.get("headers")),
    }
    query = {**(parameters.get("QueryParameters") or {}), **(adds.get("query") or {})}
    url = _url(_text(parameters, "ApiEndpoint"), query)
    return HttpRequest(_method(parameters), url, tuple(headers.items()), text)


async def invoke_api(client: HttpClient, parameters: JSON) -> JSON:
    """Call an API of API Gateway. Raise ``TaskFailure``."""
    path = str(parameters.get("Path") or "")
    stage = parameters.get("Stage")
    address = _text(parameters, "ApiEndpoint").rstrip("/")
    if stage:
        address += f"/{stage}"
    if path:
        address += path if path.startswith("/") else f"/{path}"
    body = parameters.get("RequestBody")
    if not parameters.get("AllowNullValues") and isinstance(body, dict):
        body = {name: each for name, each in body.items() if each is not None}
    text = "" if body is None else write(body)
    headers = {**({"Content-Type": "application/json"} if text else {}), **_texts(parameters.get("Headers"))}
    url = _url(address, parameters.get("QueryParameters") or {})
    try:
        response = await client.send(HttpRequest(_method(parameters), url, tuple(headers.items()), text))
    except OSError as error:
        raise TaskFailure("ApiGateway.SdkClientException", str(error)) from error
    if response.status >= 400:
        raise TaskFailure(f"ApiGateway.{response.status}", response.body)
    return _answer(response)


def connection_call(parameters: JSON) -> tuple[str, JSON] | None:
    """Give the operation and parameters that a call of ``@connections`` at an address of AWS comes to, if it is one.

    There is no API but here that it could mean.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
    """
    host = str(parameters.get("ApiEndpoint") or "").removeprefix("https://").rstrip("/")
    found = _CONNECTION.fullmatch(str(parameters.get("Path") or ""))
    operation = _OF_CONNECTIONS.get(str(parameters.get("Method")))
    if _HOST.fullmatch(host) is None or found is None or operation is None:
        return None
    asked: JSON = {"ConnectionId": unquote(found[1])}
    if operation == "PostToConnection":
        body = parameters.get("RequestBody")
        asked["Data"] = ("" if body is None else write(body)).encode()
    return operation, asked


_HOST = re.compile(r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
_CONNECTION = re.compile(r"(?:/?[A-Za-z0-9_$-]+)?/?@connections/([^/]+)")
_OF_CONNECTIONS = {"DELETE": "DeleteConnection", "GET": "GetConnection", "POST": "PostToConnection"}


def answer_of_connection(result: JSON) -> JSON:
    """Give the result of a task that has called ``@connections``."""
    return {"Headers": {}, "ResponseBody": result or None, "StatusCode": 200, "StatusText": "OK"}


def _connection_arn(parameters: JSON) -> str:
    given = parameters.get("InvocationConfig") or parameters.get("Authentication") or {}
    arn = given.get("ConnectionArn")
    if not isinstance(arn, str):
        raise TaskFailure("States.Runtime", "The field 'ConnectionArn' is required.")
    return arn


async def _connection(arn: str, connections: Connections, eventbridge: EventBridgeConnections | None) -> JSON:
    name = arn.split(":connection/")[-1].split("/")[0]
    found = connections.get(arn, connections.get(name))
    if found is None and eventbridge is not None:
        try:
            found = await eventbridge.additions_of(arn)
        except PizzabarError as error:
            raise TaskFailure("Events.ConnectionResource.InvalidConnectionState", str(error)) from error
    if found is None:
        raise TaskFailure(
            "Events.ConnectionResource.ResourceNotFound",
            f"Connection {arn} does not exist: make it, or say what it adds in the settings' connections",
        )
    return found


def _method(parameters: JSON) -> str:
    method = parameters.get("Method")
    if method not in METHODS:
        raise TaskFailure("States.Runtime", f"The field 'Method' must be one of {', '.join(METHODS)}: {method}")
    return str(method)


def _text(parameters: JSON, name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise TaskFailure("States.Runtime", f"The field '{name}' is required.")
    return value


def _url(address: str, query: Mapping[str, JSON]) -> str:
    """Give the address with its query. Without a scheme it is HTTPS's, but for this machine's own names."""
    if "://" not in address:
        host = address.split("/")[0].rsplit(":", 1)[0]
        is_here = host in ("localhost", "127.0.0.1", "[::1]") or host.endswith(".localhost")
        address = f"{'http' if is_here else 'https'}://{address}"
    pairs = [
        (name, _shown(each))
        for name, value in query.items()
        for each in (value if isinstance(value, list) else [value])
        if each is not None
    ]
    return f"{address}{'&' if '?' in address else '?'}{urlencode(pairs)}" if pairs else address


def _texts(headers: JSON) -> dict[str, str]:
    given = headers if isinstance(headers, dict) else {}
    return {
        name: ", ".join(map(_shown, value)) if isinstance(value, list) else _shown(value)
        for name, value in given.items()
    }


def _shown(value: JSON) -> str:
    return value if isinstance(value, str) else write(value)


def _form(body: Mapping[str, JSON], arrays: str) -> str:
    return "&".join(f"{quote(name)}={quote(text)}" for name, text in _pairs("", body, arrays))


def _pairs(prefix: str, value: JSON, arrays: str) -> Iterator[tuple[str, str]]:
    """Give the pairs of a form; arrays as INDICES, REPEAT, COMMAS, BRACKETS or NONE."""
    match value:
        case dict():
            for name, each in value.items():
                yield from _pairs(f"{prefix}[{name}]" if prefix else name, each, arrays)
        case list() if arrays == "COMMAS":
            yield prefix, ",".join(map(_shown, value))
        case list() if arrays == "NONE":
            yield prefix, write(value)
        case list():
            for index, each in enumerate(value):
                name = {"INDICES": f"{prefix}[{index}]", "BRACKETS": f"{prefix}[]"}.get(arrays, prefix)
                yield from _pairs(name, each, arrays)
        case _:
            yield prefix, _shown(value)


def _answer(response: HttpResponse) -> JSON:
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name.lower(), []).append(value)
    body: JSON = response.body
    with suppress(NotJSON):
        body = parse(response.body)
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    return {"Headers": headers, "ResponseBody": body, "StatusCode": response.status, "StatusText": phrase}
