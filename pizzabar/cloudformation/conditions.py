"""
Conditions: which of them hold, for the parameters at hand.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
"""

from collections.abc import Callable
from dataclasses import replace

from pizzabar.cloudformation.intrinsics import FORMS, VALUE_FUNCTIONS, Scope, references, refused, resolve
from pizzabar.cloudformation.node import Node, did_you_mean, is_known, mapping, plain, text_of


def evaluate(section: Node | None, scope: Scope) -> dict[str, bool | None]:
    """Decide every condition of the section; None stands for one that has a fault."""
    if section is not None and not isinstance(section.value, dict):
        scope.report(section.place, "Template format error: Conditions must be an object")
    conditions = _Conditions(mapping(section), scope)
    return {name: conditions.named(name) for name in conditions.nodes}


class _Conditions:
    def __init__(self, nodes: dict[str, Node], scope: Scope) -> None:
        self.nodes = nodes
        self.scope = scope
        self.decided: dict[str, bool | None] = {}
        self.deciding: list[str] = []

    def named(self, name: str) -> bool | None:
        if name in self.decided:
            return self.decided[name]
        if name in self.deciding:
            circle = ", ".join(self.deciding[self.deciding.index(name) :])
            self.report(self.nodes[name], f"Template error: Found circular condition dependency: [{circle}]")
            self.decided |= dict.fromkeys(self.deciding[self.deciding.index(name) :])
            return None
        self.deciding.append(name)
        decision = self.decide(self.nodes[name])
        self.deciding.pop()
        return self.decided.setdefault(name, decision)

    def decide(self, node: Node) -> bool | None:
        value = node.value
        if isinstance(value, dict) and len(value) == 1:
            ((name, argument),) = value.items()
            if function := CONDITION_FUNCTIONS.get(name):
                return function(self, argument)
            if name.startswith("Fn::") and name not in FORMS and name not in VALUE_FUNCTIONS:
                self.report(node, refused(name))
                return None
        if not _is_unknown(node):
            self.report(
                node,
                "Template format error: Every Conditions member must be one of Fn::And, Fn::Equals, Fn::Not, "
                "Fn::Or or Condition",
            )
        return None

    def report(self, node: Node, message: str) -> None:
        self.scope.report(node.place, message)

    def operands(self, argument: Node, least: int, most: int, message: str) -> list[bool | None] | None:
        if not isinstance(argument.value, list) or not least <= len(argument.value) <= most:
            if not _is_unknown(argument):
                self.report(argument, f"Template error: {message}")
            return None
        return [self.decide(operand) for operand in argument.value]


def _is_unknown(node: Node) -> bool:
    return text_of(node.value) is None and not isinstance(node.value, dict | list)


def _equals(conditions: _Conditions, argument: Node) -> bool | None:
    if not isinstance(argument.value, list) or len(argument.value) != 2:
        conditions.report(argument, "Template error: Fn::Equals requires a list argument with two elements")
        return None
    is_sound = True
    for reference in references(argument, {}):
        if reference.name not in conditions.scope.values:
            is_sound = False
            conditions.scope.report(
                reference.position,
                f"Template format error: Unresolved dependencies [{reference.name}]. Cannot reference resources in "
                f"the Conditions block of the template{did_you_mean(reference.name, conditions.scope.values)}",
            )
    texts = []
    for operand in argument.value:
        value = plain(resolve(operand, replace(conditions.scope, conditions={}, identities={})))
        text = text_of(value)
        texts.append(text)
        if text is None:
            if is_known(value):
                conditions.report(operand, "Template error: every Fn::Equals object compares two strings")
            is_sound = False
    return texts[0] == texts[1] if is_sound else None


def _and(conditions: _Conditions, argument: Node) -> bool | None:
    message = "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters."
    operands = conditions.operands(argument, 2, 10, message)
    return None if operands is None or None in operands else all(operands)


def _or(conditions: _Conditions, argument: Node) -> bool | None:
    message = "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters."
    operands = conditions.operands(argument, 2, 10, message)
    return None if operands is None or None in operands else any(operands)


def _not(conditions: _Conditions, argument: Node) -> bool | None:
    operands = conditions.operands(argument, 1, 1, "Fn::Not requires a list argument with one element")
    return None if operands is None or operands[0] is None else not operands[0]


def _condition(conditions: _Conditions, argument: Node) -> bool | None:
    name = argument.value
    if isinstance(name, str) and name in conditions.nodes:
        return conditions.named(name)
    if not _is_unknown(argument):
        hint = did_you_mean(str(name), conditions.nodes) if isinstance(name, str) else ""
        conditions.report(argument, f"Template error: unresolved condition dependency {plain(argument)}{hint}")
    return None


CONDITION_FUNCTIONS: dict[str, Callable[[_Conditions, Node], bool | None]] = {
    "Fn::Equals": _equals,
    "Fn::And": _and,
    "Fn::Or": _or,
    "Fn::Not": _not,
    "Condition": _condition,
}
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html"""
