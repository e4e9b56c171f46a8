"""The local HTTP client, against a server of this machine."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from pizzabar.http_client import HttpRequest, HttpResponse
from pizzabar.local.http_client import MAX_BODY_BYTES, LocalHttpClient
from tests.world import World, world


@asynccontextmanager
async def backend(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve raw answers to raw requests; give the address, and the requests that it will have got."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            ),
            0,
        )
        got.append(head + await reader.readexactly(length))
        writer.write(answer(got[-1]))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", got


@asynccontextmanager
async def client() -> AsyncIterator[tuple[LocalHttpClient, World]]:
    async with world() as around:
        http = LocalHttpClient(around.database)
        yield http, around
        await http.close()


def ok(body: bytes = b"", *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Connection: close", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


async def test_a_request_is_sent_as_it_is() -> None:
    async with client() as (http, _), backend(lambda request: ok(b"done")) as (address, got):
        answer = await http.send(HttpRequest("PUT", f"{address}/tables/7?a=1", (("X-Kind", "gold"),), '{"é":1}'))

    [request] = got
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /tables/7?a=1 HTTP/1.1\r\n")
    assert b"X-Kind: gold" in head
    assert body.decode() == '{"é":1}'
    assert (answer.status, answer.body) == (200, "done")


async def test_an_answer_is_told_as_it_is() -> None:
    raw = b"HTTP/1.1 404 Not Found\r\nX-Kind: a\r\nX-Kind: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    async with client() as (http, _), backend(lambda request: raw) as (address, _got):
        answer = await http.send(HttpRequest("GET", address))

    assert answer.status == 404
    assert [pair for pair in answer.headers if pair[0] == "X-Kind"] == [("X-Kind", "a"), ("X-Kind", "b")]
    assert answer.body == "no"


async def test_a_redirect_is_an_answer() -> None:
    raw = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with client() as (http, _), backend(lambda request: raw) as (address, _got):
        assert (await http.send(HttpRequest("GET", address))).status == 302


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        (b"Content-Type: text/plain; charset=latin-1", "é".encode("latin-1"), "é"),
        (b"Content-Type: application/json", '{"é":1}'.encode(), '{"é":1}'),
        (b"Content-Type: text/plain; charset=nonsense", "é".encode(), "é"),
        (b"Content-Encoding: gzip", gzip.compress(b"small", mtime=0), "small"),
    ],
)
async def test_a_body_is_text(header: bytes, body: bytes, text: str) -> None:
    async with client() as (http, _), backend(lambda request: ok(body, header)) as (address, _got):
        assert (await http.send(HttpRequest("GET", address))).body == text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        ok(b"not gzip", b"Content-Encoding: gzip"),
        ok(b"x" * (MAX_BODY_BYTES + 1)),
    ],
    ids=["nothing", "not HTTP", "half an answer", "not what it says", "too long"],
)
async def test_a_backend_that_breaks_off_is_an_error(raw: bytes) -> None:
    async with client() as (http, _), backend(lambda request: raw) as (address, _got):
        with pytest.raises(OSError, match=r"."):
            await http.send(HttpRequest("GET", address))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nobody.invalid/", "http://[/", "ftp://localhost/"])
async def test_a_backend_that_is_not_there_is_an_error(url: str) -> None:
    async with client() as (http, _):
        with pytest.raises(OSError, match=r"."):
            await http.send(HttpRequest("GET", url))


async def test_what_was_written_before_is_durable_before_a_request_leaves() -> None:
    order: list[str] = []

    def answer(request: bytes) -> bytes:
        order.append("asked")
        return ok()

    async with client() as (http, around), backend(answer) as (address, _got):
        around.database.write_soon(lambda connection: connection.execute("CREATE TABLE t (a)"))
        around.database.when_durable(lambda: order.append("durable"))
        assert order == []

        await http.send(HttpRequest("GET", address))

    assert order == ["durable", "asked"]


async def test_proxies_of_the_environment_are_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with client() as (http, _), backend(lambda request: ok(b"direct")) as (address, _got):
        answer: HttpResponse = await http.send(HttpRequest("GET", address))

    assert answer.body == "direct"
