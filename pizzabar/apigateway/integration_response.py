"""
What a client gets of a backend's answer: through the integration response that fits, or as it is.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-responses.html
"""

from dataclasses import replace

from pizzabar import documents
from pizzabar.apigateway.errors import IntegrationFailure
from pizzabar.apigateway.integration import DEFAULT_KEY, Answer, Integration, IntegrationResponse
from pizzabar.apigateway.integration_request import choose, render
from pizzabar.apigateway.json_path import MISSING
from pizzabar.apigateway.parameter_mapping import mapped
from pizzabar.apigateway.request import Request
from pizzabar.apigateway.selection import SelectionValues
from pizzabar.documents import JSON, NotJSON


def response_body(integration: Integration, request: Request, answer: Answer) -> str | None:
    """Give the frame that a client is sent, or None when there is nothing to send.

    Proxy integrations have no integration responses. Raise ``IntegrationFailure`` when no response fits.
    """
    if integration.is_proxy:
        return answer.body
    response = fitting(integration, answer)
    template = choose(response.templates, response.select_template, lambda: _values(request, answer, with_body=False))
    return answer.body if template is None else render(template, request, answer.body or "")


def response_headers(integration: Integration, request: Request, answer: Answer) -> dict[str, str]:
    """Give the headers that an answer has for the handshake. Raise ``IntegrationFailure`` when no response fits."""
    if integration.is_proxy:
        return dict(answer.headers)
    response = fitting(integration, answer)
    if not response.parameters:
        return dict(answer.headers)
    return {**answer.headers, **dict(mapped(response.parameters, _values(request, answer, with_body=True), "header"))}


def fitting(integration: Integration, answer: Answer) -> IntegrationResponse:
    """Find the response for an answer: of a function that failed by its error message, else by the status.

    Keys of one's own come before ``$default``. Raise ``IntegrationFailure`` when none fits.
    """
    text = str(answer.status) if answer.error_message is None else answer.error_message
    found = None
    for response in integration.responses:
        if response.matches(text):
            if response.key != DEFAULT_KEY:
                return response
            found = response
    if found is None:
        raise IntegrationFailure(f"no integration response for {text}: {answer.body}")
    return found


def _values(request: Request, answer: Answer, *, with_body: bool) -> SelectionValues:
    return replace(
        request.selection_values(),
        status_code=answer.status,
        integration_headers=answer.headers,
        multivalue_headers=answer.multivalue_headers,
        integration_body=_document(answer.body) if with_body else MISSING,
    )


def _document(body: str | None) -> JSON:
    try:
        return documents.parse(body or "")
    except NotJSON:
        return MISSING
