"""``pizzabar order``: an order, and its statuses as they arrive."""

import asyncio
import json
import sys
import time

import click

from pizzabar.cli.server import ControlPlane, server_options

LAST_STATUS = "order delivered"
REFUSED = "order refused"
STATUSES = 6


@click.command()
@click.argument("message")
@click.option("--stage", default="api", show_default=True, help="the stage to connect to")
@server_options
def order(message: str, stage: str, host: str, port: int) -> None:
    """Send a message to the API, an order as JSON, and show the statuses as they arrive."""
    try:
        is_delivered = asyncio.run(_order(f"ws://{host}:{port}/{stage}", message))
    except OSError as error:
        raise ControlPlane(host, port).unreachable(error) from None
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
                    is_refused = is_refusal(frame)
                    click.echo(click.style(frame, fg="red" if is_refused else "bright_black"))
                    if is_refused:
                        return False
                    continue
                if status.startswith(REFUSED):
                    click.echo(click.style(status, fg="red"))
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


def is_refusal(frame: str) -> bool:
    """Tell whether a frame is an error of the API, or of what answers it; an answer to the order is none.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-routes-integrations.html
    """
    try:
        told = json.loads(frame)
    except ValueError:
        return True
    return not isinstance(told, dict) or "connectionId" in told or "__type" in told or "errorMessage" in told


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
