"""
What a backend gets.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

from dataclasses import replace

import pytest

from pizzabar.apigateway.errors import UnsupportedMediaType
from pizzabar.apigateway.integration import Answer, HttpTarget, Integration, ServiceAction
from pizzabar.apigateway.integration_request import http_request
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.apigateway.parameter_mapping import compile_request_parameter
from pizzabar.apigateway.request import Request
from pizzabar.apigateway.selection import compile_selection
from pizzabar.http_client import HttpRequest
from tests.apigateway.requests import MESSAGE, ask

TEMPLATES = {
    "$default": compile_template('{"t":"default"}'),
    "gold": compile_template('{"t":"gold"}'),
}


@pytest.mark.parametrize(
    ("body", "expression", "keys", "template"),
    [
        ("{}", r"\$default", ["$default"], "default"),
        ("{}", r"\$default", ["$default", "gold"], "default"),
        ("{}", "gold", ["$default", "gold"], "gold"),
        ("{}", "gold", ["gold"], "gold"),
        ("{}", "silver", ["$default", "gold"], "default"),
        ('{"kind":"gold"}', "${request.body.kind}", ["$default", "gold"], "gold"),
        ("not JSON", "${request.body.kind}", ["$default", "gold"], "default"),
    ],
)
async def test_which_request_template_is_used(body: str, expression: str, keys: list[str], template: str) -> None:
    integration = Integration(
        "i",
        "AWS",
        ServiceAction("dynamodb", "PutItem"),
        {key: TEMPLATES[key] for key in keys},
        compile_selection(expression),
    )

    answer, (service, operation, parameters) = await ask(integration, replace(MESSAGE, body=body), {})

    assert (service, operation, parameters) == ("dynamodb", "PutItem", {"t": template})
    assert answer == Answer(200, "{}")


@pytest.mark.parametrize(
    ("passthrough", "keys", "passes"),
    [
        ("WHEN_NO_MATCH", [], True),
        ("WHEN_NO_MATCH", ["gold"], True),
        ("WHEN_NO_TEMPLATES", [], True),
        ("WHEN_NO_TEMPLATES", ["gold"], False),
        ("NEVER", [], False),
        ("NEVER", ["gold"], False),
    ],
)
async def test_a_request_without_a_template(passthrough: str, keys: list[str], passes: bool) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html"""
    templates = {key: TEMPLATES[key] for key in keys}
    integration = Integration("i", "AWS", ServiceAction("dynamodb", "PutItem"), templates, passthrough=passthrough)

    if passes:
        assert (await ask(integration, answer={}))[1] == ("dynamodb", "PutItem", {"size": "L"})
    else:
        with pytest.raises(UnsupportedMediaType):
            await ask(integration)


# Requests to addresses

HANDSHAKE = replace(
    MESSAGE,
    route_key="$connect",
    event_type="CONNECT",
    body="",
    message_id=None,
    headers=(("Host", "localhost:8000"), ("X-Kind", "gold"), ("X-Kind", "silver")),
    query=(("table", "7"), ("guest", "Jo & Co/Söhne")),
)
AGENT = ("User-Agent", "AmazonAPIGateway_a1b2c3d4e5")
JSON_TYPE = ("Content-Type", "application/json")


def http(uri: str = "http://backend/orders", type_: str = "HTTP_PROXY", **parameters: str) -> Integration:
    """An HTTP integration; parameters by place and name, ``header__X``."""
    mappings = tuple(
        compile_request_parameter(f"integration.request.{target.replace('__', '.', 1)}", source)
        for target, source in parameters.items()
    )
    return Integration("http", type_, HttpTarget(uri), method="PUT", parameters=mappings)


def asked(integration: Integration, request: Request = MESSAGE) -> HttpRequest:
    assert isinstance(integration.target, HttpTarget)
    return http_request(integration, integration.target, request)


def test_a_proxied_address_gets_the_body_as_it_came() -> None:
    assert asked(http()) == HttpRequest("PUT", "http://backend/orders", (AGENT, JSON_TYPE), '{"size":"L"}')


def test_a_request_without_a_body_has_no_content_type() -> None:
    assert asked(http(), HANDSHAKE) == HttpRequest("PUT", "http://backend/orders", (AGENT,), "")


def test_an_address_without_a_proxy_gets_the_template() -> None:
    integration = replace(http(type_="HTTP"), templates=TEMPLATES, select_template=compile_selection("gold"))

    assert asked(integration).body == '{"t":"gold"}'
    with pytest.raises(UnsupportedMediaType):
        asked(replace(http(type_="HTTP"), passthrough="NEVER"))


def test_parameters_go_where_they_are_mapped() -> None:
    integration = http(
        "https://backend/tables/{table}/{guest}",
        path__table="route.request.querystring.table",
        path__guest="route.request.querystring.guest",
        header__Kind="route.request.multivalueheader.X-Kind",
        querystring__from="context.identity.sourceIp",
        querystring__q="'a&b'",
    )

    request = asked(integration, HANDSHAKE)

    assert request.url == "https://backend/tables/7/Jo%20%26%20Co%2FS%C3%B6hne?from=1.2.3.4&q=a%26b"
    assert request.headers == (("Kind", "gold"), ("Kind", "silver"), AGENT)


def test_a_query_of_the_address_stays() -> None:
    assert asked(http("http://backend/?a=1", querystring__b="'2'")).url == "http://backend/?a=1&b=2"


def test_a_header_that_is_mapped_is_not_doubled() -> None:
    integration = http(**{"header__content-type": "'text/plain'", "header__USER-AGENT": "'me'"})

    assert asked(integration).headers == (("content-type", "text/plain"), ("USER-AGENT", "me"))


def test_a_path_parameter_that_is_not_there_is_empty() -> None:
    assert asked(http("http://backend/{id}/x")).url == "http://backend//x"
