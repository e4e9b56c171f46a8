"""
Event patterns: which events a rule wants.

Pure. The fields of a pattern are joined by AND, the elements of a leaf by OR; ``$or`` joins objects by OR at any
depth. A pattern is read into conjunctions, of which one must match. In a conjunction a field is there once: of two
equal paths the later one counts. Its fields are judged in alphabetical order, each with the leaves that are
consistent with those chosen before; so ``exists: false`` looks into the elements chosen by the fields before it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import field

from pizzabar.documents import JSON, NotJSON, parse, write
from pizzabar.errors import Fault
from pizzabar.eventbridge.comparison import Comparison, Exists
from pizzabar.eventbridge.errors import InvalidEventPatternException
from pizzabar.eventbridge.leaves import NO_MEMBERSHIP, FieldPath, Membership, combine, field_path
from pizzabar.eventbridge.operators import RESERVED_IN_OR, Refused, read_element
from pizzabar.eventbridge.place import place_of
from pizzabar.eventbridge.wildcard import Wildcard, is_too_complex
from pizzabar.record import record

COMBINATIONS_LIMIT = 1_000
"""How many conjunctions ``$or`` may make of one pattern."""

DEPTH_LIMIT = 200
"""How deep a pattern may be nested; AWS's limit on its length sets none that is reached earlier."""


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


@record
class Pattern:
    """An event pattern that has been read; ``document`` is its JSON."""

    conjunctions: tuple[Conjunction, ...]
    document: JSON = field(compare=False)

    def matches(self, event: JSON) -> bool:
        """Whether the pattern wants an event, as parsed from JSON."""
        return isinstance(event, dict) and any(each.matches(event) for each in self.conjunctions)


def read_pattern(text_or_document: JSON) -> Pattern:
    """Read an event pattern from JSON text or from a document.

    Raise ``InvalidEventPatternException`` when it is not one.
    """
    text, document = _text_and_document(text_or_document)
    reader = _Reader()
    if isinstance(document, dict):
        conjunctions = reader.read(document)
    else:
        reader.refuse((), "Filter is not an object")
    if reader.faults:
        place = _place(text, reader.faults[0].path) if reader.is_first_placed else ""
        raise InvalidEventPatternException(reader.faults, place)
    return Pattern(tuple(Conjunction(tuple(each[name] for name in sorted(each))) for each in conjunctions), document)


def _text_and_document(given: JSON) -> tuple[str, JSON]:
    try:
        text = given if isinstance(given, str) else write(given)
        return text, parse(text) if text.strip() else None
    except (NotJSON, TypeError, UnicodeEncodeError) as error:
        raise InvalidEventPatternException([Fault((), str(error))]) from None


def _place(text: str, path: Sequence[str | int]) -> str:
    line, column = place_of(text, path)
    return f'\n at [Source: (String)"{text}"; line: {line}, column: {column}]'


_Fields = dict[str, Field]


class _Reader:
    """Reads a pattern's document into the fields of its conjunctions, and collects the faults on the way."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.is_first_placed = True
        self._wildcards: dict[str, dict[Wildcard, None]] = {}
        self._paths: dict[str, FieldPath] = {}

    def refuse(self, path: tuple[str | int, ...], reason: str, *, is_placed: bool = True) -> None:
        if not self.faults:
            self.is_first_placed = is_placed
        self.faults.append(Fault(path, reason))

    def read(self, document: dict[str, JSON]) -> list[_Fields]:
        conjunctions = self._object(document, (), "", [{}], is_in_or=False)
        for wildcards in self._wildcards.values():
            if is_too_complex(wildcards):
                self.refuse(
                    (),
                    "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
                    "sequences after a wildcard character",
                    is_placed=False,
                )
        return conjunctions

    def _object(
        self,
        document: dict[str, JSON],
        path: tuple[str | int, ...],
        prefix: str,
        conjunctions: list[_Fields],
        *,
        is_in_or: bool,
    ) -> list[_Fields]:
        """Give the conjunctions, each with the fields of an object added."""
        if not document:
            self.refuse(path, "Empty objects are not allowed")
        if len(path) > DEPTH_LIMIT:
            self.refuse(path, f"More than {DEPTH_LIMIT} levels are not supported")
            return conjunctions
        for key, value in document.items():
            here = (*path, key)
            if is_in_or and key in RESERVED_IN_OR:
                self.refuse(here, f"{key} is Ruler reserved fieldName which cannot be used inside $or.")
            elif key == "$or" and _is_or(value):
                conjunctions = self._or(value, here, prefix, conjunctions)
            elif isinstance(value, dict):
                conjunctions = self._object(value, here, f"{prefix}{key}.", conjunctions, is_in_or=is_in_or)
            elif isinstance(value, list):
                leaf = self._leaf(value, here, prefix + key)
                for each in conjunctions:
                    each[prefix + key] = leaf
            else:
                self.refuse(here, f'"{key}" must be an object or an array')
        return conjunctions

    def _or(
        self, alternatives: JSON, path: tuple[str | int, ...], prefix: str, conjunctions: list[_Fields]
    ) -> list[_Fields]:
        if not isinstance(alternatives, list):
            self.refuse(path, "It must be an Array followed with $or.")
            return conjunctions
        combined: list[_Fields] = []
        for index, alternative in enumerate(alternatives):
            here = (*path, index)
            if not isinstance(alternative, dict):
                self.refuse(here, "Only JSON object is allowed in array of $or relationship.")
                continue
            copies = [dict(each) for each in conjunctions]
            combined += self._object(alternative, here, prefix, copies, is_in_or=True)
            if len(combined) > COMBINATIONS_LIMIT:
                self.refuse(path, f"$or makes more than {COMBINATIONS_LIMIT} combinations")
                return conjunctions[:1]
        if len(alternatives) < 2:
            self.refuse(path, "There must have at least 2 Objects in $or relationship.")
        return combined or conjunctions

    def _leaf(self, elements: list[JSON], path: tuple[str | int, ...], name: str) -> Field:
        if not elements:
            self.refuse(path, "Empty arrays are not allowed")
        comparisons: dict[Comparison, None] = {}
        for index, element in enumerate(elements):
            try:
                comparisons.update(dict.fromkeys(read_element(element)))
            except Refused as refused:
                self.refuse((*path, index), refused.reason, is_placed=refused.is_placed)
        wildcards = {each: None for each in _within(comparisons) if isinstance(each, Wildcard) and each.parts[1:]}
        if wildcards:
            self._wildcards.setdefault(name, {}).update(wildcards)
        if name not in self._paths:
            self._paths[name] = field_path(name)
        return Field(self._paths[name], tuple(comparisons), Exists(False) in comparisons, elements)


def _is_or(value: JSON) -> bool:
    """Whether the value of ``$or`` is a list of alternatives, and not a field of that name as in old rules."""
    if isinstance(value, list):
        return not value or any(isinstance(member, dict) for member in value)
    return not isinstance(value, dict)


def _within(comparisons: "Sequence[Comparison] | dict[Comparison, None]") -> Iterator[Comparison]:
    for comparison in comparisons:
        yield comparison
        yield from getattr(comparison, "excluded", ())


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
