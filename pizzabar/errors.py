"""The one tree of errors: what AWS answers with, and what is wrong in a document."""

from collections.abc import Sequence
from typing import ClassVar

from pizzabar.documents import JSON
from pizzabar.record import record


class PizzabarError(Exception):
    """Everything that pizzabar raises on purpose."""


class ServiceError(PizzabarError):
    """An error that an AWS service answers with.

    A subclass is named as AWS names the code; ``status`` is the HTTP status of the answer, and ``members`` are
    what the answer carries beside code and message.
    """

    code: ClassVar[str] = "ServiceError"
    status: ClassVar[int] = 400
    query_code: ClassVar[str] = ""
    """What the query protocol called it before its service spoke JSON, where that is another name than the code."""

    def __init__(self, message: str = "", **members: JSON) -> None:
        self.message = message
        self.members = members
        super().__init__(message)

    def __init_subclass__(cls) -> None:
        if "code" not in cls.__dict__:
            cls.code = cls.__name__

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else self.code


class ValidationException(ServiceError):
    """Raised when the parameters of an operation break a rule of its service."""


class SerializationException(ServiceError):
    """Raised when a parameter is of another JSON type than its operation declares."""


class UnknownOperationException(ServiceError):
    """Raised when a service has no such operation, or pizzabar does not have it."""


class InternalFailure(ServiceError):
    """Raised in place of a fault of pizzabar itself."""

    status = 500


@record
class Fault:
    """One thing wrong in a document: where (a path of keys and indices) and what."""

    path: tuple[str | int, ...]
    message: str


class FaultyDocument(PizzabarError):
    """Raised when a document breaks its rules; tells every fault, not the first alone."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{pointer(fault.path)}: {fault.message}" for fault in self.faults))


def pointer(path: tuple[str | int, ...]) -> str:
    """Write a path as AWS does: ``/States/Bake/Choices[0]/Next``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f"/{part}" for part in path) or "/"
