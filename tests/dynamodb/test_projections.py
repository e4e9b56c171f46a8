"""
Projection expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
"""

import pytest

from pizzabar.documents import JSON
from pizzabar.dynamodb.document_paths import project
from pizzabar.dynamodb.projections import parse_projection
from pizzabar.errors import ValidationException

A, B, C = {"S": "a"}, {"S": "b"}, {"S": "c"}
ITEM: JSON = {
    "id": A,
    "l": {"L": [A, B, C]},
    "m": {"M": {"x": A, "y": {"M": {"z": B}}, "l": {"L": [{"M": {"k": C, "o": A}}]}}},
    "a.b": C,
}


@pytest.mark.parametrize(
    ("text", "projected"),
    [
        ("id", {"id": A}),
        ("id, absent", {"id": A}),
        ("absent.x, l[9], id.x", {}),
        ("l[2], l[0]", {"l": {"L": [A, C]}}),
        ("m.x", {"m": {"M": {"x": A}}}),
        ("m.y.z, m.x", {"m": {"M": {"y": {"M": {"z": B}}, "x": A}}}),
        ("m.l[0].k", {"m": {"M": {"l": {"L": [{"M": {"k": C}}]}}}}),
        ("m.absent", {}),
        ("#dotted", {"a.b": C}),
    ],
)
def test_a_projection_keeps_what_it_names(text: str, projected: JSON) -> None:
    expression = parse_projection("ProjectionExpression", text, (("#dotted", "a.b"),))

    assert project(ITEM, expression.meaning) == projected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a,", 'Syntax error; token: "<EOF>", near: ","'),
        ("a b", 'Syntax error; token: "b", near: "a b"'),
        ("a, :v", 'Syntax error; token: ":v", near: ", :v"'),
        ("a, name", "Attribute name is a reserved keyword; reserved keyword: name"),
        (
            "a, a.b",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [a], path two: [a, b]",
        ),
        ("a" + ".a" * 32, "The document path has too many nesting elements; nesting levels: 33"),
        ("a[9999999999]", "List index is not within the allowable range; index: [9999999999]"),
    ],
)
def test_what_is_no_projection_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValidationException) as raised:
        parse_projection("ProjectionExpression", text, ())

    assert raised.value.message == f"Invalid ProjectionExpression: {fault}"
