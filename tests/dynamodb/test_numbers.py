"""Numbers: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html"""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.dynamodb.numbers import add, normalise, significant_digits, subtract
from pizzabar.errors import ValidationException


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Any number that DynamoDB keeps, as some text for it."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    exponent = draw(st.integers(-130 + 38, 125 - 38))
    sign = draw(st.sampled_from(["", "-"]))
    return f"{sign}{digits}E{exponent}"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0.00", "0"),
        ("0e999999999999999999999", "0"),
        ("1.0", "1"),
        ("1e0", "1"),
        ("+5", "5"),
        ("007", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-12.50", "-12.5"),
        ("1.5E3", "1500"),
        ("1E-3", "0.001"),
        ("1E125", "1" + "0" * 125),
        ("1E-130", "0." + "0" * 129 + "1"),
        ("9" * 38, "9" * 38),
        ("1" + "0" * 60, "1" + "0" * 60),
    ],
)
def test_a_number_is_kept_in_plain_decimal_text(text: str, plain: str) -> None:
    assert normalise(text) == plain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        (".", "The parameter cannot be converted to a numeric value: ."),
        (" 1", "The parameter cannot be converted to a numeric value:  1"),
        ("1 ", "The parameter cannot be converted to a numeric value: 1 "),
        ("1\n", "The parameter cannot be converted to a numeric value: 1\n"),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("Infinity", "The parameter cannot be converted to a numeric value: Infinity"),
        ("1_000", "The parameter cannot be converted to a numeric value: 1_000"),
        ("٣", "The parameter cannot be converted to a numeric value: ٣"),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
        (
            "1E126",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        (
            "-1E99999999999999",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        (
            "1E-131",
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        ),
    ],
)
def test_what_is_no_number_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValidationException) as raised:
        normalise(text)

    assert raised.value.message == message


@given(numbers())
def test_the_plain_text_has_the_value(text: str) -> None:
    plain = normalise(text)

    assert Decimal(plain) == Decimal(text)
    assert "E" not in plain
    assert normalise(plain) == plain


@given(st.text("+-.eE0123456789", max_size=12))
def test_any_text_is_normalised_or_refused(text: str) -> None:
    with suppress(ValidationException):
        assert Decimal(normalise(text)) == Decimal(text)


@given(st.integers(-(10**37), 10**37), st.integers(-(10**37), 10**37))
def test_arithmetic_is_exact(left: int, right: int) -> None:
    assert add(str(left), str(right)) == str(left + right)
    assert subtract(str(left), str(right)) == str(left - right)


def test_a_sum_of_more_than_38_digits_is_refused() -> None:
    with pytest.raises(ValidationException, match="more than 38 significant digits"):
        add("1E125".replace("E125", "0" * 125), "1")


@pytest.mark.parametrize(("number", "count"), [("0", 0), ("100", 1), ("-0.0012", 2), ("10.01", 4)])
def test_zeros_around_a_number_are_not_counted(number: str, count: int) -> None:
    assert significant_digits(number) == count
