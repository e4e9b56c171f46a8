"""
Filter patterns.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.logs.errors import InvalidParameterException
from pizzabar.logs.filter_pattern import read_filter_pattern

ORDER = (
    '{"level": "ERROR", "status": "order packed", "ms": 12.5, "ok": true, "bad": false, "none": null,'
    ' "user": {"id": 1, "tags": ["a", "b"]}, "items": [{"size": "L"}, {"size": "S"}], "a.b": "dot"}'
)
REQUEST = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("", ["anything"], []),
        ("ERROR", ["[ERROR 400] BAD", "ERRORS"], ["error", "WARN"]),
        ("ERROR BAD", ["[ERROR 400] BAD", "BAD ERROR"], ["ERROR"]),
        ("?ERROR ?WARN", ["ERROR", "WARN"], ["INFO"]),
        ("ERROR -BAD", ["ERROR"], ["ERROR BAD", "INFO"]),
        ("-BAD", ["ERROR"], ["BAD"]),
        ('"BAD REQUEST"', ["a BAD REQUEST"], ["REQUEST BAD"]),
        (r'"say \"no\"" x', ['say "no" x'], ["say no x"]),
        ("%[45]\\d\\d%", ["status 404", "500"], ["200"]),
        ("ERROR ?WARN", ["ERROR"], ["WARN"]),
    ],
)
def test_terms(pattern: str, matching: list[str], others: list[str]) -> None:
    matches = read_filter_pattern(pattern)
    assert all(matches(each) for each in matching)
    assert not any(matches(each) for each in others)


@pytest.mark.parametrize(
    ("pattern", "is_wanted"),
    [
        ('{ $.level = "ERROR" }', True),
        ("{ $.level = ERROR }", True),
        ("{ $.level = WARN }", False),
        ("{ $.level != WARN }", True),
        ("{ $.level != ERROR }", False),
        ('{ $.status = "order*" }', True),
        ('{ $.status = "*baked" }', False),
        ("{ $.status = %pack(ed|ing)% }", True),
        ("{ $.status != %pack% }", False),
        ("{ $.ms > 12 && $.ms <= 12.5 }", True),
        ("{ $.ms < 1e1 }", False),
        ("{ $.ms = 12.5 }", True),
        ("{ $.level > 3 }", False),
        ("{ $.ok IS TRUE }", True),
        ("{ $.bad IS FALSE && $.none IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.ok NOT EXISTS }", False),
        ("{ $.ok EXISTS }", True),
        ("{ $.missing != 5 }", False),
        ("{ $.user.id = 1 }", True),
        ('{ $.user.tags[1] = "b" }', True),
        ("{ $.user.tags[5] = b }", False),
        ("{ $.items[*].size = S }", True),
        ("{ $.items[*].size = M }", False),
        ("{ $['a.b'] = dot }", True),
        ('{ $.["a.b"] = dot }', None),
        ("{ ($.level = WARN || $.ok IS TRUE) && $.ms > 1 }", True),
        ("{ $.level = WARN || $.ok IS FALSE && $.ms > 1 }", False),
    ],
)
def test_members_of_json(pattern: str, is_wanted: bool | None) -> None:
    if is_wanted is None:
        with pytest.raises(InvalidParameterException):
            read_filter_pattern(pattern)
        return
    matches = read_filter_pattern(pattern)
    assert matches(ORDER) is is_wanted
    assert not matches("level ERROR")
    assert not matches("{not JSON")


@pytest.mark.parametrize(
    ("pattern", "is_wanted"),
    [
        ("[ip, user, name, time, request, status, bytes]", True),
        ("[ip, user, name, time, request, status]", False),
        ("[ip, user, name, time, request, status, bytes, more]", False),
        ("[ip, user, name, time, request =*.html*, status = 4*, bytes > 1000]", True),
        ("[..., request, status = 5*, bytes]", False),
        ("[..., status = 404, bytes]", True),
        ("[ip = 127.0.0.1, ...]", True),
        ("[ip, user, ..., status = 404 || status = 500, bytes <= 1534]", True),
        ("[ip, user, name, time, request, (status = 4* && status != 404), bytes]", False),
        ("[ip, user = %^P%, ...]", True),
        ("[...]", True),
    ],
)
def test_fields(pattern: str, is_wanted: bool) -> None:
    assert read_filter_pattern(pattern)(REQUEST) is is_wanted


@pytest.mark.parametrize(
    "pattern",
    [
        *("{", "{ }", "{ $ = 1 }", "{ $.a }", "{ $.a = }", "{ $.a = 1", "{ $.a = 1 } x", "{ $.a > b }", "{ a = 1 }"),
        *("{ $.a IS 5 }", "{ $.a > %b% }", "{ $.a LIKE b }", "[", "[]", "[a,, b]", "[..., ...]", "[a] b", "[%a%]"),
        *('"open', "%[%", "x" * 1025, "{ " + "(" * 60),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidParameterException):
        read_filter_pattern(pattern)


_PIECES = '{ } [ ] ( ) $.a $.b[0] = != < > && || "x" %x% x 1 * , ... ? - IS NULL NOT EXISTS'


@given(st.lists(st.sampled_from(_PIECES.split(" ")), max_size=12).map(" ".join), st.text())
def test_any_text_is_read_or_refused(pattern: str, message: str) -> None:
    with contextlib.suppress(InvalidParameterException):
        matches = read_filter_pattern(pattern)
        matches(message)
        matches(ORDER)
