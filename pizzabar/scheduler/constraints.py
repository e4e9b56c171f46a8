"""
Constraints: what the members of a request may be, as the service's model has it.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.record import record


@record
class Length:
    """A text, or a list, of a length; ``pattern`` is what all of a text must be, ``choices`` what it may be."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()


@record
class Span:
    """A whole number."""

    least: int
    most: int


@record
class Members:
    """A structure."""

    members: Mapping[str, "Length | Span | Members"] = field(default_factory=dict)
    required: tuple[str, ...] = ()


Constraint = Length | Span | Members

NAME = Length(1, 64, "[0-9a-zA-Z-_.]+")
TOKEN = Length(1, 64, "[a-zA-Z0-9-_]+")
GROUP_ARN = Length(1, 1011, r"arn:aws[a-z-]*:scheduler:[a-z0-9\-]+:\d{12}:schedule-group\/[0-9a-zA-Z-_.]+")
STATE = Length(choices=("ENABLED", "DISABLED"))
PAGE: dict[str, Constraint] = {"NextToken": Length(1, 2048), "MaxResults": Span(1, 100), "NamePrefix": NAME}

TARGET = Members(
    {
        "Arn": Length(1, 1600),
        "RoleArn": Length(1, 1600, r"arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@\/-]+"),
        "DeadLetterConfig": Members(
            {"Arn": Length(1, 1600, r"arn:aws[a-z-]*:sqs:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9\-_]+")}
        ),
        "RetryPolicy": Members({"MaximumEventAgeInSeconds": Span(60, 86_400), "MaximumRetryAttempts": Span(0, 185)}),
        "Input": Length(1),
        "EventBridgeParameters": Members(
            {
                "DetailType": Length(1, 128),
                "Source": Length(
                    1,
                    256,
                    r"(?=[/\.\-_A-Za-z0-9]+)((?!aws\.).*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)",
                ),
            },
            ("DetailType", "Source"),
        ),
        "SqsParameters": Members({"MessageGroupId": Length(1, 128)}),
    },
    ("Arn", "RoleArn"),
)
SCHEDULE = Members(
    {
        "Name": NAME,
        "GroupName": NAME,
        "ScheduleExpression": Length(1, 256),
        "ScheduleExpressionTimezone": Length(1, 50),
        "Description": Length(0, 512),
        "State": STATE,
        "KmsKeyArn": Length(1, 2048, r"arn:aws[a-z-]*:kms:[a-z0-9\-]+:\d{12}:(key|alias)\/[0-9a-zA-Z-_]*"),
        "Target": TARGET,
        "FlexibleTimeWindow": Members(
            {"Mode": Length(choices=("OFF", "FLEXIBLE")), "MaximumWindowInMinutes": Span(1, 1440)}, ("Mode",)
        ),
        "ClientToken": TOKEN,
        "ActionAfterCompletion": Length(choices=("NONE", "DELETE")),
    },
    ("Name", "ScheduleExpression", "Target", "FlexibleTimeWindow"),
)
NAMED = Members({"Name": NAME, "GroupName": NAME, "ClientToken": TOKEN}, ("Name",))
GROUP = Members({"Name": NAME, "ClientToken": TOKEN, "Tags": Length(0, 200)}, ("Name",))
SCHEDULES = Members({"GroupName": NAME, "State": STATE, **PAGE})
GROUPS = Members({**PAGE})
TAGGED = Members({"ResourceArn": GROUP_ARN, "Tags": Length(0, 200), "TagKeys": Length(0, 200)}, ("ResourceArn",))


def check(parameters: JSON, wanted: Members) -> None:
    """See that parameters, of the right types, keep their constraints. Raise ``ValidationException`` for all."""
    faults = list(_faults(parameters, wanted, ""))
    if faults:
        errors = "error" if len(faults) == 1 else "errors"
        raise ValidationException(f"{len(faults)} validation {errors} detected: {'; '.join(faults)}")


def require(parameters: JSON, names: Iterable[str]) -> None:
    """See that some members are there. Raise ``ValidationException``."""
    check(parameters, Members(required=tuple(names)))


def _faults(value: JSON, wanted: Members, path: str) -> Iterator[str]:
    for name in wanted.required:
        if value.get(name) is None:
            yield _fault(None, f"{path}{_lower(name)}", "Member must not be null")
    for name, each in wanted.members.items():
        member, place = value.get(name), f"{path}{_lower(name)}"
        if member is None:
            continue
        match each:
            case Members():
                yield from _faults(member, each, f"{place}.")
            case Span(least, most):
                if member < least:
                    yield _fault(member, place, f"Member must have value greater than or equal to {least}")
                if member > most:
                    yield _fault(member, place, f"Member must have value less than or equal to {most}")
            case Length():
                yield from (_fault(member, place, broken) for broken in _broken(member, each))


def _broken(value: JSON, wanted: Length) -> Iterator[str]:
    if len(value) < wanted.least:
        yield f"Member must have length greater than or equal to {wanted.least}"
    if wanted.most is not None and len(value) > wanted.most:
        yield f"Member must have length less than or equal to {wanted.most}"
    if wanted.pattern is not None and re.fullmatch(wanted.pattern, value, re.ASCII) is None:
        yield f"Member must satisfy regular expression pattern: {wanted.pattern}"
    if wanted.choices and value not in wanted.choices:
        yield f"Member must satisfy enum value set: [{', '.join(wanted.choices)}]"


def _fault(value: JSON, path: str, broken: str) -> str:
    told = "null" if value is None else f"'{value if isinstance(value, str) else documents.write(value)}'"
    return f"Value {told} at '{path}' failed to satisfy constraint: {broken}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
