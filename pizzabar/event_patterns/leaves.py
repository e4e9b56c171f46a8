"""
Leaves: the strings, numbers, booleans and nulls of an event, and the fields that hold them.

Pure. A field is named by its path, joined by dots: ``{"a": {"b": 1}}`` and ``{"a.b": 1}`` both hold 1 in ``a.b``.
Arrays are transparent: each element is a value of the field that holds the array. Which elements a leaf was found
in is its membership; two leaves are consistent unless they come from different elements of one array. A leaf that is
an element itself is in none of that array's: it goes with any of them.
"""

from pizzabar.documents import JSON
from pizzabar.record import record

KEY_SEGMENTS = 16
"""Keys of an event that hold dots are seen up to this many segments; AWS names no bound."""

Membership = frozenset[tuple[int, int]]
"""Pairs of an array (its identity in the parsed event) and the index of an element."""

NO_MEMBERSHIP: Membership = frozenset()
_CONTAINERS = frozenset({dict, list})


@record
class FieldPath:
    """The path of a field: the keys that an object on the way may hold, and the path that is left after each."""

    name: str
    steps: tuple[tuple[str, "FieldPath | None"], ...]

    def leaves(self, event: JSON) -> list[tuple[JSON, Membership]]:
        """Give the leaves that an event holds in this field, those of an array in order."""
        value, path = event, self
        # Most fields are found by going straight down.
        while type(value) is dict:
            ways = [step for step in path.steps if step[0] in value]
            if len(ways) != 1:
                if not ways:
                    return []
                break
            key, rest = ways[0]
            value = value[key]
            if rest is None:
                if type(value) not in _CONTAINERS:
                    return [(value, NO_MEMBERSHIP)]
                return _collect(value, None)
            path = rest
        return _collect(value, path)


def _collect(event: JSON, start: FieldPath | None) -> list[tuple[JSON, Membership]]:
    found: list[tuple[JSON, Membership]] = []
    waiting: list[tuple[JSON, FieldPath | None, Membership]] = [(event, start, NO_MEMBERSHIP)]
    while waiting:
        value, path, membership = waiting.pop()
        kind = type(value)
        if kind is dict:
            if path is not None:
                for key, rest in path.steps:
                    if key in value:
                        waiting.append((value[key], rest, membership))
        elif kind is list:
            # All leaves of a single element are consistent; there is nothing to remember.
            has_several, array = len(value) > 1, id(value)
            for index in range(len(value) - 1, -1, -1):
                element = value[index]
                if type(element) in _CONTAINERS:
                    inside = membership | {(array, index)} if has_several else membership
                    waiting.append((element, path, inside))
                elif path is None:
                    waiting.append((element, path, membership))
        elif path is None:
            found.append((value, membership))
    return found


def field_path(name: str) -> FieldPath:
    """Read the dotted path of a field."""
    segments = name.split(".")
    rest: list[FieldPath | None] = [None]
    for start in range(len(segments) - 1, -1, -1):
        ends = range(start + 1, min(len(segments), start + KEY_SEGMENTS) + 1)
        steps = tuple((".".join(segments[start:end]), rest[len(segments) - end]) for end in ends)
        rest.append(FieldPath(".".join(segments[start:]), steps))
    path = rest[-1]
    assert path is not None
    return path


def combine(one: Membership, other: Membership) -> Membership | None:
    """Give the membership of two leaves together, or None when they are not consistent."""
    if not one or not other:
        return one or other
    both = one | other
    return both if len({array for array, _ in both}) == len(both) else None
