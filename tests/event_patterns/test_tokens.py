"""What the parser says of texts that are no JSON. The first words and places are those of recorded answers."""

import pytest

from pizzabar.event_patterns.tokens import Cursor, Stop

VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
COMMENT = (
    "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)"
)
ALLOW = "enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
NUMBER = "in numeric value"

FAULTS = [
    ("this is a text", f"Unrecognized token 'this': was expecting {VALUES}", 4),
    ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 1),
    ('{"a": shut', f"Unrecognized token 'shut': was expecting {VALUES}", 10),
    ("{1}", "Unexpected character ('1' (code 49)): was expecting double-quote to start field name", 1),
    ("{,}", "Unexpected character (',' (code 44)): was expecting double-quote to start field name", 1),
    ('{"a":1,}', "Unexpected character ('}' (code 125)): was expecting double-quote to start field name", 7),
    ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 5),
    ('{"a":}', "Unexpected character ('}' (code 125)): expected a value", 5),
    ('{"a":]', f"Unexpected character (']' (code 93)): expected a valid value {VALUES}", 5),
    ('{"a":1 "b"', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries", 7),
    ("[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 3),
    ("[1,]", f"Unexpected character (']' (code 93)): expected a valid value {VALUES}", 3),
    ("[,]", f"Unexpected character (',' (code 44)): expected a valid value {VALUES}", 1),
    ("['x']", f"Unexpected character (''' (code 39)): expected a valid value {VALUES}", 1),
    ("[→]", f"Unexpected character ('→' (code 8594 / 0x2192)): expected a valid value {VALUES}", 1),
    ("[tru]", f"Unrecognized token 'tru': was expecting {VALUES}", 4),
    ("[True]", f"Unrecognized token 'True': was expecting {VALUES}", 5),
    ("[nulls]", f"Unrecognized token 'nulls': was expecting {VALUES}", 6),
    ("[NaN]", f"Non-standard token 'NaN': {ALLOW}", 4),
    ("[Infinity]", f"Non-standard token 'Infinity': {ALLOW}", 9),
    ("[Nan]", f"Unrecognized token 'Nan': was expecting {VALUES}", 4),
    (f"[{'x' * 300}]", f"Unrecognized token '{'x' * 256}...': was expecting {VALUES}", 257),
    ("[01]", "Invalid numeric value: Leading zeroes not allowed", 2),
    ("[-01]", "Invalid numeric value: Leading zeroes not allowed", 3),
    ("[1.]", f"Unexpected character (']' (code 93)) {NUMBER}: Decimal point not followed by a digit", 3),
    ("[1e]", f"Unexpected character (']' (code 93)) {NUMBER}: Exponent indicator not followed by a digit", 3),
    ("[1e+]", f"Unexpected character (']' (code 93)) {NUMBER}: Exponent indicator not followed by a digit", 4),
    (
        "[-x]",
        f"Unexpected character ('x' (code 120)) {NUMBER}: "
        "expected digit (0-9) to follow minus sign, for valid numeric value",
        2,
    ),
    (
        "[+1]",
        f"Unexpected character ('+' (code 43)) {NUMBER}: JSON spec does not allow numbers to have plus signs: enable "
        "`JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow",
        2,
    ),
    ("[.5]", f"Unexpected character ('.' (code 46)): expected a valid value {VALUES}", 1),
    ("[1x]", "Unexpected character ('x' (code 120)): was expecting comma to separate Array entries", 2),
    ("[/*x*/1]", f"Unexpected character ('/' (code 47)): {COMMENT}", 1),
    (
        "[\x01]",
        "Illegal character ((CTRL-CHAR, code 1)): only regular white space (\\r, \\n, \\t) is allowed between tokens",
        1,
    ),
    (
        '["a\nb"]',
        "Illegal unquoted character ((CTRL-CHAR, code 10)): "
        "has to be escaped using backslash to be included in string value",
        3,
    ),
    (
        '{"a\nb"',
        "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in name",
        3,
    ),
    ('["\\x"]', "Unrecognized character escape 'x' (code 120)", 3),
    (
        '["\\u00g0"]',
        "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence",
        6,
    ),
    (
        '{"a": [1}',
        "Unexpected close marker '}': expected ']' "
        '(for Array starting at [Source: (String)"{"a": [1}"; line: 1, column: 7])',
        8,
    ),
    (
        '{"a": 1]',
        "Unexpected close marker ']': expected '}' "
        '(for Object starting at [Source: (String)"{"a": 1]"; line: 1, column: 1])',
        7,
    ),
    (
        "[1",
        "Unexpected end-of-input: expected close marker for Array "
        '(start marker at [Source: (String)"[1"; line: 1, column: 1])',
        2,
    ),
    ("[1,", "Unexpected end-of-input within/between Array entries", 3),
    ('{"a":1,', "Unexpected end-of-input within/between Object entries", 7),
    ('{"a"', "Unexpected end-of-input within/between Object entries", 4),
    ('{"a":', "Unexpected end-of-input within/between Object entries", 5),
    ('{"a', "Unexpected end-of-input in field name", 3),
    ('["a', "Unexpected end-of-input: was expecting closing quote for a string value", 3),
    ('["\\', "Unexpected end-of-input in character escape sequence", 3),
    ('["\\u00', "Unexpected end-of-input in character escape sequence", 6),
    ("[-", "Unexpected end-of-inputNo digit following minus sign", 2),
    ("[1e", "Unexpected end-of-inputexpected a digit for number exponent", 3),
    ("[+", "Unexpected end-of-input in a Number value", 2),
]


def read(cursor: Cursor) -> None:
    """Read every token and its text."""
    while cursor.next():
        cursor.text()


@pytest.mark.parametrize(("text", "reason", "place"), FAULTS)
def test_a_fault_is_told_in_the_words_of_the_parser(text: str, reason: str, place: int) -> None:
    with pytest.raises(Stop) as caught:
        read(Cursor(text))

    assert (caught.value.reason, caught.value.place) == (reason, place)


def test_a_fault_in_a_string_is_met_when_it_is_stepped_over() -> None:
    cursor = Cursor('["x\\y", 1]')
    cursor.next()

    assert cursor.next() == "string"
    with pytest.raises(Stop):
        cursor.next()


def test_the_value_that_a_token_begins_is_given() -> None:
    cursor = Cursor('{"a": [1, -2.5, "x\\n", {"b": [true, null, {}, []]}]} tail')
    read(cursor)

    assert cursor.value(0) == {"a": [1, -2.5, "x\n", {"b": [True, None, {}, []]}]}
