"""What mapping templates may print."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway.mapping_template import FaultyTemplate, MappingTemplate, Variables
from pizzabar.apigateway.velocity_parser import parse_template
from pizzabar.apigateway.velocity_syntax import Literal
from pizzabar.lint.renderings import renderings

PIECES = [
    "a",
    '"',
    "\\",
    "{",
    "}",
    "$context.x",
    "$x",
    "\\$x",
    "#set($x = 1)",
    "#if($context.y)",
    "#else",
    "#end",
    " ",
    "\n",
]


@given(st.lists(st.sampled_from(PIECES)).map(lambda pieces: "#set($x = 0)" + "|".join(pieces)))
def test_each_text_that_a_template_prints_is_one_of_its_ways(text: str) -> None:
    try:
        template = parse_template(text)
    except FaultyTemplate:
        return
    printed = {MappingTemplate(text).render(Variables(context={"x": "X", **more})) for more in ({}, {"y": True})}

    ways = []
    for way in renderings(template):
        made = way.text
        for number, each in enumerate(way.printed):
            value = str(each.value.value) if isinstance(each.value, Literal) else each.reference.source
            value = "X" if each.reference.source == "$context.x" else value
            made = made.replace(f"\ue000{number}\ue001", value)
        ways.append(made)
    assert printed <= set(ways)


@given(st.text(alphabet='"\\ab{}:,\ue000\ue0010'))
def test_no_text_of_a_template_is_taken_for_a_mark(text: str) -> None:
    for way in renderings(parse_template(text)):
        way.document()
        assert way.printed == ()


@pytest.mark.parametrize("text", ['{"a": $x, "b": "$y"}', '{"a": "$x", "b": "\\"$y"}'])
def test_what_is_printed_is_found_in_the_document(text: str) -> None:
    [way] = renderings(parse_template(f"#set($x = 5){text}"))
    document = way.document()

    assert set(document) == {"a", "b"}, json.dumps(document)
    assert way.value_of(document["a"]) == Literal(5)
