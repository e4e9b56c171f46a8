"""Keys sort as bytes in DynamoDB's order."""

from base64 import b64encode
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pizzabar.dynamodb.keys import (
    ENCODINGS,
    KeyRange,
    enclose,
    encode_number,
    escape,
    join_key,
    prefix_range,
    successor,
)
from pizzabar.dynamodb.numbers import normalise
from tests.dynamodb.test_numbers import numbers


@given(st.lists(numbers(), min_size=2, max_size=6))
def test_numbers_sort_by_value(texts: list[str]) -> None:
    plain = [normalise(text) for text in texts]

    assert sorted(plain, key=encode_number) == sorted(plain, key=Decimal)


def test_numbers_of_the_whole_range_sort_by_value() -> None:
    ordered = [
        "-9.9E125",
        "-100",
        "-15",
        "-2",
        "-1.5",
        "-1",
        "-1E-130",
        "0",
        "1E-130",
        "0.9",
        "1",
        "1.5",
        "15",
        "1E125",
    ]
    encoded = [encode_number(normalise(text)) for text in ordered]

    assert encoded == sorted(encoded)


@given(st.lists(st.text(), max_size=6))
def test_strings_sort_by_utf_8(texts: list[str]) -> None:
    assert sorted(texts, key=ENCODINGS["S"]) == sorted(texts)


@given(st.lists(st.binary(), max_size=6))
def test_binaries_sort_by_unsigned_bytes(binaries: list[bytes]) -> None:
    encoded = [ENCODINGS["B"](b64encode(binary).decode()) for binary in binaries]

    assert encoded == binaries


@given(st.binary(max_size=4), st.binary(max_size=4))
def test_a_prefix_range_holds_what_begins_with_the_prefix(prefix: bytes, key: bytes) -> None:
    assert is_inside(prefix_range(prefix), key) == key.startswith(prefix)


@given(st.binary(max_size=4), st.binary(max_size=4))
def test_nothing_lies_between_a_key_and_its_successor(key: bytes, other: bytes) -> None:
    assert not key < other < successor(key)


@given(st.binary(max_size=3), st.binary(max_size=3), st.binary(max_size=3))
def test_a_range_is_cut_behind_or_before_a_key(start: bytes, at: bytes, key: bytes) -> None:
    keys = KeyRange(start)

    assert is_inside(keys.after(at), key) == (key >= start and key > at)
    assert is_inside(keys.before(at), key) == (key >= start and key < at)


def is_inside(keys: KeyRange, key: bytes) -> bool:
    return keys.start <= key and (keys.stop is None or key < keys.stop)


@given(
    st.lists(st.tuples(st.binary(max_size=4), st.binary(max_size=4), st.binary(max_size=4)), min_size=2, max_size=8)
)
def test_joined_keys_sort_as_their_parts_do(keys: list[tuple[bytes, bytes, bytes]]) -> None:
    assert [join_key(each) for each in sorted(keys)] == sorted(map(join_key, keys))


@given(st.binary(max_size=4), st.binary(max_size=4), st.binary(max_size=4))
def test_what_begins_alike_stands_together(part: bytes, prefix: bytes, rest: bytes) -> None:
    joined = join_key([part, prefix + rest])
    assert joined.startswith(enclose(part) + escape(prefix))
    assert joined.startswith(enclose(part)) is joined.startswith(join_key([part, b""])[:-2])
