"""What the operations of Step Functions have in common: how they read parameters and page their lists."""

import re
from collections.abc import Mapping

from pizzabar import constraints
from pizzabar.constraints import Constraint, detected, natural, violations
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.stepfunctions.errors import InvalidArn, InvalidToken


def text_of(parameters: JSON, name: str) -> str:
    """Give a parameter that must be there. Raise ``ValidationException``."""
    value = parameters.get(name)
    if not isinstance(value, str):
        raise ValidationException(
            f"1 validation error detected: Value null at '{name}' failed to satisfy constraint:"
            " Member must not be null"
        )
    return value


CONSTRAINTS: dict[str, Constraint] = {
    "cause": Constraint(str, 0, 32_768),
    "description": Constraint(str, 0, 256),
    "error": Constraint(str, 0, 256),
    "includedData": Constraint(str, choices=("ALL_DATA", "METADATA_ONLY")),
    "maxResults": Constraint(int, 0, 1000),
    "output": Constraint(str, 0, 262_144),
    "redriveFilter": Constraint(str, choices=("REDRIVEN", "NOT_REDRIVEN")),
    "roleArn": Constraint(str, 1, 256),
    "severity": Constraint(str, choices=("ERROR", "WARNING")),
    "statusFilter": Constraint(
        str, choices=("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
    ),
    "type": Constraint(str, choices=("STANDARD", "EXPRESS")),
    "versionDescription": Constraint(str, 0, 256),
    "workerName": Constraint(str, 1, 80),
}
"""What parameters may be, as the service's model has it."""
_TAG = {"key": Constraint(str, 1, 128), "value": Constraint(str, 0, 256)}


def hold(parameters: JSON, *names: str, of: Mapping[str, Constraint] = CONSTRAINTS) -> None:
    """Raise ``ValidationException`` with all that is wrong with parameters, as far as they are there."""
    constraints.hold(parameters, names, of)


def execution_arn_of(parameters: JSON) -> str:
    """Give the ARN of an execution. Raise ``InvalidArn``, or ``ValidationException`` if there is none."""
    return _arn_of(parameters, "executionArn", "execution|express")


def state_machine_arn_of(parameters: JSON) -> str:
    """Give the ARN of a state machine. Raise ``InvalidArn``, or ``ValidationException`` if there is none."""
    return _arn_of(parameters, "stateMachineArn", "stateMachine")


def map_run_arn_of(parameters: JSON) -> str:
    """Give the ARN of a map run. Raise ``InvalidArn``, or ``ValidationException`` if there is none."""
    return _arn_of(parameters, "mapRunArn", "mapRun")


def check_role(parameters: JSON) -> None:
    """See that a role, if one is given, may be one. Raise ``InvalidArn`` or ``ValidationException``."""
    hold(parameters, "roleArn")
    arn = parameters.get("roleArn")
    if arn is not None and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", arn, re.ASCII):
        raise InvalidArn(f"Invalid Role Arn: '{arn}'")


def resource_arn_of(parameters: JSON) -> str:
    """Give the ARN of what has tags. Raise ``InvalidArn``, or ``ValidationException`` if there is none."""
    return _arn_of(parameters, "resourceArn", r"\w+")


def _arn_of(parameters: JSON, name: str, kinds: str) -> str:
    arn = text_of(parameters, name)
    if not re.match(rf"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{{12}}:(?:{kinds}):.", arn, re.ASCII):
        raise InvalidArn(f"Invalid Arn: '{arn}'")
    return arn


def tags_in(parameters: JSON) -> dict[str, str]:
    """Give the tags of a request. Raise ``ValidationException``."""
    problems: list[str] = []
    for number, tag in enumerate(parameters.get("tags") or (), 1):
        for name, constraint in _TAG.items():
            if (value := tag.get(name)) is not None:
                problems += violations(f"tags.{number}.member.{name}", value, constraint)
    if problems:
        raise ValidationException(detected(problems))
    return {text_of(tag, "key"): tag.get("value") or "" for tag in parameters.get("tags") or ()}


def page_of(parameters: JSON, member: str, found: list[JSON]) -> dict[str, JSON]:
    """Give a page of a list; its token is where the next one begins. Raise ``InvalidToken``."""
    hold(parameters, "maxResults")
    start, size = start_of(parameters), parameters.get("maxResults") or 100
    answer: dict[str, JSON] = {member: found[start : start + size]}
    return answer | ({"nextToken": str(start + size)} if start + size < len(found) else {})


def start_of(parameters: JSON) -> int:
    """Read the token of a page: where it begins. Raise ``InvalidToken``."""
    token = parameters.get("nextToken") or "0"
    start = natural(token) if isinstance(token, str) else None
    if start is None:
        raise InvalidToken(f"Invalid Token: '{token}'")
    return start
