"""
Update expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.documents import JSON, encode, parse
from pizzabar.dynamodb.updates import parse_update
from pizzabar.dynamodb.values import read_item
from pizzabar.errors import ValidationException

VALUES, _ = read_item(
    {
        ":s": {"S": "new"},
        ":n": {"N": "5"},
        ":l": {"L": [{"S": "z"}]},
        ":m": {"M": {"k": {"S": "v"}}},
        ":set": {"SS": ["b", "c"]},
        ":all": {"SS": ["a", "b", "c"]},
        ":ns": {"NS": ["2"]},
    }
)


def updated(text: str, item: JSON, names: tuple[tuple[str, str], ...] = ()) -> JSON:
    expression = parse_update(text, names)
    expression.check(VALUES)
    new = parse(encode(read_item(item)[0]))
    expression.meaning.apply(new, VALUES)
    return new


A, B, C = {"S": "a"}, {"S": "b"}, {"S": "c"}


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("SET a = :s", {}, {"a": {"S": "new"}}),
        ("set a = :s", {"a": {"N": "1"}}, {"a": {"S": "new"}}),
        ("SET a = b, b = a", {"a": A, "b": B}, {"a": B, "b": A}),
        ("SET a = a + :n", {"a": {"N": "1"}}, {"a": {"N": "6"}}),
        ("SET a = :n - a", {"a": {"N": "1.5"}}, {"a": {"N": "3.5"}}),
        ("SET a = (a + :n)", {"a": {"N": "1"}}, {"a": {"N": "6"}}),
        ("SET a = if_not_exists(a, :n)", {}, {"a": {"N": "5"}}),
        ("SET a = if_not_exists(a, :n)", {"a": {"N": "1"}}, {"a": {"N": "1"}}),
        ("SET a = if_not_exists(a, :n) + :n", {}, {"a": {"N": "10"}}),
        ("SET a = list_append(a, :l)", {"a": {"L": [A]}}, {"a": {"L": [A, {"S": "z"}]}}),
        ("SET a = list_append(:l, a)", {"a": {"L": [A]}}, {"a": {"L": [{"S": "z"}, A]}}),
        ("SET a = list_append(if_not_exists(a, :l), :l)", {}, {"a": {"L": [{"S": "z"}, {"S": "z"}]}}),
        ("SET m.k = :s", {"m": {"M": {}}}, {"m": {"M": {"k": {"S": "new"}}}}),
        ("SET l[0] = :s", {"l": {"L": [A, B]}}, {"l": {"L": [{"S": "new"}, B]}}),
        ("SET l[9] = :s, l[8] = :n", {"l": {"L": [A]}}, {"l": {"L": [A, {"N": "5"}, {"S": "new"}]}}),
        ("SET l[0].k = :s", {"l": {"L": [{"M": {}}]}}, {"l": {"L": [{"M": {"k": {"S": "new"}}}]}}),
        ("REMOVE a", {"a": A, "b": B}, {"b": B}),
        ("REMOVE a", {}, {}),
        ("REMOVE l[0], l[2]", {"l": {"L": [A, B, C]}}, {"l": {"L": [B]}}),
        ("REMOVE l[7]", {"l": {"L": [A]}}, {"l": {"L": [A]}}),
        (
            "REMOVE l[0], l[1][0], l[1][1]",
            {"l": {"L": [A, {"L": [A, B, C]}]}},
            {"l": {"L": [{"L": [C]}]}},
        ),
        ("SET l[5] = :s REMOVE l[0]", {"l": {"L": [A, B]}}, {"l": {"L": [B, {"S": "new"}]}}),
        ("SET b = m REMOVE m.k", {"m": {"M": {"k": A}}}, {"m": {"M": {}}, "b": {"M": {"k": A}}}),
        ("ADD a :n", {}, {"a": {"N": "5"}}),
        ("ADD a :n", {"a": {"N": "-5"}}, {"a": {"N": "0"}}),
        ("ADD a :set", {"a": {"SS": ["a", "b"]}}, {"a": {"SS": ["a", "b", "c"]}}),
        ("ADD a :ns", {"a": {"NS": ["10", "1"]}}, {"a": {"NS": ["1", "2", "10"]}}),
        ("ADD m.c :n", {"m": {"M": {}}}, {"m": {"M": {"c": {"N": "5"}}}}),
        ("DELETE a :set", {"a": {"SS": ["a", "b"]}}, {"a": {"SS": ["a"]}}),
        ("DELETE a :all", {"a": {"SS": ["a", "b"]}}, {}),
        ("DELETE a :set", {}, {}),
        (
            "ADD n :n SET a = :s DELETE t :set REMOVE r",
            {"t": {"SS": ["b", "x"]}, "r": A},
            {"t": {"SS": ["x"]}, "n": {"N": "5"}, "a": {"S": "new"}},
        ),
    ],
)
def test_an_update_changes_the_item(text: str, before: JSON, after: JSON) -> None:
    assert updated(text, before) == after


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "The expression can not be empty;"),
        ("a = :s", 'Syntax error; token: "a", near: "a ="'),
        ("SET a", 'Syntax error; token: "<EOF>", near: "a"'),
        ("SET", 'Syntax error; token: "<EOF>", near: "SET"'),
        ("SET a = :s,", 'Syntax error; token: "<EOF>", near: ","'),
        ("SET a = :n + :n + :n", 'Syntax error; token: "+", near: ":n + :n"'),
        ("ADD a b", 'Syntax error; token: "b", near: "a b"'),
        (
            "SET a = :s SET b = :s",
            'The "SET" section can only be used once in an update expression;',
        ),
        ("SET a = ((:n))", "The expression has redundant parentheses;"),
        ("SET size = :n", "Attribute name is a reserved keyword; reserved keyword: size"),
        ("SET a = foo(:n)", "Invalid function name; function: foo"),
        ("SET a = size(b)", "The function is not allowed in an update expression; function: size"),
        (
            "SET a = list_append(list_append(a, :l), :l)",
            "The function is not allowed to be used this way in an expression; function: list_append",
        ),
        (
            "SET a = list_append(a, :l) + :n",
            "The function is not allowed to be used this way in an expression; function: list_append",
        ),
        (
            "SET a = if_not_exists(a)",
            "Incorrect number of operands for operator or function; operator or function: if_not_exists, "
            "number of operands: 1",
        ),
        (
            "SET a = if_not_exists(:s, :n)",
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
        (
            "SET a = a + :s",
            "Incorrect operand type for operator or function; operator or function: +, operand type: S",
        ),
        (
            "SET a = list_append(a, :s)",
            "Incorrect operand type for operator or function; operator or function: list_append, operand type: S",
        ),
        (
            "ADD a :s",
            "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
            "typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "DELETE a :n",
            "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, "
            "typeSet: ALLOWED_FOR_DELETE_OPERAND",
        ),
        (
            "SET a = :s, a.b = :s",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [a], path two: [a, b]",
        ),
        (
            "SET a.b = :s REMOVE a",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [a, b], path two: [a]",
        ),
        (
            "SET a[0] = :s, a[0] = :n",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [a, [0]], path two: [a, [0]]",
        ),
        (
            "SET a[0] = :s REMOVE a.b",
            "Two document paths conflict with each other; must remove or rewrite one of these paths; "
            "path one: [a, [0]], path two: [a, b]",
        ),
    ],
)
def test_what_is_no_update_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValidationException) as raised:
        updated(text, {})

    assert raised.value.message == f"Invalid UpdateExpression: {fault}"


@pytest.mark.parametrize(
    ("text", "item", "message"),
    [
        ("SET a = b", {}, "The provided expression refers to an attribute that does not exist in the item"),
        ("SET a = a + :n", {}, "The provided expression refers to an attribute that does not exist in the item"),
        ("SET a = a + :n", {"a": A}, "An operand in the update expression has an incorrect data type"),
        ("SET a = list_append(a, :l)", {"a": A}, "An operand in the update expression has an incorrect data type"),
        ("ADD a :n", {"a": A}, "An operand in the update expression has an incorrect data type"),
        ("DELETE a :set", {"a": A}, "An operand in the update expression has an incorrect data type"),
        ("SET a.b = :s", {}, "The document path provided in the update expression is invalid for update"),
        ("SET a.b = :s", {"a": A}, "The document path provided in the update expression is invalid for update"),
        (
            "SET a[0] = :s",
            {"a": {"M": {}}},
            "The document path provided in the update expression is invalid for update",
        ),
        ("REMOVE a.b", {}, "The document path provided in the update expression is invalid for update"),
        ("ADD a.b :n", {}, "The document path provided in the update expression is invalid for update"),
        (
            "ADD a :n",
            {"a": {"N": "9" * 38 + "0" * 80}},
            "Attempting to store more than 38 significant digits in a Number",
        ),
    ],
)
def test_what_does_not_fit_the_item_is_refused(text: str, item: JSON, message: str) -> None:
    with pytest.raises(ValidationException) as raised:
        updated(text, item)

    assert raised.value.message == message


tokens = st.sampled_from(
    [
        "a",
        "b.c",
        "l[0]",
        "l[1].x",
        "SET",
        "REMOVE",
        "ADD",
        "DELETE",
        "=",
        ",",
        "+",
        "-",
        "(",
        ")",
        ":s",
        ":n",
        ":l",
        ":set",
        "if_not_exists(",
        "list_append(",
        "size(",
        "foo",
    ]
)


@given(st.lists(tokens, max_size=14).map(" ".join))
def test_any_tokens_are_an_update_or_refused(text: str) -> None:
    with suppress(ValidationException):
        updated(text, {"l": {"L": [A]}, "b": {"M": {}}})


@given(st.lists(st.sampled_from(["a", "a.b", "a.b.c", "a[0]", "a[1]", "b", "b[0].a"]), min_size=2, max_size=4))
def test_paths_collide_when_one_begins_with_the_other(paths: list[str]) -> None:
    parts = [path.replace("[", ".[").split(".") for path in paths]
    collide = any(
        all(p == q for p, q in zip(one, two, strict=False)) or conflict(one, two)
        for i, one in enumerate(parts)
        for two in parts[:i]
    )

    text = "REMOVE " + ", ".join(paths)
    if collide:
        with pytest.raises(ValidationException, match="Two document paths"):
            parse_update(text, ())
    else:
        parse_update(text, ())


def conflict(one: list[str], two: list[str]) -> bool:
    for p, q in zip(one, two, strict=False):
        if p != q:
            return p.startswith("[") != q.startswith("[")
    return False
