"""
The parameters of the operations of EventBridge, and what is wrong in them.

Pure. All that breaks a constraint is told in one answer, in AWS's words.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from collections.abc import Iterable, Iterator, Sequence

from pizzabar.constraints import Constraint, detected, missing, violations
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException

ARN = r"^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:.+\/.+$"
NAME = r"[\.\-_A-Za-z0-9]+"
_BUS = r"[/\.\-_A-Za-z0-9]+"
_BUS_OR_ARN = r"(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+"

_CONNECTION_ARN = (
    r"^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$"
)
_CONNECTION_STATES = (
    *("CREATING", "UPDATING", "DELETING", "AUTHORIZED", "DEAUTHORIZED", "AUTHORIZING", "DEAUTHORIZING", "ACTIVE"),
    "FAILED_CONNECTIVITY",
)

CONSTRAINTS: dict[str, Constraint] = {
    "AuthorizationType": Constraint(str, choices=("BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY")),
    "ConnectionArn": Constraint(str, 1, 1600, _CONNECTION_ARN),
    "ConnectionState": Constraint(str, choices=_CONNECTION_STATES),
    "Description": Constraint(str, most=512),
    "EventBusName": Constraint(str, 1, 1600, _BUS_OR_ARN),
    "EventPattern": Constraint(str, most=4096),
    # In the orders that AWS was seen to tell them in.
    "HttpMethod": Constraint(str, choices=("HEAD", "POST", "PATCH", "DELETE", "PUT", "GET", "OPTIONS")),
    "Ids": Constraint(list, 1, 100),
    "InvocationEndpoint": Constraint(
        str, 1, 2048, r"^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$"
    ),
    "InvocationRateLimitPerSecond": Constraint(int, 1, (1 << 31) - 1),
    "KmsKeyIdentifier": Constraint(str, most=2048, pattern=r"^[a-zA-Z0-9_\-/:]*$"),
    "Limit": Constraint(int, 1, 100),
    "Name": Constraint(str, 1, 64, NAME),
    "NamePrefix": Constraint(str, 1, 64, NAME),
    "NextToken": Constraint(str, 1, 2048),
    "ResourceARN": Constraint(str, 1, 1600),
    "RoleArn": Constraint(str, 1, 1600),
    "Rule": Constraint(str, 1, 64, NAME),
    "ScheduleExpression": Constraint(str, most=256),
    "State": Constraint(str, choices=("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")),
    "TargetArn": Constraint(str, 1, 1600),
    "Targets": Constraint(list, 1, 100),
}
"""What parameters may be, by name; names of buses apart."""

OF_BUS = {"Name": Constraint(str, 1, 256, _BUS), "NamePrefix": Constraint(str, 1, 256, _BUS)}
NAMED_BUS = {"Name": Constraint(str, 1, 1600, _BUS_OR_ARN)}
"""Where the name of a bus may be its ARN."""


def check(parameters: JSON, *required: str, of: dict[str, Constraint] | None = None) -> None:
    """See that parameters are there and what they may be. Raise ``ValidationException`` with all that is wrong."""
    constraints = CONSTRAINTS if of is None else CONSTRAINTS | of
    problems = [missing(member_name(name)) for name in required if parameters.get(name) is None]
    for name, value in parameters.items():
        constraint = constraints.get(name)
        if constraint is not None and value is not None:
            problems += violations(member_name(name), value, constraint)
    refuse(problems)


def refuse(problems: Iterable[str]) -> None:
    """Raise ``ValidationException`` with all the problems, if there are any."""
    found = list(problems)
    if found:
        raise ValidationException(detected(found))


def refuse_unsupported(parameters: JSON, *names: str) -> None:
    """Refuse parameters by name that nothing here could heed. Raise ``ValidationException``."""
    for name in names:
        if parameters.get(name) is not None:
            raise ValidationException(f"{name} is not supported")


def member_name(name: str) -> str:
    """Give a parameter's name as AWS writes it in messages."""
    return name[0].lower() + name[1:]


def shown_entries(entries: Iterable[JSON]) -> str:
    """Write entries of PutEvents as AWS does in its message: as its Java objects are printed. Seen on AWS."""
    shown = [f"PutEventsRequestEntry({', '.join(_members(entry))})" for entry in entries]
    return f"[{', '.join(shown)}]"


def _members(entry: JSON) -> Iterator[str]:
    given = entry if isinstance(entry, dict) else {}
    for name in ("Time", "Source", "Resources", "DetailType", "Detail", "EventBusName", "TraceHeader"):
        value = given.get(name)
        if isinstance(value, list):
            value = f"[{', '.join(map(str, value))}]"
        yield f"{member_name(name)}={'null' if value is None else value}"
    yield "kmsKeyIdentifier=null"
    yield "internalMetadata=null"


_RESOURCE = Constraint(str, 0, 2048)
_TRACE_HEADER = Constraint(str, 1, 500)


def too_long(entries: Sequence[JSON]) -> Iterator[str]:
    """Tell which texts of entries of PutEvents, of the right types, are longer than they may be."""
    for number, entry in enumerate(entries, 1):
        for index, resource in enumerate(entry.get("Resources") or (), 1):
            yield from violations(f"entries.{number}.member.resources.{index}.member", resource, _RESOURCE)
        if (header := entry.get("TraceHeader")) is not None:
            yield from violations(f"entries.{number}.member.traceHeader", header, _TRACE_HEADER)
