"""
Which event patterns are refused, and with which reason.

The reasons are those of the service as recorded, and of its reference implementation.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
"""

from typing import Any

import pytest

from pizzabar.documents import write
from pizzabar.errors import Fault
from pizzabar.eventbridge.errors import InvalidEventPatternException
from pizzabar.eventbridge.pattern import read_pattern

TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a "
    "wildcard character"
)
MIXED = "Inside anything but list, either all values are number or string, mixed type is not supported"
NOT_SUPPORTED = "Inside anything but list, start|null|boolean is not supported."
IGNORE_CASE_ONLY = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
ANYTHING_BUT = "Value of anything-but must be an array or single string/number value."

ELEMENTS: list[tuple[Any, str]] = [
    (["x"], "Match value must be String, number, true, false, or null"),
    ({}, "Empty objects are not allowed"),
    ({"foo": "x"}, "Unrecognized match type foo"),
    ({"Prefix": "x"}, "Unrecognized match type Prefix"),
    ({"prefix": "x", "suffix": "y"}, "Only one key allowed in match expression"),
    ({"prefix": 1}, "prefix match pattern must be a string"),
    ({"prefix": ["x"]}, "prefix match pattern must be a string"),
    ({"suffix": None}, "suffix match pattern must be a string"),
    ({"prefix": {"equals-ignore-case": 1}}, "equals-ignore-case match pattern must be a string"),
    ({"equals-ignore-case": 1}, "equals-ignore-case match pattern must be a string"),
    ({"wildcard": True}, "wildcard match pattern must be a string"),
    ({"cidr": 1}, "prefix match pattern must be a string"),
    ({"exists": "true"}, "exists match pattern must be either true or false."),
    ({"numeric": 5}, "Value of numeric must be an array."),
    ({"numeric": [5]}, "Invalid member in numeric match: 5"),
    ({"numeric": ["!=", 5]}, "Unrecognized numeric range operator: !="),
    ({"numeric": ["=", "5"]}, "Value of equals must be numeric"),
    ({"numeric": ["<"]}, "Value of < must be numeric"),
    ({"numeric": ["<", True]}, "Value of < must be numeric"),
    ({"numeric": ["<", 9007199254740993]}, "Value of < must be numeric"),
    ({"numeric": ["=", 5, "<", 6]}, "Too many elements in numeric expression"),
    ({"numeric": [">", 5, 6]}, "Bad value in numeric range: 6"),
    ({"numeric": [">", 5, "=", 6]}, "Bad numeric range operator: ="),
    ({"numeric": [">", 5, "<", "6"]}, "Value of < must be numeric"),
    ({"numeric": [">", 5, "<", 5]}, "Bottom must be less than top"),
    ({"numeric": [">", 5, "<", 6, "<", 7]}, "Too many terms in numeric range expression"),
    ({"anything-but": None}, ANYTHING_BUT),
    ({"anything-but": True}, ANYTHING_BUT),
    ({"anything-but": ["x", None]}, NOT_SUPPORTED),
    ({"anything-but": [["x"]]}, NOT_SUPPORTED),
    ({"anything-but": ["x", 1]}, MIXED),
    ({"anything-but": []}, MIXED),
    ({"anything-but": {"numeric": ["=", 1]}}, "Unsupported anything-but pattern: numeric"),
    ({"anything-but": {"prefix": 1}}, "prefix match pattern must be a string"),
    ({"anything-but": {"prefix": ""}}, "Null prefix/suffix not allowed"),
    ({"anything-but": {"suffix": ["x", ""]}}, "Null prefix/suffix not allowed"),
    ({"anything-but": {"equals-ignore-case": ["x", 1]}}, IGNORE_CASE_ONLY),
    ({"wildcard": "a**b"}, "Consecutive wildcard characters at pos 2"),
    ({"wildcard": "ab\\"}, "Invalid escape character at pos 3"),
    ({"wildcard": r"a\xb"}, "Invalid escape character at pos 2"),
    ({"wildcard": "*a*a*a*a*a*"}, TOO_COMPLEX),
    ({"wildcard": "*aaaaaaaaaaa"}, TOO_COMPLEX),
    ({"cidr": "10.0.0.0"}, "Malformed CIDR, one '/' required"),
    ({"cidr": "10.0.0.0/8/8"}, "Malformed CIDR, one '/' required"),
    ({"cidr": "10.0.0.0/x"}, "Malformed CIDR, mask bits must be an integer"),
    ({"cidr": "10.0.0/8"}, "Nonstandard IP address: 10.0.0"),
    ({"cidr": "10.0.0.0/32"}, "IPv4 mask bits must be < 32"),
    ({"cidr": "::1/128"}, "IPv6 mask bits must be < 128"),
]

