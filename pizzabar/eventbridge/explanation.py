"""
Explanations: why a pattern wants an event, or what keeps it from it, field by field.

Pure. Patterns with ``$or`` have an explanation for each of their conjunctions.
"""

from pizzabar.documents import JSON
from pizzabar.eventbridge.conjunction import Conjunction
from pizzabar.eventbridge.pattern import Pattern
from pizzabar.record import record


@record
class Verdict:
    """What a pattern wanted of a field, the leaves that the event holds there, and whether one of them would do."""

    field: str
    wanted: JSON
    found: tuple[JSON, ...]
    is_met: bool


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


@record
class Explanation:
    """Whether a pattern wants an event, and why."""

    is_match: bool
    conjunctions: tuple[ConjunctionExplanation, ...]

    def as_json(self) -> dict[str, JSON]:
        """Render the explanation for a reader."""
        return {
            "matches": self.is_match,
            "conjunctions": [
                {
                    "matches": each.is_match,
                    "consistent": each.is_consistent,
                    "fields": [
                        {
                            "field": verdict.field,
                            "wanted": verdict.wanted,
                            "found": list(verdict.found),
                            "met": verdict.is_met,
                        }
                        for verdict in each.verdicts
                    ],
                }
                for each in self.conjunctions
            ],
        }


def explain(pattern: Pattern, event: JSON) -> Explanation:
    """Judge each field of a pattern by itself, and each conjunction as a whole."""
    held = event if isinstance(event, dict) else {}
    conjunctions = tuple(_explain(conjunction, held) for conjunction in pattern.conjunctions)
    return Explanation(pattern.matches(event), conjunctions)


def _explain(conjunction: Conjunction, event: dict[str, JSON]) -> ConjunctionExplanation:
    verdicts = []
    for field in conjunction.fields:
        found = tuple(value for value, _ in field.path.leaves(event))
        is_met = any(field.accepts(value) for value in found) or (field.accepts_absence and not found)
        verdicts.append(Verdict(field.path.name, field.elements, found, is_met))
    return ConjunctionExplanation(tuple(verdicts), conjunction.matches(event))
