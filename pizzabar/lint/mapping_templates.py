"""Maps and messages that mapping templates print as they are, where JSON is wanted."""

from collections.abc import Iterator

from pizzabar.apigateway.velocity_syntax import Expression, Index, Literal, Method, Property, Reference, Step
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.lint.renderings import Printed
from pizzabar.lint.subject import Subject
from pizzabar.lint.written_items import INTEGRATION, MappingText, mapping_texts

_OF_REQUEST = frozenset({"header", "querystring", "path"})
_OF_CONTEXT = frozenset({"authorizer", "identity"})


def check(subject: Subject) -> Iterator[Finding]:
    """Find references that print a map as Java writes it, and those that print JSON into a string of JSON."""
    for type, property in (
        (INTEGRATION, "RequestTemplates"),
        ("AWS::ApiGatewayV2::IntegrationResponse", "ResponseTemplates"),
    ):
        for resource in subject.of(type):
            for template in mapping_texts(subject, resource, property):
                yield from _maps(subject, template)
                yield from _messages(subject, template)


def _maps(subject: Subject, template: MappingText) -> Iterator[Finding]:
    for printed in dict.fromkeys(each for way in template.renderings for each in way.printed):
        if (map := map_of(printed.value)) is not None:
            why = (
                f"{printed.reference.source} prints {map} as Java writes a map, {{Name=value}}: it is no JSON, and a "
                "quote in a value breaks the document around it"
            )
            yield _found(subject, "PB301", template, printed, why)


def _messages(subject: Subject, template: MappingText) -> Iterator[Finding]:
    for printed in dict.fromkeys(each for way in template.renderings for each in way.within_strings()):
        match printed.value:
            case Reference(name="input", steps=(Property(name="body") | Method(name="json"),)):
                why = (
                    f"{printed.reference.source} prints JSON into a string as it is: its first quote ends the string "
                    "and the document is no JSON any more"
                )
                yield _found(subject, "PB302", template, printed, why)
            case _:
                pass


def _found(subject: Subject, code: str, template: MappingText, printed: Printed, why: str) -> Finding:
    reference = printed.reference
    place = subject.place_in(template.resource, template.path, template.text, reference.span.start, reference.source)
    return Finding(CODES[code], place, template.resource.logical_id, why)


def map_of(value: Expression) -> str | None:
    """Say which map a value is; None when it is none that is known to be one."""
    match value:
        case Reference(name="input", steps=(Method(name="params", arguments=()),)):
            return "all parameters of the request"
        case Reference(name="input", steps=(Method(name="params", arguments=()), step)) if _key(step) in _OF_REQUEST:
            return f"the request's {_key(step)} map"
        case Reference(name="context", steps=(step,)) if _key(step) in _OF_CONTEXT:
            return f"$context.{_key(step)}"
        case Reference(name="context" | "stageVariables", steps=()):
            return f"${value.name}"
        case _:
            return None


def _key(step: Step) -> object:
    match step:
        case Property(name=name):
            return name
        case Method(name="get", arguments=(Literal(value=key),)) | Index(key=Literal(value=key)):
            return key
        case _:
            return None
