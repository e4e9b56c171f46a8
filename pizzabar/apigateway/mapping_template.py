"""
Mapping templates: what API Gateway makes of a message before it goes to an integration, and of its answer.

Pure. A template is compiled once and rendered for every message.
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-data-transformations.html
"""

import re
from functools import lru_cache

from pizzabar.apigateway.mapping_trace import TemplateFault, Trace
from pizzabar.apigateway.template_variables import KNOWN, Variables, bind
from pizzabar.apigateway.velocity_evaluator import Program
from pizzabar.apigateway.velocity_parser import parse_template
from pizzabar.apigateway.velocity_reader import FaultyTemplate
from pizzabar.apigateway.velocity_rendering import MappingTemplateError
from pizzabar.apigateway.velocity_syntax import Place

__all__ = [
    "FaultyTemplate",
    "MappingTemplate",
    "MappingTemplateError",
    "Place",
    "Trace",
    "Variables",
    "compile_template",
    "trace",
]

MAX_TEMPLATE = 300 * 1024
"""Bytes of a template.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

# What may change the maps and lists that a template is handed.
_CHANGES = re.compile(r"#\{?set\}?[ \t]*\(\s*\$!?\{?\w[\w-]*\s*[.\[]|\.(?:put|add|set|remove|retain|clear)", re.ASCII)


class MappingTemplate:
    """A compiled template."""

    def __init__(self, text: str) -> None:
        """Compile. Raise ``FaultyTemplate`` with every fault found."""
        if len(text.encode("utf-8", "replace")) > MAX_TEMPLATE:
            raise FaultyTemplate([(Place(1, 1), f"a template may have at most {MAX_TEMPLATE} bytes")])
        self.text = text
        self._template = parse_template(text)
        self._program = Program(self._template, KNOWN)
        self._is_changing = _CHANGES.search(text) is not None

    def render(self, variables: Variables) -> str:
        """Render the template. Raise ``MappingTemplateError`` when that fails; the variables stay as they are."""
        return self._program.run(bind(variables, apart=self._is_changing))

    def trace(self, variables: Variables) -> Trace:
        """Render the template, and tell how: what came from where, with which values, or why it failed."""
        # Only who traces pays for it, from the import on.
        from pizzabar.apigateway.velocity_tracing import trace_program

        return trace_program(self.text, self._template, KNOWN, bind(variables, apart=self._is_changing))


@lru_cache(maxsize=512)
def compile_template(text: str) -> MappingTemplate:
    """Compile a template. Raise ``FaultyTemplate`` with every fault found and its place."""
    return MappingTemplate(text)


def trace(text: str, variables: Variables) -> Trace:
    """Render a template, and tell how; one that cannot be read has only faults to tell."""
    try:
        template = compile_template(text)
    except FaultyTemplate as faulty:
        return Trace(
            "",
            faults=tuple(
                TemplateFault(place.line, place.column, message)
                for place, message in zip(faulty.places, faulty.messages, strict=True)
            ),
        )
    return template.trace(variables)
