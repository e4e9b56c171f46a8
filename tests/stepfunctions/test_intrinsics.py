"""Intrinsic functions. https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html"""

import re

import pytest

from pizzabar.documents import JSON
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.intrinsics import InvalidIntrinsic, compile_call
from pizzabar.stepfunctions.payload import compile_value
from pizzabar.stepfunctions.scope import Scope

DATA: JSON = {"name": "Ada", "items": [1, 2, 3, 4, 5], "o": {"a": 1}, "n": 2.5, "text": '{"a":1}', "t": "{} & {}"}


def call(text: str, seed: str = "a seed") -> JSON:
    return compile_value(text, "x.$")(Scope(DATA, seed=(seed, 1)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Format('Hello, {}!', $.name)", "Hello, Ada!"),
        ("States.Format('{} {} {}', $.o, 1.5, null)", '{"a":1} 1.5 null'),
        ("States.Format($.t, 'a', 'b')", "a & b"),
        (r"States.Format('\{\} it\'s {} \\', $.name)", "{} it's Ada \\"),
        ("States.Format('nothing')", "nothing"),
        ("States.StringToJson($.text)", {"a": 1}),
        ("States.JsonToString($.o)", '{"a":1}'),
        ("States.Array()", []),
        ("States.Array('a', 1, true, null, $.o, -2.5)", ["a", 1, True, None, {"a": 1}, -2.5]),
        ("States.ArrayPartition($.items, 2)", [[1, 2], [3, 4], [5]]),
        ("States.ArrayPartition($.items, $.n)", [[1, 2, 3], [4, 5]]),
        ("States.ArrayPartition(States.Array(), 4)", []),
        ("States.ArrayContains($.items, 5)", True),
        ("States.ArrayContains($.items, '5')", False),
        ("States.ArrayContains(States.Array($.o), $.o)", True),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, 1, -1)", [3, 2, 1]),
        ("States.ArrayRange(3, 1, 1)", []),
        ("States.ArrayGetItem($.items, 4)", 5),
        ("States.ArrayLength($.items)", 5),
        ("States.ArrayUnique(States.Array(1, 2, 1, 1.0, true, 'a', 'a'))", [1, 2, True, "a"]),
        ("States.Base64Encode('Pizza')", "UGl6emE="),
        ("States.Base64Decode('UGl6emE=')", "Pizza"),
        ("States.Hash('pizza', 'MD5')", "7cf2db5ec261a0fa27a502d3196a6f60"),
        ("States.Hash('a', 'SHA-1')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("States.JsonMerge($.o, States.StringToJson('{\"b\":2}'), false)", {"a": 1, "b": 2}),
        ("States.MathAdd(111, -1)", 110),
        ("States.MathAdd($.n, 1)", 4),
        ("States.StringSplit('1,2;3', ',;')", ["1", "2", "3"]),
        ("States.StringSplit('a.b', '.')", ["a", "b"]),
        ("States.ArrayLength( $.items[?(@ > 2 && (@ < 5))] )", 2),
        ("States.ArrayGetItem(States.StringSplit('a,b', ','), States.MathAdd(0, 1))", "b"),
    ],
)
def test_a_call_gives_its_value(text: str, value: JSON) -> None:
    assert call(text) == value
    assert type(call(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "States.Format('{} {}', 1)",
        "States.Format('{}', 1, 2)",
        "States.StringToJson('{')",
        "States.ArrayPartition($.items, 0)",
        "States.ArrayPartition('abc', 1)",
        "States.ArrayRange(1, 2, 0)",
        "States.ArrayRange(1, 1001, 1)",
        "States.ArrayGetItem($.items, 5)",
        "States.ArrayGetItem($.items, -1)",
        "States.ArrayLength($.o)",
        "States.Base64Decode('*')",
        "States.Hash('a', 'md5')",
        "States.Hash(1, 'MD5')",
        "States.JsonMerge($.o, $.o, true)",
        "States.JsonMerge($.o, $.items, false)",
        "States.MathAdd(2147483647, 1)",
        "States.MathAdd('1', 1)",
        "States.MathRandom(5, 5)",
        "States.ArrayLength($.missing)",
    ],
)
def test_a_call_that_cannot_be_computed_fails_its_state(text: str) -> None:
    with pytest.raises(StateFailure) as failure:
        call(text)
    assert failure.value.error == "States.Runtime"


@pytest.mark.parametrize(
    "text",
    [
        "States.Array(",
        "States.Array(1",
        "States.Array(1,)",
        "States.Array(1))",
        "States.Array('a)",
        r"States.Array('\n')",
        "States.Array(a)",
        "States.Array($.[)",
        "States.Unknown()",
        "States.UUID(1)",
        "States.MathAdd(1)",
        "States.Hash('a', 'MD5', 1)",
        "States.Array(" * 11 + ")" * 11,
    ],
)
def test_what_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(InvalidIntrinsic):
        compile_call(text, lambda path: lambda scope: None)


def test_random_numbers_come_from_the_seed() -> None:
    assert call("States.UUID()") == call("States.UUID()")
    assert call("States.UUID()") != call("States.UUID()", seed="another")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", call("States.UUID()"))


def test_two_draws_of_one_scope_differ() -> None:
    first, second = call("States.Array(States.UUID(), States.UUID())")

    assert first != second


def test_a_random_number_lies_below_its_upper_bound() -> None:
    numbers = {call("States.MathRandom(1, 4)", seed=str(seed)) for seed in range(100)}

    assert numbers == {1, 2, 3}


def test_a_seed_of_its_own_makes_a_random_number_the_same_everywhere() -> None:
    assert call("States.MathRandom(1, 999, 7)") == call("States.MathRandom(1, 999, 7)", seed="another")
