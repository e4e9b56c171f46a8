"""``pizzabar record``: a client's messages, turned into a pytest file."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pizzabar.cli.server import ControlPlane, server_options
from pizzabar.errors import PizzabarError


@click.command()
@click.argument("messages", nargs=-1)
@click.option("--template", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="the pizza bar's")
@click.option("--stage", help="the stage to connect to, where there is more than one")
@click.option("--connection", help="in place of MESSAGES: what a client of a running server has sent, by its id")
@click.option("--output", type=click.Path(path_type=Path), help="the file that is written (the terminal)")
@server_options
def record(
    messages: tuple[str, ...],
    template: Path | None,
    stage: str | None,
    connection: str | None,
    output: Path | None,
    host: str,
    port: int,
) -> None:
    """Send MESSAGES in a world of their own, and write a pytest file that wants to see the same again.

    A message that starts with @ and a number of seconds waits before it: '@10 {"type": "funghi"}'.
    """
    from pizzabar.testing.recording import Message, write_test
    from pizzabar.testing.world import World

    if bool(messages) == bool(connection):
        raise click.UsageError("give either messages or --connection")
    if connection is None:
        given = [Message(text, after) for after, text in map(_timed, messages)]
    else:
        given = [Message(text, after) for after, text in _sent(ControlPlane(host, port), connection)]
    settings: dict[str, Any] = {} if template is None else {"template": template}
    name = None if template is None else str(template)
    if template is not None and output is not None:
        name = str(_relative(template, output))
    opens = "" if name is None else f"pizzabar_template({name!r})"
    try:
        text = write_test(given, lambda: World(**settings), stage=stage, opens=opens)
    except PizzabarError as error:
        raise click.ClickException(str(error)) from None
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text)
        click.echo(f"wrote {output}")


def _timed(text: str) -> tuple[float, str]:
    head, _, rest = text.partition(" ")
    if head.startswith("@"):
        try:
            return float(head[1:]), rest
        except ValueError:
            pass
    return 0.0, text


def _sent(server: ControlPlane, connection: str) -> list[tuple[float, str]]:
    """Give what a client has sent, and how many seconds after the message before."""
    hops = server.get("/journal", connection=connection, service="apigateway")
    frames = [
        (datetime.fromisoformat(hop["time"]), hop["parameters"]["Body"])
        for hop in hops
        if hop["parameters"].get("Body") is not None and not hop["operation"].startswith("$connect")
    ]
    if not frames:
        raise click.ClickException(f"the journal knows of no message of {connection}")
    before = frames[0][0]
    sent = []
    for time, body in frames:
        sent.append(((time - before).total_seconds(), body))
        before = time
    return sent


def _relative(template: Path, output: Path) -> Path:
    """Give the template's path from the folder of the test."""
    return Path(os.path.relpath(template, output.parent))
