"""
The error codes of DynamoDB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from collections.abc import Sequence

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    """Raised when an operation names a table that does not exist."""

    def __init__(self, message: str = "Requested resource not found") -> None:
        super().__init__(message)


class ResourceInUseException(ServiceError):
    """Raised when a table cannot be made because it exists, or changed because it is busy."""


class LimitExceededException(ServiceError):
    """Raised when an account has as many tables or operations under way as it may."""


class ConditionalCheckFailedException(ServiceError):
    """Raised when an item does not meet the condition of a write.

    ``item`` is the stored item if the request asked for it with ``ReturnValuesOnConditionCheckFailure``.
    """

    def __init__(self, item: dict[str, JSON] | None = None) -> None:
        self.item = item
        super().__init__("The conditional request failed", **({} if item is None else {"Item": item}))


class DuplicateItemException(ServiceError):
    """Raised when a PartiQL INSERT names a key that an item has."""

    def __init__(self) -> None:
        super().__init__("Duplicate primary key exists in table")


class TransactionCanceledException(ServiceError):
    """Raised when one of several writes that stand or fall together was refused.

    ``refusals`` has an entry for each write in order: what refused it, or None.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
    """

    def __init__(self, refusals: Sequence[ServiceError | None]) -> None:
        self.refusals = tuple(refusals)
        reasons = [_cancellation_reason(refusal) for refusal in refusals]
        codes = ", ".join(reason["Code"] for reason in reasons)
        super().__init__(
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            CancellationReasons=reasons,
        )


class IdempotentParameterMismatchException(ServiceError):
    """Raised when a transaction has the token of another one."""


def _cancellation_reason(refusal: ServiceError | None) -> dict[str, JSON]:
    match refusal:
        case None:
            return {"Code": "None"}
        case ConditionalCheckFailedException():
            return {"Code": "ConditionalCheckFailed", "Message": refusal.message, **refusal.members}
        case DuplicateItemException():
            return {"Code": "DuplicateItem", "Message": refusal.message}
        case _:
            return {"Code": "ValidationError", "Message": refusal.message}


class ExpiredIteratorException(ServiceError):
    """Raised when a shard iterator is older than a quarter of an hour."""


class TrimmedDataAccessException(ServiceError):
    """Raised when a shard iterator is asked for at a place that a stream no longer has."""
