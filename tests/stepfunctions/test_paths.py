"""JSONPath as Step Functions reads it.

https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
https://github.com/json-path/JsonPath (the dialect)
"""

import pytest

from pizzabar.documents import JSON
from pizzabar.stepfunctions import paths
from pizzabar.stepfunctions.paths import InvalidPath, PathNotFound

ORDER: JSON = {
    "pizza": "margherita",
    "toppings": ["basil", "olives", "capers"],
    "detail-type": "Ordered",
    "two words": 2,
    "nothing": None,
    "lines": [
        {"name": "calzone", "price": 9, "eaten": True},
        {"name": "funghi", "price": 7.5},
        {"name": "marinara", "price": 6, "note": "hot"},
    ],
    "matrix": [[1, 2], [3, 4]],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", ORDER),
        ("$.pizza", "margherita"),
        ("$['pizza']", "margherita"),
        ('$["two words"]', 2),
        ("$.detail-type", "Ordered"),
        ("$.nothing", None),
        ("$.toppings[0]", "basil"),
        ("$.toppings[-1]", "capers"),
        ("$.lines[1].name", "funghi"),
        ("$.lines[1]['name']", "funghi"),
        ("$.matrix[1][0]", 3),
        ("$.toppings.length()", 3),
        ("$.matrix[0].sum()", 3),
        ("$.matrix[0].max()", 2),
        ("$.matrix[0].avg()", 1.5),
        ("$.toppings.first()", "basil"),
        ("$.toppings.[1]", "olives"),
        ("$.['toppings'].[1]", "olives"),
    ],
)
def test_a_definite_path_gives_the_one_value(path: str, found: JSON) -> None:
    assert paths.compile(path).is_definite
    assert paths.compile(path).read(ORDER) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.toppings[*]", ["basil", "olives", "capers"]),
        ("$.toppings[0:1]", ["basil"]),
        ("$.toppings[-2:]", ["olives", "capers"]),
        ("$.toppings[:2]", ["basil", "olives"]),
        ("$.toppings[0,2]", ["basil", "capers"]),
        ("$.toppings[0,9]", ["basil"]),
        ("$.toppings[9:]", []),
        ("$.lines[*].name", ["calzone", "funghi", "marinara"]),
        ("$.lines[*].note", ["hot"]),
        ("$.lines[*].missing", []),
        ("$..name", ["calzone", "funghi", "marinara"]),
        ("$..missing", []),
        ("$..[0]", ["basil", {"name": "calzone", "price": 9, "eaten": True}, [1, 2], 1, 3]),
        ("$.lines[0].*", ["calzone", 9, True]),
        ("$.lines[0]['name','price']", [{"name": "calzone", "price": 9}]),
        ("$.lines[?(@.price > 7)].name", ["calzone", "funghi"]),
        ("$.lines[?(@.price>=7.5)].name", ["calzone", "funghi"]),
        ("$.lines[?(@.name == 'funghi')].price", [7.5]),
        ('$.lines[?(@.name != "funghi")].price', [9, 6]),
        ("$.lines[?(@.note)].name", ["marinara"]),
        ("$.lines[?(!@.note)].name", ["calzone", "funghi"]),
        ("$.lines[?(@.price < 7 || @.eaten == true)].name", ["calzone", "marinara"]),
        ("$.lines[?(@.price < 8 && @.note == 'hot')].name", ["marinara"]),
        ("$.lines[?((@.price < 7 || @.price > 8) && @.eaten)].name", ["calzone"]),
        ("$.lines[?(@['name'] in ['funghi', 'x'])].price", [7.5]),
        ("$.lines[?(@.name =~ /MAR.*/i)].price", [6]),
        ("$.lines[?(@.price == '9')].name", []),
        ("$.toppings[?(@ == 'olives')]", ["olives"]),
        ("$.matrix[?(@.length() == 2)]", [[1, 2], [3, 4]]),
    ],
)
def test_an_indefinite_path_gives_a_list(path: str, found: JSON) -> None:
    assert not paths.compile(path).is_definite
    assert paths.compile(path).read(ORDER) == found


@pytest.mark.parametrize(
    "path",
    [
        "$.missing",
        "$.pizza.name",
        "$.pizza[0]",
        "$.toppings[3]",
        "$.toppings[-4]",
        "$.toppings.name",
        "$.lines.name",
        "$.nothing.at",
        "$.missing[*]",
    ],
)
def test_a_definite_path_that_leads_nowhere_raises(path: str) -> None:
    with pytest.raises(PathNotFound):
        paths.compile(path).read(ORDER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pizza",
        "$.",
        "$.a.",
        "$[",
        "$['a]",
        "$.a[",
        "$.a[]",
        "$.a b",
        "$.a[?(@.b]",
        "$.a[?('x')]",
        "$.a[0:1:0]",
        "$.a.size(",
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidPath):
        paths.compile(text)


@pytest.mark.parametrize("path", ["$", "$.a", "$.a['b c'][0]", "$$.Execution.Id", "$name.a"])
def test_names_and_indices_alone_make_a_reference_path(path: str) -> None:
    assert paths.compile(path).is_reference


@pytest.mark.parametrize("path", ["$.a[*]", "$..a", "$.a[0:1]", "$.a[0,1]", "$.a[?(@.b)]", "$.a.length()"])
def test_operators_and_functions_do_not(path: str) -> None:
    assert not paths.compile(path).is_reference


@pytest.mark.parametrize(("path", "root"), [("$.a", "$"), ("$$.a", "$$"), ("$order.a", "order")])
def test_a_path_knows_where_it_starts(path: str, root: str) -> None:
    assert paths.compile(path).root == root


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("$", {"a": 1}, "new"),
        ("$.a", {"a": 1, "b": 2}, {"a": "new", "b": 2}),
        ("$.c", {"a": 1}, {"a": 1, "c": "new"}),
        ("$.b.c.d", {"a": 1}, {"a": 1, "b": {"c": {"d": "new"}}}),
        ("$.a[1]", {"a": [1, 2]}, {"a": [1, "new"]}),
        ("$.a[0].b", {"a": [{"c": 1}]}, {"a": [{"c": 1, "b": "new"}]}),
    ],
)
def test_a_reference_path_writes_and_leaves_the_document_as_it_was(path: str, before: JSON, after: JSON) -> None:
    kept = str(before)

    assert paths.compile(path).write(before, "new") == after
    assert str(before) == kept


@pytest.mark.parametrize(
    ("path", "before"), [("$.a[2]", {"a": [1]}), ("$.a.b", {"a": 1}), ("$.a", []), ("$.a", 3), ("$.a[0]", {})]
)
def test_what_cannot_hold_a_value_is_not_written_to(path: str, before: JSON) -> None:
    with pytest.raises(PathNotFound):
        paths.compile(path).write(before, "new")


def test_a_filter_may_look_at_the_whole_document() -> None:
    document = {"least": 2, "items": [{"p": 1}, {"p": 2}, {"p": 3}], "deep": {"most": 2}}
    assert paths.compile("$.items[?(@.p >= $.least)].p").read(document) == [2, 3]
    assert paths.compile("$.items[?(@.p < $.deep.most && @.p != $.none)].p").read(document) == [1]
    assert paths.compile("$.items[?($.none)].p").read(document) == []
