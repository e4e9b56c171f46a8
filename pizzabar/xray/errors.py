"""The errors of X-Ray."""

from pizzabar.errors import ServiceError


class InvalidRequestException(ServiceError):
    """Raised when a request lacks a parameter, or has one that is not valid."""
