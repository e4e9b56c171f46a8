"""uvicorn with the options that suit pizzabar best, and a greeting that says how to use it."""

from typing import Any

import click
import uvicorn

from pizzabar.settings import Settings
from pizzabar.wire.http import Server

BEST_OPTIONS: dict[str, Any] = {
    "ws": "websockets-sansio",
    # Compression doubles the memory of an idle connection, and API Gateway does not offer it.
    "ws_per_message_deflate": False,
    "ws_max_size": 131_072,
    # API Gateway sends no pings of its own.
    "ws_ping_interval": None,
    "timeout_graceful_shutdown": 5,
}


class GreetingServer(uvicorn.Server):
    """A server that says where it is to be found."""

    def __init__(self, config: uvicorn.Config, app: Server, settings: Settings) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings

    async def startup(self, sockets: Any = None) -> None:
        """Begin to listen, and greet."""
        await super().startup(sockets)
        if self.started:
            self._greet()

    def _greet(self) -> None:
        assert self._app.emulator is not None
        settings = self._settings
        port = self.servers[0].sockets[0].getsockname()[1]
        host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.host
        option = "" if port == 8000 else f" --port {port}"
        click.echo(click.style("pizzabar is open", bold=True))
        for api in self._app.emulator.apis:
            for stage in api.stages:
                click.echo(f"  connect   wscat -c ws://{host}:{port}/{stage}")
        click.echo(f"""  order     pizzabar order{option} '{{"type":"margherita"}}'""")
        click.echo(f"  watch     pizzabar watch{option}")
        click.echo(f"  control   http://{host}:{port}/_pizzabar/docs")
        click.echo(f"  state     {settings.state or 'in memory'}")


def run(app: Server, settings: Settings) -> bool:
    """Serve until interrupted; tell whether the server came to start."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        lifespan="on",
        **BEST_OPTIONS,
    )
    server = GreetingServer(config, app, settings)
    server.run()
    return server.started
