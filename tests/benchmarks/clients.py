"""Many light clients: sockets that send an order and take six frames, with as little of their own as can be."""

import asyncio
import base64
import os
import struct

ORDER = b'{"type":"margherita","size":"L"}'
STATUSES = (
    b"order accepted",
    b"order is now being prepared",
    b"order is undergoing the baking process",
    b"order is packed",
    b"order is sent for delivery",
    b"order delivered",
)


class Client:
    """A WebSocket client over a plain stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, path: str = "/api", host: str = "127.0.0.1") -> "Client":
        """Connect and wait for the answer to the handshake."""
        reader, writer = await asyncio.open_connection(host, port)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nUser-Agent: benchmark\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise ConnectionError(head.decode())
        return cls(reader, writer)

    def send(self, data: bytes) -> None:
        """Send a text frame of less than 126 bytes, masked with zeros."""
        self.writer.write(struct.pack("!BBI", 0x81, 0x80 | len(data), 0) + data)

    async def receive(self) -> bytes:
        """Wait for the next frame."""
        head = await self.reader.readexactly(2)
        length = head[1]
        if length == 126:
            length = struct.unpack("!H", await self.reader.readexactly(2))[0]
        return await self.reader.readexactly(length)

    async def order(self) -> None:
        """Order, and take the six statuses. Raise ``AssertionError`` if one is missing or out of order."""
        self.send(ORDER)
        for status in STATUSES:
            frame = await self.receive()
            assert b'"' + status + b'\\"' in frame, (status, frame)

    def close(self) -> None:
        """Go without a goodbye."""
        self.writer.transport.abort()
