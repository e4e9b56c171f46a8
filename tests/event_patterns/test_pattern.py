"""
What event patterns match.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
"""

from typing import Any

import pytest

from pizzabar.event_patterns.index import RuleIndex
from pizzabar.event_patterns.pattern import own_text, read_pattern

LEAVES: list[tuple[Any, Any, bool]] = [
    # exact
    ("x", "x", True),
    ("x", "X", False),
    ("é", "e\u0301", False),  # no normalisation
    (12, 12, True),
    (12, "12", False),
    ("12", 12, False),
    (300, 300.0, True),
    (3.0e2, 300, True),
    (1, True, False),
    (True, 1, False),
    (0, False, False),
    (True, True, True),
    (None, None, True),
    (None, "", False),
    (None, [], False),
    (9007199254740993, 9007199254740993, True),
    (9007199254740993, 9007199254740992.0, False),
    ("::1", "0:0:0:0:0:0:0:1", True),
    ("::1", "0000000001::0:1", False),
    ("10.0.0.1", "10.0.0.001", True),
    ("::ffff:a00:1", "10.0.0.1", True),  # an IPv4 address that is mapped into IPv6
    ("::ffff:10.0.0.1", "10.0.0.1", False),  # dots inside IPv6 are no address
    ("*", "x", False),
    # numbers are doubles; one that is not what its double is written as equals its own text only
    (0, -0.0, True),
    (-0.0, 0, True),
    (1e-320, 1e-320, True),
    (9007199254740992, 9007199254740992.0, True),
    (9007199254740993, 9007199254740992, False),
    (9223372036854775808, 9223372036854775808, True),
    (9223372036854775808, 9223372036854776000, False),
    (9223372036854776000, 9.223372036854776e18, True),
    (123456789012, 123456789012, True),
    (0.1, 0.1, True),
    (0.3, 0.30000000000000004, False),
    # exactly
    ({"exactly": "x"}, "x", True),
    ({"exactly": "::1"}, "0:0:0:0:0:0:0:1", False),
    ({"exactly": "1"}, 1, False),
    # prefix, suffix
    ({"prefix": "ab"}, "abc", True),
    ({"prefix": "ab"}, "ab", True),
    ({"prefix": "ab"}, "Abc", False),
    ({"prefix": ""}, "", True),
    ({"prefix": ""}, "abc", True),
    ({"prefix": ""}, 1, False),
    ({"suffix": "bc"}, "abc", True),
    ({"suffix": ""}, "abc", True),
    ({"suffix": "bc"}, "bcd", False),
    ({"prefix": {"equals-ignore-case": "AB"}}, "aBc", True),
    ({"suffix": {"equals-ignore-case": "BC"}}, "abc", True),
    ({"suffix": {"equals-ignore-case": "BC"}}, "c", False),
    # equals-ignore-case
    ({"equals-ignore-case": "MARGHERITA"}, "Margherita", True),
    ({"equals-ignore-case": "É"}, "é", True),
    ({"equals-ignore-case": "ß"}, "ß", True),
    ({"equals-ignore-case": "ß"}, "SS", True),  # the upper form has two characters
    ({"equals-ignore-case": "ß"}, "ss", False),
    ({"equals-ignore-case": "ẞ"}, "ß", True),
    ({"equals-ignore-case": "straße"}, "STRASSE", True),
    ({"equals-ignore-case": "SS"}, "ß", False),
    ({"equals-ignore-case": "İ"}, "i\u0307", True),
    ({"equals-ignore-case": "İ"}, "i", False),
    ({"equals-ignore-case": "i"}, "İ", False),
    ({"equals-ignore-case": "ı"}, "I", True),
    ({"equals-ignore-case": "ſ"}, "S", True),
    ({"equals-ignore-case": "ſ"}, "s", False),
    ({"equals-ignore-case": "s"}, "ſ", False),
    ({"equals-ignore-case": "Σ"}, "σ", True),
    ({"equals-ignore-case": "Σ"}, "ς", False),
    ({"equals-ignore-case": "e\u0301"}, "É", False),  # no normalisation
    # Of a character that takes two UTF-16 units the matcher of AWS makes two question marks.
    ({"equals-ignore-case": "🍕"}, "🍕", False),
    ({"equals-ignore-case": "🍕"}, "??", True),
    ({"prefix": {"equals-ignore-case": "ß"}}, "SSa", True),
    ({"suffix": {"equals-ignore-case": "ß"}}, "aSS", True),
    ({"suffix": {"equals-ignore-case": "ß"}}, "aSSa", False),
    ({"prefix": {"equals-ignore-case": "é"}}, "Éa", True),
    ({"prefix": {"equals-ignore-case": "ab"}}, "a", False),
    ({"prefix": {"equals-ignore-case": "k"}}, "\u212a", False),
    ({"suffix": {"equals-ignore-case": ""}}, "a", True),
    ({"prefix": "🍕"}, "🍕!", True),
    ({"equals-ignore-case": "k"}, "\u212a", False),  # the Kelvin sign's lower form is k; k's upper form is K
    ({"equals-ignore-case": "\u212a"}, "k", True),
    ({"equals-ignore-case": ""}, "", True),
    ({"equals-ignore-case": ""}, "x", False),
    # wildcard
    ({"wildcard": "dir/*.png"}, "dir/a/b.png", True),
    ({"wildcard": "dir/*.png"}, "dir/.png", True),
    ({"wildcard": "*"}, "", True),
    ({"wildcard": "*"}, "two\nlines", True),
    ({"wildcard": "*"}, 1, False),
    ({"wildcard": ""}, "", True),
    ({"wildcard": ""}, "x", False),
    ({"wildcard": "ab*ba"}, "aba", False),
    ({"wildcard": "a*b*c"}, "a-b-b-c", True),
    ({"wildcard": "a*b*c"}, "a-c-b", False),
    ({"wildcard": r"a\*b"}, "a*b", True),
    ({"wildcard": r"a\*b"}, "axb", False),
    ({"wildcard": r"a\\*"}, "a\\b", True),
    ({"wildcard": r"\**"}, "*x", True),
    # numeric
    ({"numeric": ["=", 5]}, 5.0, True),
    ({"numeric": [">", 0, "<=", 5]}, 5, True),
    ({"numeric": [">", 0, "<=", 5]}, 0, False),
    ({"numeric": [">=", 0, "<", 5]}, 0, True),
    ({"numeric": [">=", 0, "<", 5]}, 5, False),
    ({"numeric": ["<", 10]}, -1e9, True),
    ({"numeric": [">", 10]}, "11", False),
    ({"numeric": [">=", 0]}, True, False),
    ({"numeric": [">", -1e300]}, 6e9, True),  # the documented bound of 5.0e9 is none
    ({"numeric": ["=", 0.1]}, 0.1, True),
    ({"numeric": ["=", 1e2]}, 100, True),
    ({"numeric": [">", 0]}, 9007199254740992, True),
    ({"numeric": [">", 0]}, 9007199254740993, False),  # no double is written so
    ({"numeric": [">", 0.1, "<", 0.3]}, 0.2, True),
    ({"numeric": [">", 0]}, 5e-324, True),
    ({"numeric": [">=", 0]}, -0.0, True),
    ({"numeric": [">", 0]}, -0.0, False),
    # cidr
    ({"cidr": "10.0.0.0/24"}, "10.0.0.255", True),
    ({"cidr": "10.0.0.0/24"}, "10.0.1.0", False),
    ({"cidr": "10.0.0.77/8"}, "10.9.9.9", True),
    ({"cidr": "10.0.0.0/24"}, "10.0.0.010", True),  # leading zeros mean nothing
    ({"cidr": "10.0.0.0/24"}, "010.000.000.001", True),
    ({"cidr": "10.0.0.0/24"}, "0010.000.000.001", False),  # more than 15 characters
    ({"cidr": "10.0.0.0/24"}, "::ffff:a00:1", True),
    ({"cidr": "10.0.0.0/24"}, "::ffff:10.0.0.1", False),
    ({"cidr": "::ffff:a00:0/24"}, "10.0.0.9", True),
    ({"cidr": "10.0.0.0/+24"}, "10.0.0.9", True),
    ({"cidr": "10.0.0.0/-0"}, "99.0.0.9", True),
    ({"cidr": "10.0.0.0/24/"}, "10.0.0.9", True),
    ({"cidr": "10.0.0.0/31"}, "10.0.0.1", True),
    ({"cidr": "10.0.0.0/31"}, "10.0.0.2", False),
    ({"cidr": "fe80::/10"}, "fe80::1%eth0", False),  # a zone
    ({"cidr": "::/0"}, "1:2:3:4:5:6:7:8", True),
    ({"cidr": "::/0"}, "1:2:3:4:5:6:7", False),
    ({"cidr": "::/0"}, "1:2:3:4:5:6:7:8:9", False),
    ({"cidr": "::/0"}, "1::2::3", False),
    ({"cidr": "::/0"}, ":::", False),
    ({"cidr": "::/0"}, "00001::", True),
    ({"cidr": "::/0"}, "1:2:3:4:5:6:7:8::", False),
    ({"cidr": "::/0"}, "0.0.0.1", False),
    ({"cidr": "::/127"}, "::1", True),
    ({"cidr": "10.0.0.0/24"}, 167772161, False),
    ({"cidr": "10.0.0.0/24"}, "10.0.0", False),
    ({"cidr": "0.0.0.0/0"}, "255.255.255.255", True),
    ({"cidr": "0.0.0.0/0"}, "256.0.0.1", False),
    ({"cidr": "0.0.0.0/0"}, "::1", False),
    ({"cidr": "2001:db8::/32"}, "2001:DB8:0::9", True),
    # exists
    ({"exists": True}, "x", True),
    ({"exists": True}, None, True),
    ({"exists": True}, {}, False),
    ({"exists": True}, {"inner": 1}, False),
    ({"exists": True}, [], False),
    ({"exists": False}, [], True),
    ({"exists": False}, {"inner": 1}, True),
    ({"exists": False}, None, False),
    # anything-but
    ({"anything-but": "x"}, "y", True),
    ({"anything-but": "x"}, "x", False),
    ({"anything-but": "x"}, 12, True),
    ({"anything-but": "x"}, None, True),
    ({"anything-but": ["x", "y"]}, "y", False),
    ({"anything-but": [1, 2]}, 2.0, False),
    ({"anything-but": 1}, True, True),
    ({"anything-but": {"prefix": "a"}}, "abc", False),
    ({"anything-but": {"prefix": "a"}}, 12, True),
    ({"anything-but": {"prefix": ["a", "b"]}}, "bcd", False),
    ({"anything-but": {"suffix": ["c", "d"]}}, "abe", True),
    ({"anything-but": {"equals-ignore-case": ["ab", "c"]}}, "C", False),
    ({"anything-but": {"wildcard": ["*/a/*", "b*"]}}, "x/a/y", False),
    ({"anything-but": {"wildcard": "*/a/*"}}, "x/b/y", True),
    ({"anything-but": {"wildcard": ""}}, "x", True),
    ({"anything-but": {"wildcard": ""}}, "", False),
    ({"anything-but": {"equals-ignore-case": "ß"}}, "SS", False),
    ({"anything-but": {"equals-ignore-case": ""}}, "", False),
    ({"anything-but": {"prefix": []}}, "x", True),  # nothing is excluded
    ({"anything-but": "10.0.0.1"}, "10.0.0.001", True),  # the text, not the address
    ({"anything-but": 300}, 3.0e2, False),
    ({"anything-but": 0}, -0.0, False),
    ({"anything-but": 5}, "5", True),
    ({"anything-but": ["", "x"]}, "", False),
    ({"anything-but": 1}, 9007199254740993, True),
    # arrays are seen by membership
    ("x", ["y", "x"], True),
    ("x", [["y"], [["x"]]], True),
    ("x", ["y"], False),
    ({"anything-but": "x"}, ["x", "y"], True),
    ({"anything-but": "x"}, ["x", "x"], False),
    (1, [], False),
    (1, {}, False),
    (None, [None], True),
    ({"exists": True}, [], False),
    ({"exists": True}, [[], {}], False),
    ({"exists": True}, [[1]], True),
    ({"exists": False}, [[], {}], True),
    ({"exists": False}, [{"inner": 1}], True),
    ({"exists": False}, [1], False),
    ({"anything-but": "x"}, [], False),
    # a string that holds JSON is a string
    ("x", '["x"]', False),
]


