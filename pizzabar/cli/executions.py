"""``pizzabar executions``: what runs, where it stands, and how it came there."""

import json
from collections.abc import Iterable
from typing import Any

import click

from pizzabar.cli.answers import asking, cell_of, table, tell, time_of
from pizzabar.cli.server import ControlPlane, step


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
        (each["name"], each["state_machine"], each["status"], time_of(each["started"]), ", ".join(each["states"]))
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
@click.option("--flow", is_flag=True, help="with how data flowed through its states")
@asking
def show(execution: str, history: bool, flow: bool, as_json: bool, host: str, port: int) -> None:
    """Show where an execution stands, by its name or ARN."""
    control = ControlPlane(host, port)
    arn = _arn(control, execution)
    details = control.get(f"/executions/{step(arn)}")
    events = control.get(f"/executions/{step(arn)}/history") if history else []
    if history:
        details["history"] = events
    flowed = control.get(f"/executions/{step(arn)}/flow") if flow else None
    if flowed is not None:
        details["flow"] = flowed

    def lines() -> Iterable[str]:
        ended = f", stopped {time_of(details['stopped'])}" if details["stopped"] else ""
        yield f"{details['name']}  {details['status']}, started {time_of(details['started'])}{ended}"
        for state in details["current"]:
            until = f" until {time_of(state['until'])}" if state["until"] else ""
            waits = f" waits for {state['waits_for']}{until}" if state["waits_for"] else ""
            yield f"  in {state['name']} since {time_of(state['entered'])}:{waits or ' is being carried on'}"
            if state["task_token"]:
                # Whole, for it is wanted to be copied.
                yield f"    token {state['task_token']}"
        for name in ("input", "output", "error", "cause"):
            if details[name] is not None:
                yield f"  {name:<7} {cell_of(details[name])}"
        yield f"  trace   {details['trace']}"
        for event in events:
            named = next(
                (value["name"] for value in event.values() if isinstance(value, dict) and "name" in value), ""
            )
            yield f"  {event['id']:>4}  {event['type']}  {named}".rstrip()
        if flowed is not None:
            yield from flow_lines(flowed["states"])

    tell(as_json, details, lines())


def flow_lines(states: Iterable[dict[str, Any]]) -> Iterable[str]:
    """Write how data flowed through states."""
    for visit in states:
        yield f"  {visit['event']:>4}  {click.style(visit['state'], bold=True)}"
        for point in visit["points"]:
            text = json.dumps(point["value"], ensure_ascii=False)
            yield f"        {point['name']:<20} {text}"


@executions.command()
@click.argument("execution")
@click.option("--error", help="the error that it ends with")
@click.option("--cause", help="the cause")
@asking
def stop(execution: str, error: str | None, cause: str | None, as_json: bool, host: str, port: int) -> None:
    """Abort an execution, by its name or ARN."""
    control = ControlPlane(host, port)
    stopped = control.post(f"/executions/{step(_arn(control, execution))}/stop", {"error": error, "cause": cause})
    tell(as_json, stopped, [f"{stopped['name']}  {stopped['status']}"])
