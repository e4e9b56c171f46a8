"""Policies that name the stage of an API by a text of their own."""

import re
from collections.abc import Iterator

from pizzabar.cloudformation.node import Node, Position, mapping
from pizzabar.documents import JSON, NotJSON, parse
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.lint.subject import Subject

STAGE = "AWS::ApiGatewayV2::Stage"
_ARN = re.compile(r"arn:[^:]*:execute-api:[^:]*:[^:]*:(?P<api>[^/]+)/(?P<stage>[^/]+)(?:/.*)?")


def check(subject: Subject) -> Iterator[Finding]:
    """Find ARNs of a policy that name a stage literally where the stage's own name is not literal, or is another."""
    stages = {each.logical_id: each for each in subject.of(STAGE)}
    if not stages:
        return
    names = {each.properties["StageName"] for each in stages.values()}
    computed = [name for name in stages if not _is_literal(subject, name)]
    for logical_id, resource in mapping(subject.stack.nodes.sections.get("Resources")).items():
        for node in _resources_of_statements(resource):
            found = _ARN.fullmatch(_text(node).replace("${AWS::", "${"))
            stage = "" if found is None else found["stage"]
            if not stage or "$" in stage or "*" in stage or "?" in stage:
                continue
            if stage not in names:
                why = f"the ARN names the stage {stage}, and no stage of the template is called so"
            elif computed:
                owner = next(
                    (each for each in computed if stages[each].properties["StageName"] == stage), computed[0]
                )
                why = (
                    f"the ARN names the stage {stage} literally, and the StageName of {owner} is not literal: "
                    "under another name, the policy allows nothing"
                )
            else:
                continue
            yield Finding(CODES["PB701"], _place(node), logical_id, why)


def _is_literal(subject: Subject, stage: str) -> bool:
    name = mapping(mapping(subject.stack.nodes.written[stage]).get("Properties")).get("StageName")
    return name is not None and isinstance(name.value, str)


def _resources_of_statements(node: Node) -> Iterator[Node]:
    """Go through what the statements of policies are about, wherever in a resource they stand."""
    match node.value:
        case {"Effect": Node(), "Resource": Node() as resource}:
            yield from resource.value if isinstance(resource.value, list) else [resource]
        case dict() as members:
            for member in members.values():
                yield from _resources_of_statements(member)
        case list() as items:
            for item in items:
                yield from _resources_of_statements(item)
        case _:
            pass


def _text(node: Node) -> str:
    """Write a text with ``${…}`` wherever something is put in."""
    match node.value:
        case str() as text:
            return text
        case {"Fn::Sub": Node(value=str(text))} | {"Fn::Sub": Node(value=[Node(value=str(text)), *_])}:
            return text
        case {"Fn::Join": Node(value=[Node(value=str(delimiter)), Node(value=list(parts))])}:
            return delimiter.join(map(_text, parts))
        case _:
            return "${}"


def _place(node: Node) -> Position:
    """Give the place of a text itself, within the function that puts something into it."""
    match node.value:
        case {"Fn::Sub": Node(value=[Node() as text, *_])} | {"Fn::Sub": Node() as text}:
            return text.position
        case _:
            return node.position


def statements_of(document: JSON) -> list[dict[str, JSON]]:
    """Give the statements of a policy document, which may be text; none if it is none."""
    if isinstance(document, str):
        try:
            document = parse(document)
        except NotJSON:
            return []
    statements = document.get("Statement") if isinstance(document, dict) else None
    each = statements if isinstance(statements, list) else [statements]
    return [statement for statement in each if isinstance(statement, dict)]
