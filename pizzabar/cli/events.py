"""``pizzabar events`` and ``explain``: what was put on buses, which rules matched it, and why."""

from collections.abc import Iterable
from typing import Any

import click

from pizzabar.cli.answers import asking, cell_of, given_json, moment_of, table, tell
from pizzabar.cli.server import ControlPlane


@click.command()
@click.option("--bus", help="the name of a bus")
@click.option("--source", help="their source")
@click.option("--limit", default=20, show_default=True, help="how many")
@asking
def events(bus: str | None, source: str | None, limit: int, as_json: bool, host: str, port: int) -> None:
    """List the events that were put lately, newest first, and the rules that matched them."""
    found = ControlPlane(host, port).get("/events", bus=bus, source=source, limit=limit)
    rows = [
        (
            moment_of(each["time"]),
            each["bus"],
            each["source"],
            each["detail_type"],
            each["dropped"] or ", ".join(each["matched"]) or "no rule",
        )
        for each in found
    ]
    tell(as_json, found, table(("EVENTS", "BUS", "SOURCE", "DETAIL TYPE", "MATCHED"), rows))


@click.command()
@click.argument("event")
@click.option("--bus", help="the name or ARN of a bus, in place of the event's own")
@click.option("--rule", help="only that rule of it")
@click.option("--pattern", help="a pattern as JSON, or @FILE, in place of the rules")
@asking
def explain(
    event: str, bus: str | None, rule: str | None, pattern: str | None, as_json: bool, host: str, port: int
) -> None:
    """Tell why rules match an event or do not: by its id, or an event as JSON, or @FILE."""
    asked: dict[str, Any] = {"bus": bus, "rule": rule, "pattern": None if pattern is None else given_json(pattern)}
    asked |= {"event": given_json(event)} if event.startswith(("{", "@")) else {"id": event}
    found = ControlPlane(host, port).post("/events/explain", asked)

    def lines() -> Iterable[str]:
        for each in found:
            name = "the pattern" if each["rule"] is None else f"rule {each['rule']}"
            disabled = "" if each["is_enabled"] else ", and is not enabled"
            yield f"{name} {'matches' if each['matches'] else 'does not match'}{disabled}"
            for conjunction in each["conjunctions"]:
                for field in conjunction["fields"]:
                    met = click.style("✓", fg="green") if field["met"] else click.style("✗", fg="red")
                    wanted, held = cell_of(field["wanted"]), cell_of(field["found"])
                    yield f"  {met} {field['field']}  wants {wanted}  found {held}"
                if not conjunction["consistent"]:
                    yield "  ✗ but in different elements of one array"

    tell(as_json, found, lines())
