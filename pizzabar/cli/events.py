"""``pizzabar events`` and ``explain``: what was put on buses, which rules matched it, and why; and putting events."""

import json
from collections.abc import Iterable
from typing import Any

import click

from pizzabar.cli.answers import asking, cell_of, given_json, moment_of, table, tell
from pizzabar.cli.server import Command, ControlPlane, server_options, step

EDITABLE = ("source", "detail-type", "detail", "resources", "time")
HEADS = ("EVENTS", "BUS", "SOURCE", "DETAIL TYPE", "MATCHED")


def choosing(command: Command) -> Command:
    """Give a command the options that choose among events."""
    pattern = click.option("--pattern", help="only what an event pattern matches: JSON, or @FILE")
    source = click.option("--source", help="only those of a source")
    return click.option("--bus", help="only those put on a bus, by name or ARN")(source(pattern(command)))


@click.group(invoke_without_command=True)
@choosing
@click.option("--limit", default=20, show_default=True, help="how many")
@asking
@click.pass_context
def events(
    context: click.Context,
    bus: str | None,
    source: str | None,
    pattern: str | None,
    limit: int,
    as_json: bool,
    host: str,
    port: int,
) -> None:
    """List the events that were put lately, newest first, and the rules that matched them; or do more with them."""
    if context.invoked_subcommand is not None:
        return
    asked = {"bus": bus, "source": source, "pattern": _text(pattern), "limit": limit}
    found = ControlPlane(host, port).get("/events", **asked)
    tell(as_json, found, table(HEADS, map(_row, found)))


@events.command()
@click.argument("event")
@asking
def show(event: str, as_json: bool, host: str, port: int) -> None:
    """Show an event as rules see it, by its id."""
    found = ControlPlane(host, port).get(f"/events/{step(event)}")
    matched = ", ".join(found["matched"]) or "no rule"
    tell(as_json, found, (json.dumps(found["event"], indent=2), f"on {found['bus']}: {matched}"))


@events.command()
@click.argument("source")
@click.argument("detail_type")
@click.argument("detail", default="{}")
@click.option("--bus", help="the name or ARN of the bus")
@click.option("--resource", "resources", multiple=True, help="an ARN that the event is about; may be repeated")
@asking
def put(
    source: str,
    detail_type: str,
    detail: str,
    bus: str | None,
    resources: tuple[str, ...],
    as_json: bool,
    host: str,
    port: int,
) -> None:
    """Put an event: its source, its detail type, and its detail as JSON or @FILE."""
    given = {
        "source": source,
        "detail_type": detail_type,
        "detail": _object(given_json(detail), "the detail"),
        "bus": bus,
        "resources": list(resources) or None,
    }
    found = ControlPlane(host, port).post("/events", given)
    tell(as_json, found, _told(found))


@events.command()
@choosing
@click.option("--after", type=int, help="first what was put after that hop; 0 for all that is kept")
@click.option("--json", "as_json", is_flag=True, help="write each event as one line of JSON")
@server_options
def tail(
    bus: str | None,
    source: str | None,
    pattern: str | None,
    after: int | None,
    as_json: bool,
    host: str,
    port: int,
) -> None:
    """Follow the events that are put."""
    asked = {"bus": bus, "source": source, "pattern": _text(pattern), "after": after}
    for data in ControlPlane(host, port).follow("/events/follow", **asked):
        for each in json.loads(data):
            if as_json:
                click.echo(json.dumps(each, ensure_ascii=False))
                continue
            name = click.style(f"{each['source']} {each['detail_type']}", fg="magenta")
            click.echo(f"{moment_of(each['time'])}  {name}  {cell_of(each['detail'])}  {_outcome(each)}")


@events.command()
@click.argument("event")
@click.option("--set", "changes", multiple=True, metavar="PATH=JSON", help='a member of the event: detail.size="L"')
@click.option("--detail", help="another detail: JSON, or @FILE")
@click.option("--bus", help="another bus, by name or ARN")
@asking
def resend(
    event: str, changes: tuple[str, ...], detail: str | None, bus: str | None, as_json: bool, host: str, port: int
) -> None:
    """Put a past event again, by its id, as it was or edited."""
    server = ControlPlane(host, port)
    given: dict[str, Any] = {"id": event, "bus": bus}
    if detail is not None:
        given["detail"] = _object(given_json(detail), "the detail")
    if changes:
        past = server.get(f"/events/{step(event)}")["event"]
        edited = {**past, "detail": given.get("detail", past["detail"])}
        for change in changes:
            _change(edited, change)
        for name in edited:
            if name not in EDITABLE and edited[name] != past.get(name):
                raise click.UsageError(f"{name} cannot be set: it is made anew. There are {', '.join(EDITABLE)}")
        given |= {
            "source": edited["source"],
            "detail_type": edited["detail-type"],
            "detail": _object(edited["detail"], "the detail"),
            "resources": edited["resources"],
        } | ({"time": edited["time"]} if edited["time"] != past["time"] else {})
    found = server.post("/events", given)
    tell(as_json, found, _told(found))


@events.command()
@click.option("--pattern", help="only what an event pattern matches: JSON, or @FILE")
@click.option("--from-bus", help="only those that were put on a bus, by name or ARN")
@click.option("--bus", help="put them on another bus, by name or ARN")
@click.option("--limit", default=100, show_default=True, help="the last so many")
@asking
def replay(
    pattern: str | None, from_bus: str | None, bus: str | None, limit: int, as_json: bool, host: str, port: int
) -> None:
    """Put past events again, in their order: all that the journal still knows of, or what a pattern matches.

    For events of an archive, see `aws events start-replay`.
    """
    read = None if pattern is None else _object(given_json(pattern), "the pattern")
    asked = {"pattern": read, "from_bus": from_bus, "bus": bus, "limit": limit}
    found = ControlPlane(host, port).post("/events/replay", asked)
    tell(as_json, found, table(HEADS, map(_row, found)))


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


events.add_command(explain)


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    return moment_of(each["time"]), each["bus"], each["source"], each["detail_type"], _outcome(each)


def _outcome(each: dict[str, Any]) -> str:
    """Say in a few words what became of an event."""
    if each["dropped"]:
        return str(each["dropped"])
    if each["matched"]:
        return ", ".join(each["matched"])
    return "; ".join(["no rule", *map(_near, each["nearest"][:1])])


def _near(near: dict[str, Any]) -> str:
    """Say what kept the nearest rule from matching."""
    if not near["missed"]:
        return f"{near['rule']} wants all its fields in one element of an array"
    missed = near["missed"][0]
    found = ", ".join(map(cell_of, missed["found"])) or "nothing"
    return f"{near['rule']} wants {missed['field']} {cell_of(missed['wanted'])}, not {found}"


def _told(each: dict[str, Any]) -> Iterable[str]:
    """Say what became of an event that was put."""
    yield f"{each['id'] or 'refused'}  {_outcome(each)}"


def _text(pattern: str | None) -> str | None:
    return None if pattern is None else json.dumps(given_json(pattern))


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise click.ClickException(f"{what} is to be a JSON object")
    return value


def _change(event: dict[str, Any], change: str) -> None:
    """Set a member of an event to another value; what is no JSON is a text."""
    path, equals, text = change.partition("=")
    if not equals:
        raise click.ClickException(f"--set wants PATH=JSON, not {change}")
    *way, last = path.split(".")
    owner = event
    for name in way:
        owner = owner.setdefault(name, {})
        if not isinstance(owner, dict):
            raise click.ClickException(f"{name} of {path} is no object")
    try:
        owner[last] = json.loads(text)
    except ValueError:
        owner[last] = text
