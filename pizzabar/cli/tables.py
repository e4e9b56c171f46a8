"""``pizzabar tables``: tables and their items."""

import json

import click

from pizzabar.cli.answers import asking, table, tell
from pizzabar.cli.server import ControlPlane, step


@click.group()
def tables() -> None:
    """List tables, or show the items of one."""


@tables.command("list")
@asking
def list_tables(as_json: bool, host: str, port: int) -> None:
    """List the tables."""
    found = ControlPlane(host, port).get("/tables")
    rows = [
        (each["name"], " ".join(f"{name}:{type}" for name, type in each["key"].items()), each["ttl"], each["items"])
        for each in found
    ]
    tell(as_json, found, table(("TABLES", "KEY", "TTL", "ITEMS"), rows))


@tables.command("show")
@click.argument("name")
@click.option("--limit", default=100, show_default=True, help="how many items")
@click.option("--after", help="the key after which to begin, as JSON")
@click.option("--typed", is_flag=True, help="write values with their types, as DynamoDB does")
@asking
def show_table(name: str, limit: int, after: str | None, typed: bool, as_json: bool, host: str, port: int) -> None:
    """Show the items of a table, an object of JSON on each line."""
    path = f"/tables/{step(name)}/items"
    page = ControlPlane(host, port).get(path, limit=limit, after=after, plain=not typed)
    tell(as_json, page, (json.dumps(item, ensure_ascii=False) for item in page["items"]))
    if page["next"] is not None and not as_json:
        click.echo(f"there are more: --after '{json.dumps(page['next'])}'", err=True)
