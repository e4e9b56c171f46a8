"""``pizzabar lint``: what of a template will go wrong on AWS, or is not what its author thinks."""

import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Mapping

import click

from pizzabar.settings import Settings, SettingsError

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.command()
@click.argument("template_file", required=False, metavar="[TEMPLATE]")
@click.option("--parameter", multiple=True, metavar="NAME=VALUE", help="a parameter of the template; may be repeated")
@click.option("--lenient", is_flag=True, help="look at the rest of a template with unknown types and properties, too")
@click.option("--json", "as_json", is_flag=True, help="write the findings as JSON")
def lint(template_file: str | None, parameter: tuple[str, ...], lenient: bool, as_json: bool) -> None:
    """Tell what of a template will go wrong on AWS, or is not what its author thinks.

    The exit status is 0 when nothing is found but notes, 1 when there are errors or warnings, and 2 when the template
    cannot be loaded. It takes the settings of `pizzabar up` from PIZZABAR_... variables and samconfig.toml.
    """
    environment = dict(os.environ)
    if template_file is not None:
        environment["PIZZABAR_TEMPLATE"] = template_file
    if parameter:
        before = environment.get("PIZZABAR_PARAMETERS", "")
        environment["PIZZABAR_PARAMETERS"] = f"{before} {shlex.join(parameter)}".strip()
    if lenient:
        environment["PIZZABAR_LENIENT"] = "true"
    sys.exit(_lint(environment, as_json=as_json))


def _lint(environment: Mapping[str, str], *, as_json: bool) -> int:
    """Write what is found; give the exit status."""
    # Imported here, for it takes longer than all the rest of another command.
    from pizzabar.clock import SystemClock
    from pizzabar.lint.finding import Finding, fails
    from pizzabar.linting import CannotBeLoaded, lint_template

    def lines(findings: Iterable[Finding]) -> Iterable[str]:
        for each in findings:
            severity = each.code.severity
            head = click.style(f"{each.code.code} {severity}", fg=COLOURS[severity])
            yield f"{each.position}: {head}: {each.why}"
            yield click.style(f"    {each.code.mend} {each.code.url}", dim=True)

    try:
        settings = Settings.from_environment(environment)
        found, status = lint_template(settings, SystemClock().now().date()), None
    except CannotBeLoaded as error:
        found, status = error.findings, 2
    except (SettingsError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        return 2
    if as_json:
        click.echo(json.dumps([each.as_json() for each in found], indent=2, ensure_ascii=False))
    else:
        for line in lines(found):
            click.echo(line)
        click.echo(_summary(Counter(each.code.severity for each in found)))
    return status if status is not None else int(fails(found))


def _summary(counts: Mapping[str, int]) -> str:
    told = [f"{counts[each]} {each}{'' if counts[each] == 1 else 's'}" for each in COLOURS if counts.get(each)]
    return ", ".join(told) or "nothing found"
