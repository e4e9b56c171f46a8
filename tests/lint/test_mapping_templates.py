"""Maps that are printed whole."""

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
