"""
What EventBridge answers when it refuses.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
"""

from pizzabar.errors import ServiceError


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
