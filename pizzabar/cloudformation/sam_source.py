"""
Resources of SAM types that are to be expanded, and what is made of them.

A resource that is generated stands where the thing stands that it comes from.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from pizzabar.cloudformation.node import Node, Position, Report, mapping, node_of
from pizzabar.cloudformation.sam_globals import is_intrinsic
from pizzabar.documents import JSON
from pizzabar.record import record

Resources = Iterator[tuple[str, Node]]


@record
class Source:
    """A resource of a SAM type that is to be expanded."""

    logical_id: str
    node: Node
    properties: Mapping[str, Node]
    read_file: Callable[[str], str]
    report: Report
    unsupported: Report
    parameters: Mapping[str, JSON] = field(default_factory=dict)
    """The values of the template's parameters."""
    generated: dict[str, str] = field(default_factory=dict)
    """Is told the logical IDs of what others may refer to by a property: ``Bake.Alias``."""

    def resource(self, type: str, properties: Mapping[str, JSON], place: Position | None = None) -> Node:
        """Make a resource that stands where this one stands, and is made under the same condition."""
        at = self.node.place if place is None else place
        attributes = {name: node for name in _SHARED_ATTRIBUTES if (node := mapping(self.node).get(name))}
        return node_of({"Type": type, **attributes, "Properties": properties}, at, at)

    def main(self, type: str, properties: Mapping[str, JSON]) -> tuple[str, Node]:
        """Make the resource that keeps the logical ID and everything that is said about it."""
        attributes = {name: node for name, node in mapping(self.node).items() if name != "Type"}
        place = self.node.place if "Properties" not in attributes else attributes["Properties"].place
        made = node_of({**properties}, place, place)
        return self.logical_id, node_of({**attributes, "Type": type, "Properties": made}, self.node.position, place)

    def fault(self, at: Node, message: str) -> None:
        """Tell a fault of this resource."""
        self.report(at.place, f"{self.logical_id}: {message}")


_SHARED_ATTRIBUTES = ("Condition", "DeletionPolicy", "UpdateReplacePolicy")


def tags_of(tags: Node) -> JSON:
    """Write a map of tags as the list that CloudFormation takes."""
    if not isinstance(tags.value, dict) or is_intrinsic(tags.value):
        return tags
    pairs = [{"Key": name, "Value": value} for name, value in tags.value.items()]
    return node_of(pairs, tags.position)


def get_att(logical_id: str, attribute: str) -> JSON:
    return {"Fn::GetAtt": [logical_id, attribute]}


def trust(service: str) -> JSON:
    statement = {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}
    return {"Version": "2012-10-17", "Statement": [statement]}
