"""Answers of a running server, as a terminal shows them: in columns, or as JSON."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pizzabar.cli.server import Command, server_options

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
    written = [[cell_of(cell) for cell in row] for row in rows]
    if not written:
        yield click.style(f"no {heads[0].lower()}", dim=True)
        return
    widths = [max(len(row[column]) for row in (heads, *written)) for column in range(len(heads))]
    yield click.style(
        "  ".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)).rstrip(), dim=True
    )
    for row in written:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def moment_of(text: str) -> str:
    """Write a time of this day, to the millisecond."""
    return datetime.fromisoformat(text).strftime("%H:%M:%S.%f")[:-3]


def cell_of(value: object) -> str:
    """Write a value so that it fits into a line."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def time_of(text: str | None) -> str:
    """Write a time as a reader wants it: to the second."""
    return "" if text is None else datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")


def given(text: str) -> str:
    """Give what an option says: itself, or what is in the file that ``@FILE`` names."""
    return read(Path(text[1:])) if text.startswith("@") else text


def given_json(text: str) -> Any:
    """Give the value of JSON that an option says, or the file that it names."""
    try:
        return json.loads(given(text))
    except ValueError as error:
        raise click.ClickException(f"it is not JSON ({error}): {text}") from None


def read(file: Path) -> str:
    """Read a file of the user's."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
