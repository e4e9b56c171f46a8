"""What a terminal asks of a running server, beside orders and the journal: the control plane as commands."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pizzabar.cli.server import Command, ControlPlane, server_options

WIDEST = 60


def asking(command: Callable[..., None]) -> Command:
    """Give a command the options of all of these: which server, and whether as JSON."""
    as_json = click.option("--json", "as_json", is_flag=True, help="write what the server answers, as JSON")
    return as_json(server_options(command))


def tell(as_json: bool, answer: Any, lines: Iterable[str]) -> None:
    """Write an answer."""
    if as_json:
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for line in lines:
        click.echo(line)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterable[str]:
    """Write rows in columns."""
    written = [[_cell(cell) for cell in row] for row in rows]
    if not written:
        yield click.style(f"no {heads[0].lower()}", dim=True)
        return
    widths = [max(len(row[column]) for row in (heads, *written)) for column in range(len(heads))]
    yield click.style(
        "  ".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)).rstrip(), dim=True
    )
    for row in written:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _time(text: str | None) -> str:
    return "" if text is None else datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")


# Clock


@click.group()
def clock() -> None:
    """Read the clock, set it, or move it."""


def _tell_clock(as_json: bool, read: Any) -> None:
    speed = "" if read["speed"] in (None, 1) else f" at speed {read['speed']:g}"
    due = "nothing is due" if read["next_call"] is None else f"next at {_time(read['next_call'])}"
    tell(as_json, read, [f"{_time(read['now'])}  {read['mode']}{speed}, {due}"])


@clock.command("get")
@asking
def get_clock(as_json: bool, host: str, port: int) -> None:
    """Read the clock."""
    _tell_clock(as_json, ControlPlane(host, port).get("/clock"))


@clock.command("set")
@click.argument("mode", type=click.Choice(["real", "virtual", "auto"]))
@click.option("--speed", default=1.0, help="by which waits are divided, in real time")
@asking
def set_clock(mode: str, speed: float, as_json: bool, host: str, port: int) -> None:
    """Let the clock go on in another mode."""
    _tell_clock(as_json, ControlPlane(host, port).post("/clock", {"mode": mode, "speed": speed}))


@clock.command()
@click.argument("seconds", type=float)
@asking
def advance(seconds: float, as_json: bool, host: str, port: int) -> None:
    """Let virtual time pass, and wait until what was due has settled."""
    _tell_clock(as_json, ControlPlane(host, port).post("/clock/advance", {"seconds": seconds}))


@clock.command("next")
@asking
def next_call(as_json: bool, host: str, port: int) -> None:
    """Let virtual time pass until the next call that the clock owes."""
    _tell_clock(as_json, ControlPlane(host, port).post("/clock/next"))


@click.command()
@asking
def settled(as_json: bool, host: str, port: int) -> None:
    """Wait until nothing is left to happen at the present time."""
    _tell_clock(as_json, ControlPlane(host, port).post("/settled"))


# Connections


@click.group()
def connections() -> None:
    """List who is connected, push to a client, or close its connection."""


@connections.command("list")
@asking
def list_connections(as_json: bool, host: str, port: int) -> None:
    """List the connections that are open."""
    found = ControlPlane(host, port).get("/connections")
    rows = [
        (each["id"], each["stage"], _time(each["connected_at"]), _time(each["last_active_at"]), each["user_agent"])
        for each in found
    ]
    tell(as_json, found, table(("CONNECTIONS", "STAGE", "SINCE", "LAST ACTIVE", "USER AGENT"), rows))


@connections.command()
@click.argument("connection")
@click.argument("text")
@server_options
def push(connection: str, text: str, host: str, port: int) -> None:
    """Push a text frame to a client."""
    ControlPlane(host, port).post(f"/connections/{connection}/messages", {"text": text})


@connections.command()
@click.argument("connection")
@click.option("--code", default=1000, show_default=True, help="the close code")
@click.option("--reason", default="Connection Closed Normally", help="the reason")
@server_options
def close(connection: str, code: int, reason: str, host: str, port: int) -> None:
    """Close a connection."""
    ControlPlane(host, port).post(f"/connections/{connection}/close", {"code": code, "reason": reason})


# Executions


@click.group()
def executions() -> None:
    """List executions, show where one stands, or stop it."""


@executions.command("list")
@click.option("--state-machine", help="the name or ARN of a state machine")
@click.option(
    "--status", type=click.Choice(["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]), help="their status"
)
@click.option("--limit", default=20, show_default=True, help="how many")
@asking
def list_executions(
    state_machine: str | None, status: str | None, limit: int, as_json: bool, host: str, port: int
) -> None:
    """List executions, those started last first."""
    page = ControlPlane(host, port).get("/executions", state_machine=state_machine, status=status, limit=limit)
    rows = [
        (each["name"], each["state_machine"], each["status"], _time(each["started"]), ", ".join(each["states"]))
        for each in page["executions"]
    ]
    tell(as_json, page, table(("EXECUTIONS", "STATE MACHINE", "STATUS", "STARTED", "STATES"), rows))


def _arn(control: ControlPlane, execution: str) -> str:
    """Give the ARN of an execution that is named by it or by its name."""
    if execution.startswith("arn:"):
        return execution
    for each in control.get("/executions", limit=1000)["executions"]:
        if each["name"] == execution:
            return str(each["arn"])
    raise click.ClickException(f"there is no execution {execution} among the last thousand")


@executions.command()
@click.argument("execution")
@click.option("--history", is_flag=True, help="with its history")
@asking
def show(execution: str, history: bool, as_json: bool, host: str, port: int) -> None:
    """Show where an execution stands, by its name or ARN."""
    control = ControlPlane(host, port)
    arn = _arn(control, execution)
    details = control.get(f"/executions/{arn}")
    events = control.get(f"/executions/{arn}/history") if history else []
    if history:
        details["history"] = events

    def lines() -> Iterable[str]:
        ended = f", stopped {_time(details['stopped'])}" if details["stopped"] else ""
        yield f"{details['name']}  {details['status']}, started {_time(details['started'])}{ended}"
        for state in details["current"]:
            until = f" until {_time(state['until'])}" if state["until"] else ""
            waits = f" waits for {state['waits_for']}{until}" if state["waits_for"] else ""
            yield f"  in {state['name']} since {_time(state['entered'])}:{waits or ' is being carried on'}"
        for name in ("input", "output", "error", "cause"):
            if details[name] is not None:
                yield f"  {name:<7} {_cell(details[name])}"
        yield f"  trace   {details['trace']}"
        for event in events:
            named = next(
                (value["name"] for value in event.values() if isinstance(value, dict) and "name" in value), ""
            )
            yield f"  {event['id']:>4}  {event['type']}  {named}".rstrip()

    tell(as_json, details, lines())


@executions.command()
@click.argument("execution")
@click.option("--error", help="the error that it ends with")
@click.option("--cause", help="the cause")
@asking
def stop(execution: str, error: str | None, cause: str | None, as_json: bool, host: str, port: int) -> None:
    """Abort an execution, by its name or ARN."""
    control = ControlPlane(host, port)
    stopped = control.post(f"/executions/{_arn(control, execution)}/stop", {"error": error, "cause": cause})
    tell(as_json, stopped, [f"{stopped['name']}  {stopped['status']}"])


# Events, tables, logs, resources


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
            each["time"][11:23],
            each["bus"],
            each["source"],
            each["detail_type"],
            each["dropped"] or ", ".join(each["matched"]) or "no rule",
        )
        for each in found
    ]
    tell(as_json, found, table(("EVENTS", "BUS", "SOURCE", "DETAIL TYPE", "MATCHED"), rows))


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
@asking
def show_table(name: str, limit: int, as_json: bool, host: str, port: int) -> None:
    """Show the items of a table, an object of JSON on each line."""
    page = ControlPlane(host, port).get(f"/tables/{name}/items", limit=limit)
    tell(as_json, page, (json.dumps(item, ensure_ascii=False) for item in page["items"]))


@click.command()
@click.argument("group", required=False)
@click.option("--text", help="only the lines that contain it")
@click.option("--limit", default=100, show_default=True, help="how many lines")
@asking
def logs(group: str | None, text: str | None, limit: int, as_json: bool, host: str, port: int) -> None:
    """List the log groups, or write the lines of one."""
    control = ControlPlane(host, port)
    if group is None:
        found = control.get("/logs")
        rows = [(each["name"], len(each["streams"]), each["retention_days"]) for each in found]
        tell(as_json, found, table(("LOG GROUPS", "STREAMS", "DAYS KEPT"), rows))
        return
    lines = control.get("/logs/events", group=group, text=text, limit=limit)
    tell(as_json, lines, (f"{line['time'][11:23]}  {line['message'].rstrip()}" for line in lines))


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


# Mapping templates


@click.command()
@click.argument("template")
@click.option("--body", default="", help="the message that it is rendered with, or @FILE")
@click.option("--event-type", type=click.Choice(["CONNECT", "MESSAGE", "DISCONNECT"]), default="MESSAGE")
@click.option("--context", "context", multiple=True, metavar="NAME=VALUE", help="a variable of $context")
@click.option("--stage-variable", multiple=True, metavar="NAME=VALUE", help="a stage variable")
@click.option("--trace", is_flag=True, help="tell which piece of output came from where")
@asking
def render(
    template: str,
    body: str,
    event_type: str,
    context: tuple[str, ...],
    stage_variable: tuple[str, ...],
    trace: bool,
    as_json: bool,
    host: str,
    port: int,
) -> None:
    """Render a mapping template: a file, or an integration of the stack by its logical ID."""
    file = Path(template)
    trial: dict[str, Any] = {
        "body": Path(body[1:]).read_text() if body.startswith("@") else body,
        "event_type": event_type,
        "context": _pairs(context),
        "stage_variables": _pairs(stage_variable),
    }
    trial |= {"template": file.read_text()} if file.is_file() else {"integration": template}
    rendered = ControlPlane(host, port).post("/mapping-templates/render", trial)

    def lines() -> Iterable[str]:
        if trace:
            for piece in rendered["pieces"]:
                place = f"{piece['template']['line']}:{piece['template']['column']}"
                source = "" if piece["kind"] == "text" else piece["template"]["source"]
                yield f"{place:>7}  {_cell(source):<24}  {json.dumps(piece['text'], ensure_ascii=False)}"
        else:
            yield rendered["output"]

    tell(as_json, rendered, lines())
    if rendered["faults"] and not as_json:
        raise click.ClickException(
            "; ".join(f"{fault['line']}:{fault['column']}: {fault['message']}" for fault in rendered["faults"])
        )


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise click.BadParameter(f"write it as NAME=VALUE: {wrong[0]}")
    return {name: value for name, _, value in pairs}


COMMANDS: tuple[click.Command, ...] = (
    clock,
    settled,
    connections,
    executions,
    events,
    tables,
    logs,
    resources,
    render,
)
