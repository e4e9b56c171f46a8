"""
Event patterns: which events a rule wants.

Pure. The fields of a pattern are joined by AND, the elements of a leaf by OR; ``$or`` joins objects by OR at any
depth. A pattern is read into conjunctions, of which one must match. Of two equal paths the later one counts.

A pattern is read as AWS reads it, token by token: the first fault that is met is the one that is told, and a name
that is there twice is read twice; what follows it is not read. A ``$or`` that is no list of alternatives is a field
of that name, as in the rules that are older than it, provided that the whole pattern can be read so.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from collections.abc import Iterator

from pizzabar.documents import JSON, write
from pizzabar.errors import Fault
from pizzabar.event_patterns.comparison import Comparison, Exists
from pizzabar.event_patterns.conjunction import Conjunction, Field
from pizzabar.event_patterns.errors import InvalidEventPatternException
from pizzabar.event_patterns.leaves import FieldPath, field_path
from pizzabar.event_patterns.operators import RESERVED_IN_OR, Refused, read_element
from pizzabar.event_patterns.place import located
from pizzabar.event_patterns.tokens import Cursor, Stop
from pizzabar.event_patterns.wildcard import Wildcard, is_too_complex
from pizzabar.record import record

COMBINATIONS_LIMIT = 1_000
"""How many conjunctions ``$or`` may make of one pattern."""

_TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a "
    "wildcard character"
)


@record
class Pattern:
    """An event pattern that has been read."""

    conjunctions: tuple[Conjunction, ...]

    def matches(self, event: JSON) -> bool:
        """Whether the pattern wants an event, as parsed from JSON."""
        return isinstance(event, dict) and any(each.matches(event) for each in self.conjunctions)


def read_pattern(text_or_document: JSON) -> Pattern:
    """Read an event pattern from JSON text or from a document.

    Raise ``InvalidEventPatternException`` when it is not one.
    """
    try:
        text = text_or_document if isinstance(text_or_document, str) else write(text_or_document)
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidEventPatternException([Fault((), str(error))]) from None
    reader = _Reader(text)
    conjunctions = reader.read()
    if reader.faults and '"$or"' in text:
        older = _Reader(text, has_or=False)
        found = older.read()
        if not older.faults:
            reader, conjunctions = older, found
    if reader.faults:
        place = "".join(located(text, offset) for offset in reader.places)
        raise InvalidEventPatternException(reader.faults, place)
    return Pattern(tuple(Conjunction(tuple(each[name] for name in sorted(each))) for each in conjunctions))


def own_text(text: str) -> str:
    """Give the text of a pattern without what follows it."""
    reader = _Reader(text)
    reader.read()
    rest = reader.rest
    return (text if rest is None else text[:rest]).rstrip(" \t\r\n")


_Fields = dict[str, Field]
_Path = tuple[str | int, ...]


class _Reader:
    """Reads the text of a pattern into the fields of its conjunctions, and collects the faults on the way.

    After a fault it goes on behind the value that has it; a fault of the JSON text is the end. ``places`` are those
    that AWS tells with the first fault.
    """

    def __init__(self, text: str, *, has_or: bool = True) -> None:
        self.faults: list[Fault] = []
        self.places: tuple[int | None, ...] = ()
        self._has_or = has_or
        self._cursor = Cursor(text)
        self._wildcards: dict[str, dict[Wildcard, None]] = {}
        self._paths: dict[str, FieldPath] = {}

    @property
    def rest(self) -> int | None:
        """Where what follows the pattern begins, once it has been read."""
        return self._cursor.rest()

    def read(self) -> list[_Fields]:
        conjunctions: list[_Fields] = [{}]
        try:
            if self._cursor.next() == "{":
                conjunctions = self._object((), "", conjunctions, is_in_or=False)
            else:
                self._refuse((), "Filter is not an object", self._cursor.place)
        except Stop as stop:
            self._refuse((), stop.reason, stop.place)
        if any(map(is_too_complex, self._wildcards.values())):
            self._refuse((), _TOO_COMPLEX)
        return conjunctions

    def _refuse(self, path: _Path, reason: str, *places: int | None) -> None:
        if not self.faults:
            self.places = places
        self.faults.append(Fault(path, reason))

    def _refuse_value(self, path: _Path, reason: str) -> None:
        """Refuse the value at the cursor, and go to its end."""
        self._refuse(path, reason, self._cursor.place)
        self._cursor.go_to_end(self._cursor.at)

    def _object(self, path: _Path, prefix: str, conjunctions: list[_Fields], *, is_in_or: bool) -> list[_Fields]:
        """Give the conjunctions, each with the fields of an object added."""
        cursor = self._cursor
        # A stack: a pattern may be nested deeper than functions may.
        around: list[tuple[_Path, str]] = []
        is_empty = True
        while True:
            if cursor.next() == "}":
                if is_empty:
                    self._refuse(path, "Empty objects are not allowed", cursor.place)
                if not around:
                    return conjunctions
                is_empty = False
                path, prefix = around.pop()
                continue
            is_empty = False
            name = cursor.text()
            here = (*path, name)
            if name == "$or" and self._has_or:
                conjunctions = self._or(here, prefix, conjunctions)
            elif is_in_or and self._has_or and name in RESERVED_IN_OR:
                self._refuse(
                    here, f"{name} is Ruler reserved fieldName which cannot be used inside $or.", cursor.place
                )
                cursor.next()
                cursor.go_to_end(cursor.at)
            elif (kind := cursor.next()) == "{":
                around.append((path, prefix))
                path, prefix, is_empty = here, f"{prefix}{name}.", True
            elif kind == "[":
                leaf = self._leaf(here, prefix + name)
                for each in conjunctions:
                    each[prefix + name] = leaf
            else:
                self._refuse_value(here, f'"{name}" must be an object or an array')

    def _or(self, path: _Path, prefix: str, conjunctions: list[_Fields]) -> list[_Fields]:
        cursor = self._cursor
        if cursor.next() != "[":
            self._refuse_value(path, "It must be an Array followed with $or.")
            return conjunctions
        combined: list[_Fields] = []
        count, is_within_limit = 0, True
        while (kind := cursor.next()) != "]":
            here = (*path, count)
            count += 1
            if kind != "{":
                self._refuse_value(here, "Only JSON object is allowed in array of $or relationship.")
                continue
            copies = [dict(each) for each in conjunctions]
            combined += self._object(here, prefix, copies, is_in_or=True)
            if len(combined) > COMBINATIONS_LIMIT and is_within_limit:
                self._refuse(path, f"$or makes more than {COMBINATIONS_LIMIT} combinations")
                is_within_limit = False
            if not is_within_limit:
                del combined[1:]
        if count < 2:
            self._refuse(path, "There must have at least 2 Objects in $or relationship.", cursor.place)
        return combined or conjunctions

    def _leaf(self, path: _Path, name: str) -> Field:
        cursor, start = self._cursor, self._cursor.at
        comparisons: dict[Comparison, None] = {}
        count = 0
        while cursor.next() != "]":
            first = cursor.at
            try:
                comparisons.update(dict.fromkeys(read_element(cursor)))
            except Refused as refused:
                self._refuse((*path, count), refused.reason, *refused.places)
                cursor.go_to_end(first)
            count += 1
        if not count:
            self._refuse(path, "Empty arrays are not allowed", cursor.place)
        wildcards = {each: None for each in _within(comparisons) if isinstance(each, Wildcard) and each.parts[1:]}
        if wildcards:
            self._wildcards.setdefault(name, {}).update(wildcards)
        if name not in self._paths:
            self._paths[name] = field_path(name)
        elements = [] if self.faults else cursor.value(start)
        return Field(self._paths[name], tuple(comparisons), Exists(False) in comparisons, elements)


def _within(comparisons: dict[Comparison, None]) -> Iterator[Comparison]:
    for comparison in comparisons:
        yield comparison
        yield from getattr(comparison, "excluded", ())
