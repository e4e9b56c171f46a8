"""Attribute values: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.documents import JSON
from pizzabar.dynamodb.values import nesting, read_item, read_value, size_of, size_of_item
from pizzabar.errors import ServiceError

CONSTRAINT = "One or more parameter values were invalid: "


def nested(levels: int) -> JSON:
    value: JSON = {"L": []}
    for _ in range(levels - 1):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ({"S": ""}, {"S": ""}),
        ({"S": "x", "N": None}, {"S": "x"}),
        ({"N": "1.50"}, {"N": "1.5"}),
        ({"B": "AQ=="}, {"B": "AQ=="}),
        ({"BOOL": False}, {"BOOL": False}),
        ({"NULL": True}, {"NULL": True}),
        ({"SS": ["b", "a", ""]}, {"SS": ["", "a", "b"]}),
        ({"NS": ["10", "9.0", "-1"]}, {"NS": ["-1", "9", "10"]}),
        ({"BS": ["/w==", "AQ=="]}, {"BS": ["AQ==", "/w=="]}),
        ({"L": [{"N": "01"}, {"L": []}]}, {"L": [{"N": "1"}, {"L": []}]}),
        ({"M": {"a": {"N": "1e1"}}}, {"M": {"a": {"N": "10"}}}),
    ],
)
def test_a_value_is_normalised(value: JSON, normal: JSON) -> None:
    assert read_value(value)[0] == normal


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (
            {},
            "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported "
            "datatypes",
        ),
        (
            {"X": "1"},
            "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported "
            "datatypes",
        ),
        (
            {"S": "a", "N": "1"},
            "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one "
            "of the supported datatypes",
        ),
        ("a", "SerializationException: Unexpected field type"),
        ({"S": 1}, "SerializationException: NUMBER_VALUE cannot be converted to String"),
        ({"S": True}, "SerializationException: TRUE_VALUE cannot be converted to String"),
        ({"N": 1}, "SerializationException: NUMBER_VALUE cannot be converted to String"),
        ({"S": {}}, "SerializationException: Start of structure or map found where not expected"),
        ({"BOOL": "true"}, "SerializationException: Unexpected token received from parser"),
        (
            {"NULL": False},
            f"ValidationException: {CONSTRAINT}Null attribute value types must have the value of true",
        ),
        ({"SS": []}, f"ValidationException: {CONSTRAINT}An string set  may not be empty"),
        ({"NS": []}, f"ValidationException: {CONSTRAINT}An number set  may not be empty"),
        ({"BS": []}, f"ValidationException: {CONSTRAINT}Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, f"ValidationException: {CONSTRAINT}Input collection [a, a] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "ValidationException: Input collection contains duplicates"),
        ({"SS": "a"}, "SerializationException: Unexpected field type"),
        ({"L": {}}, "SerializationException: Start of structure or map found where not expected"),
        ({"B": "%"}, "SerializationException: Invalid Base64 value: %"),
        (nested(33), "ValidationException: Nesting Levels have exceeded supported limits"),
    ],
)
def test_what_is_no_value_is_refused(value: JSON, error: str) -> None:
    with pytest.raises(ServiceError) as raised:
        read_value(value)

    assert str(raised.value) == error


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({}, 0),
        ({"a": {"S": "xyz"}}, 4),
        ({"ä": {"S": "ü€"}}, 7),
        ({"n": {"N": "100"}}, 3),
        ({"n": {"N": "-12.345"}}, 6),
        ({"b": {"B": "AQID"}}, 4),
        ({"b": {"B": "AQ=="}}, 2),
        ({"t": {"BOOL": True}, "u": {"NULL": True}}, 4),
        ({"s": {"SS": ["ab", "c"]}}, 4),
        ({"l": {"L": [{"S": "ab"}, {"BOOL": True}]}}, 9),
        ({"m": {"M": {"key": {"S": "v"}}}}, 9),
    ],
)
def test_an_item_has_the_size_of_its_names_and_values(item: JSON, size: int) -> None:
    assert read_item(item)[1] == size
    assert size_of_item(read_item(item)[0]) == size


def test_thirty_two_levels_are_allowed() -> None:
    value, _ = read_value(nested(32))

    assert nesting(value) == 32


def test_an_attribute_needs_a_name() -> None:
    with pytest.raises(ServiceError, match="Attribute names may not be empty"):
        read_item({"": {"S": "x"}})


texts = st.text(max_size=4)
numbers = st.integers(-999, 999).map(str)
scalars = st.one_of(
    st.builds(lambda text: {"S": text}, texts),
    st.builds(lambda number: {"N": number}, numbers),
    st.builds(lambda flag: {"BOOL": flag}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda members: {"SS": members}, st.lists(texts, min_size=1, max_size=3, unique=True)),
    st.builds(lambda members: {"NS": members}, st.lists(numbers, min_size=1, max_size=3, unique=True)),
)
values: st.SearchStrategy[JSON] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.builds(lambda members: {"L": members}, st.lists(inner, max_size=3)),
        st.builds(lambda members: {"M": members}, st.dictionaries(texts, inner, max_size=3)),
    ),
    max_leaves=6,
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["S", "N", "B", "SS", "L", "M", "x"]), inner, max_size=2),
    ),
    max_leaves=5,
)


@given(values)
def test_reading_again_changes_nothing(value: JSON) -> None:
    normal, size = read_value(value)

    assert read_value(normal) == (normal, size)
    assert size_of(normal) == size


@given(anything)
def test_any_document_is_a_value_or_refused(document: JSON) -> None:
    with suppress(ServiceError):
        read_value(document)
