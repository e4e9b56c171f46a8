"""A client of an ASGI application, without sockets: what a server would hand it, and what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from pizzabar.wire.http import Server
from pizzabar.wire.websocket import Message, Scope

SECONDS = 10
"""How long a test waits for what should come at once."""


@asynccontextmanager
async def server(**settings: JSON) -> AsyncIterator[tuple[Server, Emulator]]:
    """Run the pizza bar in memory, under a clock that stands still."""
    emulator = await Emulator.open(replace(Settings(state=None, clock="virtual"), **settings))
    try:
        yield Server(lambda: emulator.settings, emulator), emulator
    finally:
        await emulator.close()


def headers_of(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Write headers as a server hands them over."""
    given = {"host": "localhost:8000"} | headers
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items() if value]


@dataclass
class Client:
    """A WebSocket client: ``said`` is what the application said to its server."""

    handed: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    said: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    is_gone: bool = False
    reads: asyncio.Event | None = None

    async def send(self, message: Message) -> None:
        """Take what the application says, as the server does."""
        if self.is_gone:
            raise OSError("the client has gone")
        if self.reads is not None:
            await self.reads.wait()
        self.said.put_nowait(message)

    def stops_reading(self) -> None:
        """Let the application wait for the client."""
        self.reads = asyncio.Event()

    def reads_again(self) -> None:
        """Take what the application has to say."""
        assert self.reads is not None
        self.reads.set()

    async def hears(self) -> Message:
        """Wait for what the application says next."""
        async with asyncio.timeout(SECONDS):
            return await self.said.get()

    async def hears_text(self) -> str:
        """Wait for the next frame."""
        message = await self.hears()
        assert message["type"] == "websocket.send", message
        return str(message["text"])

    def says(self, text: str) -> None:
        """Send a text frame."""
        self.handed.put_nowait({"type": "websocket.receive", "text": text})

    def says_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        self.handed.put_nowait({"type": "websocket.receive", "bytes": data})

    def goes(self, code: int = 1000, reason: str | None = "") -> None:
        """Close the connection; without a reason the message has none, as when a connection is cut."""
        self.handed.put_nowait(
            {"type": "websocket.disconnect", "code": code} | ({} if reason is None else {"reason": reason})
        )


def scope_of(path: str, query: str = "", **headers: str) -> Scope:
    """Give the scope of a handshake."""
    return {
        "type": "websocket",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers_of({name.replace("_", "-"): value for name, value in headers.items()}),
        "client": ("127.0.0.1", 50_000),
        "subprotocols": [],
    }


@asynccontextmanager
async def websocket(app: Server, path: str = "/api", query: str = "", **headers: str) -> AsyncIterator[Client]:
    """Begin a handshake; at the end the client goes, if it has not gone, and the application is done with it."""
    client = Client()
    client.handed.put_nowait({"type": "websocket.connect"})
    serving = asyncio.create_task(app(scope_of(path, query, **headers), client.handed.get, client.send))
    try:
        yield client
    finally:
        client.goes()
        async with asyncio.timeout(SECONDS):
            await serving


@asynccontextmanager
async def guest(app: Server, path: str = "/api", query: str = "", **headers: str) -> AsyncIterator[Client]:
    """Connect a client that is let in."""
    async with websocket(app, path, query, **headers) as client:
        answer = await client.hears()
        assert answer["type"] == "websocket.accept", answer
        yield client


@dataclass(frozen=True)
class HttpAnswer:
    """An answer of HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


async def http(app: Server, method: str, path: str, body: bytes = b"", query: str = "", **headers: str) -> HttpAnswer:
    """Ask for something over HTTP, the body in two parts."""
    said: list[Message] = []
    half = len(body) // 2
    parts = [(body[:half], True), (body[half:], False)]

    async def receive() -> Message:
        if not parts:
            # Who asks stays until there is an answer.
            await asyncio.Event().wait()
        part, more = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": more}

    async def send(message: Message) -> None:
        said.append(message)

    scope: Scope = {**scope_of(path, query, **headers), "type": "http", "method": method, "http_version": "1.1"}
    await app(scope, receive, send)
    start, *rest = said
    return HttpAnswer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in rest),
    )
