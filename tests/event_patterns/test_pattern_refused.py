"""
Which event patterns are refused, and with which reason.

The reasons are those of the service as recorded, and of its reference implementation.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
"""

from typing import Any

import pytest

from pizzabar.documents import write
from pizzabar.errors import Fault
from pizzabar.event_patterns.errors import InvalidEventPatternException
from pizzabar.event_patterns.pattern import read_pattern

TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a "
    "wildcard character"
)
MIXED = "Inside anything but list, either all values are number or string, mixed type is not supported"
NOT_SUPPORTED = "Inside anything but list, start|null|boolean is not supported."
IGNORE_CASE_ONLY = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
ANYTHING_BUT = "Value of anything-but must be an array or single string/number value."

OPEN = 'expected close marker for Object (start marker at [Source: (String)"{"a": [1]"; line: 1, column: 1])'

ELEMENTS: list[tuple[Any, str]] = [
    (["x"], "Match value must be String, number, true, false, or null"),
    ({}, "Match expression name not found"),
    ({"foo": "x"}, "Unrecognized match type foo"),
    ({"Prefix": "x"}, "Unrecognized match type Prefix"),
    ({"prefix": "x", "suffix": "y"}, "Only one key allowed in match expression"),
    ({"exists": True, "suffix": "y"}, "Only one key allowed in match expression"),
    ({"cidr": "10.0.0.0/8", "suffix": "y"}, "Only one key allowed in match expression"),
    ({"prefix": 1, "suffix": "y"}, "prefix match pattern must be a string"),
    ({"exactly": 1}, "exact match pattern must be a string"),
    ({"numeric": ["=", 1], "suffix": "y"}, "Too many elements in numeric expression"),
    ({"anything-but": "x", "suffix": "y"}, "Too many elements in numeric expression"),
    ({"anything-but": {"prefix": "x", "suffix": "y"}}, "Too many elements in numeric expression"),
    ({"anything-but": {"prefix": "x"}, "suffix": "y"}, "Too many elements in numeric expression"),
    ({"prefix": {}}, "Prefix expression name not found"),
    ({"suffix": {}}, "Suffix expression name not found"),
    ({"anything-but": {}}, "Anything-But expression name not found"),
    ({"prefix": {"wildcard": "x"}}, "Unsupported prefix pattern: wildcard"),
    ({"suffix": {"prefix": "x"}}, "Unsupported suffix pattern: prefix"),
    ({"prefix": {"equals-ignore-case": "x", "y": 1}}, "Only one key allowed in match expression"),
    ({"exists": None}, "exists match pattern must be either true or false."),
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
    ({"numeric": []}, "Invalid member in numeric match: ]"),
    ({"numeric": [None]}, "Invalid member in numeric match: null"),
    ({"numeric": [{"=": 1}]}, "Invalid member in numeric match: {"),
    ({"numeric": ["="]}, "Value of equals must be numeric"),
    ({"numeric": ["<", 9007199254740993]}, "Cannot compare number : 9007199254740993"),
    ({"numeric": ["=", 9223372036854775808]}, "Cannot compare number : 9223372036854775808"),
    ({"numeric": [">", 1, "<", 9007199254740993]}, "Cannot compare number : 9007199254740993"),
    ({"numeric": ["<", 5, "<", 6]}, "Too many elements in numeric expression"),
    ({"numeric": [">", 5, "<"]}, "Value of < must be numeric"),
    ({"numeric": [">", 5, None]}, "Bad value in numeric range: null"),
    ({"numeric": [">=", 6, "<=", 5]}, "Bottom must be less than top"),
    ({"anything-but": [True]}, NOT_SUPPORTED),
    ({"anything-but": [{"prefix": "x"}]}, NOT_SUPPORTED),
    ({"anything-but": 9007199254740993}, "Cannot compare number : 9007199254740993"),
    ({"anything-but": [9007199254740993]}, "Cannot compare number : 9007199254740993"),
    ({"anything-but": {"cidr": "10.0.0.0/8"}}, "Unsupported anything-but pattern: cidr"),
    ({"anything-but": {"exists": True}}, "Unsupported anything-but pattern: exists"),
    ({"anything-but": {"anything-but": "x"}}, "Unsupported anything-but pattern: anything-but"),
    ({"anything-but": {"prefix": True}}, ANYTHING_BUT),
    ({"anything-but": {"prefix": None}}, ANYTHING_BUT),
    ({"anything-but": {"suffix": {"equals-ignore-case": "x"}}}, ANYTHING_BUT),
    ({"anything-but": {"wildcard": 1}}, "wildcard match pattern must be a string"),
    ({"anything-but": {"wildcard": ["x", None]}}, "wildcard match pattern must be a string"),
    ({"anything-but": {"wildcard": "a**b"}}, "Consecutive wildcard characters at pos 2"),
    ({"anything-but": {"suffix": ["x", 1]}}, "prefix/suffix match pattern must be a string"),
    ({"anything-but": {"equals-ignore-case": 1}}, IGNORE_CASE_ONLY),
    ({"wildcard": "é**"}, "Consecutive wildcard characters at pos 3"),
    ({"wildcard": "***"}, "Consecutive wildcard characters at pos 1"),
    ({"wildcard": r"\\\*\a"}, "Invalid escape character at pos 5"),
    ({"cidr": ""}, "Malformed CIDR, one '/' required"),
    ({"cidr": "10.0.0.0/"}, "Malformed CIDR, one '/' required"),
    ({"cidr": "/8"}, "Nonstandard IP address: "),
    ({"cidr": "10.0.0.0/-1"}, "Malformed CIDR, mask bits must not be negative"),
    ({"cidr": "10.0.0.0/ 8"}, "Malformed CIDR, mask bits must be an integer"),
    ({"cidr": "10.0.0.0/8.0"}, "Malformed CIDR, mask bits must be an integer"),
    ({"cidr": "10.0.0.0/2147483648"}, "Malformed CIDR, mask bits must be an integer"),
    ({"cidr": "256.0.0.0/8"}, "Invalid IP address: 256.0.0.0"),
    ({"cidr": "1:2:3/8"}, "Invalid IP address: 1:2:3"),
    ({"cidr": "1::2::3/8"}, "Invalid IP address: 1::2::3"),
    ({"cidr": "::10.0.0.0/8"}, "Nonstandard IP address: ::10.0.0.0"),
    ({"cidr": "fe80::1%1/8"}, "Nonstandard IP address: fe80::1%1"),
    ({"cidr": "::ffff:a00:0/104"}, "IPv4 mask bits must be < 32"),
    ({"cidr": "x/y"}, "Malformed CIDR, mask bits must be an integer"),
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
    ({"anything-but": {"prefix": 1}}, "prefix/suffix match pattern must be a string"),
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


# A place is where the parser of AWS is when it refuses: after the opening quote of a string whose text nobody has
# asked for, and, with the name of a field, after the beginning of its value. In lists it is told twice.
PLACES: list[tuple[str, str, tuple[tuple[int, int], ...]]] = [
    ("", "Filter is not an object", ((1, 1),)),
    (" \n ", "Filter is not an object", ((2, 2),)),
    ("12", "Filter is not an object", ((1, 3),)),
    ('"a"', "Filter is not an object", ((1, 2),)),
    ("[1]", "Filter is not an object", ((1, 2),)),
    ("{}", "Empty objects are not allowed", ((1, 3),)),
    ('{"a": {}}', "Empty objects are not allowed", ((1, 9),)),
    ('{"a": []}', "Empty arrays are not allowed", ((1, 9),)),
    ('{"a": 12}', '"a" must be an object or an array', ((1, 9),)),
    ('{"a": "xyz"}', '"a" must be an object or an array', ((1, 8),)),
    ('{"a": null}', '"a" must be an object or an array', ((1, 11),)),
    ('{\n  "b": [1],\r\n  "a": true\r}', '"a" must be an object or an array', ((3, 12),)),
    ('{"🍕": 1}', '"🍕" must be an object or an array', ((1, 9),)),  # columns are UTF-16 units
    ('{"a": [[]]}', "Match value must be String, number, true, false, or null", ((1, 9),)),
    ('{"a": [{}]}', "Match expression name not found", ((1, 10),)),
    ('{"a": [{"foo": "bar"}]}', "Unrecognized match type foo", ((1, 17),)),
    ('{"a": [{"foo": 123}]}', "Unrecognized match type foo", ((1, 19),)),
    ('{"a": [{"foo": {}}]}', "Unrecognized match type foo", ((1, 17),)),
    ('{"a": [{"prefix": 12}]}', "prefix match pattern must be a string", ((1, 21),)),
    ('{"a": [{"prefix": "x", "y": 1}]}', "Only one key allowed in match expression", ((1, 30),)),
    ('{"a": [{"exists": "x"}]}', "exists match pattern must be either true or false.", ((1, 20),)),
    ('{"a": [{"wildcard": "x**"}]}', "Consecutive wildcard characters at pos 2", ((1, 26),)),
    ('{"a": [{"numeric": 1}]}', "Value of numeric must be an array.", ((1, 21),)),
    ('{"a": [{"numeric": ["!", "x"]}]}', "Unrecognized numeric range operator: !", ((1, 27),)),
    ('{"a": [{"numeric": ["=", "x"]}]}', "Value of equals must be numeric", ((1, 27),)),
    ('{"a": [{"numeric": ["=", 1, "x"]}]}', "Too many elements in numeric expression", ((1, 30),)),
    ('{"a": [{"numeric": ["=", 1e400]}]}', "Cannot compare number : 1e400", ((1, 32),)),
    ('{"a": [{"numeric": [">", 2, "<", 1]}]}', "Bottom must be less than top", ((1, 36),)),
    ('{"a": [{"anything-but": null}]}', ANYTHING_BUT, ((1, 29),)),
    ('{"a": [{"anything-but": 1e400}]}', "Cannot compare number : 1e400", ()),
    ('{"a": [{"anything-but": [1e400]}]}', "Cannot compare number : 1e400", ((1, 31),)),
    ('{"a": [{"anything-but": ["x", null]}]}', NOT_SUPPORTED, ((1, 35), (1, 35))),
    ('{"a": [{"anything-but": ["x", 1]}]}', MIXED, ((1, 33),)),
    ('{"a": [{"anything-but": {"numeric": []}}]}', "Unsupported anything-but pattern: numeric", ((1, 38),)),
    ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed", ((1, 38),)),
    ('{"a": [{"anything-but": {"prefix": [""]}}]}', "Null prefix/suffix not allowed", ((1, 39), (1, 39))),
    ('{"a": [{"anything-but": {"wildcard": ["x**"]}}]}', "Consecutive wildcard characters at pos 2", ((1, 45),)),
    ('{"a": [{"cidr": "x"}]}', "Malformed CIDR, one '/' required", ()),
    ('{"a": [{"wildcard": "*a*a*a*a*a*"}]}', TOO_COMPLEX, ()),
    ('{"$or": "x"}', "It must be an Array followed with $or.", ((1, 10),)),
    ('{"$or": [1, {}]}', "Only JSON object is allowed in array of $or relationship.", ((1, 11),)),
    ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship.", ((1, 21),)),
    (
        '{"$or": [{"a": [1]}, {"cidr": ["x"]}]}',
        "cidr is Ruler reserved fieldName which cannot be used inside $or.",
        ((1, 32),),
    ),
    ('{"a": [1]', f"Unexpected end-of-input: {OPEN}", ((1, 10),)),
]


@pytest.mark.parametrize(("text", "reason", "places"), PLACES)
def test_a_refusal_tells_its_place(text: str, reason: str, places: tuple[tuple[int, int], ...]) -> None:
    told = [f'\n at [Source: (String)"{text}"; line: {line}, column: {column}]' for line, column in places]

    assert refusal(text).message == f"Event pattern is not valid. Reason: {reason}{''.join(told)}"


def test_of_a_long_pattern_the_beginning_is_shown_with_a_place() -> None:
    pattern = '{"a": ["' + "x" * 600 + '"], "b": 1}'

    assert refusal(pattern).message == (
        'Event pattern is not valid. Reason: "b" must be an object or an array\n'
        f' at [Source: (String)"{pattern[:500]}"[truncated 119 chars]; line: 1, column: 619]'
    )


def test_what_does_not_print_is_shown_by_its_number() -> None:
    assert refusal('{\t"a": 1}').message.endswith('(String)"{\\u0009"a": 1}"; line: 1, column: 9]')


def test_a_fault_of_the_json_text_is_told_only_after_those_before_it() -> None:
    assert '"a" must be an object or an array' in refusal('{"a": "x\\y", 12').message
    assert "Unrecognized character escape 'y' (code 121)" in refusal('{"a": ["x\\y"]}').message


def test_a_fault_of_the_json_text_in_a_list_is_told_with_the_place_after_it() -> None:
    text = '{"a": [{"anything-but": [1 2]}]}'
    at = f'\n at [Source: (String)"{text}"; line: 1, column: '

    assert refusal(text).message == (
        "Event pattern is not valid. Reason: Unexpected character ('2' (code 50)): was expecting comma to separate "
        f"Array entries{at}28]{at}29]"
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
    assert refusal('{"a":' * 1_001 + "[1]" + "}" * 1_001).message == (
        "Event pattern is not valid. Reason: Document nesting depth (1001) exceeds the maximum allowed (1000, from "
        "`StreamReadConstraints.getMaxNestingDepth()`)"
    )


def test_a_document_without_json_text_is_refused() -> None:
    assert refusal({"a": [object()]}).message.startswith("Event pattern is not valid. Reason: ")


def test_as_many_combinations_as_aws_allows_are_read() -> None:
    pattern = {name: {"$or": [{str(number): [1]} for number in range(10)]} for name in "abc"}

    assert len(read_pattern(write(pattern)).conjunctions) == 1_000
