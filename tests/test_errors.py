"""The tree of errors: codes, texts and paths as AWS has them."""

import pytest

from pizzabar.errors import (
    Fault,
    FaultyDocument,
    InternalFailure,
    PizzabarError,
    ServiceError,
    UnknownOperationException,
    ValidationException,
    pointer,
)


class GoneException(ServiceError):
    """Raised when a pizza has been eaten."""

    status = 410


class StillGoneException(GoneException):
    """Raised when it has been eaten for a while."""


class ForeignException(ServiceError):
    """Raised with a code that is no Python name."""

    code = "com.amazonaws.pizza#Foreign"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (ValidationException("x"), "ValidationException", 400),
        (UnknownOperationException("x"), "UnknownOperationException", 400),
        (InternalFailure("x"), "InternalFailure", 500),
        (GoneException(), "GoneException", 410),
        (StillGoneException(), "StillGoneException", 410),  # a code of its own, and the status of its kind
        (ForeignException(), "com.amazonaws.pizza#Foreign", 400),
    ],
)
def test_a_class_is_named_as_its_code(error: ServiceError, code: str, status: int) -> None:
    assert (error.code, error.status) == (code, status)
    assert isinstance(error, PizzabarError)


def test_an_error_tells_its_code_and_its_message() -> None:
    assert str(ValidationException("no cheese")) == "ValidationException: no cheese"
    assert str(GoneException()) == "GoneException"


def test_an_error_carries_further_members_of_the_answer() -> None:
    error = ValidationException("no cheese", Item={"id": {"S": "1"}})

    assert error.message == "no cheese"
    assert error.members == {"Item": {"id": {"S": "1"}}}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "/"),
        (("States", "Bake", "Next"), "/States/Bake/Next"),
        (("States", "Bake", "Choices", 0, "Next"), "/States/Bake/Choices[0]/Next"),
        (("a", 0, 1), "/a[0][1]"),
    ],
)
def test_a_path_is_written_as_aws_does(path: tuple[str | int, ...], text: str) -> None:
    """Step Functions: `Missing 'Next' target: X at /States/Bake/Choices[0]/Next`."""
    assert pointer(path) == text


def test_a_faulty_document_tells_every_fault() -> None:
    error = FaultyDocument([Fault(("StartAt",), "is missing"), Fault(("States", "A"), "has no Type")])

    assert str(error) == "/StartAt: is missing; /States/A: has no Type"
    assert [fault.message for fault in error.faults] == ["is missing", "has no Type"]
