"""``pizzabar watch``: the journal of hops, as it happens."""

import json
from typing import Any

import click

from pizzabar.cli.server import ControlPlane, server_options

SHOWN = 100
COLOURS = {
    "apigateway": "cyan",
    "apigatewaymanagementapi": "green",
    "dynamodb": "blue",
    "events": "magenta",
    "lambda": "yellow",
    "scheduler": "bright_blue",
    "stepfunctions": "bright_red",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="write each hop as one line of JSON")
@click.option("--trace", help="only the hops of a trace")
@click.option("--service", help="only those of a service, by boto3's name; apigateway for frames")
@click.option("--operation", help="only those of an operation")
@click.option("--connection", help="only what a connection's frames began, and what is pushed to it")
@click.option("--errors", is_flag=True, help="only those that failed")
@click.option("--after", type=int, help="first the hops that began after that one; 0 for all that are kept")
@server_options
def watch(
    as_json: bool,
    trace: str | None,
    service: str | None,
    operation: str | None,
    connection: str | None,
    errors: bool,
    after: int | None,
    host: str,
    port: int,
) -> None:
    """Follow the journal of hops of a running server."""
    asked = {"trace": trace, "service": service, "operation": operation, "connection": connection}
    for hop in ControlPlane(host, port).follow("/journal/follow", **asked, errors=errors or None, after=after):
        click.echo(hop if as_json else _show_hop(json.loads(hop)))


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
