"""
What a backend gets of a request: its body through a mapping template or as it came, and its parameters.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from pizzabar.apigateway.errors import IntegrationFailure, UnsupportedMediaType
from pizzabar.apigateway.integration import DEFAULT_KEY, HttpTarget, Integration
from pizzabar.apigateway.mapping_template import MappingTemplate, MappingTemplateError, Variables
from pizzabar.apigateway.parameter_mapping import mapped
from pizzabar.apigateway.request import Request
from pizzabar.apigateway.selection import Selection, SelectionValues
from pizzabar.http_client import HttpRequest

_PATH_PARAMETER = re.compile(r"(?<!\$)\{([^{}/?#]+)\}")


def request_body(integration: Integration, request: Request) -> str:
    """Give the body: what the chosen template makes of it, or the request's own where none is chosen.

    Raise ``UnsupportedMediaType`` where the integration passes nothing through, and ``IntegrationFailure`` when the
    template fails.
    """
    templates = integration.templates
    template = None
    if templates:
        template = choose(templates, integration.select_template, request.selection_values)
    if template is None:
        if integration.passthrough == "NEVER" or (integration.passthrough == "WHEN_NO_TEMPLATES" and templates):
            raise UnsupportedMediaType
        return request.body
    return render(template, request, request.body)


def http_request(integration: Integration, target: HttpTarget, request: Request) -> HttpRequest:
    """Give the request of an HTTP integration.

    The headers beside those that are mapped are the ones that AWS's documents name; others were not confirmed.
    Raise as ``request_body`` does.
    """
    body = request.body if integration.type == "HTTP_PROXY" else request_body(integration, request)
    values = request.selection_values()
    headers = mapped(integration.parameters, values, "header")
    names = {name.lower() for name, _ in headers}
    given = [("User-Agent", f"AmazonAPIGateway_{request.connection.api_id}")]
    if body:
        given.append(("Content-Type", "application/json"))
    headers += [(name, value) for name, value in given if name.lower() not in names]
    url = with_path_parameters(target.uri, integration, values)
    if query := urlencode(mapped(integration.parameters, values, "querystring")):
        url += ("&" if "?" in url else "?") + query
    return HttpRequest(integration.method, url, tuple(headers), body)


def with_path_parameters(text: str, integration: Integration, values: SelectionValues) -> str:
    """Put the path parameters of an integration in place of their names in an address or a path."""
    paths = dict(mapped(integration.parameters, values, "path"))
    return _PATH_PARAMETER.sub(lambda match: quote(paths.get(match[1], ""), safe=""), text)


def choose(
    templates: Mapping[str, MappingTemplate], select: Selection, values: Callable[[], SelectionValues]
) -> MappingTemplate | None:
    """Choose the template of the key that is selected, or else the default one, if there is one."""
    default = templates.get(DEFAULT_KEY)
    if len(templates) == (default is not None):
        return default
    return templates.get(select(values()), default)


def render(template: MappingTemplate, request: Request, body: str) -> str:
    """Render a mapping template. Raise ``IntegrationFailure`` when that fails."""
    try:
        return template.render(Variables(body, request.context(), request.params(), request.stage_variables))
    except MappingTemplateError as error:
        raise IntegrationFailure(str(error)) from error
