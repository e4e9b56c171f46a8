"""Sizes that AWS refuses, as far as they stand in the template."""

from collections.abc import Iterator

from pizzabar.apigateway.velocity_parser import parse_template
from pizzabar.apigateway.velocity_reader import FaultyTemplate
from pizzabar.apigateway.velocity_syntax import Text
from pizzabar.documents import JSON, write
from pizzabar.lint.definitions import definitions, states
from pizzabar.lint.finding import Finding
from pizzabar.lint.rules import RULE
from pizzabar.lint.sources import FUNCTION
from pizzabar.lint.subject import Subject

ENVIRONMENT = 4096
"""Bytes of a function's environment variables, names and values.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
DEFINITION = 1024 * 1024
PAYLOAD = 262_144
"""Bytes of a definition, and of the input or output of a state.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
PATTERN = 2048
"""Characters of an event pattern. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
INPUT = 8192
"""Characters of a constant input. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html"""
MESSAGE = 128 * 1024
"""Bytes of a WebSocket message.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""


def check(subject: Subject) -> Iterator[Finding]:
    """Find what is larger than AWS takes."""
    yield from _functions(subject)
    yield from _state_machines(subject)
    yield from _rules(subject)
    yield from _answers(subject)


def _functions(subject: Subject) -> Iterator[Finding]:
    for function in subject.of(FUNCTION):
        variables = function.properties.get("Environment", {}).get("Variables", {})
        size = sum(len(f"{name}{value}".encode()) for name, value in variables.items())
        if size > ENVIRONMENT:
            why = f"the environment variables of {function.logical_id} have {size} bytes: more than {ENVIRONMENT}"
            yield subject.found("PB801", function, ("Environment",), why)


def _state_machines(subject: Subject) -> Iterator[Finding]:
    for definition in definitions(subject):
        if (size := len(definition.text.encode())) > DEFINITION:
            why = f"the definition of {definition.machine.logical_id} has {size} bytes: more than {DEFINITION}"
            yield subject.found("PB802", definition.machine, (definition.property,), why)
        for placed in states(definition.document):
            for field in ("Parameters", "Result", "ItemSelector", "ResultSelector"):
                size = _size(placed.state.get(field))
                if size > PAYLOAD:
                    why = (
                        f"{field} of the state {placed.path[-1]} comes to at least {size} bytes: more than {PAYLOAD}"
                    )
                    path = (definition.property, *placed.path, field)
                    yield subject.found("PB803", definition.machine, path, why)


def _size(payload: JSON) -> int:
    """Give the bytes that a payload has at least, whatever comes of its paths."""
    if isinstance(payload, dict):
        return sum(
            len(name.removesuffix(".$").encode()) + 4 + (0 if name.endswith(".$") else _size(value))
            for name, value in payload.items()
        )
    if isinstance(payload, list):
        return sum(map(_size, payload))
    return 0 if payload is None else len(write(payload).encode())


def _rules(subject: Subject) -> Iterator[Finding]:
    for rule in subject.of(RULE):
        pattern = rule.properties.get("EventPattern")
        size = 0 if pattern is None else len(pattern if isinstance(pattern, str) else write(pattern))
        if size > PATTERN:
            why = f"the pattern of {rule.logical_id} has {size} characters: more than {PATTERN}"
            yield subject.found("PB804", rule, ("EventPattern",), why)
        for index, target in enumerate(rule.properties.get("Targets", ())):
            size = len(target.get("Input") or "")
            if size > INPUT:
                why = f"the input of the target {target['Id']} has {size} characters: more than {INPUT}"
                yield subject.found("PB805", rule, ("Targets", index, "Input"), why)


def _answers(subject: Subject) -> Iterator[Finding]:
    for response in subject.of("AWS::ApiGatewayV2::IntegrationResponse"):
        for key, text in response.properties.get("ResponseTemplates", {}).items():
            try:
                nodes = parse_template(text).nodes
            except FaultyTemplate:
                continue
            size = sum(len(node.text.encode()) for node in nodes if isinstance(node, Text))
            if size > MESSAGE:
                why = f"the answer comes to at least {size} bytes: more than the {MESSAGE} of a message"
                yield subject.found("PB806", response, ("ResponseTemplates", key), why)
