"""
Values of a template with the places where they stand, and faults with theirs.

A template is held as nodes from its text to the last property, so that whatever turns out to be wrong, at any
step, can be told with its line. A node that is made of another (by a function, by SAM) stands where that one does.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError
from pizzabar.record import record


class Position(NamedTuple):
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Special(Enum):
    """Values that are none of JSON's."""

    NO_VALUE = "AWS::NoValue"
    """Takes the property away, or the member of a list."""

    UNKNOWN = "unknown"
    """Stands where a fault was told already; whatever follows from it is not told again."""


@record
class Substituted:
    """A definition whose ``${Name}`` are replaced by the values of a map, and nothing else is touched.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-sam-sfn.html
    """

    definition: "Node"
    substitutions: "Node"
    file: str | None = None
    """The file that the definition was read from."""


@record
class Node:
    """A value and its place; ``key`` is the place of the name that it stands under."""

    value: "str | int | float | bool | dict[str, Node] | list[Node] | Substituted | Special"
    position: Position
    key: Position | None = None

    @property
    def place(self) -> Position:
        """Where to point a reader who asks for this member: its name, or itself in a list."""
        return self.position if self.key is None else self.key

    def moved(self, other: "Node") -> "Node":
        """Give the node as standing under the name of another."""
        return Node(self.value, self.position, other.key)


Report = Callable[[Position, str], None]
"""Tell a fault."""


@record
class TemplateFault:
    """One thing wrong in a template."""

    position: Position
    message: str

    def __str__(self) -> str:
        return f"{self.position}: {self.message}"


class FaultyTemplate(PizzabarError):
    """Raised when a template cannot be made a stack; tells every fault, in the order of the text."""

    def __init__(self, faults: Sequence[TemplateFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def node_of(value: JSON, position: Position, key: Position | None = None) -> Node:
    """Make a node of a plain value, which may hold nodes; all that is new stands at one place."""
    match value:
        case Node():
            # It keeps the place of its own name, if it has one.
            return Node(value.value, value.position, value.key or key)
        case dict():
            members = {name: node_of(member, position, position) for name, member in value.items()}
            return Node(members, position, key)
        case list() | tuple():
            return Node([node_of(member, position) for member in value], position, key)
        case _:
            return Node(value, position, key)


def plain(node: Node) -> JSON:
    """Give the value without places. ``Special.UNKNOWN`` stays where it is: see ``is_known``."""
    value = node.value
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


def is_known(value: JSON) -> bool:
    """Whether a plain value is free of what could not be found out."""
    if isinstance(value, dict):
        return all(map(is_known, value.values()))
    if isinstance(value, list):
        return all(map(is_known, value))
    return value is not Special.UNKNOWN


def mapping(node: Node | None) -> dict[str, Node]:
    """Give the members of a node, or none when it is not an object."""
    return node.value if node is not None and isinstance(node.value, dict) else {}


def nearest(node: Node, path: Sequence[str | int]) -> Position:
    """Give the place of the member at a path, or of the last one on the way to it."""
    return nearest_node(node, path).place


def nearest_node(node: Node, path: Sequence[str | int]) -> Node:
    """Give the member at a path, or the last one on the way to it."""
    for part in path:
        match node.value, part:
            case dict() as members, str() if part in members:
                node = members[part]
            case list() as items, int() if 0 <= part < len(items):
                node = items[part]
            case _:
                break
    return node


def text_of(value: JSON) -> str | None:
    """Give the text that a scalar stands for, as CloudFormation does; None when it is not a scalar."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None


def did_you_mean(name: str, known: Iterable[str], *, cutoff: float = 0.65) -> str:
    """Suggest the known name that is nearest to a mistaken one, if it is as near as ``cutoff``, 0 to 1."""
    # Only a faulty template pays for the import.
    from difflib import get_close_matches

    folded = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(name.lower()[:256], list(folded), n=1, cutoff=cutoff)
    return f"; did you mean {folded[near[0]]}?" if near else ""
