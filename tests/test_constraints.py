"""The constraints of service models."""

import pytest

from pizzabar.constraints import Constraint, natural, violations
from pizzabar.documents import JSON
from pizzabar.errors import SerializationException


@pytest.mark.parametrize(("given", "number"), [("0", 0), ("12", 12), (12, 12), ("007", 7), ("9" * 19, 10**19 - 1)])
def test_a_natural_number_is_read(given: JSON, number: int) -> None:
    assert natural(given) == number


@pytest.mark.parametrize(
    "given", ["", "-1", "1.5", "x", " 1", "\u00b2", "\u0663", "9" * 20, "9" * 5_000, True, None, -1]
)
def test_what_is_no_natural_number_is_none(given: JSON) -> None:
    assert natural(given) is None


@pytest.mark.parametrize("value", [1 << 63, -(1 << 64)])
def test_a_long_has_64_bits(value: int) -> None:
    with pytest.raises(SerializationException, match="startTime must be a Long"):
        violations("startTime", value, Constraint(int))
