"""Items that the integrations of routes write into tables, and the mapping templates that make them."""

import re
from collections.abc import Iterator, Mapping

from pizzabar.apigateway.velocity_parser import parse_template
from pizzabar.apigateway.velocity_reader import FaultyTemplate
from pizzabar.apigateway.velocity_syntax import Reference
from pizzabar.documents import JSON
from pizzabar.lint.renderings import Rendering, renderings
from pizzabar.lint.subject import Subject
from pizzabar.record import record
from pizzabar.resource import Resource

INTEGRATION = "AWS::ApiGatewayV2::Integration"
TABLE = "AWS::DynamoDB::Table"
_ACTION = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:(?P<service>[\w-]+):action/(?P<operation>\w+)")
_SETS = re.compile(r"(#?[\w-]+)\s*=\s*(:[\w-]+)")


@record
class MappingText:
    """A mapping template of a resource, and what it may print."""

    resource: Resource
    path: tuple[str, str]
    text: str
    renderings: tuple[Rendering, ...]


@record
class WrittenItem:
    """Attributes of an item that a template writes into a table: each attribute value by its type."""

    template: MappingText
    rendering: Rendering
    table: Resource
    attributes: Mapping[str, JSON]


def mapping_texts(subject: Subject, resource: Resource, property: str) -> Iterator[MappingText]:
    """Go through the mapping templates in a property of a resource."""
    for key, text in resource.properties.get(property, {}).items():
        try:
            template = parse_template(text)
        except FaultyTemplate:
            continue
        yield MappingText(resource, (property, key), text, renderings(template))


def action_of(integration: Resource) -> tuple[str, str] | None:
    """Give the service and the operation that an integration calls."""
    found = _ACTION.fullmatch(str(integration.properties.get("IntegrationUri", "")))
    return None if found is None else (found["service"], found["operation"])


def written_items(subject: Subject) -> tuple[WrittenItem, ...]:
    """Give the items that integrations put or update."""
    return subject.remembered("written items", lambda: tuple(_written_items(subject)))


def _written_items(subject: Subject) -> Iterator[WrittenItem]:
    for integration in subject.of(INTEGRATION):
        action = action_of(integration)
        if action is None or action[0] != "dynamodb":
            continue
        for template in mapping_texts(subject, integration, "RequestTemplates"):
            for rendering in template.renderings:
                for request in _requests(rendering.document(), action[1]):
                    table = subject.named(TABLE, str(request.get("TableName")).rpartition("table/")[2])
                    if table is not None:
                        yield WrittenItem(template, rendering, table, _attributes(request))


def _requests(document: JSON, operation: str) -> Iterator[Mapping[str, JSON]]:
    """Give the requests for one item each that an operation's parameters hold."""
    if not isinstance(document, dict):
        return
    if operation in ("PutItem", "UpdateItem"):
        yield document
    transacted = document.get("TransactItems") if operation == "TransactWriteItems" else None
    for each in transacted if isinstance(transacted, list) else ():
        for kind in ("Put", "Update"):
            if isinstance(each, dict) and isinstance(each.get(kind), dict):
                yield each[kind]
    tables = document.get("RequestItems") if operation == "BatchWriteItem" else None
    for table, requests in tables.items() if isinstance(tables, dict) else ():
        for each in requests if isinstance(requests, list) else ():
            if isinstance(each, dict) and isinstance(each.get("PutRequest"), dict):
                yield {**each["PutRequest"], "TableName": table}


def _attributes(request: Mapping[str, JSON]) -> Mapping[str, JSON]:
    item = request.get("Item")
    if isinstance(item, dict):
        return item
    names, values = (request.get(f"ExpressionAttribute{each}") for each in ("Names", "Values"))
    found: dict[str, JSON] = {}
    for name, value in _SETS.findall(str(request.get("UpdateExpression", ""))):
        attribute = names.get(name) if isinstance(names, dict) and name.startswith("#") else name
        if isinstance(values, dict) and value in values:
            found[str(attribute)] = values[value]
    return found


def is_context(reference: object, *names: str) -> bool:
    """Whether an expression is ``$context.name``, of one of the names."""
    match reference:
        case Reference(name="context", steps=(step,)):
            return getattr(step, "name", None) in names
        case _:
            return False
