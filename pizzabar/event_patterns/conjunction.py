"""
Conjunctions: fields of an event pattern that must all match one event.

Pure. In a conjunction a field is there once. Its fields are judged in alphabetical order, each with the leaves that
are consistent with those chosen before; so ``exists: false`` looks into the elements chosen by the fields before it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from dataclasses import field

from pizzabar.documents import JSON
from pizzabar.event_patterns.comparison import Comparison
from pizzabar.event_patterns.leaves import NO_MEMBERSHIP, FieldPath, Membership, combine
from pizzabar.record import record


@record
class Field:
    """A field that a pattern names, and the comparisons of which one must match; ``elements`` are its JSON."""

    path: FieldPath
    comparisons: tuple[Comparison, ...]
    accepts_absence: bool
    elements: JSON = field(compare=False)

    def accepts(self, value: JSON) -> bool:
        """Whether a leaf of this field is wanted."""
        for comparison in self.comparisons:  # noqa: SIM110 - the generator would cost more than the comparison
            if comparison.matches(value):
                return True
        return False


@record
class Conjunction:
    """Fields that must all match, in alphabetical order."""

    fields: tuple[Field, ...]

    def matches(self, event: JSON) -> bool:
        """Whether every field finds what it wants, in consistent elements of the event's arrays."""
        wanted: list[tuple[Field, list[tuple[JSON, Membership]]]] = []
        is_in_arrays, is_met = False, True
        for each in self.fields:
            leaves = each.path.leaves(event)
            wanted.append((each, leaves))
            is_accepted = not leaves and each.accepts_absence
            for value, membership in leaves:
                is_accepted = is_accepted or each.accepts(value)
                is_in_arrays = is_in_arrays or bool(membership)
            if not is_accepted:
                if not each.accepts_absence:
                    return False
                # Absence may still be met in the elements that the fields before are met in.
                is_met = False
        return _is_consistent(wanted) if is_in_arrays else is_met


def _is_consistent(wanted: list[tuple[Field, list[tuple[JSON, Membership]]]]) -> bool:
    """Whether each field can be given a leaf, all of them consistent, or be absent where it may.

    The memberships reached so far are kept as a set, and of each only the arrays that later fields are in too, so
    that the set does not grow with arrays that have nothing to do with one another.
    """
    later: set[int] = set()
    arrays_after: list[set[int]] = []
    for _, leaves in reversed(wanted):
        arrays_after.append(set(later))
        later |= {array for _, membership in leaves for array, _ in membership}
    reached = {NO_MEMBERSHIP}
    for (each, leaves), after in zip(wanted, reversed(arrays_after), strict=True):
        accepted = {membership for value, membership in leaves if each.accepts(value)}
        following: set[Membership] = set()
        for chosen in reached:
            ways = [both for membership in accepted if (both := combine(chosen, membership)) is not None]
            if each.accepts_absence and all(combine(chosen, membership) is None for _, membership in leaves):
                ways.append(chosen)
            following.update(frozenset(pair for pair in way if pair[0] in after) for way in ways)
            if following and not after:
                break
        if not following:
            return False
        reached = following
    return True
