"""
Sections of a template, as far as they are understood without knowing any type: what stands in them, and whether it
is well formed.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

import re
from collections.abc import Mapping

from pizzabar.cloudformation import loops, sam
from pizzabar.cloudformation.intrinsics import Scope
from pizzabar.cloudformation.node import Node, Report, Special, did_you_mean, mapping, plain
from pizzabar.documents import JSON

SECTIONS = (
    *("AWSTemplateFormatVersion", "Conditions", "Description", "Globals", "Hooks", "Mappings", "Metadata"),
    *("Outputs", "Parameters", "Resources", "Rules", "Transform"),
)
ATTRIBUTES = (
    *("Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Description", "Metadata", "Properties"),
    *("Type", "UpdatePolicy", "UpdateReplacePolicy"),
)
"""CloudFormation takes a ``Description``, too, though its reference does not have it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-product-attribute-reference.html
"""
TRANSFORMS = (sam.TRANSFORM, loops.TRANSFORM)
OUTPUT_ATTRIBUTES = ("Condition", "Description", "Export", "Value")


def check_sections(sections: Mapping[str, Node], report: Report) -> None:
    """Tell of sections that CloudFormation does not have, or pizzabar does not support."""
    _check_transforms(sections.get("Transform"), report)
    for name, node in sections.items():
        if name not in SECTIONS or (name == "Globals" and not uses_sam(sections)):
            hint = f" without Transform: {sam.TRANSFORM}" if name == "Globals" else did_you_mean(name, SECTIONS)
            report(node.place, f"Invalid template property or properties [{name}]{hint}")
        elif name == "Hooks":
            report(node.place, f"The section {name} is not supported")
    version = sections.get("AWSTemplateFormatVersion")
    if version is not None and version.value not in ("2010-09-09", Special.UNKNOWN):
        report(
            version.position,
            f"Template format error: {plain(version)} is not a supported value for AWSTemplateFormatVersion.",
        )
    description = sections.get("Description")
    if description is not None and not isinstance(description.value, str | Special):
        report(description.place, "Template format error: Description must be a string.")


def uses_sam(sections: Mapping[str, Node]) -> bool:
    """Whether types of SAM may stand in the template."""
    return _has_transform(sections, sam.TRANSFORM)


def uses_extensions(sections: Mapping[str, Node]) -> bool:
    """Whether the template's language is the extended one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
    """
    return _has_transform(sections, loops.TRANSFORM)


def _has_transform(sections: Mapping[str, Node], name: str) -> bool:
    transform = sections.get("Transform")
    if transform is None:
        return False
    value = plain(transform)
    return value == name or (isinstance(value, list) and name in value)


def _check_transforms(node: Node | None, report: Report) -> None:
    if node is None:
        return
    for member in node.value if isinstance(node.value, list) else [node]:
        if member.value not in TRANSFORMS and not isinstance(member.value, Special):
            name = member.value if isinstance(member.value, str) else str(plain(member))
            hint = did_you_mean(name, TRANSFORMS)
            report(member.position, f"The transform {name} is not supported{hint}")


def read_rules(section: Node | None, report: Report) -> dict[str, Node]:
    """Give the rules that parameters are held to on AWS.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
    """
    if section is not None and not isinstance(section.value, dict | Special):
        report(section.place, "Template format error: Rules must be an object")
    return mapping(section)


def read_mappings(section: Node | None, report: Report) -> dict[str, JSON]:
    """Give the values of the Mappings section; a mapping with a fault is unknown."""
    if section is not None and not isinstance(section.value, dict | Special):
        report(section.place, "Template format error: Mappings must be an object")
    read: dict[str, JSON] = {}
    for name, node in mapping(section).items():
        read[name] = plain(node)
        members = node.value.values() if isinstance(node.value, dict) else [node]
        for member in members:
            if not isinstance(member.value, dict) and not isinstance(member.value, Special):
                report(
                    member.place,
                    f"Template format error: Every Mappings attribute must be a map of maps: {name}",
                )
                read[name] = Special.UNKNOWN
            for attribute in mapping(member).values():
                value = plain(attribute)
                if isinstance(value, dict):
                    report(
                        attribute.place,
                        "Template format error: Every Mappings attribute must be a String or a List.",
                    )
                    read[name] = Special.UNKNOWN
        if read[name] is not Special.UNKNOWN and Special.UNKNOWN in read[name].values():
            read[name] = Special.UNKNOWN
    return read


def is_resource(name: str, node: Node, report: Report) -> bool:
    """Whether a member of the Resources section is well formed enough to be read on."""
    if isinstance(node.value, Special):
        return False
    if name.startswith(loops.PREFIX):
        report(node.place, f"{name} needs Transform: {loops.TRANSFORM}")
        return False
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
        report(node.place, f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(node.value, dict):
        report(node.place, f"Template format error: [/Resources/{name}] resource definition is malformed")
        return False
    for attribute, member in node.value.items():
        if attribute == "Connectors":
            report(member.place, f"{name}: Connectors are not supported")
        elif attribute == "IgnoreGlobals" and _is_of_sam(node):
            continue
        elif attribute not in ATTRIBUTES:
            hint = did_you_mean(attribute, ATTRIBUTES)
            report(member.place, f"{name}: Invalid template resource property '{attribute}'{hint}")
    type = node.value.get("Type")
    if type is None:
        report(
            node.place,
            f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.",
        )
        return False
    if not isinstance(type.value, str):
        if not isinstance(type.value, Special):
            report(type.place, f"Template format error: [/Resources/{name}/Type] Type must be a string")
        return False
    properties = node.value.get("Properties")
    if properties is not None and not isinstance(properties.value, dict | Special):
        report(
            properties.place,
            f"Template format error: [/Resources/{name}/Properties] Properties must be an object",
        )
        return False
    return True


def _is_of_sam(node: Node) -> bool:
    type = mapping(node).get("Type")
    return type is not None and isinstance(type.value, str) and type.value.startswith("AWS::Serverless::")


def is_created(name: str, node: Node, scope: Scope, block: str) -> bool:
    """Whether the condition of a resource or an output holds; a faulty one is taken to hold."""
    condition = mapping(node).get("Condition")
    if condition is None:
        return True
    if not isinstance(condition.value, str):
        if not isinstance(condition.value, Special):
            scope.report(
                condition.place,
                f"Template format error: [/{block}/{name}/Condition] Condition must be a string",
            )
        return True
    if condition.value not in scope.conditions:
        hint = did_you_mean(condition.value, scope.conditions)
        scope.report(
            condition.position,
            f"Template format error: Unresolved condition dependency {condition.value} in the {block} block of "
            f"the template{hint}",
        )
        return True
    return scope.conditions[condition.value] is not False


def outputs_of(section: Node | None, scope: Scope) -> dict[str, Node]:
    """Give the outputs whose condition holds."""
    if section is not None and not isinstance(section.value, dict | Special):
        scope.report(section.place, "Template format error: Outputs must be an object")
    outputs = {}
    for name, node in mapping(section).items():
        if isinstance(node.value, Special):
            continue
        if name.startswith(loops.PREFIX):
            scope.report(node.place, f"{name} needs Transform: {loops.TRANSFORM}")
            continue
        if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
            scope.report(node.place, f"Template format error: Output name {name} is non alphanumeric.")
        if "Value" not in mapping(node):
            scope.report(node.place, "Template format error: Every Outputs member must contain a Value object")
            continue
        for attribute, member in mapping(node).items():
            if attribute not in OUTPUT_ATTRIBUTES:
                hint = did_you_mean(attribute, OUTPUT_ATTRIBUTES)
                scope.report(member.place, f"{name}: Invalid template output property '{attribute}'{hint}")
        if is_created(name, node, scope, "Outputs"):
            outputs[name] = node
    return outputs
