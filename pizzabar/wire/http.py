"""
The skin of the whole server: one ASGI application on one port.

It starts and stops the emulator with the server, keeps strangers out, and hands each request to whom it is for.
"""

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pizzabar import documents, trace_header
from pizzabar.constraints import natural
from pizzabar.emulator import Emulator
from pizzabar.errors import PizzabarError, UnknownOperationException
from pizzabar.journal import CAUSE, Cause, new_trace_id
from pizzabar.loading import Program
from pizzabar.query_protocol.answer import xml_text
from pizzabar.settings import Settings
from pizzabar.wire import management
from pizzabar.wire.aws import json_protocol, query_protocol, rest_protocol
from pizzabar.wire.aws.exchange import (
    Response,
    access_key_of,
    is_queue,
    service_of,
)
from pizzabar.wire.feeds import Feeds
from pizzabar.wire.guard import Guard, header
from pizzabar.wire.stopping import when_stopped
from pizzabar.wire.websocket import Receive, Scope, Send, api_id, find_stage, serve

log = logging.getLogger("pizzabar")
CONTROL = "/_pizzabar"
ASSETS = f"{CONTROL}/assets/"
KITCHEN = "/kitchen"
MAX_BODY_BYTES = 131_072
"""What a message may have; nothing longer is read, or kept in the journal."""


