"""A real server of HTTP for one test, which answers with what it is told and notes what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Asked:
    """A request that was received; the names of its headers in lower case."""

    line: str
    headers: dict[str, str]
    body: str


@dataclass
class Webhook:
    """A server. ``answers`` are those of paths, in order: a status, a body; 200 without one."""

    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close the connection."""
        received = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = received.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in fields)}
        body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
        self.asked.append(Asked(line.removesuffix(" HTTP/1.1"), headers, body))
        given = self.answers.get(line.split(" ")[1])
        status, text = given.pop(0) if given else (200, "")
        head = f"HTTP/1.1 {status} Any\r\nContent-Length: {len(text)}\r\nConnection: close"
        writer.write(f"{head}\r\n\r\n{text}".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def webhook() -> AsyncIterator[Webhook]:
    """Open a server on a port of its own."""
    hook = Webhook()
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0)
    hook.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield hook
    finally:
        server.close()
        await server.wait_closed()