DOCUMENTS: list[tuple[Any, str]] = [
    ([], "Filter is not an object"),
    ("", "Filter is not an object"),
    ("12", "Filter is not an object"),
    (None, "Filter is not an object"),
    ({}, "Empty objects are not allowed"),
    ({"a": {}}, "Empty objects are not allowed"),
    ({"a": []}, "Empty arrays are not allowed"),
    ({"a": "x"}, '"a" must be an object or an array'),
    ({"a": None}, '"a" must be an object or an array'),
    ({"$or": [{"a": [1]}]}, "There must have at least 2 Objects in $or relationship."),
    ({"$or": []}, "There must have at least 2 Objects in $or relationship."),
    ({"$or": [{"a": [1]}, 1]}, "Only JSON object is allowed in array of $or relationship."),
    ({"$or": "x"}, "It must be an Array followed with $or."),
    (
        {"$or": [{"prefix": ["x"]}, {"a": [1]}]},
        "prefix is Ruler reserved fieldName which cannot be used inside $or.",
    ),
    (
        {"$or": [{"a": {"regex": ["x"]}}, {"a": [1]}]},
        "regex is Ruler reserved fieldName which cannot be used inside $or.",
    ),
    (
        {name: {"$or": [{str(number): [1]} for number in range(11)]} for name in "abc"},
        "$or makes more than 1000 combinations",
    ),
]


def refusal(pattern: Any) -> InvalidEventPatternException:
    with pytest.raises(InvalidEventPatternException) as caught:
        read_pattern(pattern)
    assert caught.value.status == 400
    return caught.value


@pytest.mark.parametrize(("element", "reason"), ELEMENTS)
def test_an_element_is_refused(element: Any, reason: str) -> None:
    first_line = refusal({"a": [element]}).message.split("\n")[0]

    assert first_line == f"Event pattern is not valid. Reason: {reason}"


@pytest.mark.parametrize(("document", "reason"), DOCUMENTS)
def test_a_document_is_refused(document: Any, reason: str) -> None:
    first_line = refusal(document).message.split("\n")[0]

    assert first_line == f"Event pattern is not valid. Reason: {reason}"


def test_what_is_no_json_is_refused_with_the_words_of_the_parser() -> None:
    assert refusal('{"a": [}').message.startswith("Event pattern is not valid. Reason: unexpected character")


def test_a_refusal_tells_the_place_of_its_first_fault() -> None:
    pattern = '{\n  "a": ["x"],\n  "b": "y"\n}'

    assert refusal(pattern).message == (
        'Event pattern is not valid. Reason: "b" must be an object or an array\n'
        f' at [Source: (String)"{pattern}"; line: 3, column: 11]'
    )


def test_a_refusal_of_a_block_tells_no_place() -> None:
    assert refusal({"a": [{"cidr": "x"}]}).message == (
        "Event pattern is not valid. Reason: Malformed CIDR, one '/' required"
    )


def test_every_fault_is_told() -> None:
    assert refusal({"a": [{"foo": 1}, {"prefix": 2}], "b": {"c": []}}).faults == (
        Fault(("a", 0), "Unrecognized match type foo"),
        Fault(("a", 1), "prefix match pattern must be a string"),
        Fault(("b", "c"), "Empty arrays are not allowed"),
    )


def test_wildcards_of_one_field_are_counted_together() -> None:
    wildcards = [{"wildcard": f"*{letter}*a*a*"} for letter in "abc"]

    assert TOO_COMPLEX in refusal({"a": wildcards}).message
    read_pattern({str(number): [wildcard] for number, wildcard in enumerate(wildcards)})


@pytest.mark.parametrize("wildcard", ["*a*", "*a*a*a*", "dir/*/file-*.png", r"\**", r"*\*"])
def test_a_wildcard_is_simple_enough(wildcard: str) -> None:
    read_pattern({"a": [{"wildcard": wildcard}]})


def test_a_pattern_that_is_nested_too_deep_is_refused() -> None:
    assert "levels are not supported" in refusal('{"a":' * 500 + "[1]" + "}" * 500).message


def test_as_many_combinations_as_aws_allows_are_read() -> None:
    pattern = {name: {"$or": [{str(number): [1]} for number in range(10)]} for name in "abc"}

    assert len(read_pattern(write(pattern)).conjunctions) == 1_000
