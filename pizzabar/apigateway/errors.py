"""
What API Gateway answers when it refuses: to a caller, and to a client in a frame.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from pizzabar.errors import PizzabarError, ServiceError


class GoneException(ServiceError):
    """Raised when a connection is closed, or was never there."""

    status = 410


class BadRequestException(ServiceError):
    """Raised when a parameter is not what it should be, or a connection id not of the form that ids have."""


class NotFoundException(ServiceError):
    """Raised when there is no such API, or no such part of it."""

    # The words were seen for APIs ("Invalid API identifier specified"); those for parts are made after REST APIs'.
    status = 404


class ConflictException(ServiceError):
    """Raised when an API has a part of that name already, or needs one that is to be deleted."""

    status = 409


class ForbiddenException(ServiceError):
    """Raised when a request names no stage of an API."""

    status = 403


class LimitExceededException(ServiceError):
    """Raised when a client does not read what it is sent."""

    status = 429


class PayloadTooLargeException(ServiceError):
    """Raised when a message is larger than a connection carries."""

    status = 413


class IntegrationFailure(PizzabarError):
    """Raised when an integration gives nothing that a client could be answered with."""

    status = 502
    """Of the answer to a handshake. It is AWS's when a function fails; for other integrations no source was found."""
    told = "Internal server error"
    """What the client is told; the error's own text is for the journal."""


class IntegrationTimeout(IntegrationFailure):
    """Raised when an integration takes longer than it may."""

    status = 504
    told = "Endpoint request timed out"


class UnsupportedMediaType(IntegrationFailure):
    """Raised when an integration that passes nothing through has no template for a request."""

    # The status is documented (PassthroughBehavior); the words of the frame are those of REST APIs.
    # https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
    status = 415
    told = "Unsupported Media Type"


class AccessRefused(PizzabarError):
    """Raised when a client may not connect; the text says why, for the journal."""

    # The statuses were observed; the words are those that API Gateway has elsewhere.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
    status = 403
    told = "Forbidden"


class Unauthorized(AccessRefused):
    """Raised when a client does not say who it is, or an authorizer does not believe it."""

    status = 401
    told = "Unauthorized"


class AuthorizerFailure(AccessRefused):
    """Raised when an authorizer gives nothing that could be decided by. No source was found for its status."""

    status = 500
    told = "Internal server error"


def error_frame(message: str, connection_id: str, request_id: str) -> str:
    """Write the frame that tells a client of an error, byte for byte as AWS does."""
    return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


def bad_request_frame(connection_id: str, message_id: str) -> str:
    """Write the frame that tells a client of a message which its model refuses, byte for byte as AWS does.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-routes-integrations.html
    """
    return f'{{"message" : "Bad request body", "connectionId": "{connection_id}", "messageId": "{message_id}"}}'
