"""
Attribute values of the pizza bar's items.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.pizzeria.attribute_values import from_attribute, from_item, to_attribute, to_item

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text()
    | st.integers(-(10**38) + 1, 10**38 - 1)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("L", {"S": "L"}),
        ("", {"S": ""}),
        (None, {"NULL": True}),
        (True, {"BOOL": True}),
        (False, {"BOOL": False}),
        (0, {"N": "0"}),
        (-7, {"N": "-7"}),
        (9.5, {"N": "9.5"}),
        (1e300, {"N": "1e+300"}),
        ([1, "a"], {"L": [{"N": "1"}, {"S": "a"}]}),
        ([], {"L": []}),
        ({"a": {"b": None}}, {"M": {"a": {"M": {"b": {"NULL": True}}}}}),
    ],
)
def test_a_value_and_its_attribute_value(value: Any, attribute: Any) -> None:
    assert to_attribute(value) == attribute
    assert from_attribute(attribute) == value
    assert type(from_attribute(attribute)) is type(value)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_an_object_comes_back_as_it_went(values: dict[str, Any]) -> None:
    assert from_item(to_item(values)) == values


@pytest.mark.parametrize("value", [{1, 2}, b"x", object()])
def test_what_has_no_attribute_value(value: object) -> None:
    with pytest.raises(TypeError, match="has no attribute value"):
        to_attribute(value)


@pytest.mark.parametrize(("number", "value"), [("1E+2", 100.0), ("1.50", 1.5), ("-0", 0), ("12", 12)])
def test_a_number_in_another_form(number: str, value: float) -> None:
    assert from_attribute({"N": number}) == value
