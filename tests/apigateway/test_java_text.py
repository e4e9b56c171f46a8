"""Java's way with texts: how values print, and its regular expressions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway import java_regex
from pizzabar.apigateway.java_text import Entry, JavaException, JSONList, double_text, to_text


# https://docs.oracle.com/javase/8/docs/api/java/lang/Double.html#toString-double-
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (0.00012345, "1.2345E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.9, "1.23456789E7"),
        (1e10, "1.0E10"),
        (-1.5e300, "-1.5E300"),
        (5e-324, "5.0E-324"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles(value: float, text: str) -> None:
    assert double_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_what_its_text_says(value: float) -> None:
    assert float(double_text(value)) == value


# https://docs.oracle.com/javase/8/docs/api/java/util/AbstractMap.html#toString--
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (5, "5"),
        ("a", "a"),
        ([], "[]"),
        (["a", 1, None, False], "[a, 1, null, false]"),
        ({}, "{}"),
        ({"a": "b", "c": [1.0, {"d": None}]}, "{a=b, c=[1.0, {d=null}]}"),
        (Entry("a", [1]), "a=[1]"),
        (JSONList(["a", {"b": None}]), '["a",{"b":null}]'),
        ({"a": JSONList(["x"])}, '{a=["x"]}'),
    ],
)
def test_values(value: object, text: str) -> None:
    assert to_text(value) == text


# https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html
@pytest.mark.parametrize(
    ("text", "pattern", "replacement", "result"),
    [
        (r"it\'s", r"\\'", "'", "it's"),
        ("a.b.c", ".", "-", "-----"),
        ("a.b.c", r"\.", "-", "a-b-c"),
        ("hello", "(l+)", "<$1>", "he<ll>o"),
        ("hello", "(?<ls>l+)", "<${ls}>", "he<ll>o"),
        ("hello", "l", r"\$", "he$$o"),
        ("hello", "l", r"\\", r"he\\o"),
        ("hello", "(l)", "$10", "hel0l0o"),
        ("hello", "(x)?l", "[$1]", "he[][]o"),
        ("hello", "$", "!", "hello!"),
        ("HeLLo", "(?i)l", "_", "He__o"),
        ("a1b2", r"\p{Digit}", "", "ab"),
        ("a1b2", r"[\p{Alpha}]+", "", "12"),
        ("a1b2", r"\P{Alpha}", "", "ab"),
        ("a.b", r"\Q.\E", "-", "a-b"),
        ("x|~&", "[|~&]", "", "x"),
        ("aa", "a*+", "b", "bb"),
        ("été", r"\w", "_", "é_é"),
    ],
)
def test_replace_all(text: str, pattern: str, replacement: str, result: str) -> None:
    assert java_regex.replace_all(text, pattern, replacement) == result


@pytest.mark.parametrize(
    ("text", "pattern", "limit", "parts"),
    [
        ("a,b,,", ",", 0, ["a", "b"]),
        ("a,b,,", ",", -1, ["a", "b", "", ""]),
        ("a,b,c", ",", 2, ["a", "b,c"]),
        (",a", ",", 0, ["", "a"]),
        ("abc", "", 0, ["a", "b", "c"]),
        ("abc", ",", 0, ["abc"]),
        ("", ",", 0, [""]),
        (",,", ",", 0, []),
    ],
)
def test_split(text: str, pattern: str, limit: int, parts: list[str]) -> None:
    assert java_regex.split(text, pattern, limit) == parts


@pytest.mark.parametrize("pattern", ["(", "[a&&b]", "[a[b]]", r"\p{IsLatin}", r"\G", "*", "\\"])
def test_a_pattern_that_is_none_or_not_supported_is_refused(pattern: str) -> None:
    with pytest.raises(JavaException, match="PatternSyntaxException"):
        java_regex.compile_regex(pattern)


@pytest.mark.parametrize("replacement", ["$", "$x", "${nope}", "$2", "\\"])
def test_a_replacement_that_is_none_is_refused(replacement: str) -> None:
    with pytest.raises(JavaException):
        java_regex.replace_all("a", "(a)", replacement)


@given(st.text(max_size=20))
def test_any_pattern_compiles_or_is_refused(pattern: str) -> None:
    try:
        text = java_regex.compile_regex(pattern).pattern
    except JavaException as error:
        text = str(error)
    assert isinstance(text, str)
