"""
The shapes of what is in forms and answers: texts and numbers, structures, lists and maps.

A member of a form has its name in the service's model, but for lists and maps, which are flattened: the attributes of
a queue are ``Attribute.1.Name=…&Attribute.1.Value=…``, in a form as in XML.
https://smithy.io/2.0/spec/protocol-traits.html#xmlflattened-trait
"""

from collections.abc import Mapping
from dataclasses import field

from pizzabar.record import record


@record
class ListOf:
    """A list: ``name`` is what a form calls each member, ``json`` what an answer in JSON calls the list.

    ``is_null`` tells that such an answer has null for a list that is empty.
    """

    name: str
    of: "Shape"
    json: str | None = None
    is_null: bool = False


@record
class MapOf:
    """A map: ``name`` is what a form calls each entry, ``key`` and ``value`` what it calls the two halves of one."""

    name: str
    of: "Shape"
    key: str = "Name"
    value: str = "Value"


@record
class Structure:
    """Members by their names in the service's model, in the order in which an answer has them."""

    members: Mapping[str, "Shape"] = field(default_factory=dict)


Shape = type[str] | type[int] | type[bool] | ListOf | MapOf | Structure


@record
class Operation:
    """What an operation is asked with, and what it answers, if anything."""

    parameters: Structure
    result: Structure | None = None


@record
class QueryService:
    """A service that speaks the query protocol.

    Without ``operations`` it has lists that are not flattened, ``Names.member.1``, and nothing is known of the types.
    """

    name: str
    namespace: str
    operations: Mapping[str, Operation] | None = None


def name_in_form(name: str, shape: Shape) -> str:
    """Tell what a form calls a member."""
    return shape.name if isinstance(shape, ListOf | MapOf) else name
