"""uvicorn with the options that suit pizzabar best, and a greeting that says how to use it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import click
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from pizzabar.apigateway.quotas import Quotas
from pizzabar.clock import SystemClock
from pizzabar.cloudformation.stack import Stack
from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from pizzabar.wire.frames import frame_protocol
from pizzabar.wire.handshakes import HttpProtocol
from pizzabar.wire.http import Server


def best_options(quotas: Quotas) -> dict[str, Any]:
    """Give the options that suit pizzabar best."""
    return {
        "http": HttpProtocol,
        "ws": frame_protocol(quotas.frame_bytes),
        # It is counted in bytes here; in the application, which sees the messages of any server, too.
        "ws_max_size": quotas.message_bytes,
        # Compression doubles the memory of an idle connection, and API Gateway does not offer it.
        "ws_per_message_deflate": False,
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
        self._told: set[str] = set()
        """The findings that have been told."""

    async def startup(self, sockets: Any = None) -> None:
        """Begin to listen, and greet."""
        await super().startup(sockets)
        if self.started:
            self._greet()
            if self._settings.lint == "on":
                self._lint_beside()
                self._app.when_reloaded = self._lint_beside

    def _lint_beside(self) -> None:
        """Look at the stack beside the server, which serves meanwhile."""
        threading.Thread(target=self._lint, name="pizzabar-lint", daemon=True).start()

    def _lint(self) -> None:
        """Tell what of the stack will go wrong, and was not told before."""
        from pizzabar.linting import lint_stack

        assert self._app.emulator is not None
        emulator = self._app.emulator
        found = [str(each) for each in lint_stack(emulator.settings, emulator.stack, SystemClock().now().date())]
        for text in found:
            if text not in self._told:
                click.echo(_line("lint", text))
        # What is mended is told again if it comes back.
        self._told = set(found)

    def _greet(self) -> None:
        assert self._app.emulator is not None
        host, port = self._settings.host, self.servers[0].sockets[0].getsockname()[1]
        is_local = host in ("127.0.0.1", "0.0.0.0", "::", "::1")
        for line in greeting(self._app.emulator, "localhost" if is_local else host, port):
            click.echo(line)


def greeting(emulator: Emulator, host: str, port: int) -> Iterator[str]:
    """Say where the stack is to be found, what it gives, and what of it does nothing here."""
    settings, stack = emulator.settings, emulator.stack
    option = "" if port == 8000 else f" --port {port}"
    yield click.style("pizzabar is open", bold=True)
    for number, api in enumerate(emulator.apis):
        address = f"{host}:{port}" if number == 0 else f"{api.id}.execute-api.localhost:{port}"
        for stage in api.stages:
            yield _line("connect", f"wscat -c ws://{address}/{stage}")
    endpoints = emulator.endpoints
    if endpoints is not None and endpoints.tls_port is not None:
        yield _line("https", f"https://{host}:{endpoints.tls_port}, with AWS_CA_BUNDLE=$(pizzabar ca)")
    if endpoints is not None and settings.debug:
        yield _line("debug", f"{settings.debug} waits for a debugger once it is invoked")
    width = max(map(len, stack.outputs), default=0)
    for name, output in stack.outputs.items():
        yield _line("output", f"{name:<{width}}  {output.value}")
    if settings.template is None:
        yield _line("order", f"""pizzabar order{option} '{{"type":"margherita"}}'""")
    yield _line("watch", f"pizzabar watch{option}")
    yield _line("control", f"http://{host}:{port}/_pizzabar/docs")
    yield _line("state", str(settings.state or "in memory"))
    for taken in settings.taken:
        yield _line("taken", f"from {taken}")
    for logical_id, handler in settings.functions.items():
        yield _line("function", f"{logical_id} is {handler}, in place of its own code")
    for text in emulator.changed_back:
        yield _line("template", text)
    yield from without_effect(stack)


def without_effect(stack: Stack) -> Iterator[str]:
    """Tell what of a stack has no effect, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for place, why in stack.without_effect:
        reasons.setdefault(why or "nothing here asks for it", []).append(place.rpartition(": ")[2])
    for why, places in reasons.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield _line("no effect", f"{places[0]}{more}: {why}")


def _line(name: str, text: str) -> str:
    return f"  {name:<9} {text}"


def _log_config() -> dict[str, Any]:
    """Write messages as they are: each fault of a template begins its line with file, line and column."""
    config = deepcopy(LOGGING_CONFIG)
    config["formatters"]["default"]["fmt"] = "%(message)s"
    config["filters"] = {"refusals": {"()": RefusalFilter}}
    config["loggers"]["uvicorn.error"]["filters"] = ["refusals"]
    return config


class RefusalFilter(logging.Filter):
    """Leaves out what uvicorn says of each handshake that was refused with an answer, as if it had had none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is written."""
        return record.msg != "ASGI callable returned without completing handshake."


def run(app: Server, settings: Settings) -> bool:
    """Serve until interrupted; tell whether the server came to start."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        log_config=_log_config(),
        access_log=False,
        lifespan="on",
        **best_options(settings.quotas),
    )
    server = GreetingServer(config, app, settings)
    with suppress(KeyboardInterrupt):
        # It is told again of what has made it stop.
        server.run()
    return server.started
