"""``pizzabar test-machine``, ``graph`` and ``replay``: definitions on their own, without a server."""

import asyncio
import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from pizzabar.cli.executions import flow_lines
from pizzabar.stepfunctions.errors import InvalidDefinition

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _checked(path: Path) -> Any:
    """Read a definition; what is wrong with it ends the command."""
    from pizzabar.stepfunctions.definition import read_definition

    try:
        return read_definition(path.read_text())
    except InvalidDefinition as error:
        for each in error.diagnostics:
            click.echo(f"{path}: {each}", err=True)
        raise click.exceptions.Exit(1) from None


@click.command()
@click.argument("definition", type=FILE)
@click.option("--format", "format_", type=click.Choice(["svg", "mermaid"]), default="svg", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="the file that is written (the terminal)")
def graph(definition: Path, format_: str, output: Path | None) -> None:
    """Draw a definition."""
    from pizzabar.stepfunctions.graph import read_graph, to_mermaid, to_svg

    level = read_graph(_checked(definition).definition)
    text = to_svg(level) if format_ == "svg" else to_mermaid(level)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text)
        click.echo(f"wrote {output}")


@click.command()
@click.argument("history", type=FILE)
@click.argument("definition", type=FILE)
@click.option("--flow", is_flag=True, help="with how data flowed through the states")
@click.option("--json", "as_json", is_flag=True, help="write what was found as JSON")
def replay(history: Path, definition: Path, flow: bool, as_json: bool) -> None:
    """Run the history of an execution against a definition, and show the first difference.

    HISTORY is what `aws stepfunctions get-execution-history` writes. The command ends with 1 when there is one.
    """
    from pizzabar.stepfunctions.replay import NotAHistory
    from pizzabar.stepfunctions.replay import replay as replayed

    machine = _checked(definition)
    try:
        read = json.loads(history.read_text())
        found = replayed(machine, read["events"] if isinstance(read, dict) else read)
    except (ValueError, KeyError, TypeError, NotAHistory) as error:
        raise click.ClickException(f"{history} is not a history: {error}") from None
    states = [
        {"event": each.event, "state": each.state, "points": [{"name": n, "value": v} for n, v in each.points]}
        for each in sorted(found.flow.values(), key=lambda each: each.event)
    ]
    difference = found.difference
    if as_json:
        told = None if difference is None else {"recorded": difference.recorded, "replayed": difference.replayed}
        click.echo(json.dumps({"matched": found.matched, "difference": told, "states": states}, indent=2))
    else:
        for line in flow_lines(states) if flow else ():
            click.echo(line)
        if difference is None:
            click.echo(f"the same: {found.matched} events")
        else:
            click.echo(f"{found.matched} events are the same, then:")
            for line in _difference_lines(difference):
                click.echo(line)
    if difference is not None:
        raise click.exceptions.Exit(1)


def _difference_lines(difference: Any) -> Iterable[str]:
    recorded, replayed = difference.recorded, difference.replayed
    if recorded is None:
        yield f"  {replayed['type']} follows, which was not recorded"
    elif replayed is None:
        yield f"  event {recorded['id']}, {recorded['type']}, does not follow"
    elif recorded["type"] != replayed["type"]:
        yield f"  event {recorded['id']} was {recorded['type']}, and is {replayed['type']}"
    else:
        yield f"  event {recorded['id']}, {recorded['type']}:"
    for name, was, now in difference.members() if None not in (recorded, replayed) else ():
        if name != "type":
            yield f"    {name} was {json.dumps(was, ensure_ascii=False)}"
            yield f"    {' ' * len(name)}  is {json.dumps(now, ensure_ascii=False)}"


