"""
Universal targets: ``arn:aws:scheduler:::aws-sdk:service:apiAction``, any operation of the call table that is no
reading.

Pure.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
"""

from collections.abc import Callable

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.record import record
from pizzabar.shapes import checked

PREFIX = "arn:aws:scheduler:::aws-sdk:"
READING = (
    *("get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup"),
    *("discover", "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList"),
    *("testMigration", "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel"),
)
"""What the names of API actions begin with that a schedule cannot call."""
_OTHER_NAMES = {"cloudwatchlogs": "logs", "eventbridge": "events", "sfn": "stepfunctions"}
"""Services that the SDK for Java, whose names these are, calls otherwise than boto3."""
_CAMEL = frozenset({"logs", "stepfunctions"})
"""Services whose members are written in camelCase; a schedule has them in PascalCase all the same."""


@record
class ApiCall:
    """An API action by the SDK's name of its service, and its parameters in PascalCase."""

    service: str
    action: str
    parameters: JSON

    @property
    def arn(self) -> str:
        """The call as a universal target."""
        return f"{PREFIX}{self.service}:{self.action}"

    def asked(self) -> tuple[str, str, JSON]:
        """Give service, operation and parameters, by the call table's names. Raise ``SerializationException``."""
        service, operation = operation_of(self.service, self.action)
        if (service, operation) == ("lambda", "Invoke"):
            # Over HTTP it is the body, and of no type that a function's room would look at.
            checked(self.parameters.get("Payload", ""), str)
        return service, operation, _recased(self.parameters) if service in _CAMEL else self.parameters


def operation_of(service: str, action: str) -> tuple[str, str]:
    """Give the call table's names of an API action."""
    return _OTHER_NAMES.get(service, service), action[:1].upper() + action[1:]


def is_universal(arn: str) -> bool:
    """Whether a target's ARN is that of an API action."""
    return arn.startswith(PREFIX)


def action_of(arn: str) -> tuple[str, str]:
    """Give the service and the API action of a universal target. Raise ``ValidationException``."""
    service, _, action = arn.removeprefix(PREFIX).partition(":")
    # https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_scheduler_targets.Universal.html
    if not action[:1].islower() or action.startswith(READING):
        raise ValidationException(f"{action} API is not supported.")
    return service, action


def check_action(given: str, action: str, has: Callable[[str, str], bool], serves: Callable[[str], bool]) -> None:
    """See that the call table has an API action. Raise ``ValidationException``."""
    service, operation = operation_of(given, action)
    if given in _OTHER_NAMES.values() or not serves(service):
        raise ValidationException(f"{given} is not a supported service for a target.")
    if not has(service, operation):
        raise ValidationException(f"{action} API is not supported.")


def _recased(value: JSON) -> JSON:
    match value:
        case dict():
            return {name[:1].lower() + name[1:]: _recased(member) for name, member in value.items()}
        case list():
            return [_recased(member) for member in value]
        case _:
            return value
