"""
What EventBridge answers when it refuses.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
"""

from collections.abc import Sequence

from pizzabar.errors import Fault, ServiceError


class ResourceNotFoundException(ServiceError):
    """Raised when a bus, rule, archive or replay that an operation names does not exist."""


class ResourceAlreadyExistsException(ServiceError):
    """Raised when what an operation would create is there already."""


class LimitExceededException(ServiceError):
    """Raised when a request would go beyond a quota."""

    def __init__(self, message: str = "The requested resource exceeds the maximum number allowed.") -> None:
        super().__init__(message)


class ConcurrentModificationException(ServiceError):
    """Raised when a rule, target, archive or replay is being changed by another request."""


class IllegalStatusException(ServiceError):
    """Raised when a replay cannot be cancelled in the state that it is in."""


class ManagedRuleException(ServiceError):
    """Raised when a rule that belongs to an AWS service is to be changed without force."""


class OperationDisabledException(ServiceError):
    """Raised when an operation is not available in the region."""


class PolicyLengthExceededException(ServiceError):
    """Raised when the permissions of a bus are longer than may be."""


class InvalidEventPatternException(ServiceError):
    """Raised when an event pattern breaks a rule of the pattern language.

    AWS tells the first fault, and so does ``message``; ``faults`` holds every one, its path inside the pattern.
    ``place`` is where the first stands in the pattern's text, when AWS would tell.
    """

    def __init__(self, faults: Sequence[Fault], place: str = "") -> None:
        self.faults = tuple(faults)
        super().__init__(f"Event pattern is not valid. Reason: {self.faults[0].message}{place}")