@click.command("test-machine")
@click.argument("definition", type=FILE)
@click.option("--input", "given", default="{}", show_default=True, help="the input, as JSON")
@click.option("--until", help="the state at whose entry it is left")
@click.option("--template", type=FILE, help="a template whose resources its tasks may use")
@click.option("--mocks", type=FILE, help="a mock configuration of Step Functions Local")
@click.option("--case", help="the test case of the mocks")
@click.option("--json", "as_json", is_flag=True, help="write what has come of it as JSON")
def test_machine(
    definition: Path,
    given: str,
    until: str | None,
    template: Path | None,
    mocks: Path | None,
    case: str | None,
    as_json: bool,
) -> None:
    """Run a definition once, at once, and show how data flowed through its states.

    Waits take no time. Tasks ask what the template makes, or get what the mocks say.
    """
    from pizzabar.settings import Settings, SettingsError

    _checked(definition)
    environment = {"PIZZABAR_STATE": ":memory:", "PIZZABAR_CLOCK": "virtual"}
    if template is not None:
        environment["PIZZABAR_TEMPLATE"] = str(template)
    if mocks is not None:
        environment["PIZZABAR_MOCKS"] = str(mocks)
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    found = asyncio.run(_run(settings, definition.read_text(), given, case, until))
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for line in flow_lines(found["states"]):
            click.echo(line)
        click.echo(f"{found['status']}  {found.get('output') or ''}".rstrip())
        for name in ("error", "cause"):
            if found.get(name) is not None:
                click.echo(f"  {name}  {found[name]}")
    if found["status"] not in ("SUCCEEDED", "RUNNING"):
        raise click.exceptions.Exit(1)


async def _run(settings: Any, definition: str, given: str, case: str | None, until: str | None) -> Any:
    from pizzabar.emulator import Emulator
    from pizzabar.errors import ServiceError
    from pizzabar.stepfunctions.replay import replay as replayed

    emulator = await Emulator.open(settings)
    try:
        name = next(iter(settings.mocks.machines_with(case)), "test") if settings.mocks and case else "test"
        made = {"name": name, "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/test"}
        machine = await emulator.call("stepfunctions", "CreateStateMachine", made)
        arn = machine["stateMachineArn"] + (f"#{case}" if case else "")
        started = await emulator.call("stepfunctions", "StartExecution", {"stateMachineArn": arn, "input": given})
        arn = started["executionArn"]
        executions = emulator.executions
        await emulator.settled()
        while (record := await executions.describe(arn)).execution.status == "RUNNING":
            if until is not None and _has_entered(await executions.history(arn), until):
                break
            if (due := emulator.clock.current.next_call()) is None:
                # It waits for somebody to answer a task.
                break
            await emulator.advance(max(due - emulator.clock.now(), timedelta()))
        history = await executions.history(arn)
        if until is not None:
            history = _cut(history, until)
        flow = replayed(await executions.machine(arn), history, record.execution).flow
    except ServiceError as error:
        raise click.ClickException(str(error)) from None
    finally:
        await emulator.close()
    left = until is not None and _has_entered(history, until)
    described = {"status": "RUNNING", "left": until} if left else _outcome(record)
    states = [
        {"event": each.event, "state": each.state, "points": [{"name": n, "value": v} for n, v in each.points]}
        for each in sorted(flow.values(), key=lambda each: each.event)
        if not left or each.event <= history[-1]["id"]
    ]
    return {**described, "states": states}


def _outcome(record: Any) -> dict[str, Any]:
    execution = record.execution
    output = json.dumps(execution.output, ensure_ascii=False) if execution.status == "SUCCEEDED" else None
    return {"status": execution.status, "output": output, "error": execution.error, "cause": execution.cause}


def _has_entered(history: Iterable[Any], state: str) -> bool:
    return any((event.get("stateEnteredEventDetails") or {}).get("name") == state for event in history)


def _cut(history: Any, state: str) -> Any:
    """Give a history up to where a state is entered."""
    for at, event in enumerate(history):
        if (event.get("stateEnteredEventDetails") or {}).get("name") == state:
            return history[: at + 1]
    return history
