"""Maps that mapping templates print whole."""

from collections.abc import Iterator

from pizzabar.apigateway.velocity_syntax import Expression, Index, Literal, Method, Property, Reference, Step
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.lint.subject import Subject
from pizzabar.lint.written_items import INTEGRATION, mapping_texts

_OF_REQUEST = frozenset({"header", "querystring", "path"})
_OF_CONTEXT = frozenset({"authorizer", "identity"})


def check(subject: Subject) -> Iterator[Finding]:
    """Find references that print a map as Java writes it, and no method has made a string of that."""
    for type, property in (
        (INTEGRATION, "RequestTemplates"),
        ("AWS::ApiGatewayV2::IntegrationResponse", "ResponseTemplates"),
    ):
        for resource in subject.of(type):
            for template in mapping_texts(subject, resource, property):
                for printed in dict.fromkeys(each for way in template.renderings for each in way.printed):
                    if (map := map_of(printed.value)) is None:
                        continue
                    source = printed.reference.source
                    why = (
                        f"{source} prints {map} as Java writes a map, {{Name=value}}: it is no JSON, and a quote in "
                        "a value breaks the document around it"
                    )
                    place = subject.place_in(
                        resource, template.path, template.text, printed.reference.span.start, source
                    )
                    yield Finding(CODES["PB301"], place, resource.logical_id, why)


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
