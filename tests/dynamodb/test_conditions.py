"""
Condition expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.documents import JSON
from pizzabar.dynamodb.conditions import parse_condition
from pizzabar.dynamodb.values import read_item
from pizzabar.errors import ValidationException

ITEM, _ = read_item(
    {
        "pizza": {"S": "margherita"},
        "price": {"N": "8.5"},
        "code": {"B": "AQID"},
        "baked": {"BOOL": True},
        "nothing": {"NULL": True},
        "toppings": {"SS": ["basil", "cheese"]},
        "sizes": {"NS": ["26", "32"]},
        "steps": {"L": [{"S": "stretch"}, {"M": {"minutes": {"N": "7"}}}]},
        "place": {"M": {"street": {"S": "Via Roma"}, "nr": {"N": "5"}}},
    }
)
VALUES, _ = read_item(
    {
        ":margherita": {"S": "margherita"},
        ":m": {"S": "m"},
        ":z": {"S": "z"},
        ":basil": {"S": "basil"},
        ":number": {"N": "8.50"},
        ":one": {"N": "1"},
        ":two": {"N": "2"},
        ":nine": {"N": "9"},
        ":ten": {"N": "10"},
        ":seven": {"N": "7"},
        ":yes": {"BOOL": True},
        ":bytes": {"B": "AQI="},
        ":list": {"L": [{"S": "stretch"}]},
        ":toppings": {"SS": ["cheese", "basil"]},
        ":stretch": {"S": "stretch"},
        ":size": {"N": "32.0"},
        ":null": {"NULL": True},
        ":N": {"S": "N"},
        ":SS": {"S": "SS"},
        ":X": {"S": "X"},
    }
)
NAMES = (("#p", "pizza"), ("#dotted", "a.b"), ("#status", "status"))


def holds(text: str, names: tuple[tuple[str, str], ...] = NAMES) -> bool:
    expression = parse_condition("ConditionExpression", text, names)
    expression.check(VALUES)
    return expression.meaning.holds(ITEM, VALUES)


@pytest.mark.parametrize(
    "text",
    [
        "pizza = :margherita",
        "#p = :margherita",
        ":margherita = pizza",
        "price = :number",
        "price < :nine",
        "price < :ten",  # by value, not by text
        "price >= :number",
        "pizza > :m",
        "toppings = :toppings",  # sets have no order
        "absent <> :m",
        "pizza <> :nine",
        "price BETWEEN :one AND :ten",
        "pizza in (:m, :margherita)",
        "attribute_exists(pizza)",
        "attribute_exists(place.street)",
        "attribute_exists(steps[1].minutes)",
        "attribute_not_exists(absent)",
        "attribute_not_exists(steps[2])",
        "attribute_type(price, :N)",
        "attribute_type(toppings, :SS)",
        "begins_with(pizza, :m)",
        "begins_with(code, :bytes)",
        "contains(pizza, :m)",
        "contains(toppings, :basil)",
        "contains(sizes, :size)",
        "contains(steps, :stretch)",
        "contains(code, :bytes)",
        "size(pizza) = :ten",
        "size(code) > :two",
        "size(toppings) = :two",
        "size(steps) = :two",
        "size(place) = :two",
        "steps[1].minutes = :seven",
        "NOT absent = :one",
        "not pizza = :m",
        "NOT NOT pizza = :margherita",
        "pizza = :m OR price = :number AND baked = :yes",
        "NOT pizza = :m AND price = :number",
        "(pizza = :m OR price = :number) AND baked = :yes",
        "(price) = :number",
        "nothing = :null",
    ],
)
def test_a_condition_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "absent = :m",
        "absent < :m",
        "price = :margherita",
        "price < :margherita",
        "absent BETWEEN :one AND :ten",
        "absent IN (:one, :ten)",
        "contains(absent, :m)",
        "begins_with(absent, :m)",
        "begins_with(price, :m)",
        "attribute_type(absent, :N)",
        "attribute_exists(place.absent)",
        "attribute_exists(pizza.street)",
        "attribute_exists(#dotted)",
        "size(price) = :one",
        "size(absent) = :one",
        "size(baked) = :one",
        "baked < pizza",
        "NOT pizza = :margherita",
        "(pizza = :m OR price = :number) AND baked = :null",
    ],
)
def test_a_condition_does_not_hold(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "The expression can not be empty;"),
        ("  ", "The expression can not be empty;"),
        ("pizza", 'Syntax error; token: "<EOF>", near: "pizza"'),
        ("pizza :m", 'Syntax error; token: ":m", near: "pizza :m"'),
        ("pizza = :m AND", 'Syntax error; token: "<EOF>", near: "AND"'),
        ("pizza == :m", 'Syntax error; token: "=", near: "== :m"'),
        ("my-pizza = :m", 'Syntax error; token: "-", near: "my-pizza"'),
        ("steps[a] = :m", 'Syntax error; token: "a", near: "[a]"'),
        ("pizza = 'x'", 'Syntax error; token: "\'", near: "= \'x"'),
        ("(pizza = :m", 'Syntax error; token: "<EOF>", near: ":m"'),
        ("((pizza = :m))", "The expression has redundant parentheses;"),
        ("((pizza)) = :m", "The expression has redundant parentheses;"),
        ("status = :m", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("place.Name = :m", "Attribute name is a reserved keyword; reserved keyword: Name"),
        (
            "#x = :m",
            "An expression attribute name used in the document path is not defined; attribute name: #x",
        ),
        (
            "pizza = :x",
            "An expression attribute value used in expression is not defined; attribute value: :x",
        ),
        ("exists(pizza)", "Invalid function name; function: exists"),
        ("Size(pizza) = :one", "Invalid function name; function: Size"),
        (
            "if_not_exists(pizza, :m) = :m",
            "The function is not allowed in a condition expression; function: if_not_exists",
        ),
        (
            "size(pizza)",
            "The function is not allowed to be used this way in an expression; function: size",
        ),
        (
            "attribute_exists(pizza) = :yes",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        (
            "begins_with(pizza)",
            "Incorrect number of operands for operator or function; operator or function: begins_with, "
            "number of operands: 1",
        ),
        (
            "attribute_exists(:m)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "pizza < :yes",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "begins_with(pizza, :one)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "size(:one) = :one",
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "attribute_type(pizza, :X)",
            "Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "pizza = #p",
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: =, first operand: [pizza]",
        ),
        (
            "contains(steps[0], steps[0])",
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: contains, first operand: [steps, [0]]",
        ),
        (
            "price BETWEEN :ten AND :one",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound "
            "operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "price BETWEEN :one AND :m",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: "
            "AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:m}",
        ),
        (
            "pizza IN (" + ", ".join([":m"] * 101) + ")",
            "The IN operator is provided with too many operands; number of operands: 101",
        ),
        (
            "a" * 4097,
            "Expression size has exceeded the maximum allowed size; expression size: 4097",
        ),
        ("NOT " * 301 + "pizza = :m", "The expression contains too many operators; operator count: 302"),
        ("(" * 1000 + "pizza", "The expression contains too many operators; operator count: 301"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValidationException) as raised:
        holds(text)

    assert raised.value.message == f"Invalid ConditionExpression: {fault}"


def test_the_syntax_is_told_before_anything_else() -> None:
    with pytest.raises(ValidationException, match="Syntax error"):
        holds("((status = :undefined)) AND")


def test_three_hundred_operators_are_allowed() -> None:
    assert holds(" OR ".join(["price = :one"] * 149 + ["price = :number"]))


tokens = st.sampled_from(
    [
        "pizza",
        "price",
        "#p",
        "#x",
        "status",
        ":m",
        ":one",
        ":x",
        "AND",
        "OR",
        "NOT",
        "BETWEEN",
        "IN",
        "SET",
        "(",
        ")",
        "[",
        "]",
        ".",
        ",",
        "=",
        "<>",
        "<",
        "+",
        "-",
        "0",
        "7",
        "size",
        "contains",
        "attribute_exists",
        "foo",
        "%",
        "'",
        "é",
    ]
)


@given(st.lists(tokens, max_size=14).map(" ".join))
def test_any_tokens_are_a_condition_or_refused(text: str) -> None:
    with suppress(ValidationException):
        holds(text)


@given(st.text(max_size=30))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    with suppress(ValidationException):
        holds(text)


truths = st.booleans()


@st.composite
def formulas(draw: st.DrawFn, depth: int = 3) -> tuple[str, bool, int]:
    """A condition of known truth, and how closely its outermost operator binds."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from([("price = :number", True, 3), ("price = :one", False, 3)]))
    kind = draw(st.sampled_from(["NOT", "AND", "OR"]))
    if kind == "NOT":
        text, truth, _ = written(draw(formulas(depth - 1)), 3)
        return f"NOT {text}", not truth, 2
    binds = 1 if kind == "AND" else 0
    left, left_truth, _ = written(draw(formulas(depth - 1)), binds)
    right, right_truth, _ = written(draw(formulas(depth - 1)), binds)
    truth = (left_truth and right_truth) if kind == "AND" else (left_truth or right_truth)
    return f"{left} {kind} {right}", truth, binds


