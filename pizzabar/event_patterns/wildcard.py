r"""
Wildcards: ``*`` stands for any run of characters, none included; ``\*`` and ``\\`` are the characters themselves.

Pure. A wildcard is read into the literal parts between its stars. Consecutive stars are refused, and so is a set
of wildcards that some text could be in too many places of at once.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pizzabar.record import record

COMPLEXITY_LIMIT = 10
"""AWS publishes no number: 7 is known to be accepted and 11 to be refused."""

_STATES_LIMIT = 2_000


class InvalidWildcard(ValueError):
    """Raised when a text is not a wildcard; the message is AWS's reason."""


@record
class Wildcard:
    """``{"wildcard": "a*b"}``: the whole string, read as the literal ``parts`` with a star between each two."""

    parts: tuple[str, ...]

    def matches(self, value: object) -> bool:
        """Whether a leaf is a string of this form."""
        if not isinstance(value, str):
            return False
        first, *middle = self.parts
        if not middle:
            return value == first
        last = middle.pop()
        end = len(value) - len(last)
        place = len(first)
        if place > end or not value.startswith(first) or not value.endswith(last):
            return False
        # Taking the first place for each part leaves the most room for those that follow.
        for part in middle:
            found = value.find(part, place, end)
            if found < 0:
                return False
            place = found + len(part)
        return True


def read_wildcard(text: str) -> Wildcard:
    """Read the text of a wildcard. Raise ``InvalidWildcard`` when it is not one; positions are bytes, from 1."""
    parts, part, position = [], "", 0
    while position < len(text):
        character = text[position]
        following = text[position + 1 : position + 2]
        if character == "\\":
            if following not in ("*", "\\"):
                raise InvalidWildcard(f"Invalid escape character at pos {_bytes_to(text, position)}")
            part += following
            position += 1
        elif character != "*":
            part += character
        elif following == "*":
            raise InvalidWildcard(f"Consecutive wildcard characters at pos {_bytes_to(text, position)}")
        else:
            parts.append(part)
            part = ""
        position += 1
    return Wildcard((*parts, part))


def _bytes_to(text: str, position: int) -> int:
    """Count the bytes up to a position, those of the opening quote with them."""
    return 1 + len(text[:position].encode(errors="replace"))


def is_too_complex(wildcards: Iterable[Wildcard]) -> bool:
    """Whether some text is a match of more than ``COMPLEXITY_LIMIT`` beginnings of these wildcards at once."""
    nodes = _beginnings(wildcards)
    start = _with_stars({0}, nodes)
    seen, waiting = {start}, [start]
    # The sets that can be reached may be very many; a pattern that has so many is let through.
    while waiting and len(seen) < _STATES_LIMIT:
        current = waiting.pop()
        if len(current) > COMPLEXITY_LIMIT:
            return True
        characters = {character for node in current for character in nodes[node].following}
        for character in characters:
            reached = {node for node in current if nodes[node].is_star}
            for node in current:
                if character in nodes[node].following:
                    reached.add(nodes[node].following[character])
            state = _with_stars(reached, nodes)
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return False


@dataclass(slots=True)
class _Beginning:
    """A beginning that one or more wildcards share; ``star`` and ``following`` lead to those that are longer."""

    is_star: bool
    star: int | None
    following: dict[str, int]


def _beginnings(wildcards: Iterable[Wildcard]) -> list[_Beginning]:
    nodes = [_Beginning(False, None, {})]
    for wildcard in wildcards:
        at = 0
        for number, part in enumerate(wildcard.parts):
            if number:
                if nodes[at].star is None:
                    nodes[at].star = len(nodes)
                    nodes.append(_Beginning(True, None, {}))
                at = nodes[at].star or 0
            # The closing quote of the JSON text counts; the opening one is behind us at the start.
            characters = [*part, ""] if number == len(wildcard.parts) - 1 else [*part]
            for character in characters:
                if character not in nodes[at].following:
                    nodes[at].following[character] = len(nodes)
                    nodes.append(_Beginning(False, None, {}))
                at = nodes[at].following[character]
    return nodes


def _with_stars(reached: set[int], nodes: list[_Beginning]) -> frozenset[int]:
    """Add the beginnings that end in one star more: a star may stand for nothing."""
    return frozenset(reached | {star for node in reached if (star := nodes[node].star) is not None})
