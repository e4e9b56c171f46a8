"""
The nodes of a stack: what its template says, as it is written and as it came out, with the places.

Whoever wants to tell something about a stack that has been read, finds here where it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field

from pizzabar.cloudformation.definitions import position_in
from pizzabar.cloudformation.node import Node, Position, Substituted, mapping, nearest
from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.resource import Resource


@record
class Nodes:
    """What a stack was read from."""

    sections: Mapping[str, Node] = field(default_factory=dict)
    """The sections of the template as they are written; resources of SAM are not expanded, loops are."""
    written: Mapping[str, Node] = field(default_factory=dict)
    """The resources that are created, by logical ID: those of SAM expanded, functions not resolved."""
    resolved: Mapping[str, Node] = field(default_factory=dict)
    """The properties of the resources as they came out, by logical ID."""

    def place_of(self, resource: Resource, path: Sequence[str | int]) -> Position:
        """Give the place of a property of a resource, or of the last thing on the way to it."""
        name = resource.logical_id
        properties = mapping(self.written[name]).get("Properties")
        return place_of(path, properties, self.resolved[name], resource.properties)


def place_of(path: Sequence[str | int], written: Node | None, resolved: Node, values: Mapping[str, JSON]) -> Position:
    """Give the place of a property, within the file of a definition if need be."""
    definition = mapping(written).get(str(path[0])) if path else None
    if definition is not None and isinstance(definition.value, Substituted):
        return position_in(definition, str(values.get(str(path[0]))), path[1:])
    return nearest(resolved, path)
