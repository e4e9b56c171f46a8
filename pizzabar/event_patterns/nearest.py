"""
The nearest rules: of those that did not want an event, the ones that it came closest to.

Pure. A rule is as near as the one of its conjunctions that fails in the fewest fields. One whose fields are all met,
but not in one element of an array, fails as if in one field.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

from pizzabar.documents import JSON
from pizzabar.event_patterns.conjunction import Conjunction, Field
from pizzabar.event_patterns.explanation import ConjunctionExplanation, Verdict, explain_conjunction
from pizzabar.event_patterns.pattern import Pattern
from pizzabar.record import record

K = TypeVar("K")


@record
class Near(Generic[K]):
    """A rule that came close, by its key, and the explanation of the conjunction that came closest."""

    key: K
    explanation: ConjunctionExplanation

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The fields that were not met; none when they were met in different elements of one array."""
        return tuple(verdict for verdict in self.explanation.verdicts if not verdict.is_met)


def nearest(rules: Iterable[tuple[K, Pattern]], event: JSON) -> list[Near[K]]:
    """Give the rules that did not match and failed in the fewest fields, in the order in which they are given."""
    if not isinstance(event, dict):
        return []
    is_met = _Judge(event)
    near: list[tuple[K, Conjunction]] = []
    fewest = 0
    for key, pattern in rules:
        if pattern.matches(event):
            continue
        closest: Conjunction | None = None
        of_rule = 0
        for conjunction in pattern.conjunctions:
            limit = of_rule - 1 if closest is not None else fewest if near else len(conjunction.fields)
            count = is_met.failures(conjunction, limit)
            if count <= limit:
                closest, of_rule = conjunction, count
        if closest is None:
            continue
        if of_rule < fewest or not near:
            near, fewest = [], of_rule
        near.append((key, closest))
    return [Near(key, explain_conjunction(conjunction, event)) for key, conjunction in near]


class _Judge:
    """Counts fields that are not met; each field is judged once, in however many conjunctions it is."""

    def __init__(self, event: dict[str, JSON]) -> None:
        self._event = event
        self._known: dict[int, bool] = {}

    def failures(self, conjunction: Conjunction, limit: int) -> int:
        """Count the fields of a conjunction that fail, up to one more than a limit."""
        count = 0
        for field in conjunction.fields:
            is_met = self._known.get(id(field))
            if is_met is None:
                is_met = self._known[id(field)] = self._is_met(field)
            if not is_met:
                count += 1
                if count > limit:
                    break
        return count or 1

    def _is_met(self, field: Field) -> bool:
        leaves = field.path.leaves(self._event)
        return any(field.accepts(value) for value, _ in leaves) or (field.accepts_absence and not leaves)
