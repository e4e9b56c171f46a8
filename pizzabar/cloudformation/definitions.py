"""
Definitions of state machines: read from the files that a template names, and substituted.

CloudFormation takes a definition as text, as an object, or as a file, which the ``package`` command of the AWS CLI
sends along. Whatever the form, ``${Name}`` in its text stands for a value of DefinitionSubstitutions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from collections.abc import Callable, Sequence

from pizzabar.cloudformation.node import Node, Position, Report, Special, Substituted, mapping, nearest, plain
from pizzabar.cloudformation.template import read
from pizzabar.documents import write

STATE_MACHINE = "AWS::StepFunctions::StateMachine"


def read_definition(
    place: Node, substitutions: Node, logical_id: str, read_file: Callable[[str], str], report: Report
) -> Node:
    """Give the definition in the file that a property names."""
    if not isinstance(place.value, str):
        if not isinstance(place.value, Special):
            report(place.place, f"{logical_id}: a definition is read from a local file; this is no path of one")
        return Node(Special.UNKNOWN, place.position, place.key)
    path = place.value
    try:
        text = read_file(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        report(place.position, f"{logical_id}: {path} cannot be read: {reason}")
        return Node(Special.UNKNOWN, place.position, place.key)
    if path.endswith((".yaml", ".yml")):
        definition = read(text, path, report, allows_null=True)
        if definition is None:
            return Node(Special.UNKNOWN, place.position, place.key)
        text = write(plain(definition))
    definition = Node(text, place.position)
    return Node(Substituted(definition, substitutions, path), place.position, place.key)


def substituted(logical_id: str, resource: Node, read_file: Callable[[str], str], report: Report) -> Node:
    """Give a state machine of CloudFormation with its substitutions made and its file read."""
    attributes = mapping(resource)
    properties = dict(mapping(attributes.get("Properties")))
    substitutions = properties.pop("DefinitionSubstitutions", None)
    location = properties.get("DefinitionS3Location")
    reads_file = location is not None and isinstance(location.value, str)
    if substitutions is None and not reads_file:
        return resource
    values = Node({}, resource.position) if substitutions is None else substitutions
    if location is not None and reads_file:
        del properties["DefinitionS3Location"]
        properties["DefinitionString"] = read_definition(location, values, logical_id, read_file, report)
    else:
        for name in ("DefinitionString", "Definition"):
            if (definition := properties.pop(name, None)) is not None:
                made = Node(Substituted(definition, values), definition.position, definition.key)
                properties["DefinitionString"] = made
    before = attributes["Properties"]
    return Node(
        {**attributes, "Properties": Node(properties, before.position, before.key)}, resource.position, resource.key
    )


def position_in(definition: Node, text: str, path: Sequence[str | int]) -> Position:
    """Give the place of a member of a definition, in the file that it was read from if there is one."""
    if not isinstance(definition.value, Substituted):
        return definition.place
    origin: Node | None = definition.value.definition
    if (file := definition.value.file) is not None and path:
        origin = read(text, file, lambda position, message: None, allows_null=True)
    return definition.place if origin is None or not path else nearest(origin, path)
