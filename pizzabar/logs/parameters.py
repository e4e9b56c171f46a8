"""
The parameters of the operations of CloudWatch Logs, and what is wrong in them.

Pure. All that breaks a constraint is told in one answer, in AWS's words.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from pizzabar.documents import JSON
from pizzabar.errors import SerializationException
from pizzabar.logs.errors import InvalidParameterException
from pizzabar.record import record


@record
class Constraint:
    """What a parameter may be: a ``kind`` of value, within bounds of its length or of itself."""

    kind: type[object]
    least: int | None = None
    most: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()


GROUP_NAME = r"[\.\-_/#A-Za-z0-9]+"
STREAM_NAME = "[^:*]*"

CONSTRAINTS: dict[str, Constraint] = {
    "logGroupName": Constraint(str, 1, 512, GROUP_NAME),
    "logGroupNamePrefix": Constraint(str, 1, 512, GROUP_NAME),
    "logGroupNamePattern": Constraint(str, 0, 512, r"[\.\-_/#A-Za-z0-9]*"),
    "logGroupIdentifier": Constraint(str, 1, 2048, r"[\w#+=/:,.@-]*"),
    "logStreamName": Constraint(str, 1, 512, STREAM_NAME),
    "logStreamNamePrefix": Constraint(str, 1, 512, STREAM_NAME),
    "logStreamNames": Constraint(list, 1, 100),
    "policyName": Constraint(str),
    "policyDocument": Constraint(str, 1, 51_200),
    "logEvents": Constraint(list, 1, 10_000),
    "sequenceToken": Constraint(str, 1),
    "nextToken": Constraint(str, 1),
    "startTime": Constraint(int, 0),
    "endTime": Constraint(int, 0),
    "retentionInDays": Constraint(int),
    "orderBy": Constraint(str, choices=("LogStreamName", "LastEventTime")),
    "descending": Constraint(bool),
    "startFromHead": Constraint(bool),
    "interleaved": Constraint(bool),
    "unmask": Constraint(bool),
    "filterPattern": Constraint(str, 0, 1024),
    "tags": Constraint(dict, 1, 50),
}
"""The parameters that are understood, by name."""

_LIMITS = {"DescribeLogGroups": 50, "DescribeLogStreams": 50, "GetLogEvents": 10_000, "FilterLogEvents": 10_000}
_KINDS = {str: "a String", int: "a Long", bool: "a Boolean", list: "a List", dict: "a Map"}


def check(operation: str, parameters: JSON, *required: str) -> Mapping[str, JSON]:
    """Give the parameters of an operation that are there.

    Raise ``InvalidParameterException`` with all that breaks a constraint, or that is not supported;
    ``SerializationException`` when something is of another JSON type.
    """
    if not isinstance(parameters, dict):
        raise SerializationException("Unexpected field type")
    given = {name: value for name, value in parameters.items() if value is not None}
    problems = [
        f"Value null at '{name}' failed to satisfy constraint: Member must not be null"
        for name in required
        if name not in given
    ]
    for name, value in given.items():
        constraint = Constraint(int, 1, _LIMITS.get(operation)) if name == "limit" else CONSTRAINTS.get(name)
        if constraint is None:
            raise InvalidParameterException(f"{name} is not supported")
        problems += violations(name, value, constraint)
    refuse(problems)
    return given


def refuse(problems: Sequence[str]) -> None:
    """Raise ``InvalidParameterException`` with all the problems, if there are any."""
    if problems:
        errors = "1 validation error" if len(problems) == 1 else f"{len(problems)} validation errors"
        raise InvalidParameterException(f"{errors} detected: {'; '.join(problems)}")


def violations(name: str, value: JSON, constraint: Constraint) -> list[str]:
    """Tell what is wrong with a value. Raise ``SerializationException`` when it is of another JSON type."""
    kind: type[object] = type(value)
    if kind is not constraint.kind:
        raise SerializationException(f"{name} must be {_KINDS[constraint.kind]}")
    measure, size = ("value", value) if kind is int else ("length", 0 if kind is bool else len(value))
    if (
        (constraint.least is None or size >= constraint.least)
        and (constraint.most is None or size <= constraint.most)
        and (constraint.pattern is None or not value or _matches(constraint.pattern, value))
        and not constraint.choices
    ):
        return []
    wanted = []
    if constraint.least is not None and size < constraint.least:
        wanted.append(f"have {measure} greater than or equal to {constraint.least}")
    if constraint.most is not None and size > constraint.most:
        wanted.append(f"have {measure} less than or equal to {constraint.most}")
    if constraint.pattern is not None and value and not _matches(constraint.pattern, value):
        wanted.append(f"satisfy regular expression pattern: {constraint.pattern}")
    if constraint.choices and value not in constraint.choices:
        wanted.append(f"satisfy enum value set: [{', '.join(constraint.choices)}]")
    return [f"Value '{value}' at '{name}' failed to satisfy constraint: Member must {each}" for each in wanted]


@lru_cache(maxsize=1024)
def _matches(pattern: str, value: str) -> bool:
    """Whether a name has its form; the same few names are asked for again and again."""
    return re.fullmatch(pattern, value) is not None
