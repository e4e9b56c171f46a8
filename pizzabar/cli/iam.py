"""``pizzabar iam``: what roles have used of what they may do."""

import json
from collections.abc import Iterable
from typing import Any

import click

from pizzabar.cli.answers import asking, tell
from pizzabar.cli.server import ControlPlane


@click.command()
@click.argument("role", required=False)
@asking
def iam(role: str | None, as_json: bool, host: str, port: int) -> None:
    """Show what roles have used and never used, what AWS would refuse, and the smallest policy that is enough.

    ROLE is a role's name or its logical ID; without it all are shown.
    """
    answer = ControlPlane(host, port).get("/iam", role=role)
    tell(as_json, answer, _lines(answer, is_whole=role is None))


def _lines(answer: Any, *, is_whole: bool) -> Iterable[str]:
    for role in answer["roles"]:
        yield click.style(role["name"], bold=True)
        for use in role["used"]:
            yield f"  used        {use['count']:>6} × {use['action']} on {use['resource']}"
        for use in role["refused"]:
            yield f"  {click.style('refused', fg='red')}     {use['count']:>6} × {use['action']} on {use['resource']}"
            yield f"              {use['why']}"
        for each in role["never_used"]:
            yield f"  never used  {', '.join(each['actions'])}"
            yield f"              {each['policy']}, statement {each['statement']}"
        if role["smallest_policy"] is not None:
            yield "  the smallest policy that covers this use:"
            yield from (f"    {line}" for line in json.dumps(role["smallest_policy"], indent=2).splitlines())
    if not is_whole:
        return
    verb = "refused" if answer["mode"] == "enforce" else "AWS would refuse"
    for each in answer["findings"]:
        actions = ", ".join(each["actions"])
        yield f"{click.style(verb, fg='red')} {actions} on {each['resource']}"
        yield f"  to {each['principal']}: {each['why']}"
    if not answer["findings"]:
        yield "nothing was asked for that is not allowed"
    for each in answer["unknown"]:
        yield f"not judged: {each}"
    if answer["mode"] == "off":
        yield "permissions are not looked at: start with --iam audit"
