"""
What Lambda answers when it refuses.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
"""

from pizzabar.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    """Raised when no function has a name or ARN."""

    status = 404


class ResourceConflictException(ServiceError):
    """Raised when a function is there already."""

    status = 409


class InvalidRequestContentException(ServiceError):
    """Raised when a payload is not JSON."""


class InvalidParameterValueException(ServiceError):
    """Raised when a parameter of a function or an invocation is not valid."""


class PreconditionFailedException(ServiceError):
    """Raised when something has another revision than the caller takes it to have."""

    status = 412


class RequestTooLargeException(ServiceError):
    """Raised when a payload is larger than Lambda takes."""

    status = 413


class TooManyRequestsException(ServiceError):
    """Raised when a function runs as often at once as it may."""

    status = 429
