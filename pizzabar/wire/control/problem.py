"""Refusals of the control plane."""

from typing import Any

from pydantic import BaseModel, Field

from pizzabar.errors import ServiceError


class Problem(BaseModel):
    """Why something was refused."""

    detail: Any = Field(description="in words, or, of a request of another form, the faults of its members")
    code: str | None = Field(default=None, description="the error code, when an AWS service refused it")


class Stranger(BaseModel):
    """Why a request was refused before it was looked at."""

    message: str


Refusals = dict[int | str, dict[str, Any]]


def refused(status: int, why: str) -> Refusals:
    """Describe a refusal."""
    return {status: {"model": Problem, "description": why}}


REFUSALS: Refusals = {
    **refused(400, "An AWS service refuses it"),
    403: {"model": Stranger, "description": "The request is from a foreign Origin, or under a foreign Host"},
    **refused(404, "It is not there"),
    **refused(422, "The request is of another form"),
}


def status_of(error: ServiceError) -> int:
    """Give the status that tells a service's error: what is not there is 404, whatever its own protocol has."""
    is_missing = any(part in error.code for part in ("NotFound", "DoesNotExist"))
    return 404 if is_missing else error.status
