"""``pizzabar render``: a mapping template, tried."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from pizzabar.cli.answers import asking, cell_of, given, read, tell
from pizzabar.cli.server import ControlPlane


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
        "body": given(body),
        "event_type": event_type,
        "context": _pairs(context),
        "stage_variables": _pairs(stage_variable),
    }
    trial |= {"template": read(file)} if file.exists() else {"integration": template}
    rendered = ControlPlane(host, port).post("/mapping-templates/render", trial)

    def lines() -> Iterable[str]:
        if trace:
            for piece in rendered["pieces"]:
                place = f"{piece['template']['line']}:{piece['template']['column']}"
                source = "" if piece["kind"] == "text" else piece["template"]["source"]
                yield f"{place:>7}  {cell_of(source):<24}  {json.dumps(piece['text'], ensure_ascii=False)}"
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
