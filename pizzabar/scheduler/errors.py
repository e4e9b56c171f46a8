"""The errors of EventBridge Scheduler.

https://docs.aws.amazon.com/scheduler/latest/APIReference/CommonErrors.html
"""

from pizzabar.errors import ServiceError


class ConflictException(ServiceError):
    """Raised when something of that name is there already."""

    status = 409


class ResourceNotFoundException(ServiceError):
    """Raised when a schedule or a group is not there."""

    status = 404
