"""
The Lambda Runtime API: a server on loopback that one sandbox asks for invocations.

A runtime asks for the ``next`` invocation and waits; it answers with the ``response`` or an ``error``, or tells of an
``init/error`` in place of its first request.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
from contextlib import suppress
from typing import Any

import h11

from pizzabar import documents
from pizzabar.lambda_.sandboxes import FunctionError
from pizzabar.record import record

ROOT = "/2018-06-01/runtime/"
MAX_RESPONSE_BYTES = 6_291_556
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, and what Lambda allows for its frame."""
MAX_READ = 65_536


@record
class Task:
    """An invocation, as the runtime is told of it; the deadline is in milliseconds since the epoch."""

    request_id: str
    event: str
    deadline: int
    function_arn: str
    trace_header: str


class RuntimeApi:
    """The Runtime API of one sandbox; it handles one invocation at a time."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.asked: asyncio.Future[None] = loop.create_future()
        """Done while the runtime asks for an invocation; before the first it may fail with ``FunctionError``."""
        self._task: asyncio.Future[Task] = loop.create_future()
        self._request_id = ""
        self._outcome: asyncio.Future[str] = loop.create_future()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.address = ""

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"

    def close(self) -> None:
        """Let the runtime go."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        # What is not asked for any more is nobody's fault.
        for future in (self.asked, self._outcome):
            if future.done() and not future.cancelled():
                future.exception()
        self._task.cancel()

    def give(self, task: Task) -> "asyncio.Future[str]":
        """Hand the runtime that has asked an invocation; the result's text comes of it, or ``FunctionError``."""
        self._request_id = task.request_id
        self.asked = asyncio.get_running_loop().create_future()
        self._outcome = asyncio.get_running_loop().create_future()
        self._task.set_result(task)
        return self._outcome

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        self._writers.add(writer)
        with suppress(h11.RemoteProtocolError, ConnectionError, asyncio.CancelledError):
            while True:
                request = await _event(connection, reader)
                if not isinstance(request, h11.Request):
                    break
                body = bytearray()
                while isinstance(data := await _event(connection, reader), h11.Data):
                    body += data.data
                status, headers, text = await self._answer(request, bytes(body))
                writer.write(_written(connection, status, headers, text))
                await writer.drain()
                if connection.our_state is h11.MUST_CLOSE:
                    break
                connection.start_next_cycle()
        self._writers.discard(writer)
        writer.close()

    async def _answer(self, request: h11.Request, body: bytes) -> tuple[int, dict[str, str], str]:
        method, path = request.method.decode(), request.target.decode("latin-1")
        what = path.removeprefix(ROOT).split("/") if path.startswith(ROOT) else []
        match method, *what:
            case "GET", "invocation", "next":
                return await self._next()
            case "POST", "invocation", request_id, "response" | "error" as kind:
                return self._end(request_id, kind, body)
            case "POST", "init", "error":
                if not self.asked.done():
                    self.asked.set_exception(FunctionError(body.decode(errors="replace")))
                return _accepted()
        message = f"{method} {path} is not of the Runtime API"
        return 404, {}, documents.write({"errorType": "ResourceNotFound", "errorMessage": message})

    async def _next(self) -> tuple[int, dict[str, str], str]:
        if not self.asked.done():
            self.asked.set_result(None)
        # Shielded: a connection that breaks off takes no invocation with it.
        task = await asyncio.shield(self._task)
        self._task = asyncio.get_running_loop().create_future()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": task.request_id,
            "Lambda-Runtime-Deadline-Ms": str(task.deadline),
            "Lambda-Runtime-Invoked-Function-Arn": task.function_arn,
            "Lambda-Runtime-Trace-Id": task.trace_header,
        }
        return 200, headers, task.event

    def _end(self, request_id: str, kind: str, body: bytes) -> tuple[int, dict[str, str], str]:
        if request_id != self._request_id or self._outcome.done():
            text = documents.write({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"})
            return 400, {}, text
        if len(body) > MAX_RESPONSE_BYTES:
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
            self._outcome.set_exception(FunctionError(documents.write(error)))
            return 413, {}, documents.write(error | {"errorType": "RequestEntityTooLarge"})
        text = body.decode(errors="replace")
        if kind == "response":
            self._outcome.set_result(text)
        else:
            self._outcome.set_exception(FunctionError(text))
        return _accepted()


def _accepted() -> tuple[int, dict[str, str], str]:
    return 202, {}, '{"status":"OK"}\n'


async def _event(connection: h11.Connection, reader: asyncio.StreamReader) -> Any:
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(MAX_READ))
    return event


def _written(connection: h11.Connection, status: int, headers: dict[str, str], text: str) -> bytes:
    body = text.encode("utf-8", "replace")
    fields = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers.items()]
    parts = (h11.Response(status_code=status, headers=fields), h11.Data(data=body), h11.EndOfMessage())
    return b"".join(connection.send(part) or b"" for part in parts)
