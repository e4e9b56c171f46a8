"""
The quota of frames: uvicorn's WebSocket protocol, which looks at the length of each frame of a client.

An ASGI application sees whole messages; only the protocol beneath it sees their frames. A handshake that it cannot
read (a line of more than 8,192 bytes, more than 128 headers, a body) it answers itself, which uvicorn's does not.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

TOO_BIG = 1009, "Frame too big"
"""The code is documented; the reason is not."""
UNREADABLE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
"""What answers a handshake for which ``websockets`` has no answer."""


def frame_protocol(frame_bytes: int) -> type[WebSocketsSansIOProtocol]:
    """Make a protocol that closes a connection over which a frame of more bytes comes."""

    class FrameProtocol(WebSocketsSansIOProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.handshake_exc is not None and not self.transport.is_closing():
                self.transport.write(b"".join(self.conn.data_to_send()) or UNREADABLE)
                self.transport.close()

        def handle_text(self, event: Frame) -> None:
            if not self._is_too_big(event):
                super().handle_text(event)

        def handle_bytes(self, event: Frame) -> None:
            if not self._is_too_big(event):
                super().handle_bytes(event)

        def handle_cont(self, event: Frame) -> None:
            if not self._is_too_big(event):
                super().handle_cont(event)

        def _is_too_big(self, frame: Frame) -> bool:
            if len(frame.data) <= frame_bytes:
                return False
            if not self.close_sent and not self.transport.is_closing():
                code, reason = TOO_BIG
                self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
                self.conn.send_close(code, reason)
                self.transport.write(b"".join(self.conn.data_to_send()))
                self.close_sent = True
                if self.read_paused:
                    self.read_paused = False
                    self.transport.resume_reading()
                self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
            return True

    return FrameProtocol
