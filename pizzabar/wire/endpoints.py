"""
The addresses that functions in processes of their own call: one on loopback for every service, and the one with TLS
that ``https://{domainName}/{stage}`` is.

They are there whether or not the emulator is served otherwise, and whatever serves it.
"""

import logging
import socket
import ssl
from pathlib import Path

import uvicorn

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from pizzabar.wire.authority import CERTIFICATE, TlsMissing, context_of
from pizzabar.wire.http import Server
from pizzabar.wire.server import best_options

log = logging.getLogger("pizzabar")
LOOPBACK = "127.0.0.1"
LAST_PORT = 65_535
TLS_ABOVE = 443
"""How far above the server's own port that of TLS is, where none is named: 8443 beside 8000."""


class Listener:
    """A server of an emulator on one more port."""

    def __init__(self, emulator: Emulator, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        """Take the port. Raise ``OSError``."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            Server(lambda: emulator.settings, emulator),
            lifespan="off",
            log_level="warning",
            log_config=None,
            access_log=False,
            **best_options(emulator.settings.quotas),
        )
        config.load()
        config.ssl = context
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)

    async def open(self) -> None:
        """Begin to listen."""
        await self._server.startup([self._socket])

    async def close(self) -> None:
        """Close every connection, and listen no more."""
        await self._server.shutdown([self._socket])


class LocalEndpoints:
    """See ``Endpoints``."""

    def __init__(self, inner: Listener, outer: Listener | None, authority: Path | None) -> None:
        self._listeners = [inner] if outer is None else [inner, outer]
        self.address = f"http://{LOOPBACK}:{inner.port}"
        self.tls_port = None if outer is None else outer.port
        self.authority = authority

    async def close(self) -> None:
        """See ``Endpoints``."""
        for listener in self._listeners:
            await listener.close()


async def open_endpoints(emulator: Emulator) -> LocalEndpoints:
    """Open the addresses. Raise ``OSError`` when the port of TLS is taken.

    Without the packages for TLS there is none, unless its port was asked for by number: then raise ``TlsMissing``.
    """
    settings = emulator.settings
    outer = None
    if settings.tls_port != "off":
        try:
            outer = _with_tls(emulator, settings)
        except TlsMissing as missing:
            if settings.tls_port != "auto":
                raise
            log.warning("there is no https://{domainName} for functions to post to: %s", missing)
    inner = Listener(emulator, LOOPBACK, 0)
    await inner.open()
    if outer is not None:
        await outer.open()
    authority = None if outer is None else (settings.cache_folder / CERTIFICATE).absolute()
    return LocalEndpoints(inner, outer, authority)


def _with_tls(emulator: Emulator, settings: Settings) -> Listener:
    own = () if settings.host in ("0.0.0.0", "::") else (settings.host,)
    names = [name for name in (*own, *settings.allowed_hosts) if name != "*"]
    # Where functions expect the API when it is not an event of its own that tells them.
    names.append(f"*.execute-api.{settings.region}.amazonaws.com")
    context = context_of(settings.cache_folder, names)
    port = settings.port + TLS_ABOVE if settings.port else 0
    if port > LAST_PORT:
        port = settings.port - TLS_ABOVE
    wanted = port if settings.tls_port == "auto" else int(settings.tls_port)
    try:
        return Listener(emulator, settings.host, wanted, context)
    except OSError as error:
        why = error.strerror or str(error)
        raise OSError(
            f"port {wanted} is wanted for https://{{domainName}}: {why}; PIZZABAR_TLS_PORT names another, or off"
        ) from None
