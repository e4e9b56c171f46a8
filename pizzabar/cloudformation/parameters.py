"""
Parameters: the values that a stack is given, or their defaults, and whether they keep the template's rules.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

import hashlib
import re
from collections.abc import Mapping

from pizzabar.cloudformation.node import Node, Position, Report, Special, did_you_mean, mapping, plain, text_of
from pizzabar.documents import JSON
from pizzabar.resource import Naming

ATTRIBUTES = (
    *("AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description"),
    *("MaxLength", "MaxValue", "MinLength", "MinValue", "NoEcho", "Type"),
)
_TYPES = ("String", "Number", "List<Number>", "CommaDelimitedList")
# Types that only say of what kind an existing thing of the account is: text here.
_ACCOUNT_TYPE = re.compile(r"(?:List<)?AWS::(?:EC2|Route53)::[A-Za-z0-9:]+>?")
# The value is the name of a parameter of SSM, and what is used is the value of that.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html
_SSM_VALUE = re.compile(
    r"AWS::SSM::Parameter::Value<(?:String|CommaDelimitedList|List<String>|(?:List<)?AWS::[A-Za-z0-9:]+>?)>"
)
_SSM_NAME = "AWS::SSM::Parameter::Name"


def pseudo_parameters(naming: Naming) -> dict[str, JSON]:
    """Give the parameters that every template has.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
    """
    digest = hashlib.sha256(f"{naming.home.arn('cloudformation', naming.stack)}".encode()).hexdigest()
    stack = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    return {
        "AWS::AccountId": naming.home.account,
        "AWS::NoValue": Special.NO_VALUE,
        "AWS::NotificationARNs": [],
        "AWS::Partition": "aws",
        "AWS::Region": naming.home.region,
        "AWS::StackId": naming.home.arn("cloudformation", f"stack/{naming.stack}/{stack}"),
        "AWS::StackName": naming.stack,
        "AWS::URLSuffix": "amazonaws.com",
    }


def read_parameters(section: Node | None, given: Mapping[str, str], file: str, report: Report) -> dict[str, JSON]:
    """Give the value of every parameter: text, a list of texts, or unknown where it has a fault."""
    if section is not None and not isinstance(section.value, dict):
        report(section.place, "Template format error: Parameters must be an object")
    declared = mapping(section)
    for name in given:
        if name not in declared:
            where = Position(file, 1, 1) if section is None else section.place
            report(where, f"Parameters: [{name}] do not exist in the template{did_you_mean(name, declared)}")
    return {name: _Parameter(name, node, report).value(given.get(name)) for name, node in declared.items()}


def in_ssm(section: Node | None, given: Mapping[str, str]) -> dict[str, Position]:
    """Give the places of the parameters whose values are in SSM alone, which is not here."""
    types = {name: kind for name, node in mapping(section).items() if (kind := mapping(node).get("Type")) is not None}
    return {
        name: kind.place
        for name, kind in types.items()
        if name not in given and isinstance(kind.value, str) and _SSM_VALUE.fullmatch(kind.value)
    }


def shown_parameters(section: Node | None, values: Mapping[str, JSON]) -> dict[str, JSON]:
    """Give the values as they may be shown: those with ``NoEcho`` as asterisks, the name of what is in SSM alone."""
    declared = mapping(section)
    shown = {}
    for name, value in values.items():
        default = mapping(declared[name]).get("Default")
        value = value if value is not Special.UNKNOWN or default is None else text_of(default.value)
        shown[name] = "****" if _is_secret(declared[name]) else value
    return shown


def _is_secret(parameter: Node) -> bool:
    no_echo = mapping(parameter).get("NoEcho")
    return no_echo is not None and text_of(no_echo.value) == "true"


class _Parameter:
    def __init__(self, name: str, node: Node, report: Report) -> None:
        self.name = name
        self.node = node
        self.attributes = mapping(node)
        self.tell = report

    def report(self, attribute: str, message: str) -> None:
        """Tell a fault at an attribute, or at the parameter's name when it does not have it."""
        at = self.attributes.get(attribute)
        self.tell(self.node.place if at is None else at.place, message)

    def value(self, given: str | None) -> JSON:
        kind = self.type()
        if kind is None:
            return Special.UNKNOWN
        text = given if given is not None else self.default()
        if text is None:
            self.report("", f"Parameters: [{self.name}] must have values")
            return Special.UNKNOWN
        if text is Special.UNKNOWN:
            return text
        is_list = kind.removeprefix("AWS::SSM::Parameter::Value<").startswith(("CommaDelimitedList", "List<"))
        members = [member.strip() for member in text.split(",")] if is_list else [text]
        is_in_ssm = _SSM_VALUE.fullmatch(kind) is not None
        if is_in_ssm and given is not None:
            # The rules are for the name of a parameter; what is given is its value.
            return members if is_list else text
        faulty = False
        for member in members:
            if (message := self.broken_rule(member, kind)) is not None:
                faulty = True
                described = self.attributes.get("ConstraintDescription")
                if described is not None and isinstance(described.value, str):
                    message = f"Parameter {self.name} failed to satisfy constraint: {described.value}"
                self.report("Default" if given is None else "", message)
        if faulty or is_in_ssm:
            return Special.UNKNOWN
        return members if is_list else text

    def type(self) -> str | None:
        if not isinstance(self.node.value, dict):
            self.tell(
                self.node.place, f"Template format error: Every Parameters object must be an object: {self.name}"
            )
            return None
        for attribute in self.attributes:
            if attribute not in ATTRIBUTES:
                hint = did_you_mean(attribute, ATTRIBUTES)
                self.report(attribute, f"Invalid template parameter property '{attribute}'{hint}")
        node = self.attributes.get("Type")
        if node is None:
            self.report("", "Template format error: Every Parameters object must contain a Type member.")
            return None
        kind = node.value
        if isinstance(kind, str) and (
            kind in (*_TYPES, _SSM_NAME) or _ACCOUNT_TYPE.fullmatch(kind) or _SSM_VALUE.fullmatch(kind)
        ):
            return kind
        if not isinstance(kind, Special):
            hint = did_you_mean(str(kind), _TYPES)
            self.report("Type", f"Template format error: Unrecognized parameter type: {plain(node)}{hint}")
        return None

    def default(self) -> JSON:
        node = self.attributes.get("Default")
        if node is None or isinstance(node.value, Special):
            return None if node is None else Special.UNKNOWN
        text = text_of(node.value)
        if text is None:
            self.report("Default", "Template format error: Every Default member must be a string.")
            return Special.UNKNOWN
        return text

    def broken_rule(self, text: str, kind: str) -> str | None:
        """Say which rule a value breaks."""
        if "Number" in kind and _number(text) is None:
            return f"Parameter '{self.name}' must be a number."
        allowed = self.attributes.get("AllowedValues")
        if allowed is not None and isinstance(allowed.value, list):
            values = [text_of(member.value) for member in allowed.value]
            if text not in values:
                return f"Parameter '{self.name}' must be one of AllowedValues"
        pattern = self.attributes.get("AllowedPattern")
        if pattern is not None and isinstance(pattern.value, str):
            try:
                if not re.fullmatch(pattern.value, text):
                    return f"Parameter '{self.name}' must match pattern {pattern.value}"
            except re.error as error:
                self.report("AllowedPattern", f"Parameter '{self.name}' has no valid AllowedPattern: {error}")
        number = _number(text) if "Number" in kind else None
        checks: tuple[tuple[str, float | None, int, str], ...] = (
            ("MinLength", len(text), 1, "must contain at least {} characters"),
            ("MaxLength", len(text), -1, "must contain at most {} characters"),
            ("MinValue", number, 1, "must be a number not less than {}"),
            ("MaxValue", number, -1, "must be a number not greater than {}"),
        )
        for attribute, measured, sign, words in checks:
            limit = self.limit(attribute)
            if limit is not None and measured is not None and (measured - limit) * sign < 0:
                return f"Parameter '{self.name}' {words.format(f'{limit:g}')}"
        return None

    def limit(self, attribute: str) -> float | None:
        node = self.attributes.get(attribute)
        return None if node is None else _number(text_of(node.value) or "")


def _number(text: str) -> float | None:
    try:
        return float(text) if re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*", text) else None
    except ValueError:
        return None
