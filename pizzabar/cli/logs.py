"""``pizzabar logs``: log groups and their lines."""

import json
from typing import Any

import click

from pizzabar.cli.answers import asking, moment_of, table, tell
from pizzabar.cli.server import ControlPlane


@click.command()
@click.argument("group", required=False)
@click.option("--stream", help="only the lines of one stream")
@click.option("--text", help="only the lines that contain it")
@click.option("--since", help="only the lines from that time on, as 2026-01-31T12:00:00Z")
@click.option("--until", help="only the lines before that time")
@click.option("--limit", default=100, show_default=True, help="how many lines, at most")
@click.option("--follow", is_flag=True, help="go on with the lines that are written from now on, or since a time")
@asking
def logs(
    group: str | None,
    stream: str | None,
    text: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    follow: bool,
    as_json: bool,
    host: str,
    port: int,
) -> None:
    """List the log groups, or write the lines of one."""
    control = ControlPlane(host, port)
    if group is None:
        if follow:
            raise click.UsageError("say which group is to be followed")
        found = control.get("/logs")
        rows = [(each["name"], len(each["streams"]), each["retention_days"]) for each in found]
        tell(as_json, found, table(("LOG GROUPS", "STREAMS", "DAYS KEPT"), rows))
    elif follow:
        for line in control.follow("/logs/follow", group=group, stream=stream, text=text, since=since):
            click.echo(line if as_json else _show(json.loads(line)))
    else:
        asked = {"group": group, "stream": stream, "text": text, "since": since, "until": until, "limit": limit}
        lines = control.get("/logs/events", **asked)
        tell(as_json, lines, map(_show, lines))


def _show(line: dict[str, Any]) -> str:
    return f"{moment_of(line['time'])}  {line['message'].rstrip()}"
