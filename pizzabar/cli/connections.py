"""``pizzabar connections``: who is connected."""

import click

from pizzabar.cli.answers import asking, table, tell, time_of
from pizzabar.cli.server import ControlPlane, server_options, step


@click.group()
def connections() -> None:
    """List who is connected, push to a client, or close its connection."""


@connections.command("list")
@asking
def list_connections(as_json: bool, host: str, port: int) -> None:
    """List the connections that are open."""
    found = ControlPlane(host, port).get("/connections")
    rows = [
        (
            each["id"],
            each["stage"],
            time_of(each["connected_at"]),
            time_of(each["last_active_at"]),
            each["user_agent"],
        )
        for each in found
    ]
    tell(as_json, found, table(("CONNECTIONS", "STAGE", "SINCE", "LAST ACTIVE", "USER AGENT"), rows))


@connections.command()
@click.argument("connection")
@click.argument("text")
@server_options
def push(connection: str, text: str, host: str, port: int) -> None:
    """Push a text frame to a client."""
    ControlPlane(host, port).post(f"/connections/{step(connection)}/messages", {"text": text})


@connections.command()
@click.argument("connection")
@click.option("--code", default=1000, show_default=True, help="the close code")
@click.option("--reason", default="Connection Closed Normally", help="the reason")
@server_options
def close(connection: str, code: int, reason: str, host: str, port: int) -> None:
    """Close a connection."""
    ControlPlane(host, port).post(f"/connections/{step(connection)}/close", {"code": code, "reason": reason})