class Server:
    """The ASGI application. The emulator is opened when the server starts, unless it is handed in running.

    It may be mounted in another application, which then starts and stops it by ``lifespan``.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        emulator: Emulator | None = None,
        *,
        program: Program | None = None,
    ) -> None:
        self._settings = settings
        self._program = program
        self._is_handed_in = emulator is not None
        self.emulator = emulator
        self._guard = Guard()
        self._control: Any = None
        self._control_lock = asyncio.Lock()
        self.feeds = Feeds()
        self._stop_watching: Callable[[], None] = lambda: None
        self.when_reloaded: Callable[[], None] = lambda: None
        """Is called when something edited has been looked at."""
        if emulator is not None:
            self._take(emulator)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        root: str = scope.get("root_path", "")
        if root and scope["path"].startswith(root):
            # Where it is mounted is nothing to whoever is asked.
            scope = {**scope, "path": scope["path"].removeprefix(root) or "/"}
        emulator = self.emulator
        if emulator is None:
            raise RuntimeError("the server has not been started: run it with its lifespan on")
        if scope["type"] == "websocket":
            endpoints = emulator.endpoints
            tls_port = None if endpoints is None else endpoints.tls_port
            await serve(emulator.apis, emulator.work, self._guard, scope, receive, send, tls_port=tls_port)
        else:
            await self._answer(emulator, scope, receive, send)

    def _take(self, emulator: Emulator) -> None:
        self.emulator = emulator
        settings = emulator.settings
        own = () if settings.host in ("0.0.0.0", "::") else (settings.host,)
        self._guard = Guard((*settings.allowed_hosts, *own), settings.allowed_origins)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start and stop with the server."""
        await receive()
        try:
            await self._open()
        except (PizzabarError, OSError) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        if not self._is_handed_in:
            settle_in()
        with when_stopped(self._let_go):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await self._close()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Start and stop with an application that this one is mounted in."""
        await self._open()
        try:
            with when_stopped(self._let_go):
                yield
        finally:
            await self._close()

    def _let_go(self) -> None:
        """Let nobody wait any more for what may never come: the server would wait for them before it stops."""
        self.feeds.end()
        if self.emulator is not None:
            self.emulator.state_machines.activities.close()
            self.emulator.queues.close()

    async def _open(self) -> None:
        self.feeds, self._control = Feeds(), None
        if not self._is_handed_in:
            self._take(await Emulator.open(self._settings(), program=self._program))

        if self.emulator is not None and self.emulator.settings.reload:
            # What watches is imported where it is wanted.
            from pizzabar.reloading import Reloader

            self._stop_watching = Reloader(self.emulator, lambda: self.when_reloaded()).watch()

    async def _close(self) -> None:
        self._stop_watching()
        self.feeds.end()
        if not self._is_handed_in and self.emulator is not None:
            emulator, self.emulator = self.emulator, None
            await emulator.close()

    async def _answer(self, emulator: Emulator, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._guard.refusal(scope["headers"])
        if refusal is not None:
            await _send(send, _message(403, refusal))
            return
        path: str = scope["path"]
        if path.startswith(ASSETS):
            await _send(send, _asset(scope))
            return
        if path == CONTROL or path.startswith(f"{CONTROL}/"):
            control = await self._make_control(emulator)
            # Its description says where it is mounted, and with it whatever else this server is mounted in.
            root = f"{scope['root_path']}{CONTROL}" if scope.get("root_path") else CONTROL
            beneath = path.removeprefix(CONTROL) or "/"
            await control({**scope, "path": root + beneath, "root_path": root}, receive, send)
            return
        with emulator.work.errand():
            cause = self._cause(emulator, scope)
            if cause is None:
                response = await self._ask(emulator, scope, receive)
            else:
                response = await self._ask_for(cause, emulator, scope, receive)
        length = natural(header(scope["headers"], b"content-length") or "") or 0
        emulator.journal.weigh(length + len(response.body))
        await _send(send, response)

    def _cause(self, emulator: Emulator, scope: Scope) -> Cause | None:
        """Tell what a request follows from, and in whose name it asks.

        It is the invocation at hand in the function's process whose access key it is signed with, or the hop or the
        trace that its tracing header names; without either there is none.
        """
        key = None
        if emulator.endpoints is not None or emulator.access_keys:
            key = access_key_of(dict(scope["headers"]))
        cause = None if key is None else emulator.functions.sandboxes.cause_of(key)
        if cause is not None:
            return cause
        named = trace_header.read_trace_header(header(scope["headers"], trace_header.NAME) or "")
        cause = None if named is None else emulator.journal.cause_of(named)
        principal = emulator.access_keys.find(key)
        if principal is not None:
            cause = cause or Cause(new_trace_id(emulator.clock.timestamp()))
            cause.principal = principal
        return cause

    async def _ask_for(self, cause: Cause, emulator: Emulator, scope: Scope, receive: Receive) -> Response:
        """Answer somebody outside all the same: what they are told of is durable."""
        token = CAUSE.set(cause)
        try:
            return await self._ask(emulator, scope, receive)
        finally:
            CAUSE.reset(token)
            await emulator.runtime.durable()

    async def _ask(self, emulator: Emulator, scope: Scope, receive: Receive) -> Response:
        """Answer as AWS does."""
        path, method = scope["path"], scope["method"]
        if path == "/" or is_queue(path):
            headers = dict(scope["headers"])
            if query_protocol.is_for(method, path, scope["query_string"], headers):
                refusal = self._guard.refusal_of_get(scope["headers"]) if method == "GET" else None
                if refusal is not None:
                    return _message(403, refusal)
                return await query_protocol.answer(
                    emulator.call, method, path, scope["query_string"], headers, receive
                )
            if method == "POST":
                target = headers.get(b"x-amz-target", b"")
                return await json_protocol.answer(emulator.call, target.decode("latin-1"), headers, receive)
        place = management.read_path(path)
        if place is not None:
            return await self._manage(emulator, scope, receive, *place)
        service = rest_protocol.service_of(path)
        if service is not None:
            encoded = scope.get("raw_path", path.encode()).decode("latin-1").partition("?")[0]
            root = scope.get("root_path", "")
            return await rest_protocol.answer(
                emulator.call,
                service,
                method,
                encoded.removeprefix(root),
                scope["query_string"],
                dict(scope["headers"]),
                receive,
            )
        return _other(emulator, scope)

    async def _manage(
        self, emulator: Emulator, scope: Scope, receive: Receive, stage: str, connection_id: str
    ) -> Response:
        api = api_id(scope)
        if emulator.apis.find_stage(stage, api) is None:
            return Response(403, b'{"message":"Forbidden"}', ((b"x-amzn-errortype", b"ForbiddenException"),))
        body = await _body(receive, max(emulator.settings.message_bytes, MAX_BODY_BYTES))
        if body is None:
            return Response(413, b"", ((b"x-amzn-errortype", b"PayloadTooLargeException"),))
        if not emulator.apis.is_on_stage(connection_id, stage, api):
            # Through another stage's address there is no such connection.
            return Response(410, b"", ((b"x-amzn-errortype", b"GoneException"),))
        return await management.answer(emulator.call, scope["method"], connection_id, body)

    async def _make_control(self, emulator: Emulator) -> Any:
        async with self._control_lock:
            if self._control is None:
                # In a thread: the import takes long, and others are being served.
                module = await asyncio.to_thread(importlib.import_module, "pizzabar.wire.control")
                self._control = module.make_control(emulator, self.feeds)
        return self._control


def settle_in() -> None:
    """Take what start-up has made out of the garbage collector's sight, and have it look less often.

    With thousands of connections open it would go through all of them again and again: a fifth of an order's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _other(emulator: Emulator, scope: Scope) -> Response:
    path: str = scope["path"]
    service = service_of(header(scope["headers"], b"authorization") or "")
    if service is not None and service != "execute-api":
        return _not_supported(service, scope)
    if path == "/" and scope["method"] in ("GET", "HEAD"):
        if "text/html" in (header(scope["headers"], b"accept") or ""):
            return _page(emulator, scope)
        text = f"pizzabar runs the stack {emulator.stack.name}.\n\n{_addresses(emulator, scope)}\n"
        return Response(200, text.encode(), ((b"content-type", b"text/plain; charset=utf-8"),))
    if find_stage(emulator.apis, scope) is not None:
        return _message(426, "This is a WebSocket address", ((b"upgrade", b"websocket"),))
    if path == KITCHEN and scope["method"] in ("GET", "HEAD"):
        return _page(emulator, scope)
    return _message(404, "Not Found")


