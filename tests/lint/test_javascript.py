"""Tokens of JavaScript."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.lint.javascript import flat, tokens
from pizzabar.lint.javascript_imports import imports


def kinds(program: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in flat(tokens(program))]


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("a // b\n/* c */d", [("word", "a"), ("word", "d")]),
        (r"'it\'s' + \"x\"".replace(r"\"", '"'), [("text", "it's"), ("mark", "+"), ("text", "x")]),
        ("x = /[/'\"]/g", [("word", "x"), ("mark", "="), ("regex", "/[/'\"]/g")]),
        ("a / b / c", [("word", "a"), ("mark", "/"), ("word", "b"), ("mark", "/"), ("word", "c")]),
        ("(a) / 2 // 'x", [("mark", "("), ("word", "a"), ("mark", ")"), ("mark", "/"), ("number", "2")]),
        ("return /x/", [("word", "return"), ("regex", "/x/")]),
        (
            "`a ${b} ${`c ${d}`} }`",
            [("template", "a ${b} ${`c ${d}`} }"), ("word", "b"), ("template", "c ${d}"), ("word", "d")],
        ),
        (
            "`${ {a: 1}.a }`",
            [
                ("template", "${ {a: 1}.a }"),
                *[("mark", "{"), ("word", "a"), ("mark", ":")],
                ("number", "1"),
                *[("mark", "}"), ("mark", "."), ("word", "a")],
            ],
        ),
        (
            "#!/usr/bin/env node\na?.b ?? c",
            [("word", "a"), ("mark", "?."), ("word", "b"), ("mark", "??"), ("word", "c")],
        ),
    ],
)
def test_a_program(program: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(program) == expected


@given(st.text(alphabet="ab'\"`$ {}()/*\\\n=;.1"))
def test_any_text_has_tokens_in_its_order_each_where_it_says(program: str) -> None:
    found = list(flat(tokens(program)))

    assert [token.offset for token in found] == sorted(token.offset for token in found)
    for token in found:
        if token.kind in ("word", "number", "mark", "regex"):
            assert program.startswith(token.text, token.offset)


@given(st.text(alphabet="abc '\"x/`"))
def test_a_comment_hides_whatever_it_holds(text: str) -> None:
    assert kinds(f"a // {text}\nb") == [("word", "a"), ("word", "b")]


@given(
    st.lists(
        st.sampled_from(["import", "from", "'x'", "(", ")", "{", "}", ",", "*", "export", "require", "a", "`", "${"])
    )
)
def test_what_is_imported_is_a_text_of_the_program(words: list[str]) -> None:
    program = tokens(" ".join(words))
    texts = {token.text for token in flat(program) if token.kind in ("text", "template")}

    assert {each.specifier for each in imports(program)} <= texts
