"""
``String.format``: each line was confirmed by Java itself.

https://docs.oracle.com/javase/8/docs/api/java/util/Formatter.html#syntax
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway.java_format import format_text
from pizzabar.apigateway.java_text import JavaException


@pytest.mark.parametrize(
    ("pattern", "arguments", "text"),
    [
        ("plain", (1,), "plain"),
        ("%05d|%s", (5, "hello"), "00005|hello"),
        ("%05d", (-42,), "-0042"),
        ("%-5d|", (3,), "3    |"),
        ("%+d % d %(d", (1, 2, -3), "+1  2 (3)"),
        ("%,d", (1234567,), "1,234,567"),
        ("%,d", (-1234,), "-1,234"),
        ("%.2f", (2.345,), "2.35"),
        ("%.2f", (0.125,), "0.13"),
        ("%.0f", (2.5,), "3"),
        ("%06.2f", (-1.5,), "-01.50"),
        ("%,.2f", (1234567.891,), "1,234,567.89"),
        ("%8.3f|%-8s|%8s", (1.5, "a", "b"), "   1.500|a       |       b"),
        ("%e", (12345.678,), "1.234568e+04"),
        ("%x %X %o", (255, 255, 8), "ff FF 10"),
        ("%x", (-1,), "ffffffff"),
        ("%08X", (3735928559,), "DEADBEEF"),
        ("%b %b %b", (True, None, "x"), "true false true"),
        ("%s %s %s", ([1, 2], {"a": 1}, None), "[1, 2] {a=1} null"),
        ("%S %.2s", ("abc", "abc"), "ABC ab"),
        ("%2$s %1$s", ("a", "b"), "b a"),
        ("%s %<s", ("a",), "a a"),
        ("100%%%n", (), "100%\n"),
    ],
)
def test_format(pattern: str, arguments: tuple[object, ...], text: str) -> None:
    assert format_text(pattern, *arguments) == text


@pytest.mark.parametrize(
    ("pattern", "arguments", "name"),
    [
        ("%s", (), "java.util.MissingFormatArgumentException"),
        ("%d %d", (1,), "java.util.MissingFormatArgumentException"),
        ("%3$s", ("a",), "java.util.MissingFormatArgumentException"),
        ("%d", (1.5,), "java.util.IllegalFormatConversionException"),
        ("%d", ("x",), "java.util.IllegalFormatConversionException"),
        ("%x", (1.5,), "java.util.IllegalFormatConversionException"),
        ("%", (), "java.util.UnknownFormatConversionException"),
        ("%tY", (1,), "java.lang.UnsupportedOperationException"),
        ("%h", ("x",), "java.lang.UnsupportedOperationException"),
        ("%999999999s", ("x",), "java.lang.OutOfMemoryError"),
        ("%.999999999f", (1.5,), "java.lang.OutOfMemoryError"),
    ],
)
def test_what_cannot_be_formatted(pattern: str, arguments: tuple[object, ...], name: str) -> None:
    with pytest.raises(JavaException) as caught:
        format_text(pattern, *arguments)
    assert caught.value.name == name


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@given(st.text(alphabet="%$<0123456789.-+ ,(#sdxXfbceEgntYhoS", max_size=12), st.lists(VALUES, max_size=3))
def test_any_pattern_gives_text_or_a_java_exception(pattern: str, arguments: list[object]) -> None:
    try:
        text = format_text(pattern, *arguments)
    except JavaException as error:
        text = error.name
    assert isinstance(text, str)
