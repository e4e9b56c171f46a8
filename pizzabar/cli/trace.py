"""``pizzabar trace``: the waterfall of a trace, from a client's frame to every push that followed from it."""

import shutil

import click

from pizzabar.cli.answers import asking, table, tell, time_of
from pizzabar.cli.server import ControlPlane, step
from pizzabar.cli.watch import COLOURS
from pizzabar.cli.waterfall import duration, waterfall


@click.command()
@click.argument("name", default="last", metavar="[TRACE | CONNECTION | EXECUTION]")
@click.option("--list", "lists", is_flag=True, help="list the traces of which something is kept")
@asking
def trace(name: str, lists: bool, as_json: bool, host: str, port: int) -> None:
    """Show what followed from a client's frame, and how long it took.

    A trace is named by its id, by a connection (its last message), or by an execution (name or ARN); without a name,
    the one that the last message began. Times in which nothing happened are folded.
    """
    control = ControlPlane(host, port)
    if lists:
        found = control.get("/traces")
        rows = [
            (
                each["id"],
                each["first"],
                time_of(each["began"]),
                each["hops"],
                each["errors"] or "",
                duration(each["seconds"]),
            )
            for each in found
        ]
        tell(as_json, found, table(("TRACES", "FIRST HOP", "BEGAN", "HOPS", "FAILED", "TIME"), rows))
        return
    answer = control.get(f"/traces/{step(name)}")
    tell(as_json, answer, waterfall(answer, shutil.get_terminal_size((120, 24)).columns, COLOURS))
