"""What a state machine says and never does: rules that are never taken, substitutions that meet nothing."""

import re
from collections.abc import Iterator

from pizzabar.cloudformation.node import Node, Position, Substituted, mapping
from pizzabar.documents import JSON, write
from pizzabar.lint.codes import CODES
from pizzabar.lint.definitions import STATE_MACHINE, definitions, states
from pizzabar.lint.finding import Finding
from pizzabar.lint.subject import Subject, position_at
from pizzabar.resource import Resource

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_.:-]+)\}")
_NOT_TESTED = frozenset({"Next", "Comment", "Assign", "Output"})


def check(subject: Subject) -> Iterator[Finding]:
    """Find choice rules that are never taken, and substitutions and placeholders that do not meet."""
    yield from _choices(subject)
    for machine in subject.of(STATE_MACHINE):
        properties = mapping(mapping(subject.stack.nodes.written[machine.logical_id]).get("Properties"))
        for property in ("DefinitionString", "Definition"):
            node = properties.get(property)
            if node is not None and isinstance(node.value, Substituted):
                yield from _substitutions(machine, node.value)
        yield from _placeholders(subject, machine)


def _choices(subject: Subject) -> Iterator[Finding]:
    for definition in definitions(subject):
        for placed in states(definition.document):
            rules = placed.state.get("Choices")
            seen: dict[str, int] = {}
            for index, rule in enumerate(rules if isinstance(rules, list) else ()):
                if not isinstance(rule, dict):
                    continue
                test = write(_sorted({name: value for name, value in rule.items() if name not in _NOT_TESTED}))
                first = seen.setdefault(test, index)
                if first != index:
                    why = (
                        f"rule {index + 1} of the state {placed.path[-1]} tests what rule {first + 1} does: that one "
                        f"is taken first, and {rule.get('Next')} is never reached by this one"
                    )
                    path = (definition.property, *placed.path, "Choices", index)
                    yield subject.found("PB602", definition.machine, path, why)


def _sorted(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def _substitutions(machine: Resource, substituted: Substituted) -> Iterator[Finding]:
    used = set(_names(substituted.definition))
    for name, node in mapping(substituted.substitutions).items():
        if name not in used and not name.startswith("Fn::"):
            why = f"the definition of {machine.logical_id} has no ${{{name}}} that {name} could be put in for"
            yield Finding(CODES["PB603"], node.place, machine.logical_id, why)


def _names(node: Node) -> Iterator[str]:
    """Go through the placeholders in the texts of a node."""
    match node.value:
        case str() as text:
            yield from _PLACEHOLDER.findall(text)
        case dict() as members:
            for name, member in members.items():
                yield from _PLACEHOLDER.findall(name)
                yield from _names(member)
        case list() as items:
            for item in items:
                yield from _names(item)
        case _:
            pass


def _placeholders(subject: Subject, machine: Resource) -> Iterator[Finding]:
    """Find what still is a placeholder when all has been put in."""
    for definition in definitions(subject):
        if definition.machine is not machine:
            continue
        for name in dict.fromkeys(_PLACEHOLDER.findall(definition.text)):
            why = f"nothing is put in for ${{{name}}}: the definition of {machine.logical_id} keeps it as it stands"
            place = _place_of(subject, definition.machine, definition.property, f"${{{name}}}")
            yield Finding(CODES["PB604"], place, machine.logical_id, why)


def _place_of(subject: Subject, machine: Resource, property: str, text: str) -> Position:
    """Give where a text stands in the file of a definition, or in the template."""
    written = mapping(mapping(subject.stack.nodes.written[machine.logical_id]).get("Properties")).get(property)
    match None if written is None else written.value:
        case Substituted(file=str(file)):
            try:
                content = subject.read_file(file)
            except (OSError, ValueError):
                content = ""
            if (at := content.find(text)) >= 0:
                return position_at(content, at, file)
        case _:
            pass
    return subject.place_in(machine, (property,), text, 0, text)
