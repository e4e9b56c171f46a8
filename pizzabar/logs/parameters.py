"""
The parameters of the operations of CloudWatch Logs, and what is wrong in them.

Pure. All that breaks a constraint is told in one answer, in AWS's words.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from collections.abc import Mapping, Sequence

from pizzabar.constraints import Constraint, detected, missing, violations
from pizzabar.documents import JSON
from pizzabar.errors import SerializationException
from pizzabar.logs.errors import InvalidParameterException
from pizzabar.logs.log_group import MOST_EVENTS

GROUP_NAME = r"[\.\-_/#A-Za-z0-9]+"
STREAM_NAME = "[^:*]*"

CONSTRAINTS: dict[str, Constraint] = {
    "logGroupName": Constraint(str, 1, 512, GROUP_NAME),
    "logGroupNamePrefix": Constraint(str, 1, 512, GROUP_NAME),
    "logGroupNamePattern": Constraint(str, 0, 512, r"[\.\-_/#A-Za-z0-9]*"),
    "logGroupClass": Constraint(str, choices=("STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS")),
    "logGroupIdentifier": Constraint(str, 1, 2048, r"[\w#+=/:,.@-]*"),
    "logStreamName": Constraint(str, 1, 512, STREAM_NAME),
    "logStreamNamePrefix": Constraint(str, 1, 512, STREAM_NAME),
    "logStreamNames": Constraint(list, 1, 100),
    "policyName": Constraint(str),
    "policyDocument": Constraint(str, 1, 51_200),
    "logEvents": Constraint(list, 1, MOST_EVENTS),
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


def check(operation: str, parameters: JSON, *required: str) -> Mapping[str, JSON]:
    """Give the parameters of an operation that are there.

    Raise ``InvalidParameterException`` with all that breaks a constraint, or that is not supported;
    ``SerializationException`` when something is of another JSON type.
    """
    if not isinstance(parameters, dict):
        raise SerializationException("Unexpected field type")
    given = {name: value for name, value in parameters.items() if value is not None}
    problems = [missing(name) for name in required if name not in given]
    for name, value in given.items():
        constraint = Constraint(int, 1, _LIMITS.get(operation)) if name == "limit" else CONSTRAINTS.get(name)
        if constraint is None:
            raise InvalidParameterException(f"{name} is not supported")
        problems += violations(name, value, constraint)
    refuse(problems)
    if given.get("logGroupClass", "STANDARD") != "STANDARD":
        raise InvalidParameterException(f"logGroupClass {given['logGroupClass']} is not supported")
    return given


def refuse(problems: Sequence[str]) -> None:
    """Raise ``InvalidParameterException`` with all the problems, if there are any."""
    if problems:
        raise InvalidParameterException(detected(problems))
