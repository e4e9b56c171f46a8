"""Roles that nothing uses, and those that are missing."""

from collections.abc import Iterator

from pizzabar.cloudformation.intrinsics import references
from pizzabar.cloudformation.node import mapping
from pizzabar.lint.finding import Finding
from pizzabar.lint.subject import Subject

_REQUIRED = {"AWS::Lambda::Function": "Role", "AWS::StepFunctions::StateMachine": "RoleArn"}
_ATTACHED = frozenset({"AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"})
"""What says what a role may do, and does not use it."""


def check(subject: Subject) -> Iterator[Finding]:
    """Find roles that no resource and no output refers to. One with a name of its own may be used from elsewhere.

    Find what must have a role, and has none: here nothing is refused to it, whatever ``--iam`` says.
    """
    for type, name in _REQUIRED.items():
        for resource in subject.of(type):
            if not resource.properties.get(name):
                why = f"{resource.logical_id} has no {name}: AWS does not make it"
                yield subject.found("PB703", resource, (), why)
    nodes = subject.stack.nodes
    used = {
        each.name
        for node in nodes.written.values()
        if mapping(node)["Type"].value not in _ATTACHED
        for each in references(node, {})
    }
    outputs = nodes.sections.get("Outputs")
    used |= {each.name for each in references(outputs, {})} if outputs is not None else set()
    declared = mapping(nodes.sections.get("Resources"))
    for role in subject.of("AWS::IAM::Role"):
        if role.logical_id in declared and role.logical_id not in used and "RoleName" not in role.properties:
            why = f"nothing in the template uses {role.logical_id}: what it allows, it allows nobody"
            yield subject.found("PB702", role, (), why)
