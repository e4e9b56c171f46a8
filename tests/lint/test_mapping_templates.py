"""Maps that are printed whole, and messages that are printed into strings."""

from collections.abc import Callable

import pytest

from tests.lint.stacks import API, connect, line_of, template

Codes = Callable[..., list[str]]


@pytest.mark.parametrize(
    "printed",
    [
        "$input.params().get('header')",
        '$input.params().get("querystring")',
        "$input.params().header",
        "$input.params()",
        "$context.identity",
        "$stageVariables",
        "#set($all = $input.params())#set($which = 'path')$all.get($which)",
        "#set($all = $input.params().get('header'))$all",
    ],
)
def test_a_map_printed_into_a_string(codes: Codes, printed: str) -> None:
    text = template(API, connect(f'{{"one": "$context.stage",\n "map": "{printed}"}}'))

    assert codes(text) == [f"template.yaml:{line_of(text, printed)} PB301"]


@pytest.mark.parametrize(
    "printed",
    [
        "$input.params('Host')",
        "$input.params().header.Host",
        "$util.escapeJavaScript($input.params().get('header'))",
        "#foreach($name in $input.params().header.keySet())$name #end",
        "$context.identity.sourceIp",
        r"\$stageVariables",
    ],
)
def test_a_member_or_a_map_made_a_text(codes: Codes, printed: str) -> None:
    assert codes(template(API, connect(f'{{"map": "{printed}"}}'))) == []


@pytest.mark.parametrize(
    "printed",
    ["$input.body", "$input.json('$.order')", "#set($order = $input.body)$order", r"{\"order\": $input.body}"],
)
def test_a_message_printed_into_a_string(codes: Codes, printed: str) -> None:
    text = template(API, connect(f'{{"a": "\\\\",\n "input": "{printed}"}}'))

    assert codes(text) == [f"template.yaml:{line_of(text, printed)} PB302"]


@pytest.mark.parametrize(
    "printed",
    [
        '"$util.escapeJavaScript($input.body)"',
        "$input.json('$')",
        "$input.body",
        "\"$input.path('$.name')\"",
        # Quotes within quotes are no end of a string.
        r'"a \" b", "c": $input.body',
    ],
)
def test_a_message_that_is_escaped_or_stands_alone(codes: Codes, printed: str) -> None:
    assert codes(template(API, connect(f'{{"input": {printed}}}'))) == []
