"""
Loops: what ``Fn::ForEach`` stands for, written out before anything else of a template is read.

A loop is a member ``Fn::ForEach::Name: [identifier, collection, fragment]`` of Conditions, Resources, Outputs, or of
any object inside of them. Its fragment takes its place, once for each value of the collection, with ``${identifier}``
and ``&{identifier}`` replaced in names and texts, and ``Ref`` of the identifier by the value. Loops within a fragment
are written out from the outside in. What they come to is bounded, as aliases are.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

import re
from collections.abc import Mapping

from pizzabar.cloudformation.intrinsics import IntrinsicError, Scope, references, resolve
from pizzabar.cloudformation.node import Node, Position, Special, did_you_mean, is_known, plain, text_of
from pizzabar.cloudformation.template import MOST_VALUES

PREFIX = "Fn::ForEach"
TRANSFORM = "AWS::LanguageExtensions"
SECTIONS = ("Conditions", "Resources", "Outputs")


def write_out(sections: Mapping[str, Node], scope: Scope) -> dict[str, Node]:
    """Give the sections of a template without loops; what is wrong in one is reported, and it is left out.

    ``scope`` has parameters and mappings; nothing else may stand in a collection.
    """
    written = dict(sections)
    loops = _Loops(scope, {name for section in SECTIONS for name in _members(sections.get(section))})
    for name in SECTIONS:
        if name in written:
            written[name] = loops.write(written[name], {})
    return written


def _members(section: Node | None) -> list[str]:
    return list(section.value) if section is not None and isinstance(section.value, dict) else []


class _Loops:
    def __init__(self, scope: Scope, names: set[str]) -> None:
        self.scope = scope
        self.names = names
        self.written = 0
        self.is_full = False

    def write(self, node: Node, values: Mapping[str, str]) -> Node:
        """Give a node with its loops written out, and identifiers replaced by their values."""
        if values:
            self.written += 1
        value = node.value
        if isinstance(value, dict):
            if values and len(value) == 1 and (found := value.get("Ref")) is not None:
                given = values.get(found.value) if isinstance(found.value, str) else None
                if given is not None:
                    return Node(given, node.position, node.key)
            members: dict[str, Node] = {}
            for name, member in value.items():
                if name.startswith(PREFIX):
                    self.loop(name, member, values, members)
                else:
                    self.put(members, self.replaced(name, values, member, is_name=True), self.write(member, values))
            return Node(members, node.position, node.key)
        if isinstance(value, list):
            return Node([self.write(item, values) for item in value], node.position, node.key)
        if values and isinstance(value, str):
            return Node(self.replaced(value, values, node), node.position, node.key)
        return node

    def loop(self, name: str, node: Node, values: Mapping[str, str], members: dict[str, Node]) -> None:
        """Put what a loop stands for among the members of the object that it is in."""
        parts = node.value
        if not re.fullmatch(rf"{PREFIX}::[A-Za-z0-9]+", name):
            self.report(node.place, f"{name}: a loop is written as {PREFIX}::Name, with letters and digits")
            return
        match parts:
            case [Node(value=str(identifier)), Node() as collection, Node(value=dict()) as fragment]:
                pass
            case Special():
                return
            case _:
                self.report(
                    node.place,
                    f"{name} layout is incorrect: [identifier, collection, object]",
                )
                return
        if identifier in self.scope.values or identifier in self.names or identifier in values:
            self.report(parts[0].place, f"{name}: the identifier {identifier} is the name of something else, too")
            return
        for value in self.collection(name, self.write(collection, values)):
            if self.written > MOST_VALUES:
                self.too_much(node.place)
                return
            written = self.write(fragment, {**values, identifier: value})
            assert isinstance(written.value, dict)
            for key, member in written.value.items():
                self.put(members, key, member)

    def collection(self, name: str, node: Node) -> list[str]:
        is_sound = True
        for reference in references(node, {}):
            if reference.name not in self.scope.values:
                is_sound = False
                hint = did_you_mean(reference.name, self.scope.values)
                message = f"{name}: a collection may refer to parameters, and {reference.name} is none{hint}"
                self.report(reference.position, message)
        value = plain(resolve(node, self.scope)) if is_sound else Special.UNKNOWN
        if not is_known(value):
            return []
        texts = [text_of(member) for member in value] if isinstance(value, list) else [None]
        if None in texts:
            self.report(node.place, f"{name}: a collection is a list of texts")
            return []
        return [text for text in texts if text is not None]

    def put(self, members: dict[str, Node], name: str, node: Node) -> None:
        if name in members:
            first = members[name].place.line
            self.report(node.place, f"Duplicate key {name} of a loop; it comes of line {first} already")
        else:
            members[name] = node

    def replaced(self, text: str, values: Mapping[str, str], node: Node, *, is_name: bool = False) -> str:
        """Replace identifiers; in a name, ``&{identifier}`` leaves out what no logical ID may have."""
        if "{" not in text:
            return text
        for identifier, value in values.items():
            plain_form, other_form = f"${{{identifier}}}", f"&{{{identifier}}}"
            count = text.count(plain_form) + text.count(other_form)
            try:
                self.scope.budget.spend(count * len(value))
            except IntrinsicError as error:
                self.report(node.place, str(error))
                return ""
            other = re.sub(r"[^A-Za-z0-9]", "", value) if is_name else value
            text = text.replace(plain_form, value).replace(other_form, other)
        return text

    def too_much(self, position: Position) -> None:
        if not self.is_full:
            self.is_full = True
            self.report(position, f"Template format error: loops come to more than {MOST_VALUES} values")

    def report(self, position: Position, message: str) -> None:
        self.scope.report(position, message)
