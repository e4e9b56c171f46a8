"""The command line: run a server, order a pizza from it, watch what it does."""

import asyncio
import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from pizzabar import __version__
from pizzabar.settings import Settings, SettingsError, meanings, repeated, switches

LAST_STATUS = "order delivered"
STATUSES = 6
SHOWN = 100
COLOURS = {
    "apigateway": "cyan",
    "apigatewaymanagementapi": "green",
    "dynamodb": "blue",
    "events": "magenta",
    "lambda": "yellow",
    "stepfunctions": "bright_red",
}

Command = Callable[..., Any]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pizzabar")
def main() -> None:
    """Run event-driven WebSocket back ends of AWS on your own machine."""


def _setting_options(command: Command) -> Command:
    """Give a command an option for each setting."""
    many, flags = repeated(), switches()
    for name, (meaning, default) in reversed(meanings().items()):
        shown = f"{meaning} [{default}]" if default else meaning
        if name in many:
            shape: dict[str, Any] = {"metavar": "NAME=VALUE", "multiple": True, "help": f"{shown}; may be repeated"}
        elif name in flags:
            shape = {"flag_value": "true", "is_flag": True, "default": None, "help": shown}
        else:
            shape = {"metavar": "VALUE", "help": shown}
        command = click.option(f"--{many.get(name, name).replace('_', '-')}", name, **shape)(command)
    return command


@main.command()
@click.argument("template_file", required=False, metavar="[TEMPLATE]")
@_setting_options
def up(template_file: str | None, **options: Any) -> None:
    """Run the server, for a template or for the pizza bar.

    It is the same as `uvicorn pizzabar.app:app`, with the options that suit it best. Each option is also an
    environment variable: --speed is PIZZABAR_SPEED.
    """
    if template_file is not None:
        options["template"] = template_file
    # The application reads its settings from the environment.
    environment = dict(os.environ)
    for name, given in options.items():
        variable = f"PIZZABAR_{name.upper()}"
        if isinstance(given, tuple):
            # Read from the first to the last: those of the command line win.
            given = f"{environment.get(variable, '')} {shlex.join(given)}".strip() if given else None
        if given is not None:
            environment[variable] = given
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    os.environ.update(environment)
    # Imported here, for it takes longer than all the rest of another command.
    from pizzabar.app import app
    from pizzabar.wire import server

    if not server.run(app, settings):
        sys.exit(3)


def _server_options(command: Command) -> Command:
    """Give a command the options that say which server it is to speak to."""
    port = click.option("--port", default=8000, envvar="PIZZABAR_PORT", show_default=True, help="the server's port")
    host = click.option("--host", default="localhost", show_default=True, help="the server's host")
    return port(host(command))


@main.command()
@click.argument("message")
@click.option("--stage", default="api", show_default=True, help="the stage to connect to")
@_server_options
def order(message: str, stage: str, host: str, port: int) -> None:
    """Send a message to the API, an order as JSON, and show the statuses as they arrive."""
    try:
        is_delivered = asyncio.run(_order(f"ws://{host}:{port}/{stage}", message))
    except OSError as error:
        raise click.ClickException(f"no server at {host}:{port} ({error}): start one with `pizzabar up`") from None
    except KeyboardInterrupt:
        sys.exit(130)
    if not is_delivered:
        sys.exit(1)


async def _order(address: str, message: str) -> bool:
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

    try:
        async with connect(address, compression=None, proxy=None) as socket:
            began = time.perf_counter()
            await socket.send(message)
            count = 0
            while True:
                frame = str(await socket.recv())
                status = _read_status(frame)
                if status is None:
                    click.echo(click.style(frame, fg="red"))
                    return False
                count += 1
                _show_progress(status, count, time.perf_counter() - began)
                if status == LAST_STATUS:
                    return True
    except (InvalidHandshake, InvalidURI) as error:
        raise click.ClickException(f"{address} was refused: {error}") from None
    except ConnectionClosed as error:
        raise click.ClickException(f"the connection was closed: {error}") from None


def _read_status(frame: str) -> str | None:
    """Read the status that a frame tells of; None when it tells of something else."""
    try:
        return str(json.loads(json.loads(frame)["message"])["status"])
    except (ValueError, LookupError, TypeError):
        return None


def _show_progress(status: str, count: int, seconds: float) -> None:
    count = min(count, STATUSES)
    bar = click.style("●" * count, fg="green") + click.style("○" * (STATUSES - count), dim=True)
    line = f"{bar}  {status:<40} {seconds:6.2f} s"
    is_last = status == LAST_STATUS
    if sys.stdout.isatty():
        # One line that grows; the cursor stays on it until the last.
        click.echo(f"\r\x1b[2K{line}", nl=is_last)
    else:
        click.echo(line)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="write each hop as one line of JSON")
@_server_options
def watch(as_json: bool, host: str, port: int) -> None:
    """Follow the journal of hops of a running server."""
    # Imported here, for it takes longer than all the rest of another command.
    import httpx

    address = f"http://{host}:{port}/_pizzabar/journal/follow"
    try:
        with httpx.stream("GET", address, timeout=None, trust_env=False) as response:
            if response.status_code != 200:
                raise click.ClickException(f"{address}: {response.status_code} {response.read().decode()}")
            for line in response.iter_lines():
                if line.startswith("data: "):
                    text = line.removeprefix("data: ")
                    click.echo(text if as_json else _show_hop(json.loads(text)))
    except httpx.TransportError as error:
        raise click.ClickException(f"no server at {host}:{port} ({error}): start one with `pizzabar up`") from None
    except KeyboardInterrupt:
        sys.exit(130)


def _show_hop(hop: dict[str, Any]) -> str:
    name = click.style(f"{hop['service']}:{hop['operation']}", fg=COLOURS.get(hop["service"], "white"))
    trace = click.style(hop["trace"][-6:], dim=True)
    took = f"{hop['milliseconds']:8.2f} ms"
    if hop["error"]:
        told = click.style(hop["error"], fg="red")
    else:
        told = _shorten(json.dumps(hop["parameters"], separators=(",", ":"), ensure_ascii=False))
    notes = "" if not hop["notes"] else click.style(f"  {json.dumps(hop['notes'])}", dim=True)
    return f"{hop['time'][11:23]} {trace} {took}  {name}  {told}{notes}"


def _shorten(text: str) -> str:
    """Keep what fits beside the rest of a line in a usual terminal."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
