"""JSON documents: what is read, and how it is written."""

import json
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.documents import JSON, NotJSON, encode, pack, parse, write

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@given(values)
def test_what_is_written_reads_the_same(value: JSON) -> None:
    assert parse(encode(value)) == value
    assert write(value).encode() == encode(value)


@given(values, st.integers(250, 1000))
def test_so_is_what_is_deep(value: JSON, levels: int) -> None:
    """orjson alone reads 1024 levels and writes 254 of them."""
    text = '{"a":[' * (levels // 2) + write(value) + "]}" * (levels // 2)

    assert write(parse(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x y"]}, '{"b":1,"a":[true,null,"x y"]}'),  # compact, keys as they come
        ({}, "{}"),
        ([], "[]"),
        ("pizza è", '"pizza è"'),
        ((1, 2), "[1,2]"),
        (1.0, "1.0"),
    ],
)
def test_text_is_compact_and_keeps_its_order(value: JSON, text: str) -> None:
    assert write(value) == text


@pytest.mark.parametrize("text", ["", "{", "{'a':1}", "[1,]", "NaN", "Infinity", '"\\ud800"', '{"a":1}x', "\x00"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(NotJSON):
        parse(text)


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(NotJSON):
        parse(b'"\xff"')


def test_depth_has_an_end() -> None:
    """It is refused as what is not JSON, whatever reads it: no traceback."""
    with pytest.raises(NotJSON):
        parse("[" * 100_000 + "]" * 100_000)


def test_integers_beyond_64_bits_are_read_as_floats() -> None:
    assert parse(str(2**64)) == float(2**64)
    assert isinstance(parse(str(2**64)), float)


def test_the_last_of_two_equal_keys_counts() -> None:
    assert parse('{"a": 1, "a": 2}') == {"a": 2} == json.loads('{"a": 1, "a": 2}')


@pytest.mark.parametrize(
    "value", [object(), {1: 2}, {"a": {3j}}, [2**64]], ids=["object", "number as a name", "set", "too big"]
)
def test_what_is_no_json_value_cannot_be_written(value: object) -> None:
    with pytest.raises(TypeError):
        write(value)


def test_what_is_kept_takes_no_more_memory_than_it_needs() -> None:
    document = {"pizza": "funghi" * 20}
    assert pack(document) == encode(document)
    tracemalloc.start()
    try:
        kept = [pack(document) for _ in range(100)]
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 2 * sum(map(sys.getsizeof, kept)) + 4096