def assert_matches(pattern: dict[str, Any], event: dict[str, Any], expected: bool) -> None:
    """Both ways to match agree with what is expected."""
    read = read_pattern(pattern)
    index: RuleIndex[str] = RuleIndex()
    index.add("rule", read)
    assert read.matches(event) is expected
    assert index.match(event) == (["rule"] if expected else [])


@pytest.mark.parametrize(("element", "leaf", "expected"), LEAVES)
def test_an_element_matches_a_leaf(element: Any, leaf: Any, expected: bool) -> None:
    assert_matches({"detail": {"field": [element]}}, {"detail": {"field": leaf}}, expected)


@pytest.mark.parametrize(
    ("element", "expected"),
    [({"exists": False}, True), ({"exists": True}, False), ({"anything-but": "x"}, False), (None, False)],
)
def test_an_element_matches_a_missing_field(element: Any, expected: bool) -> None:
    assert_matches({"detail": {"field": [element]}}, {"detail": {"other": 1}}, expected)


TWO_ELEMENTS = {"items": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}

EVENTS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    # fields are joined by AND, elements by OR
    ({"a": [1], "b": [2]}, {"a": 1, "b": 2, "c": 3}, True),
    ({"a": [1], "b": [2]}, {"a": 1, "b": 3}, False),
    ({"a": [{"exists": False}, 1]}, {"a": 1}, True),
    ({"a": [{"exists": False}, 1]}, {"b": 1}, True),
    ({"a": [{"exists": False}, 1]}, {"a": 2}, False),
    ({"a": [{"anything-but": "x"}, {"anything-but": "y"}]}, {"a": "x"}, True),
    # paths are joined by dots
    ({"a": {"b": [1]}}, {"a.b": 1}, True),
    ({"a.b": [1]}, {"a": {"b": 1}}, True),
    ({"a": {"b": {"c": [1]}}}, {"a.b": {"c": 1}}, True),
    ({"a": {"b": {"c": [1]}}}, {"a": {"b.c": 1}}, True),
    ({"a.b": [1]}, {"a": {"b": 2}, "a.b": 1}, True),
    ({"a": {"b": [1]}, "a.b": [2]}, {"a": {"b": 1}}, False),  # the later of two equal paths counts
    ({"prefix": ["a"]}, {"prefix": "a"}, True),  # operators are special in leaves only
    ({"a": [1]}, {"a": {"b": 1}}, False),
    ({"a": {"b": [1]}}, {"a": 1}, False),
    # $or
    ({"$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2}, True),
    ({"$or": [{"a": [1]}, {"b": [2]}]}, {"a": 2, "b": 1}, False),
    ({"c": [3], "$or": [{"a": [1]}, {"b": [2]}]}, {"a": 1}, False),
    ({"c": [3], "$or": [{"a": [1]}, {"b": [2]}]}, {"a": 1, "c": 3}, True),
    ({"d": {"$or": [{"a": [1]}, {"$or": [{"b": [2]}, {"c": [3]}]}]}}, {"d": {"c": 3}}, True),
    ({"$or": ["x", "y"]}, {"$or": "y"}, True),  # a field of that name, as in old rules
    ({"$or": {"a": [1]}}, {"$or": {"a": 1}}, True),
    ({"$or": [{"prefix": "x"}, {"suffix": "y"}]}, {"$or": "-y"}, True),  # a leaf of that name, as in old rules
    ({"$or": [{"exists": True}]}, {"$or": "y"}, True),
    ({"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}, {"a": 2}, True),  # in the first alternative the later a counts
    ({"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}, {"a": 1, "b": 3}, True),
    ({"$or": [{"a": [2]}, {"b": [3]}], "a": [1]}, {"a": 2}, False),
    ({"$or": [{"a": [2]}, {"b": [3]}], "a": [1]}, {"a": 1}, True),
    ({"$or": [{"a": [1]}, {"b": [2]}], "d": {"$or": [{"a": [1]}, {"b": [2]}]}}, {"a": 1, "d": {"b": 2}}, True),
    ({"$or": [{"a": [1]}, {"b": [2]}], "d": {"$or": [{"a": [1]}, {"b": [2]}]}}, {"a": 1, "d": {"b": 3}}, False),
    ({"$or": [{"a": [{"exists": False}]}, {"a": ["x"]}]}, {"a": "x"}, True),
    ({"$or": [{"a": [{"exists": False}]}, {"a": ["x"]}]}, {"a": "y"}, False),
    ({"prefix": {"$or": [{"a": [1]}, {"b": [2]}]}}, {"prefix": {"b": 2}}, True),
    # one element of an array answers for all fields
    ({"items": {"a": [1], "b": [2]}}, TWO_ELEMENTS, True),
    ({"items": {"a": [1], "b": [4]}}, TWO_ELEMENTS, False),
    ({"x": {"a": [1]}, "y": {"b": [4]}}, {"x": [{"a": 0}, {"a": 1}], "y": [{"b": 4}, {"b": 5}]}, True),
    ({"m": {"a": [1], "b": [2]}}, {"m": [[{"a": 1}], [{"b": 2}]]}, False),
    ({"m": {"a": [1], "b": [2]}}, {"m": [[{"a": 1, "b": 2}], [{"b": 3}]]}, True),
    ({"m": {"a": {"x": [1]}, "b": [2]}}, {"m": [{"a": [{"x": 0}, {"x": 1}], "b": 2}]}, True),
    ({"m": {"a": {"x": [1], "y": [2]}, "b": [2]}}, {"m": [{"a": [{"x": 1}, {"y": 2}], "b": 2}]}, False),
    ({"m": {"a": [1], "b": [4]}}, {"m": [{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"b": 4, "a": 1}]}, True),
    ({"$or": [{"m": {"a": [1], "b": [4]}}, {"m": {"a": [9]}}]}, {"m": [{"a": 1}, {"b": 4}]}, False),
    ({"m": {"a": [{"anything-but": 1}], "b": [2]}}, {"m": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}, False),
    ({"m": {"a": [{"exists": True}], "b": [2]}}, {"m": [{"a": 1}, {"b": 2}]}, False),
    # a leaf that is an element itself goes with any other element
    ({"m": [1], "m.b": [2]}, {"m": [1, {"b": 2}]}, True),
    ({"m": {"a": ["x"], "b": ["y"]}}, {"m": {"a": ["w", "x"], "b": ["y", "z"]}}, True),
    ({"m": [1], "m.b": [2], "m.c": [3]}, {"m": [1, {"b": 2}, {"c": 3}]}, False),
    ({"m": [1], "m.b": [2]}, {"m": [[1], [{"b": 2}]]}, False),
    # absence is judged in the element chosen by the fields before it in the alphabet
    ({"items": {"a": [1], "b": [{"exists": False}]}}, {"items": [{"a": 1}, {"b": 2}]}, True),
    ({"items": {"b": [1], "a": [{"exists": False}]}}, {"items": [{"b": 1}, {"a": 2}]}, False),
    ({"items": {"a": [1], "b": [{"exists": False}]}}, {"items": [{"a": 1, "b": 2}, {"a": 3}]}, False),
]


@pytest.mark.parametrize(("pattern", "event", "expected"), EVENTS)
def test_a_pattern_matches_an_event(pattern: dict[str, Any], event: dict[str, Any], expected: bool) -> None:
    assert_matches(pattern, event, expected)


def test_of_a_key_that_is_there_twice_the_last_one_counts() -> None:
    pattern = read_pattern('{"a": ["x"], "a": ["y"]}')

    assert pattern.matches({"a": "y"})
    assert not pattern.matches({"a": "x"})


def test_what_two_objects_of_one_name_hold_is_wanted() -> None:
    """AWS reads a pattern token by token, so both are read."""
    pattern = read_pattern('{"a": {"x": [1]}, "a": {"y": [2]}}')

    assert pattern.matches({"a": {"x": 1, "y": 2}})
    assert not pattern.matches({"a": {"y": 2}})


@pytest.mark.parametrize("rest", [" \t\r\n", "}", " and more"])
def test_what_follows_a_pattern_is_not_read(rest: str) -> None:
    text = '{"a": [1]}'
    assert read_pattern(text + rest).matches({"a": 1})
    assert own_text(text + rest) == text


@pytest.mark.parametrize(
    ("text", "event", "expected"),
    [
        ('{"a": [3.0e2]}', 300, True),
        ('{"a": [0.1000000000000000055]}', 0.1, False),
        ('{"a": [1e400]}', 1e308, False),
        ('{"a": [1E-400]}', 0, False),
        ('{"a": [123456789012345678901234]}', 1.2345678901234568e23, False),
        ('{"a": [1e23]}', 1e23, True),
        ('{"a": [-0]}', 0, True),
        ('{"a": [1e99999999999999999999]}', 1, False),
        ('{"a": ["\\u00e9\\ud83c\\udf55"]}', "é🍕", True),
    ],
)
def test_a_number_is_what_its_text_says(text: str, event: Any, expected: bool) -> None:
    assert read_pattern(text).matches({"a": event}) is expected


def test_a_pattern_may_be_nested_as_deep_as_its_length_lets_it() -> None:
    event: Any = 1
    for _ in range(800):
        event = {"": event}

    pattern = read_pattern('{"":' * 800 + "[1]" + "}" * 800)

    assert pattern.matches(event)
    index: RuleIndex[str] = RuleIndex()
    index.add("rule", pattern)
    assert index.match(event) == ["rule"]


def test_a_long_list_is_read() -> None:
    pattern = read_pattern({"a": list(range(900))})

    assert pattern.matches({"a": 899})
    assert not pattern.matches({"a": 900})


def test_nothing_but_an_object_is_an_event() -> None:
    assert not read_pattern({"a": [{"exists": False}]}).matches(["a"])


def test_long_arrays_that_have_nothing_in_common_are_judged_quickly() -> None:
    names = "abcdefgh"
    event: dict[str, Any] = {name: [{"x": 1}] * 200 for name in names}
    pattern = read_pattern({**{name: {"x": [1]} for name in names}, "z": [1]})

    assert pattern.matches({**event, "z": 1})
    assert not pattern.matches({**event, "z": 2})


def test_an_event_may_be_nested_as_deep_as_json_is_read() -> None:
    event: Any = 1
    for _ in range(1_000):
        event = [event]

    assert_matches({"a": [1]}, {"a": event}, True)
