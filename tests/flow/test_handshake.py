"""Handshakes over real sockets."""

import asyncio

import pytest

from tests.flow.serving import open_pizza_bar


async def test_what_is_written_down_of_a_handshake_has_its_headers_as_the_client_wrote_them() -> None:
    async with open_pizza_bar() as bar:
        async with bar.connect(additional_headers={"token": "a", "HeaderAuth1": "b"}):
            scanned = await bar.emulator.call("dynamodb", "Scan", {"TableName": "pizzabar-Sessions"})

        [session] = scanned["Items"]
        written = session["headers"]["S"]
        assert all(f"{header}, " in written for header in ("token=a", "HeaderAuth1=b"))
        assert f"Host=localhost:{bar.port}" in written
        assert f"X-Forwarded-Port={bar.port}, X-Forwarded-Proto=http, X-Amzn-Trace-Id=Root=1-" in written


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        (f"?a={'b' * 8_300}", "", 414),
        ("", f"X-A: {'b' * 8_300}\r\n", 431),
        ("", "".join(f"X-{number}: a\r\n" for number in range(130)), 431),
        ("", "Content-Length: 5\r\n", 400),
        (f"?a={'b' * 8_000}", f"X-A: {'b' * 8_000}\r\n", 101),
    ],
    ids=["request line", "header", "headers", "body", "as long as may be"],
)
async def test_a_handshake_that_cannot_be_read_is_answered_and_its_socket_closed(
    query: str, headers: str, status: int
) -> None:
    async with open_pizza_bar() as bar:
        reader, writer = await asyncio.open_connection("localhost", bar.port)
        writer.write(
            f"GET /api{query} HTTP/1.1\r\nHost: localhost:{bar.port}\r\nUpgrade: websocket\r\n{headers}"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )

        answer = await reader.readuntil(b"\r\n\r\n")
        if status != 101:
            answer += await reader.read()
        writer.close()
        await writer.wait_closed()

        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
