"""
What an assertion that fails tells: what was there, and why that is not what was wanted.

Pure.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.event_patterns.explanation import explain
from pizzabar.event_patterns.pattern import Pattern

MOST = 5
"""How many of the things that were there are told of."""


def explain_events(pattern: Pattern, events: Sequence[JSON], found: int, times: int | None) -> str:
    """Tell why no event, or not so many, were as a pattern wants: the nearest ones, field by field."""
    wanted = "an event" if times is None else f"{times} events"
    told = [
        f"{wanted} that the pattern matches should have been put; there {'was' if found == 1 else 'were'} {found}"
    ]
    if not events:
        told.append("no event was put at all")
    if found:
        return "\n".join(told)
    judged = sorted(((_missed(pattern, event), event) for event in events), key=lambda each: len(each[0]))
    fewest = len(judged[0][0]) if judged else 0
    for missed, event in judged[:MOST]:
        if len(missed) > fewest:
            break
        told.append(f"nearest: {event['source']} {event['detail-type']} {documents.write(event['detail'])}")
        told += [f"  {each}" for each in missed]
    return "\n".join(told)


def _missed(pattern: Pattern, event: JSON) -> list[str]:
    """Tell what keeps a pattern from matching, by the alternative that comes closest."""
    closest = min(
        explain(pattern, event).conjunctions,
        key=lambda each: sum(not verdict.is_met for verdict in each.verdicts),
    )
    told = [
        f"{verdict.field} wants {documents.write(verdict.wanted)}, found "
        f"{', '.join(map(documents.write, verdict.found)) or 'nothing'}"
        for verdict in closest.verdicts
        if not verdict.is_met
    ]
    return told or ["each field is met, but in different elements of one array"]


def explain_frames(found: Sequence[Any], expected: Sequence[Any]) -> str:
    """Tell where frames differ from what was expected."""
    told = [f"{len(expected)} frames were expected, {len(found)} came"]
    nothing = object()
    for number, (one, other) in enumerate(zip_longest(found, expected, fillvalue=nothing), 1):
        mark = "  " if one == other else "✗ "
        came = "nothing" if one is nothing else _written(one)
        told.append(f"{mark}{number}: {came}")
        if one != other:
            told.append(f"   expected {'nothing' if other is nothing else _written(other)}")
    return "\n".join(told)


def explain_item(
    table: str,
    key: Mapping[str, Any],
    expected: Mapping[str, Any],
    found: Mapping[str, Any] | None,
    items: Sequence[Mapping[str, Any]],
) -> str:
    """Tell why an item is not as expected, or what there is in its place."""
    named = ", ".join(f"{name}={value!r}" for name, value in key.items())
    if found is None:
        told = [f"{table} has no item {named}; it has {len(items) or 'none'}"]
        return "\n".join([*told, *(f"  {dict(item)}" for item in items[:MOST])])
    told = [f"the item {named} of {table} is not as expected"]
    told += [
        f"  {name}: {found.get(name, 'not there')!r}, expected {value!r}"
        for name, value in expected.items()
        if found.get(name) != value
    ]
    return "\n".join(told)


def _written(value: Any) -> str:
    try:
        return documents.write(value)
    except TypeError:
        return repr(value)
