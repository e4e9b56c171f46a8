"""
The skin of WebSocket: a client's socket on one side, a WebSocket API on the other.

Rules:
- The handshake waits for ``$connect``; what that refuses is refused with its status.
- Messages of a connection are begun in the order they came, and some may be under way at once. Beyond that number no
  more are read, so that a client which floods is held back by its own socket.
- Binary frames and messages over the quota close the connection, as on AWS.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from pizzabar import documents
from pizzabar.apigateway.api import WebSocketApi
from pizzabar.apigateway.apis import Handshake, Refusal, WebSocketApis
from pizzabar.apigateway.connections import Connection
from pizzabar.wire.guard import Guard, header, host_name
from pizzabar.wire.header_names import as_written
from pizzabar.work import Work

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_UNDER_WAY = 32


class AsgiSocket:
    """A client's socket, as pushes see it."""

    __slots__ = ("_send", "is_closed")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_closed = False

    async def send(self, text: str) -> None:
        """Send a text frame. Raise ``OSError`` when the connection is closed."""
        if self.is_closed:
            raise OSError("the connection is closed")
        try:
            await self._send({"type": "websocket.send", "text": text})
        except RuntimeError as error:
            # The server has closed the connection by itself, and not said so yet.
            raise OSError(str(error)) from None

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, once."""
        if not self.is_closed:
            self.is_closed = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})


async def serve(
    apis: WebSocketApis,
    work: Work,
    guard: Guard,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    tls_port: int | None = None,
) -> None:
    """Serve one client from its handshake to its end.

    ``tls_port`` is the one of the API's own address; without, this server's is that by which the client came.
    """
    await receive()
    names = as_written([name for name, _ in scope["headers"]])
    scope["headers"] = [(name.lower(), value) for name, value in scope["headers"]]
    refusal = guard.refusal(scope["headers"])
    if refusal is not None:
        await _refuse(send, 403, refusal)
        return
    place = find_stage(apis, scope)
    if place is None:
        # A stage or an API that is not there is forbidden, not missing.
        await _refuse(send, 403, "Forbidden")
        return
    api, stage = place
    work.begin()
    try:
        admission = await apis.connect(api, stage, _handshake(scope, names, _domain_name(scope, guard, tls_port)))
        if isinstance(admission, Refusal):
            await _refuse(send, admission.status, admission.message)
            return
        connection = admission.connection
        # From here on only the connection is needed; an idle one should not keep its handshake.
        scope["headers"] = []
        del names
        socket = AsgiSocket(send)
        try:
            await send({"type": "websocket.accept", "subprotocol": admission.subprotocol})
        except OSError:
            # The client did not wait for the answer; $connect has let it in, so it gets its goodbye.
            await apis.disconnect(connection, 1006, "")
            return
        apis.attach(connection, socket)
        del admission
    finally:
        work.end()
    code, reason = await _converse(apis, work, connection, socket, receive)
    work.begin()
    try:
        await apis.disconnect(connection, code, reason)
    finally:
        work.end()


async def _converse(
    apis: WebSocketApis, work: Work, connection: Connection, socket: AsgiSocket, receive: Receive
) -> tuple[int, str]:
    """Take messages until the connection ends; tell with what code and reason."""
    most = apis.quotas.message_bytes
    under_way: set[asyncio.Task[None]] = set()
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return _closing(message)
        if socket.is_closed:
            # What a client still sends after it was told of the end counts no more.
            continue
        text = message.get("text")
        if text is None:
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
            await socket.close(1003, "Binary messages are not supported")
            continue
        if len(text) > most or (not text.isascii() and len(text.encode()) > most):
            await socket.close(1009, "Message too big")
            continue
        task = work.start(apis.receive(connection, text))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        if len(under_way) >= MAX_UNDER_WAY:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)


def find_stage(apis: WebSocketApis, scope: Scope) -> tuple[WebSocketApi, str] | None:
    """Find the API and the stage that a request's address names: ``/{stage}``, and nothing after it."""
    stage = scope["path"].strip("/")
    api = apis.find_stage(stage, api_id(scope))
    return None if api is None else (api, stage)


def api_id(scope: Scope) -> str | None:
    """Give the API's id when the host is ``{api-id}.execute-api.localhost``."""
    name, dot, rest = (header(scope["headers"], b"host") or "").partition(".")
    return name if dot and rest.startswith("execute-api.") else None


def _handshake(scope: Scope, names: list[str], domain_name: str) -> Handshake:
    headers = [(name, value.decode("latin-1")) for name, (_, value) in zip(names, scope["headers"], strict=True)]
    client, server = scope.get("client"), scope.get("server")
    source_ip = client[0] if client else "127.0.0.1"
    # What AWS's own proxies add, of the way that the client came.
    sent = {name.lower() for name in names}
    for name, value in (
        ("X-Forwarded-For", source_ip),
        ("X-Forwarded-Port", str(server[1]) if server and server[1] else None),
        ("X-Forwarded-Proto", "https" if scope.get("scheme") == "wss" else "http"),
    ):
        if value is not None and name.lower() not in sent:
            headers.append((name, value))
    return Handshake(
        domain_name=domain_name,
        source_ip=source_ip,
        headers=tuple(headers),
        query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        user_agent=header(scope["headers"], b"user-agent"),
    )


def _domain_name(scope: Scope, guard: Guard, tls_port: int | None) -> str:
    """Give the host at which ``https://`` reaches this API, with the port where that is not HTTPS's own."""
    host = header(scope["headers"], b"host") or "localhost"
    if tls_port is None:
        return host
    name = host_name(host)
    # No certificate is for a name that is let in with any other.
    return f"{name if guard.is_named(name) else 'localhost'}:{tls_port}"


def _closing(message: Message) -> tuple[int, str]:
    """Give the code and reason of an end, as AWS tells them."""
    if "reason" not in message and message["code"] == 1005:
        # The server's words for a connection that was cut without a close frame.
        return 1006, ""
    if message["code"] == 1005:
        return 1005, "Client-side close frame status not set"
    return message["code"], message.get("reason") or ""


async def _refuse(send: Send, status: int, message: str) -> None:
    body = documents.encode({"message": message})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
