"""
What CloudWatch Logs answers when it refuses.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html
"""

from typing import Literal

from pizzabar.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    """Raised when a log group or log stream does not exist."""

    def __init__(self, kind: Literal["group", "stream"]) -> None:
        super().__init__(f"The specified log {kind} does not exist.")


class ResourceAlreadyExistsException(ServiceError):
    """Raised when a log group or log stream is there already."""

    def __init__(self, kind: Literal["group", "stream"]) -> None:
        super().__init__(f"The specified log {kind} already exists")


class InvalidParameterException(ServiceError):
    """Raised when a parameter breaks a rule of its operation."""


class SerializationException(ServiceError):
    """Raised when a parameter is of another JSON type than its operation reads."""
