"""What the fields of states must give when their states run: numbers within bounds, roles, batches."""

from collections.abc import Iterator, Sequence

from pizzabar.documents import JSON, encode, write
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.payload import Expression
from pizzabar.stepfunctions.retry import (
    QUERY_EVALUATION_ERROR,
    RUNTIME,
)
from pizzabar.stepfunctions.scope import Scope

LONGEST_WAIT = 99_999_999
"""Seconds that a Wait state may wait."""


def shown(value: JSON) -> str:
    """Write a value as causes tell it."""
    return value if isinstance(value, str) else write(value)


def read_percentage(value: JSON, name: str) -> float:
    """Give a number from 0 to 100. Fail the state for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 100:
        return value
    raise StateFailure(RUNTIME, f"The value of the field '{name}' must be a number from 0 to 100: {shown(value)}")


def read_count(value: JSON, name: str, least: int) -> int:
    """Give a whole number of at least so much. Fail the state for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= least and value == int(value):
        return int(value)
    raise StateFailure(
        RUNTIME, f"The value of the field '{name}' must be an integer of at least {least}: {shown(value)}"
    )


def read_role(credentials: JSON) -> str:
    """Give the role of a task's Credentials. Fail the state where there is none."""
    role = credentials.get("RoleArn")
    if not isinstance(role, str):
        raise StateFailure(RUNTIME, f"The RoleArn of the field 'Credentials' must be a string: {shown(role)}")
    return role


def source(parameters: JSON) -> str:
    """Tell where items come from, as the context object does."""
    return f"s3://{parameters.get('Bucket', '')}/{parameters.get('Key', parameters.get('Prefix', ''))}"


def batches(items: Sequence[JSON], most: int | None, size: int | None, shared: JSON) -> Iterator[list[JSON]]:
    """Put items into batches of so many items, and so many bytes as JSON together with what they share."""
    base = len(encode({**shared, "Items": []}))
    batch: list[JSON] = []
    taken = base
    for item in items:
        length = len(encode(item)) + 1 if size is not None else 0
        if batch and (len(batch) == most or (size is not None and taken + length > size)):
            yield batch
            batch, taken = [], base
        batch.append(item)
        taken += length
    if batch:
        yield batch


def read_limit(
    expression: Expression | None, scope: Scope, name: str, least: int = 1, *, is_jsonata: bool = False
) -> int | None:
    """Give the seconds of a time-out, or the number of a concurrency; None where there is none."""
    if expression is None:
        return None
    return read_seconds(expression, scope, name if is_jsonata else f"{name}Path", "", least, is_jsonata=is_jsonata)


def read_seconds(
    expression: Expression, scope: Scope, name: str, path: str, least: int = 0, *, is_jsonata: bool = False
) -> int:
    """Give a number of seconds; ``path`` is where it stands, as causes tell it. Fail the state for anything else."""
    value = expression(scope)
    if is_jsonata and not (type(value) is int and least <= value <= LONGEST_WAIT):
        # The words of AWS for this are not known.
        raise StateFailure(
            QUERY_EVALUATION_ERROR,
            f"The value of the field '{name}' must be an integer between {least} and {LONGEST_WAIT}: {shown(value)}",
            name,
        )
    if type(value) is int and least <= value <= LONGEST_WAIT:
        return value
    told = f"{path} == {shown(value)}" if path else shown(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise StateFailure(RUNTIME, f"The {name} parameter cannot be parsed as a long value: {told}")
    if value < least:
        what = "a negative value" if value < 0 else f"a value less than {least}"
        raise StateFailure(RUNTIME, f"The {name} parameter references {what}: {told}")
    raise StateFailure(RUNTIME, f"The {name} parameter references a value greater than {LONGEST_WAIT}: {told}")
