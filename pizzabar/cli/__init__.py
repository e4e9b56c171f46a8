"""The command line: run a server, order a pizza from it, watch what it does, and ask it."""

import os
import shlex
import sys
from collections.abc import Callable
from typing import Any

import click

from pizzabar import __version__
from pizzabar.cli.build import build
from pizzabar.cli.ca import ca
from pizzabar.cli.clock import clock, settled
from pizzabar.cli.connections import connections
from pizzabar.cli.events import events, explain
from pizzabar.cli.executions import executions
from pizzabar.cli.iam import iam
from pizzabar.cli.lint import lint
from pizzabar.cli.logs import logs
from pizzabar.cli.machines import graph, replay, test_machine
from pizzabar.cli.order import order
from pizzabar.cli.record import record
from pizzabar.cli.render import render
from pizzabar.cli.resources import resources
from pizzabar.cli.tables import tables
from pizzabar.cli.trace import trace
from pizzabar.cli.watch import watch
from pizzabar.settings import Settings, SettingsError, meanings, option_names, repeated, switches

Command = Callable[..., Any]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pizzabar")
def main() -> None:
    """Run event-driven WebSocket back ends of AWS on your own machine."""


def _setting_options(command: Command) -> Command:
    """Give a command an option for each setting."""
    names, many, flags = option_names(), repeated(), switches()
    for name, (meaning, default) in reversed(meanings().items()):
        shown = f"{meaning} [{default}]" if default else meaning
        if name in many:
            shape: dict[str, Any] = {"metavar": "NAME=VALUE", "multiple": True, "help": f"{shown}; may be repeated"}
        elif name in flags:
            shape = {"flag_value": "true", "is_flag": True, "default": None, "help": shown}
        else:
            shape = {"metavar": "VALUE", "help": shown}
        command = click.option(f"--{names.get(name, name).replace('_', '-')}", name, **shape)(command)
    return command


@main.command()
@click.argument("template_file", required=False, metavar="[TEMPLATE]")
@_setting_options
def up(template_file: str | None, **options: Any) -> None:
    """Run the server, for a template or for the pizza bar.

    It is the same as `uvicorn pizzabar.app:app`, with the options that suit it best. Each option is also an
    environment variable: --speed is PIZZABAR_SPEED.
    """
    if template_file is not None:
        options["template"] = template_file
    # The application reads its settings from the environment.
    environment = dict(os.environ)
    for name, given in options.items():
        variable = f"PIZZABAR_{name.upper()}"
        if isinstance(given, tuple):
            # Read from the first to the last: those of the command line win.
            given = f"{environment.get(variable, '')} {shlex.join(given)}".strip() if given else None
        if given is not None:
            environment[variable] = given
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    os.environ.update(environment)
    # Imported here, for it takes longer than all the rest of another command.
    from pizzabar.app import app
    from pizzabar.wire import server

    if not server.run(app, settings):
        sys.exit(3)


COMMANDS: tuple[click.Command, ...] = (
    build,
    ca,
    order,
    record,
    watch,
    trace,
    clock,
    settled,
    connections,
    executions,
    events,
    explain,
    tables,
    lint,
    logs,
    resources,
    iam,
    render,
    graph,
    replay,
    test_machine,
)
for command in COMMANDS:
    main.add_command(command)
