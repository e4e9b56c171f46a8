"""JSONPath as ``$input.json`` and ``$input.path`` speak it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway.json_path import MISSING, InvalidPath, compile_path
from pizzabar.documents import JSON

# The document of https://goessner.net/articles/JsonPath/
STORE: JSON = {
    "store": {
        "book": [
            {"category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95},
            {"category": "fiction", "author": "Waugh", "title": "Honour", "price": 12.99},
            {"category": "fiction", "author": "Melville", "title": "Moby Dick", "isbn": "0-553", "price": 8.99},
        ],
        "bicycle": {"color": "red", "price": 19.95},
    },
    "a b": {"c.d": 1},
    "none": None,
    "limit": 10,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", STORE),
        ("$.store.bicycle.color", "red"),
        ("store.bicycle.color", "red"),
        ("$['store']['bicycle'][\"color\"]", "red"),
        ("$['a b']['c.d']", 1),
        ("$.store.book[0].title", "Sayings"),
        ("$.store.book[-1].title", "Moby Dick"),
        ("$.none", None),
        ("$.missing", MISSING),
        ("$.none.more", MISSING),
        ("$.store.book[9]", MISSING),
        ("$.store.book.title", MISSING),
        ("$.store.book.length()", 3),
        ("$.store.bicycle['color','price']", {"color": "red", "price": 19.95}),
        ("$.store.bicycle['color','size']", {"color": "red"}),
    ],
)
def test_a_definite_path_names_one_value(path: str, value: JSON) -> None:
    assert compile_path(path).is_definite
    assert compile_path(path).get(STORE) == value


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.store.book[*].author", ["Rees", "Waugh", "Melville"]),
        ("$..author", ["Rees", "Waugh", "Melville"]),
        ("$.store..price", [8.95, 12.99, 8.99, 19.95]),
        ("$..book[2].title", ["Moby Dick"]),
        ("$..book[0,1].title", ["Sayings", "Honour"]),
        ("$..book[:2].title", ["Sayings", "Honour"]),
        ("$..book[-1:].title", ["Moby Dick"]),
        ("$.store.book[1:3].title", ["Honour", "Moby Dick"]),
        ("$.store.bicycle.*", ["red", 19.95]),
        ("$..book[?(@.isbn)].title", ["Moby Dick"]),
        ("$..book[?(!@.isbn)].title", ["Sayings", "Honour"]),
        ("$..book[?(@.price < 10)].title", ["Sayings", "Moby Dick"]),
        ("$..book[?(@.price < $.limit)].title", ["Sayings", "Moby Dick"]),
        ("$..book[?(@.category == 'fiction' && @.price > 10)].title", ["Honour"]),
        ("$..book[?(@.price > 100 || (@.author == 'Rees'))].title", ["Sayings"]),
        ("$..book[?(@.category != 'fiction')].title", ["Sayings"]),
        ("$..book[?(@.author =~ /me.*/i)].title", ["Moby Dick"]),
        ("$..book[?(@.author in ['Rees', 'Waugh'])].title", ["Sayings", "Honour"]),
        ("$..book[?(@.author nin ['Rees', 'Waugh'])].title", ["Moby Dick"]),
        ("$..missing", []),
        ("$.store.book[*].isbn", ["0-553"]),
    ],
)
def test_an_indefinite_path_names_those_that_are_there(path: str, values: list[JSON]) -> None:
    assert not compile_path(path).is_definite
    assert compile_path(path).get(STORE) == values


@pytest.mark.parametrize(
    "path", ["", "$.", "$[", "$['a", "$.a[?(", "$.a[?(@.b ==)]", "$.a[::0]", "$.a.sum()", "$.a b", "$[?(@.a =~ /(/)]"]
)
def test_a_text_that_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidPath):
        compile_path(path)


def test_a_path_has_bounds() -> None:
    document: JSON = []
    for _ in range(300):
        document = [document, 1]
    with pytest.raises(InvalidPath, match="at most"):
        compile_path("$..*..*..*..*").find(document)


@given(st.text(alphabet="$.[]'\"*?()@<=>!&|,:-/ ab01", max_size=30))
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    try:
        found = compile_path(text).find({"a": [1, {"b": "a"}]})
    except InvalidPath as error:
        found = [str(error)]
    assert isinstance(found, list)