def _not_supported(service: str, scope: Scope) -> Response:
    """Refuse by its name what an SDK has asked of a service that is not here."""
    message = f"{service}:{scope['method']} {scope['path']} is not supported"
    code = UnknownOperationException.__name__
    if service == "s3":
        content = f"<Error><Code>{code}</Code><Message>{xml_text(message)}</Message></Error>"
        return Response(400, content.encode(), ((b"content-type", b"application/xml"),))
    return _message(400, message, ((b"x-amzn-errortype", code.encode()),))


def _page(emulator: Emulator, scope: Scope) -> Response:
    """Answer with a page."""
    # What is not looked at is not imported.
    from pizzabar.wire import pages

    return pages.page(scope["path"], emulator.stack, _addresses(emulator, scope), scope["headers"])


def _asset(scope: Scope) -> Response:
    """Answer with a file of the pages."""
    from pizzabar.wire import pages

    if scope["method"] not in ("GET", "HEAD"):
        return Response(405, b"", ((b"allow", b"GET, HEAD"),))
    return pages.asset(scope["path"].removeprefix(ASSETS), scope["headers"]) or _message(404, "Not Found")


def _addresses(emulator: Emulator, scope: Scope) -> str:
    """Say where to connect, and where to look."""
    stages = [stage for api in emulator.apis for stage in api.stages]
    host = header(scope["headers"], b"host") or f"localhost:{emulator.settings.port}"
    host += scope.get("root_path", "")
    lines = [
        *(f"Connect:  wscat -c ws://{host}/{stage}" for stage in stages),
        f"Look:     http://{host}{CONTROL}/docs",
    ]
    return "\n".join(lines)


def _message(status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Response:
    return Response(
        status, documents.encode({"message": message}), ((b"content-type", b"application/json"), *headers)
    )


async def _body(receive: Receive, most: int) -> bytes | None:
    """Read a request's body; None if it is longer than any request may be."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            # Half a message is none.
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, response: Response) -> None:
    headers = [*response.headers]
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
