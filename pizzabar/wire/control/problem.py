"""Refusals of the control plane."""

from typing import Any

from pydantic import BaseModel, Field

from pizzabar.errors import ServiceError


class Problem(BaseModel):
    """Why something was refused."""

    detail: Any = Field(description="in words, or, of a request of another form, the faults of its members")
    code: str | None = Field(default=None, description="the error code, when an AWS service refused it")


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "An AWS service refuses it"},
    404: {"model": Problem, "description": "It is not there"},
    422: {"model": Problem, "description": "The request is of another form"},
}


def status_of(error: ServiceError) -> int:
    """Give the status that tells a service's error: what is not there is 404, whatever its own protocol has."""
    is_missing = any(part in error.code for part in ("NotFound", "DoesNotExist"))
    return 404 if is_missing else error.status
