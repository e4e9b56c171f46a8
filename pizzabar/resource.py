"""
Resources of a template, as the rooms see them.

Each room declares its CloudFormation types in a table of ``ResourceType``: which properties it understands and of
what shape, what is wrong in them, by which names others refer to the resource, and how it is made. The loader
(``cloudformation``) reads templates against these tables and knows no room.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.record import record


@record
class Text:
    """A string; a number or boolean of a template stands for its text.

    ``choices`` limits it; those of ``without`` have no effect, and it says why.
    """

    choices: tuple[str, ...] = ()
    without: Mapping[str, str] = field(default_factory=dict)


@record
class Number:
    """An integer within bounds, or the text of one."""

    minimum: int | None = None
    maximum: int | None = None


@record
class Boolean:
    """true or false, or the text of one."""


@record
class Document:
    """Any value: what a room reads by its own rules (a definition, an event pattern)."""


@record
class Without:
    """Something that is understood and has no effect here; ``why`` says so to the user.

    It is held to its ``shape``; without one it is any value.
    """

    why: str = ""
    shape: "Shape" = field(default_factory=Document)


@record
class Unsupported:
    """Something of AWS's that pizzabar does not have, and refuses by name."""


@record
class ListOf:
    """A list of one shape."""

    member: "Shape"


@record
class MapOf:
    """An object with keys of the author's choice and values of one shape."""

    member: "Shape"


@record
class Record:
    """An object with known keys, some of them required."""

    properties: Mapping[str, "Shape"]
    required: frozenset[str] = frozenset()


Shape = Text | Number | Boolean | Document | Without | Unsupported | ListOf | MapOf | Record


Numbered = Mapping[str, tuple[Mapping[str, int], int]]
"""The numbers of versions by what a template calls them, and the last number, by the ARN of what is published."""


class Numbers:
    """Numbers the versions that a template publishes, in its order: after those that are known, or from 1 on.

    A version that is known keeps its number.
    """

    def __init__(self, known: Numbered | None = None) -> None:
        self._known = known or {}
        self._given = {arn: dict(marks) for arn, (marks, _) in self._known.items()}
        self._last = {arn: last for arn, (_, last) in self._known.items()}

    def anew(self) -> "Numbers":
        """Give the same before it has numbered anything."""
        return Numbers(self._known)

    def of(self, arn: str, mark: str) -> int:
        """Give the number of the version of something that a template calls by a mark: always the same."""
        given = self._given.setdefault(arn, {})
        if mark not in given:
            given[mark] = self._last[arn] = self._last.get(arn, 0) + 1
        return given[mark]


@record
class Naming:
    """What names are made from: the account, its region, and the stack; and where the server is."""

    home: Home
    stack: str
    address: str = "http://localhost:8000"
    numbers: Numbers = field(default_factory=Numbers)


@record
class Identity:
    """How a resource is referred to: what ``Ref`` gives, and what ``Fn::GetAtt`` gives by attribute."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@record
class Resource:
    """A resource of a template with every property resolved."""

    logical_id: str
    type: str
    properties: Mapping[str, JSON]
    identity: Identity
    metadata: Mapping[str, JSON] = field(default_factory=dict)


@record
class Reference:
    """A property that names another resource of the template by what ``Ref`` gives, after a ``prefix`` or bare.

    The properties ``alike`` have the same value in both. The property or attribute ``name`` may name it, too. Of a
    map or a list, each value is such a reference. ``standing`` is the one that is there in any case, and is meant
    where none is named; ``name_of`` takes the name out of what the property says. ``may_be_elsewhere`` says that a
    lenient reading takes one which is not of the template.
    """

    type: str
    prefix: str = ""
    alike: tuple[str, ...] = ()
    name: str | None = None
    standing: str | None = None
    name_of: Callable[[str], str] = str
    may_be_elsewhere: bool = False


@record
class Asked:
    """An operation that a resource will ask of a service, by the call table's names, and where it says so."""

    path: tuple[str | int, ...]
    service: str
    operation: str
    is_task: bool = False
    """Whether the resource can be made without it: a task fails once it is run, unless a mock answers."""


@record
class Needed:
    """A file or a folder that a resource is made from, by its name relative to the template, and where it says so."""

    path: tuple[str | int, ...]
    name: str


@record
class ResourceType:
    """One CloudFormation type.

    ``identify`` is pure: it is given the logical ID, the resolved properties and the naming. ``check`` is pure: it
    gives the faults of the resolved properties, their paths relative to the properties; ``check_resource`` does so
    for a type that reads the resource's name or metadata, too. ``references`` names the properties that refer to
    resources which must be there, and ``asks`` (pure) gives the operations that must. ``create`` is handed the room's
    service and the resource; creating what is there already makes it as the template says.
    """

    shape: Record
    identify: Callable[[str, Mapping[str, JSON], Naming], Identity]
    create: Callable[[Any, Resource], Awaitable[None]] | None = None
    check: Callable[[Mapping[str, JSON]], Iterable[Fault]] = lambda properties: ()
    check_resource: Callable[[Resource], Iterable[Fault]] = lambda resource: ()
    references: Mapping[str, Reference] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    """Properties that no other resource of the type has alike, where all are given or have one standing for them."""
    asks: Callable[[Mapping[str, JSON]], Iterable[Asked]] = lambda properties: ()
    files: Callable[[Resource], Iterable[Needed]] = lambda resource: ()
    """The files and folders that have to be there."""
    remove: Callable[[Any, Resource], Awaitable[None]] | None = None
    """Takes out what a template that has changed does not have any more. Without it, what was made is left: data."""
    is_replaced: bool = False
    """Whether one that has changed is taken out before it is made again: of a type that says something of other
    resources, and has nothing of its own."""
    comes_last: bool = False
    """Whether it is created after all that does not wait for it: a deployment takes what is there."""
    is_supported: bool = True
    """Whether anything comes of the resource; one of a type that is not supported is read, and refused by name."""
