"""
The error codes of IAM.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from pizzabar.errors import ServiceError


class NoSuchEntityException(ServiceError):
    """Raised when there is no role or policy of a name."""

    code = "NoSuchEntity"
    status = 404


class InvalidInputException(ServiceError):
    """Raised when a parameter is not what it should be."""

    code = "InvalidInput"


class AccessDeniedException(ServiceError):
    """Raised when the policies do not allow what a principal asks."""


class QueryAccessDeniedException(ServiceError):
    """Raised by services that spoke the query protocol, and tell its codes still."""

    code = "AccessDeniedException"
    status = 403
    query_code = "AccessDenied"


class AccessDenied(ServiceError):
    """Raised by the services of the query protocol when the policies do not allow what a principal asks."""

    status = 403


class ForbiddenException(ServiceError):
    """Raised by an API's ``@connections`` when the policies do not allow what a principal asks."""

    status = 403


class RestAccessDeniedException(ServiceError):
    """Raised, with another status, by services whose operations are paths of HTTP."""

    code = "AccessDeniedException"
    status = 403
