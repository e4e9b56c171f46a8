"""Requests of AWS clients to the pizza bar, without sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.wire.http import Server
from tests.wire.asgi import HttpAnswer, http, server


@dataclass
class Client:
    """An AWS client that writes its requests by hand."""

    app: Server
    emulator: Emulator

    async def json(self, target: str, body: bytes | JSON, **headers: str) -> HttpAnswer:
        """Ask by AWS JSON."""
        given = body if isinstance(body, bytes) else documents.encode(body)
        given_headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.0", **headers}
        return await http(
            self.app, "POST", "/", given, **{name: value for name, value in given_headers.items() if value}
        )

    async def form(self, text: str, **headers: str) -> HttpAnswer:
        """Ask by the query protocol."""
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        return await http(self.app, "POST", "/", text.encode(), **{"content-type": kind, **headers})

    async def rest(self, method: str, path: str, body: bytes = b"", **headers: str) -> HttpAnswer:
        """Ask by REST-JSON, or at an address."""
        path, _, query = path.partition("?")
        return await http(self.app, method, path, body, query, **headers)


@asynccontextmanager
async def aws() -> AsyncIterator[Client]:
    """Open the pizza bar to an AWS client."""
    async with server() as (app, emulator):
        yield Client(app, emulator)
