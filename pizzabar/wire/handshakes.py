"""
Handshakes with the names of their headers as they were written: uvicorn's HTTP protocol, which else gives them in
lower case.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HttpProtocol(HttpToolsProtocol):
    """HTTP, and the names of headers as they were written for the handshakes of WebSockets."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._names: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._names.append(name)

    def handle_websocket_upgrade(self) -> None:
        values = (value for _, value in self.scope["headers"])
        self.scope["headers"] = list(zip(self._names, values, strict=True))
        super().handle_websocket_upgrade()
