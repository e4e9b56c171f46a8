"""What is looked at: a stack, the files of its functions, and a day."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, TypeVar

from pizzabar.cloudformation.node import Position, mapping, nearest_node
from pizzabar.cloudformation.stack import Stack
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.resource import Resource

T = TypeVar("T")


class Subject:
    """A stack to be looked at.

    ``read_file`` gives the text of a file beside the template, and raises ``OSError`` or ``ValueError`` when it
    cannot; ``is_there`` tells whether there is a file or folder of a name. Support is judged by the day ``today``.
    """

    def __init__(
        self, stack: Stack, read_file: Callable[[str], str], is_there: Callable[[str], bool], today: date
    ) -> None:
        self.stack = stack
        self.read_file = read_file
        self.is_there = is_there
        self.today = today
        self._by_type: dict[str, list[Resource]] = {}
        self._by_ref: dict[tuple[str, str], Resource] = {}
        for each in stack.resources:
            self._by_type.setdefault(each.type, []).append(each)
            self._by_ref.setdefault((each.type, each.identity.ref), each)
        self._remembered: dict[str, Any] = {}

    def of(self, *types: str) -> Iterator[Resource]:
        """Go through the resources of some types."""
        return (each for type in types for each in self._by_type.get(type, ()))

    def named(self, type: str, ref: str) -> Resource | None:
        """Give the resource of a type that a ``Ref`` names."""
        return self._by_ref.get((type, ref))

    def remembered(self, what: str, make: Callable[[], T]) -> T:
        """Give what several checks look at, made once."""
        if what not in self._remembered:
            self._remembered[what] = make()
        made: T = self._remembered[what]
        return made

    def place(self, resource: Resource, *path: str | int) -> Position:
        """Give the place of a property, or without a path that of the resource."""
        nodes = self.stack.nodes
        if not path:
            declared = mapping(nodes.sections.get("Resources"))
            return declared.get(resource.logical_id, nodes.written[resource.logical_id]).place
        found = nearest_node(nodes.resolved[resource.logical_id], path)
        if len(path) == 1 and isinstance(found.value, str | int | float):
            # What SAM has made of a property has lost the place of its name.
            return found.position
        return nodes.place_of(resource, path)

    def found(self, code: str, resource: Resource, path: Sequence[str | int], why: str) -> Finding:
        """Make a finding at a property of a resource."""
        return Finding(CODES[code], self.place(resource, *path), resource.logical_id, why)

    def place_in(self, resource: Resource, path: Sequence[str | int], text: str, start: int, source: str) -> Position:
        """Give the place of a piece of a property's text, which begins at an offset in it and reads so.

        What functions have put in, or YAML has folded, is not where it stands in the file; so the piece is looked for
        from where the property stands on, as often as the text has it before.
        """
        position = self.place(resource, *path)
        first = next(iter(self.stack.nodes.sections.values()), None)
        if first is None or position.file != first.position.file:
            return position
        written = self.stack.text
        at = offset_of(written, position) - 1
        for _ in range(text.count(source, 0, start) + 1):
            at = written.find(source, at + 1)
            if at < 0:
                return position
        return position_at(written, at, position.file)


def offset_of(text: str, position: Position) -> int:
    """Give the offset of a place in its text."""
    at = 0
    for _ in range(position.line - 1):
        at = text.find("\n", at) + 1
    return at + position.column - 1


def position_at(text: str, offset: int, file: str) -> Position:
    """Give the place of an offset in a text."""
    return Position(file, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