def written(formula: tuple[str, bool, int], binds: int) -> tuple[str, bool, int]:
    text, truth, own = formula
    return formula if own >= binds else (f"({text})", truth, 3)


@given(formulas())
def test_not_binds_closer_than_and_and_and_closer_than_or(formula: tuple[str, bool, int]) -> None:
    text, truth, _ = formula

    assert holds(text) == truth


def test_a_condition_tells_what_it_needs() -> None:
    expression = parse_condition("FilterExpression", "#p = :m AND place.street = :z", NAMES)

    assert expression.names == {"#p"}
    assert expression.values == {":m", ":z"}
    assert expression.attributes == {"pizza", "place"}


def item_of(value: JSON) -> JSON:
    return read_item({"a": value})[0]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"L": [{"N": "1.0"}]}, {"L": [{"N": "1"}]}),
        ({"M": {"x": {"SS": ["a", "b"]}}}, {"M": {"x": {"SS": ["b", "a"]}}}),
        ({"NS": ["1e1", "2"]}, {"NS": ["2", "10"]}),
    ],
)
def test_documents_and_sets_are_compared_by_value(one: JSON, two: JSON) -> None:
    expression = parse_condition("ConditionExpression", "a = :a", ())

    assert expression.meaning.holds(item_of(one), {":a": item_of(two)["a"]})
