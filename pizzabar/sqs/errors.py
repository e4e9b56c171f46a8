"""
What SQS answers when it refuses.

A class is named as its shape is; ``query_code`` is what the query protocol called it, and what SDKs still tell.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
"""

from pizzabar.errors import ServiceError

_PREFIX = "AWS.SimpleQueueService."


class QueueDoesNotExist(ServiceError):
    """Raised when there is no queue of a name."""

    query_code = f"{_PREFIX}NonExistentQueue"

    def __init__(self) -> None:
        super().__init__("The specified queue does not exist.")


class QueueNameExists(ServiceError):
    """Raised when a queue is there already, with other attributes."""

    query_code = "QueueAlreadyExists"


class QueueDeletedRecently(ServiceError):
    """Raised when a queue of the same name was deleted less than a minute ago."""

    query_code = f"{_PREFIX}QueueDeletedRecently"

    def __init__(self) -> None:
        super().__init__(
            "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        )


class PurgeQueueInProgress(ServiceError):
    """Raised when a queue was purged less than a minute ago."""

    status = 403
    query_code = f"{_PREFIX}PurgeQueueInProgress"

    def __init__(self, name: str) -> None:
        super().__init__(f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.")


class InvalidAddress(ServiceError):
    """Raised when the URL of a queue is none."""

    status = 404
    query_code = "InvalidAddress"

    def __init__(self, url: str) -> None:
        super().__init__(f"The address {url} is not valid for this endpoint.")


class InvalidAttributeName(ServiceError):
    """Raised when a queue has no attribute of a name."""


class InvalidAttributeValue(ServiceError):
    """Raised when an attribute of a queue cannot have a value."""

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"Invalid value for the parameter {name}." + (f" Reason: {reason}" if reason else ""))


class InvalidParameterValueException(ServiceError):
    """Raised when a parameter breaks a rule of its operation."""

    query_code = "InvalidParameterValue"


class MissingRequiredParameterException(ServiceError):
    """Raised when a parameter is missing."""

    query_code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class InvalidMessageContents(ServiceError):
    """Raised when a message has characters that no message may have."""

    def __init__(self) -> None:
        super().__init__(
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF |"
            " #xE000 to #xFFFD | #x10000 to #x10FFFF."
        )


class ReceiptHandleIsInvalid(ServiceError):
    """Raised when a receipt handle is none, or one of another queue."""

    status = 404

    def __init__(self, handle: str) -> None:
        super().__init__(f'The input receipt handle "{handle}" is not a valid receipt handle.')


class OverLimit(ServiceError):
    """Raised when a queue has as many messages in flight as it may have."""

    status = 403

    def __init__(self) -> None:
        super().__init__("Too many messages in flight.")


class EmptyBatchRequest(ServiceError):
    """Raised when a batch has no entries."""

    query_code = f"{_PREFIX}EmptyBatchRequest"

    def __init__(self, entry: str) -> None:
        super().__init__(f"There should be at least one {entry} in the request.")


class TooManyEntriesInBatchRequest(ServiceError):
    """Raised when a batch has more than ten entries."""

    query_code = f"{_PREFIX}TooManyEntriesInBatchRequest"

    def __init__(self, count: int) -> None:
        super().__init__(f"Maximum number of entries per request are 10. You have sent {count}.")


class BatchEntryIdsNotDistinct(ServiceError):
    """Raised when two entries of a batch have the same id."""

    query_code = f"{_PREFIX}BatchEntryIdsNotDistinct"

    def __init__(self, id: str) -> None:
        super().__init__(f"Id {id} repeated.")


class InvalidBatchEntryId(ServiceError):
    """Raised when the id of an entry of a batch is none."""

    query_code = f"{_PREFIX}InvalidBatchEntryId"

    def __init__(self) -> None:
        super().__init__(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long."
        )


class BatchRequestTooLong(ServiceError):
    """Raised when the messages of a batch are longer together than one may be."""

    query_code = f"{_PREFIX}BatchRequestTooLong"

    def __init__(self, most: int, size: int) -> None:
        super().__init__(f"Batch requests cannot be longer than {most} bytes. You have sent {size} bytes.")


class ResourceNotFoundException(ServiceError):
    """Raised when a queue or a task is missing by which messages are to be moved."""

    status = 404


class UnsupportedOperation(ServiceError):
    """Raised when something is asked that pizzabar does not have."""

    query_code = f"{_PREFIX}UnsupportedOperation"


def invalid_value(value: object, parameter: str, reason: str) -> InvalidParameterValueException:
    """Say that a parameter cannot have a value, in AWS's words."""
    return InvalidParameterValueException(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")
