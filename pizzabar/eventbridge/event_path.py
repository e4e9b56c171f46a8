"""
The JSON paths of rules: what of an event a target gets.

Members by name, elements by number, and ``*`` for all of either; nothing else.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import re
from dataclasses import dataclass

from pizzabar.documents import JSON

_PATH = re.compile(r"\$(?:\.(?:[A-Za-z0-9_/-]+|\*)|\[(?:\d+|\*)\])*")
_STEP = re.compile(r"\.([A-Za-z0-9_/-]+)|\[(\d+)\]|(?:\.\*|\[\*\])")

EVERY = None
"""The step to all members or elements."""


@dataclass(frozen=True, slots=True)
class EventPath:
    """A path, in steps: the name of a member, the number of an element, or ``EVERY``."""

    steps: tuple[str | int | None, ...]

    def find(self, document: JSON) -> tuple[bool, JSON]:
        """Follow the path; tell whether there is something, and give it.

        With ``*`` it is the list of all that is found, if anything is.
        """
        found = [document]
        for step in self.steps:
            found = [value for each in found for value in _follow(each, step)]
        if EVERY in self.steps:
            return bool(found), found
        return bool(found), found[0] if found else None


def read_path(text: str) -> EventPath | None:
    """Read a path; give None for what is none."""
    if _PATH.fullmatch(text) is None:
        return None
    steps = [int(index) if index else name or EVERY for name, index in _STEP.findall(text)]
    return EventPath(tuple(steps))


def _follow(value: JSON, step: str | int | None) -> list[JSON]:
    match value, step:
        case dict(), str() if step in value:
            return [value[step]]
        case list(), int() if step < len(value):
            return [value[step]]
        case dict(), None:
            return list(value.values())
        case list(), None:
            return value
    return []
