"""
The skin of ``@connections``: pushing to a client, reading and closing its connection, over HTTP.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import re
from dataclasses import replace

from pizzabar import documents
from pizzabar.errors import ServiceError
from pizzabar.operations import Call
from pizzabar.wire.aws.exchange import Response, request_id

_PATH = re.compile(r"/(?P<stage>[A-Za-z0-9_-]+|\$default)/@connections/(?P<id>[^/]+)")
_OPERATIONS = {"POST": "PostToConnection", "GET": "GetConnection", "DELETE": "DeleteConnection"}


def read_path(path: str) -> tuple[str, str] | None:
    """Give the stage and the connection id of a path that is percent-decoded, or None if it names none."""
    match = _PATH.fullmatch(path)
    return (match["stage"], match["id"]) if match else None


async def answer(call: Call, method: str, connection_id: str, body: bytes) -> Response:
    """Do what a request asks of a connection. Every answer has an id."""
    answered = await _answer(call, method, connection_id, body)
    return replace(answered, headers=(*answered.headers, (b"x-amzn-requestid", request_id())))


async def _answer(call: Call, method: str, connection_id: str, body: bytes) -> Response:
    operation = _OPERATIONS.get(method)
    if operation is None:
        return Response(
            403, b'{"message":"Missing Authentication Token"}', _headers("MissingAuthenticationTokenException")
        )
    parameters: dict[str, object] = {"ConnectionId": connection_id}
    if method == "POST":
        parameters["Data"] = body
    try:
        result = await call("apigatewaymanagementapi", operation, parameters)
    except ServiceError as error:
        # The name travels in a header; a connection that is gone has no body at all.
        text = documents.encode({"message": error.message or error.code}) if error.status != 410 else b""
        return Response(error.status, text, _headers(error.code))
    if method == "GET":
        return Response(200, documents.encode(result), ((b"content-type", b"application/json"),))
    return Response(200 if method == "POST" else 204)


def _headers(code: str) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-type", b"application/json"), (b"x-amzn-errortype", code.encode()))
