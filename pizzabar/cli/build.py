"""``pizzabar build``: what the functions of a template need, installed beforehand."""

import asyncio
import os
from dataclasses import replace

import click

from pizzabar.errors import PizzabarError
from pizzabar.settings import Settings


@click.command()
@click.argument("template_file", required=False, metavar="[TEMPLATE]")
def build(template_file: str | None) -> None:
    """Install what the functions of a template depend on, as `pizzabar up` does at its first start.

    It takes the settings of `pizzabar up` from PIZZABAR_... variables and samconfig.toml.
    """
    environment = dict(os.environ)
    if template_file is not None:
        environment["PIZZABAR_TEMPLATE"] = template_file
    try:
        settings = Settings.from_environment(environment)
        count = asyncio.run(_build(settings))
    except (PizzabarError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{count} function{'' if count == 1 else 's'} ready in {settings.cache_folder / 'build'}")


async def _build(settings: Settings) -> int:
    """Open the stack beside its state, so that what a start needs is there; tell how many functions need it."""
    from pizzabar.emulator import Emulator
    from pizzabar.lambda_.code import Code

    aside = replace(settings, state=None, cache=settings.cache_folder, tls_port="off", clock="virtual")
    emulator = await Emulator.open(aside)
    try:
        return sum(isinstance(function.handler, Code) for function in emulator.functions)
    finally:
        await emulator.close()
