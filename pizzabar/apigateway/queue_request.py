"""
What SQS is asked by an integration, a request over HTTP in one of its two protocols; and what it answers.

A form, or a query string, is of the query protocol; ``X-Amz-Target`` and JSON are of the other. API Gateway
accepts JSON unless a mapping says otherwise, so that is what SQS answers forms with. That, and that a template's form
is taken for one only if ``Content-Type`` says so, was seen at REST APIs; here it is so for WebSocket APIs.
https://repost.aws/knowledge-center/api-gateway-rest-api-sqs-errors
"""

import re
from collections.abc import Mapping

from pizzabar import documents
from pizzabar.apigateway.errors import IntegrationFailure
from pizzabar.apigateway.integration import Answer, Integration, QueueTarget
from pizzabar.apigateway.integration_request import request_body, with_path_parameters
from pizzabar.apigateway.parameter_mapping import mapped
from pizzabar.apigateway.request import Request
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.query_protocol.answer import JSON_TEXT, UNKNOWN_OPERATION, content_type, write_error, write_result
from pizzabar.query_protocol.form import read_pairs
from pizzabar.query_protocol.sqs import OPERATIONS, SQS, read_parameters
from pizzabar.record import record
from pizzabar.uuids import new_uuid

FORM = "application/x-www-form-urlencoded"
TARGET = "x-amz-target"


@record
class QueueRequest:
    """An operation of SQS, and how its answer is written."""

    operation: str
    parameters: JSON
    answers: "QueryAnswers | JsonAnswers"


@record
class QueryAnswers:
    """Answers of the query protocol, of a content type."""

    type: str

    def result(self, operation: str, result: JSON) -> Answer:
        """Give the answer that has a result."""
        id = new_uuid()
        return _answer(200, write_result(SQS, operation, result, id, self.type), id, self.type)

    def error(self, error: ServiceError) -> Answer:
        """Give the answer that tells an error."""
        return self.refusal(error.query_code or error.code, error.message, error.status)

    def refusal(self, code: str, message: str, status: int = 400) -> Answer:
        """Give the answer to what is no operation."""
        id = new_uuid()
        return _answer(status, write_error(SQS, code, message, status, id, self.type), id, self.type)


@record
class JsonAnswers:
    """Answers of AWS JSON."""

    def result(self, operation: str, result: JSON) -> Answer:
        """Give the answer that has a result."""
        return _answer(200, documents.write(result), new_uuid(), "application/x-amz-json-1.0")

    def error(self, error: ServiceError) -> Answer:
        """Give the answer that tells an error."""
        document = {"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message}
        return _answer(error.status, documents.write(document), new_uuid(), "application/x-amz-json-1.0")


def _answer(status: int, body: str, id: str, type: str) -> Answer:
    headers = {"x-amzn-RequestId": id, "Content-Type": type}
    return Answer(status, body, headers, {name: [value] for name, value in headers.items()})


def read_queue_request(
    integration: Integration, target: QueueTarget, request: Request, region: str
) -> QueueRequest | Answer:
    """Give what an integration asks of SQS; an answer where it asks for nothing that SQS has.

    Raise ``IntegrationFailure`` when a template fails, or gives no JSON where that is wanted.
    """
    values = request.selection_values()
    headers = {name.lower(): value for name, value in mapped(integration.parameters, values, "header")}
    pairs = [] if target.operation is None else [("Action", target.operation)]
    pairs += mapped(integration.parameters, values, "querystring")
    # What a GET has for a body is not looked at.
    body = "" if integration.method == "GET" else request_body(integration, request)
    if TARGET in headers:
        return _read_json(headers[TARGET], body)
    if headers.get("content-type", "").startswith(FORM):
        pairs += read_pairs(body)
    answers = QueryAnswers(content_type(headers.get("accept", JSON_TEXT)))
    operation = dict(pairs).get("Action")
    if not operation:
        return _answer(404, UNKNOWN_OPERATION, new_uuid(), "text/xml")
    if operation not in OPERATIONS:
        return answers.refusal("InvalidAction", f"The action {operation} is not valid for this endpoint.")
    path = with_path_parameters(target.path, integration, values)
    address = f"https://sqs.{region}.amazonaws.com{path}" if path != "/" else None
    try:
        return QueueRequest(operation, read_parameters(operation, pairs, address), answers)
    except ServiceError as error:
        return answers.error(error)


def _read_json(target: str, body: str) -> QueueRequest | Answer:
    answers = JsonAnswers()
    prefix, _, operation = target.partition(".")
    if prefix != "AmazonSQS" or operation not in OPERATIONS:
        document = {"__type": "com.amazon.coral.service#UnknownOperationException"}
        return _answer(400, documents.write(document), new_uuid(), "application/x-amz-json-1.0")
    try:
        return QueueRequest(operation, documents.parse(body), answers)
    except NotJSON as error:
        raise IntegrationFailure(f"the mapping template does not give JSON ({error}): {body}") from None


_ACTION_IN_FORM = re.compile(r"(?:^|&)Action=(\w+)(?=&|\s*$)")


def named_operations(properties: Mapping[str, JSON], target: QueueTarget) -> list[tuple[tuple[str, ...], str]]:
    """Give the operations that an integration's properties name as they stand, and where each does."""
    found: list[tuple[tuple[str, ...], str]] = []
    if target.operation is not None:
        found.append((("IntegrationUri",), target.operation))
    for name, value in properties.get("RequestParameters", {}).items():
        place, text = name.lower().removeprefix("integration.request."), str(value)
        if not (len(text) >= 2 and text[0] == text[-1] == "'"):
            continue
        if place == "querystring.action":
            found.append((("RequestParameters", name), text[1:-1]))
        if place == f"header.{TARGET}":
            found.append((("RequestParameters", name), text[1:-1].partition(".")[2]))
    if is_form(properties):
        for key, text in properties.get("RequestTemplates", {}).items():
            found += [(("RequestTemplates", key), each) for each in _ACTION_IN_FORM.findall(text)]
    return found


def is_form(properties: Mapping[str, JSON]) -> bool:
    """Whether an integration says that what its templates give are forms."""
    return any(
        name.lower() == "integration.request.header.content-type" and str(value).strip("'").startswith(FORM)
        for name, value in properties.get("RequestParameters", {}).items()
    )
