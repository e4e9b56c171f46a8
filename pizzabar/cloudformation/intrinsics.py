"""
Intrinsic functions: what a function of a template gives, and which resources it asks for.

Pure. A function that is given what it cannot take is a fault at its place, in CloudFormation's words, and its value
is unknown; whatever is made of an unknown value is unknown too and not told again. Likewise a ``Ref`` of something
that does not exist: it is told once for the whole template, by whoever goes through ``references``, also where a
condition keeps the branch from being taken.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from pizzabar.cloudformation.node import (
    Node,
    Position,
    Report,
    Special,
    Substituted,
    did_you_mean,
    is_known,
    node_of,
    plain,
    text_of,
)
from pizzabar.documents import JSON, write
from pizzabar.record import record
from pizzabar.resource import Identity

MOST_TEXT = 10_000_000


class Budget:
    """How much text the functions of a template may still make, so that none takes long to read."""

    def __init__(self) -> None:
        self.left = MOST_TEXT

    def spend(self, length: int) -> None:
        """Take off the length of a text that is about to be made. Raise ``IntrinsicError``."""
        self.left -= length
        if self.left < 0:
            raise IntrinsicError(f"Template error: the functions come to more than {MOST_TEXT} characters")


@record
class Scope:
    """What functions find: ``identities`` has None for a resource whose identity is unknown."""

    report: Report
    values: Mapping[str, JSON]
    """Parameters and pseudo parameters."""
    in_ssm: Mapping[str, Position] = field(default_factory=dict)
    """The parameters whose values are in SSM alone, with their places: who asks for one is told to give it."""
    mappings: Mapping[str, JSON] = field(default_factory=dict)
    conditions: Mapping[str, bool | None] = field(default_factory=dict)
    identities: Mapping[str, Identity | None] = field(default_factory=dict)
    is_extended: bool = False
    """Whether the template asks for AWS::LanguageExtensions."""
    budget: Budget = field(default_factory=Budget)


@record
class Reference:
    """A place that names a parameter or a resource; ``is_taken`` unless a condition decides against it."""

    name: str
    attribute: str | None
    position: Position
    is_taken: bool
    function: str


class IntrinsicError(Exception):
    """Raised within this module by a function that cannot give a value."""


class MissingKey(IntrinsicError):
    """Raised when a mapping does not have what is looked for."""


def resolve(node: Node, scope: Scope) -> Node:
    """Give a node with every function in it replaced by its value."""
    value = node.value
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            if is_function(name):
                return _apply(name, node, argument, scope)
        members = {}
        for name, member in value.items():
            if name.startswith("Fn::"):
                scope.report(member.place, f"{name} must stand alone in its object")
                return Node(Special.UNKNOWN, node.position, node.key)
            resolved = resolve(member, scope)
            if resolved.value is not Special.NO_VALUE:
                members[name] = resolved
        return Node(members, node.position, node.key)
    if isinstance(value, list):
        items = [resolve(item, scope) for item in value]
        return Node([item for item in items if item.value is not Special.NO_VALUE], node.position, node.key)
    if isinstance(value, Substituted):
        try:
            return Node(_substitute(value, scope), node.position, node.key)
        except IntrinsicError as error:
            scope.report(node.position, str(error))
            return Node(Special.UNKNOWN, node.position, node.key)
    if isinstance(value, str) and "{{resolve:" in value:
        scope.report(node.position, "Dynamic references ({{resolve:…}}) are not supported")
        return Node(Special.UNKNOWN, node.position, node.key)
    return node


def references(node: Node, conditions: Mapping[str, bool | None], *, is_taken: bool = True) -> Iterator[Reference]:
    """Go through every name of a parameter or a resource that functions ask for."""
    match node.value:
        case {"Ref": Node(value=str(name), position=position), **others} if not others:
            yield Reference(name, None, position, is_taken, "Ref")
        case {"Fn::GetAtt": Node() as argument, **others} if not others:
            name, attribute = _attribute_parts(argument)
            if name and attribute.value != "":
                given = attribute.value if isinstance(attribute.value, str) else None
                yield Reference(name, given, argument.position, is_taken, "Fn::GetAtt")
                yield from references(attribute, conditions, is_taken=is_taken)
        case {"Fn::Sub": Node() as argument, **others} if not others:
            text, variables = _sub_parts(argument)
            for variable in variables.values():
                yield from references(variable, conditions, is_taken=is_taken)
            for name in dict.fromkeys(_VARIABLE.findall(text or "")):
                if name not in variables and not name.startswith("!") and _VARIABLE_NAME.fullmatch(name):
                    logical_id, _, given = name.partition(".")
                    function = "Fn::GetAtt" if given else "Ref"
                    yield Reference(logical_id, given or None, argument.position, is_taken, function)
        case {"Fn::If": Node(value=[Node(value=str(name)), Node() as then, Node() as otherwise])}:
            decision = conditions.get(name)
            yield from references(then, conditions, is_taken=is_taken and decision is True)
            yield from references(otherwise, conditions, is_taken=is_taken and decision is False)
        case dict() as members:
            for member in members.values():
                yield from references(member, conditions, is_taken=is_taken)
        case list() as items:
            for item in items:
                yield from references(item, conditions, is_taken=is_taken)
        case Substituted(definition, substitutions):
            yield from references(definition, conditions, is_taken=is_taken)
            yield from references(substitutions, conditions, is_taken=is_taken)
        case _:
            pass


def is_function(name: str) -> bool:
    """Whether an object with this one name is a function rather than a value."""
    return name == "Ref" or name.startswith("Fn::")


def refused(name: str) -> str:
    """Say why a function gives no value here."""
    if name.startswith("Fn::ForEach"):
        return f"{name} needs Transform: AWS::LanguageExtensions"
    if name in _UNSUPPORTED:
        return f"{name} is not supported"
    if name in _CONDITIONAL:
        return f"{name} has a value in the Conditions section only; name the condition with Fn::If"
    supported = ", ".join(sorted(name for name in [*VALUE_FUNCTIONS, *FORMS, *_CONDITIONAL] if name != "Ref"))
    return f"Template error: Encountered unsupported function: {name} Supported functions are: [{supported}]"


def _apply(name: str, node: Node, argument: Node, scope: Scope) -> Node:
    try:
        if form := FORMS.get(name):
            return form(argument, scope).moved(node)
        function = VALUE_FUNCTIONS.get(name)
        if function is None:
            raise IntrinsicError(refused(name))
        if name in _EXTENSIONS and not scope.is_extended:
            raise IntrinsicError(f"{name} needs Transform: AWS::LanguageExtensions")
        given = plain(resolve(argument, scope))
        value = function(given, scope) if is_known(given) else Special.UNKNOWN
    except IntrinsicError as error:
        scope.report(node.position, str(error))
        value = Special.UNKNOWN
    return node_of(value, node.position, node.key)


# Functions that are given their argument as it is written ---------------------------------------------------


def _ref(argument: Node, scope: Scope) -> Node:
    if not isinstance(argument.value, str):
        raise IntrinsicError("Template error: every Ref object must have a single String value.")
    return node_of(_value_of(argument.value, scope), argument.position)


def _value_of(name: str, scope: Scope) -> JSON:
    if name in scope.in_ssm:
        scope.report(
            scope.in_ssm[name],
            f"{name}: a parameter of SSM, which is not here: give its value, --parameter {name}=…",
        )
    if name in scope.values:
        return scope.values[name]
    identity = scope.identities.get(name)
    return Special.UNKNOWN if identity is None else identity.ref


def _get_att(argument: Node, scope: Scope) -> Node:
    name, attribute = _attribute_parts(argument)
    given = plain(resolve(attribute, scope))
    if given is Special.UNKNOWN:
        return Node(given, argument.position)
    if not name or not given or not isinstance(given, str):
        raise IntrinsicError(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, "
            "the resource name and the resource attribute"
        )
    return node_of(_attribute_of(name, given, scope), argument.position)


def _attribute_parts(argument: Node) -> tuple[str, Node]:
    """Take apart ``Name.Attribute`` or ``[Name, Attribute]``."""
    match argument.value:
        case str() as text:
            name, _, attribute = text.partition(".")
            return name, Node(attribute, argument.position)
        case [Node(value=str(name)), Node() as attribute_node]:
            return name, attribute_node
        case [Node(value=str(name)), *rest] if rest and all(isinstance(part.value, str) for part in rest):
            return name, Node(".".join(str(part.value) for part in rest), argument.position)
        case _:
            return "", Node("", argument.position)


def _attribute_of(name: str, attribute: str, scope: Scope) -> JSON:
    identity = scope.identities.get(name)
    if identity is None:
        return Special.UNKNOWN
    if attribute not in identity.attributes:
        raise IntrinsicError(
            f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            f"{did_you_mean(attribute, identity.attributes)}"
        )
    return identity.attributes[attribute]


# No brace within braces: otherwise "${${${…" takes a time that grows with the square of its length.
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_.:]+")


def _sub(argument: Node, scope: Scope) -> Node:
    text, variables = _sub_parts(argument)
    if text is None:
        raise IntrinsicError(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
            "string as first argument, and an optional second argument to specify a mapping of values to replace "
            "in the string"
        )
    values = {name: plain(resolve(variable, scope)) for name, variable in variables.items()}
    is_unknown = False

    def replace(found: re.Match[str]) -> str:
        nonlocal is_unknown
        name = found[1]
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if not _VARIABLE_NAME.fullmatch(name):
            raise IntrinsicError(
                "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
                "underscores, periods, and colons"
            )
        if name in values:
            value = values[name]
        elif "." in name:
            logical_id, _, attribute = name.partition(".")
            value = _attribute_of(logical_id, attribute, scope)
        else:
            value = _value_of(name, scope)
        if not is_known(value):
            is_unknown = True
            return ""
        replacement = text_of(value)
        if replacement is None:
            raise IntrinsicError(
                f"Template error: variable {name} in Fn::Sub expression does not resolve to a string"
            )
        scope.budget.spend(len(replacement))
        return replacement

    replaced = _VARIABLE.sub(replace, text)
    return Node(Special.UNKNOWN if is_unknown else replaced, argument.position)


def _sub_parts(argument: Node) -> tuple[str | None, dict[str, Node]]:
    match argument.value:
        case str() as text:
            return text, {}
        case [Node(value=str(text))]:
            return text, {}
        case [Node(value=str(text)), Node(value=dict() as variables)]:
            return text, variables
        case _:
            return None, {}


def _if(argument: Node, scope: Scope) -> Node:
    match argument.value:
        case [Node(value=str(name)), then, otherwise]:
            if name not in scope.conditions:
                hint = did_you_mean(name, scope.conditions)
                raise IntrinsicError(f"Template error: unresolved condition dependency {name} in Fn::If{hint}")
            decision = scope.conditions[name]
            if decision is None:
                return Node(Special.UNKNOWN, argument.position)
            return resolve(then if decision else otherwise, scope)
        case [Node(value=str()), *_]:
            raise IntrinsicError("Template error: Fn::If requires a list argument with three elements")
        case _:
            raise IntrinsicError(
                "Template error: Fn::If requires a list argument with the first element being a condition"
            )


FORMS: dict[str, Callable[[Node, Scope], Node]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::If": _if,
}


# Functions that are given the value of their argument -------------------------------------------------------


def _join(argument: JSON, scope: Scope) -> JSON:
    match argument:
        case [str(delimiter), list(parts)]:
            texts = [text for part in parts if (text := text_of(part)) is not None]
            if len(texts) == len(parts):
                scope.budget.spend(sum(map(len, texts)) + len(delimiter) * len(texts))
                return delimiter.join(texts)
    raise IntrinsicError(
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
        "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
    )


def _select(argument: JSON, scope: Scope) -> JSON:
    match argument:
        case [index, list(items)] if (text := text_of(index)) is not None and text.isascii() and text.isdigit():
            if len(text) < 10 and int(text) < len(items):
                return items[int(text)]
            raise IntrinsicError(f"Template error: Fn::Select cannot select nonexistent value at index {text}")
    raise IntrinsicError(
        "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
    )


def _split(argument: JSON, scope: Scope) -> JSON:
    match argument:
        case [str(delimiter), source] if delimiter and (text := text_of(source)) is not None:
            return text.split(delimiter)
    raise IntrinsicError(
        "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string "
        "to be split or a function that returns a string to be split."
    )


def _find_in_map(argument: JSON, scope: Scope) -> JSON:
    match argument:
        case [_, _, _, {"DefaultValue": default, **others}] if not others:
            if not scope.is_extended:
                raise IntrinsicError("Fn::FindInMap with a DefaultValue needs Transform: AWS::LanguageExtensions")
            try:
                return _find_in_map(argument[:3], scope)
            except MissingKey:
                return default
        case [str(name), top, second] if (key := text_of(top)) is not None and (
            attribute := text_of(second)
        ) is not None:
            if name not in scope.mappings:
                hint = did_you_mean(name, scope.mappings)
                raise MissingKey(
                    f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
                    f"{hint}"
                )
            if scope.mappings[name] is Special.UNKNOWN:
                return Special.UNKNOWN
            attributes = scope.mappings[name].get(key, {})
            if attributes is not Special.UNKNOWN and attribute not in attributes:
                hint = (
                    did_you_mean(key, scope.mappings[name]) if not attributes else did_you_mean(attribute, attributes)
                )
                raise MissingKey(f"Template error: Unable to get mapping for {name}::{key}::{attribute}{hint}")
            return Special.UNKNOWN if attributes is Special.UNKNOWN else attributes[attribute]
    raise IntrinsicError(
        "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
        "attribute for return value"
    )


def _base64(argument: JSON, scope: Scope) -> JSON:
    text = text_of(argument)
    if text is None:
        raise IntrinsicError("Template error: every Fn::Base64 object must have a String-typed value.")
    return b64encode(text.encode()).decode()


def _length(argument: JSON, scope: Scope) -> JSON:
    if not isinstance(argument, list):
        raise IntrinsicError("Template error: every Fn::Length object requires a list, or a function that gives one")
    return len(argument)


def _to_json_string(argument: JSON, scope: Scope) -> JSON:
    if not isinstance(argument, dict | list):
        raise IntrinsicError("Template error: every Fn::ToJsonString object requires an object or a list")
    return write(argument)


VALUE_FUNCTIONS: dict[str, Callable[[JSON, Scope], JSON]] = {
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::Base64": _base64,
    "Fn::Length": _length,
    "Fn::ToJsonString": _to_json_string,
}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
_EXTENSIONS = frozenset({"Fn::Length", "Fn::ToJsonString"})

_CONDITIONAL = frozenset({"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"})
_UNSUPPORTED = frozenset(
    f"Fn::{name}"
    for name in (
        "Cidr",
        "GetAZs",
        "ImportValue",
        "Transform",
        "GetStackOutput",
    )
)


# Definitions ------------------------------------------------------------------------------------------------


def _substitute(substituted: Substituted, scope: Scope) -> JSON:
    definition = plain(resolve(substituted.definition, scope)) if substituted.file is None else None
    if substituted.file is not None:
        definition = substituted.definition.value
    values = plain(resolve(substituted.substitutions, scope))
    if not is_known(definition) or not is_known(values):
        return Special.UNKNOWN
    return substitute(definition if isinstance(definition, str) else write(definition), values, scope.budget)


def substitute(text: str, values: Mapping[str, JSON], budget: Budget) -> str:
    """Replace each ``${Name}`` that the values have by the text of its value."""

    def replace(found: re.Match[str]) -> str:
        replacement = text_of(values.get(found[1]))
        budget.spend(0 if replacement is None else len(replacement))
        return found[0] if replacement is None else replacement

    return _VARIABLE.sub(replace, text)
