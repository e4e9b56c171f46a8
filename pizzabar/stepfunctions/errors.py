"""
The errors of Step Functions: what its API answers with, and how a state fails.

https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html and the errors of each operation.
"""

from collections.abc import Sequence

from pizzabar.errors import PizzabarError, ServiceError
from pizzabar.record import record


@record
class Diagnostic:
    """One thing wrong in a definition, as ValidateStateMachineDefinition reports it.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
    """

    code: str
    message: str
    location: str | None = None

    def __str__(self) -> str:
        # AWS says null where there is no place.
        return f"{self.code}: {self.message} at {self.location or 'null'}"


class InvalidLoggingConfiguration(ServiceError):
    """Raised when a logging configuration names no log group, or something else is wrong with it."""


class InvalidDefinition(ServiceError):
    """Raised when a definition breaks the rules of the States Language; ``diagnostics`` tells every fault."""

    def __init__(self, diagnostics: Sequence[Diagnostic], warnings: Sequence[Diagnostic] = ()) -> None:
        self.diagnostics = tuple(diagnostics)
        self.warnings = tuple(warnings)
        super().__init__(f"Invalid State Machine Definition: '{', '.join(map(str, self.diagnostics))}'")


class UntestableState(InvalidDefinition):
    """Raised when a state is to be tested that needs a mock for it."""

    code = "InvalidDefinition"

    def __init__(self) -> None:
        super().__init__(())
        self.message = (
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass,"
            " Succeed, Fail, Choice]"
        )


class StateFailure(PizzabarError):
    """Raised when a state cannot do its work; ``error`` is an error name of the States Language.

    ``location`` names the field whose expression has failed.
    """

    def __init__(self, error: str, cause: str, location: str | None = None) -> None:
        self.error = error
        self.cause = cause
        self.location = location
        super().__init__(f"{error}: {cause}")


class TaskFailure(PizzabarError):
    """Raised when a task fails; ``error`` is the name that Retry and Catch go by."""

    def __init__(self, error: str, cause: str) -> None:
        self.error = error
        self.cause = cause
        super().__init__(f"{error}: {cause}")


class ConflictException(ServiceError):
    """Raised when a change crosses another one."""


class ExecutionAlreadyExists(ServiceError):
    """Raised when the name of an execution is taken by one with another input, or by one that has ended."""


class ExecutionDoesNotExist(ServiceError):
    """Raised when no execution has an ARN."""


class ExecutionLimitExceeded(ServiceError):
    """Raised when too many executions run."""


class ExecutionNotRedrivable(ServiceError):
    """Raised when an execution may not be redriven."""


class InvalidArn(ServiceError):
    """Raised when an ARN is not of the form that its operation asks for."""


class InvalidExecutionInput(ServiceError):
    """Raised when the input of an execution is not JSON."""


class InvalidName(ServiceError):
    """Raised when a name breaks the rules for names."""


class InvalidOutput(ServiceError):
    """Raised when the output of a task is not JSON."""


class InvalidToken(ServiceError):
    """Raised when a token is not one that was given out."""


class MissingRequiredParameter(ServiceError):
    """Raised when an update changes nothing."""


class ServiceQuotaExceededException(ServiceError):
    """Raised when a state machine has as many versions or aliases as it may."""


class ResourceNotFound(ServiceError):
    """Raised when a resource that a request names is not there."""


class StateMachineAlreadyExists(ServiceError):
    """Raised when the name of a state machine is taken by one that differs."""


class StateMachineDeleting(ServiceError):
    """Raised when a state machine is about to go."""


class StateMachineDoesNotExist(ServiceError):
    """Raised when no state machine has an ARN."""


class StateMachineLimitExceeded(ServiceError):
    """Raised when there are too many state machines."""


class StateMachineTypeNotSupported(ServiceError):
    """Raised when an operation does not serve state machines of a type."""


class ActivityDoesNotExist(ServiceError):
    """Raised when no activity has an ARN."""


class TaskDoesNotExist(ServiceError):
    """Raised when no task has a token."""


class TaskTimedOut(ServiceError):
    """Raised when a task no longer waits for the answer that a token stands for."""


class TooManyTags(ServiceError):
    """Raised when a resource has more tags than are allowed."""
