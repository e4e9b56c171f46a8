"""``pizzabar resources``: what the template came to."""

from collections.abc import Iterable

import click

from pizzabar.cli.answers import asking, table, tell
from pizzabar.cli.server import ControlPlane


@click.command()
@asking
def resources(as_json: bool, host: str, port: int) -> None:
    """List the resources of the stack, and its outputs."""
    stack = ControlPlane(host, port).get("/resources")

    def lines() -> Iterable[str]:
        rows = [(each["logical_id"], each["type"], each["ref"]) for each in stack["resources"]]
        yield from table(("RESOURCES", "TYPE", "REF"), rows)
        if stack["outputs"]:
            yield ""
            outputs = [(name, output["value"]) for name, output in stack["outputs"].items()]
            yield from table(("OUTPUTS", "VALUE"), outputs)

    tell(as_json, stack, lines())
