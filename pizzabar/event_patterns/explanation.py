"""
Explanations: why a pattern wants an event, or what keeps it from it, field by field.

Pure. Patterns with ``$or`` have an explanation for each of their conjunctions. The verdict on a pattern is that of
the matcher: it matches when one of its conjunctions does, and that when each field is met and all of them
consistently.
"""

from pizzabar.documents import JSON
from pizzabar.event_patterns.conjunction import Conjunction, Field
from pizzabar.event_patterns.leaves import FieldPath
from pizzabar.event_patterns.pattern import Pattern
from pizzabar.record import record


@record
class Verdict:
    """What a pattern wanted of a field, the leaves that the event holds there, and whether one of them would do.

    ``places`` are those of the leaves that would do: ``items[2].size``, say.
    """

    field: str
    wanted: JSON
    found: tuple[JSON, ...]
    is_met: bool
    places: tuple[str, ...] = ()

    def as_json(self) -> dict[str, JSON]:
        """Render the verdict for a reader."""
        return {
            "field": self.field,
            "wanted": self.wanted,
            "found": list(self.found),
            "met": self.is_met,
            "places": list(self.places),
        }


@record
class ConjunctionExplanation:
    """The verdicts on the fields of one conjunction.

    ``is_consistent`` is false when each field is met, but only in different elements of one array.
    """

    verdicts: tuple[Verdict, ...]
    is_match: bool

    @property
    def is_consistent(self) -> bool:
        return self.is_match or not all(verdict.is_met for verdict in self.verdicts)

    def as_json(self) -> dict[str, JSON]:
        """Render the explanation for a reader."""
        return {
            "matches": self.is_match,
            "consistent": self.is_consistent,
            "fields": [verdict.as_json() for verdict in self.verdicts],
        }


@record
class Explanation:
    """Whether a pattern wants an event, and why."""

    is_match: bool
    conjunctions: tuple[ConjunctionExplanation, ...]

    def as_json(self) -> dict[str, JSON]:
        """Render the explanation for a reader."""
        return {"matches": self.is_match, "conjunctions": [each.as_json() for each in self.conjunctions]}


def explain(pattern: Pattern, event: JSON) -> Explanation:
    """Judge each field of a pattern by itself, and each conjunction as a whole."""
    conjunctions = tuple(explain_conjunction(conjunction, event) for conjunction in pattern.conjunctions)
    return Explanation(any(each.is_match for each in conjunctions), conjunctions)


def explain_conjunction(conjunction: Conjunction, event: JSON) -> ConjunctionExplanation:
    """Judge each field of a conjunction by itself, and all of them together."""
    is_match = isinstance(event, dict) and conjunction.matches(event)
    return ConjunctionExplanation(
        tuple(_judge(field, event, is_match=is_match) for field in conjunction.fields), is_match
    )


def _judge(field: Field, event: JSON, *, is_match: bool) -> Verdict:
    found = list(_placed(event, field.path, "")) if isinstance(event, dict) else []
    places = tuple(place for place, value in found if field.accepts(value))
    # Where the whole matches, a field that may be absent is so from the elements that the others are met in.
    is_met = is_match or bool(places) or (field.accepts_absence and not found and isinstance(event, dict))
    return Verdict(field.path.name, field.elements, tuple(value for _, value in found), is_met, places)


def _placed(event: JSON, path: FieldPath, place: str) -> list[tuple[str, JSON]]:
    """Give the leaves of a field, each with its place."""
    found: list[tuple[str, JSON]] = []
    waiting: list[tuple[str, JSON, FieldPath | None]] = [(place, event, path)]
    while waiting:
        place, value, rest = waiting.pop()
        if isinstance(value, dict):
            for key, following in rest.steps if rest is not None else ():
                if key in value:
                    waiting.append((f"{place}.{key}" if rest is not path else key, value[key], following))
        elif isinstance(value, list):
            waiting += [(f"{place}[{number}]", value[number], rest) for number in reversed(range(len(value)))]
        elif rest is None:
            found.append((place, value))
    return found
