"""
A trace as a waterfall: a tree of hops with bars against time.

Pure. The axis folds the times in which nothing happens: a Wait of five seconds is one column, with a label, and what
takes a millisecond on either side of it can be seen. The scale changes at a fold: of two stretches a longer one is
wider, but no other so narrow that nothing can be seen of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from pizzabar.cli.answers import moment_of

Span = Mapping[str, Any]
FOLDED = 0.25
"""A time without a hop is folded if it is longer than this part of all the time with one."""
WIDEST_NAME = 52
NARROWEST_BAR = 12
FOLD = "┊"


@dataclass(frozen=True)
class Stretch:
    """A part of the axis that is shown at scale: its time in seconds, its columns, and the gap before it."""

    start: float
    end: float
    column: float
    columns: float
    gap: float

    @property
    def last_column(self) -> int:
        """The column behind it: that of the fold, or the end of the axis."""
        return int(self.column + self.columns + 1e-9)


def stretches_of(spans: Iterable[tuple[float, float]], width: int) -> list[Stretch]:
    """Divide an axis of so many columns among the times with a hop, given as starts and ends; one for each fold.

    Half of the columns are shared out evenly, half by length.
    """
    busy: list[list[float]] = []
    for start, end in sorted(spans):
        if busy and start <= busy[-1][1]:
            busy[-1][1] = max(busy[-1][1], end)
        else:
            busy.append([start, end])
    longest_kept = FOLDED * sum(end - start for start, end in busy)
    parts: list[list[float]] = []
    for start, end in busy:
        if parts and start - parts[-1][1] <= longest_kept:
            parts[-1][1] = end
        else:
            parts.append([start, end])
    # Where there are more folds than columns, the last ones share what is left.
    free = max(0, width - (len(parts) - 1))
    total = sum(end - start for start, end in parts)
    found: list[Stretch] = []
    column = 0.0
    for number, (start, end) in enumerate(parts):
        even = 1 / len(parts)
        columns = free * (even + ((end - start) / total if total else even)) / 2
        gap = start - parts[number - 1][1] if number else 0.0
        found.append(Stretch(start, end, column, columns, gap))
        column += columns + 1
    return found


def place_of(stretches: Sequence[Stretch], time: float) -> tuple[Stretch, float]:
    """Give the stretch of a time, and its column."""
    for stretch in stretches:
        if time <= stretch.end:
            inside = max(0.0, time - stretch.start)
            length = stretch.end - stretch.start
            return stretch, stretch.column + (stretch.columns * inside / length if length else 0.0)
    last = stretches[-1]
    return last, last.column + last.columns


def bar_of(stretches: Sequence[Stretch], start: float, end: float, width: int) -> str:
    """Draw a bar: one column at least, and a mark at each fold beside it."""
    begins, from_column = place_of(stretches, start)
    ends, to_column = place_of(stretches, end)
    first = min(width - 1, max(int(begins.column), min(int(from_column), begins.last_column - 1)))
    last = min(width, max(first + 1, min(round(to_column), ends.last_column)))
    folds = {int(stretch.column) - 1 for stretch in stretches[1:]}
    return "".join(
        "█" if first <= column < last else FOLD if column in folds else " " for column in range(width)
    ).rstrip()


def tree_of(spans: Sequence[Span]) -> Iterator[tuple[Span, str]]:
    """Give spans, each after its parent, with the lines that lead to it."""
    children: dict[int | None, list[Span]] = {}
    for span in spans:
        children.setdefault(span["parent"], []).append(span)
    waiting = [(root, "", "") for root in reversed(children.get(None, []))]
    while waiting:
        span, lines, beneath = waiting.pop()
        yield span, lines
        inner = children.get(span["id"], [])
        for number, child in reversed([*enumerate(inner)]):
            is_last = number == len(inner) - 1
            waiting.append((child, beneath + ("└ " if is_last else "├ "), beneath + ("  " if is_last else "│ ")))


def waterfall(trace: Mapping[str, Any], width: int, colours: Mapping[str, str]) -> Iterator[str]:
    """Write a trace in lines of a terminal of so many columns, each service in its colour."""
    spans: Sequence[Span] = trace["spans"]
    whole: float = trace["seconds"]
    ends = {span["id"]: whole if span["seconds"] is None else span["start"] + span["seconds"] for span in spans}
    rows = [(span, lines, f"{lines}{_name(span)}") for span, lines in tree_of(spans)]
    names = min(WIDEST_NAME, max(len(name) for _, _, name in rows))
    bars = max(NARROWEST_BAR, width - names - 26)
    stretches = stretches_of([(span["start"], ends[span["id"]]) for span in spans], bars)
    yield _head(trace, sum(stretch.end - stretch.start for stretch in stretches))
    shown = 0
    for span, lines, name in rows:
        at = next(number for number, each in enumerate(stretches) if span["start"] <= each.end)
        for stretch in stretches[shown + 1 : at + 1]:
            yield click.style(f"{'':>10}  {FOLD} {duration(stretch.gap)} without a hop", dim=True)
        shown = max(shown, at)
        text = name if len(name) <= names else f"{name[: names - 1]}…"
        colour = "red" if span["error"] else colours.get(span["service"], "white")
        shape = bar_of(stretches, span["start"], ends[span["id"]], bars)
        took = "under way" if span["seconds"] is None else duration(span["seconds"])
        error = click.style(f"  {span['error']}", fg="red") if span["error"] else ""
        label = lines + click.style(text[len(lines) :], fg="red" if span["error"] else None)
        yield (
            f"{duration(span['start']):>10}  {label}{' ' * (names - len(text))}  {took:>10}  "
            f"{click.style(shape, fg=colour)}{error}"
        )


def _head(trace: Mapping[str, Any], busy: float) -> str:
    errors = f", {trace['errors']} failed" if trace["errors"] else ""
    rest = "" if trace["is_whole"] else "  (its beginning is no longer kept)"
    times = f"{duration(trace['seconds'])}, {duration(busy)} with a hop"
    return f"trace {trace['id']}  {moment_of(trace['began'])}  {trace['hops']} hops{errors}, {times}{rest}"


def _name(span: Span) -> str:
    about = f" {span['about']}" if span["about"] else ""
    return f"{span['operation']}{about}"


def duration(seconds: float) -> str:
    """Write how long something took, in the unit that suits it."""
    if seconds >= 1:
        return f"{seconds:.3f} s"
    return f"{seconds * 1000:.2f} ms"
