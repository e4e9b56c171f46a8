"""
Mapping templates and what they print, each beside the page or section it comes from: ``mapping_templates.json``.

What the sections of Velocity's guide and Java's pages say was confirmed by Velocity 1.7 itself.
"""

import json
from pathlib import Path

import pytest

from pizzabar.apigateway.mapping_template import Variables, compile_template, trace

TABLE = json.loads(Path(__file__).with_name("mapping_templates.json").read_text(encoding="utf-8"))

REQUEST = Variables(**TABLE["request"])

CASES = [
    pytest.param(template, output, id=f"{source.rsplit('/', 1)[-1]}-{number}")
    for source, cases in TABLE["cases"].items()
    for number, (template, output) in enumerate(cases, 1)
]


@pytest.mark.parametrize(("template", "output"), CASES)
def test_a_template_prints_what_its_source_says(template: str, output: str) -> None:
    assert compile_template(template).render(REQUEST) == output


@pytest.mark.parametrize(("template", "output"), CASES)
def test_a_trace_of_it_joins_to_the_same(template: str, output: str) -> None:
    told = trace(template, REQUEST)
    assert "".join(piece.text for piece in told.pieces) == told.output == output
    assert told.faults == ()
