"""
What a client gets of an answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-responses.html
"""

import pytest

from pizzabar.apigateway.errors import IntegrationFailure
from pizzabar.apigateway.integration import Answer, IntegrationResponse
from pizzabar.apigateway.integration_response import response_body, response_headers
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.apigateway.parameter_mapping import compile_response_parameter
from pizzabar.apigateway.selection import compile_selection
from tests.apigateway.requests import MESSAGE, mock
from tests.apigateway.service import proxy


@pytest.mark.parametrize(
    ("key", "status", "fits"),
    [
        ("$default", 500, True),
        ("/200/", 200, True),
        ("/200/", 201, False),
        (r"/2\d\d/", 204, True),
        (r"/2\d\d/", 400, False),
        ("/20/", 200, False),
        ("/4..|5../", 503, True),
    ],
)
def test_which_statuses_a_key_stands_for(key: str, status: int, fits: bool) -> None:
    assert IntegrationResponse(key).matches(str(status)) is fits


def respond(answer: Answer, *responses: IntegrationResponse) -> str | None:
    return response_body(mock(responses=responses), MESSAGE, answer)


def test_without_a_template_the_answer_is_passed_through() -> None:
    assert respond(Answer(200, '{"a":1}'), IntegrationResponse("$default")) == '{"a":1}'


def test_the_default_response_is_the_last_resort() -> None:
    ok = IntegrationResponse("/200/", {"$default": compile_template("ok")})
    other = IntegrationResponse("$default", {"$default": compile_template("other")})

    for order in ((ok, other), (other, ok)):
        assert respond(Answer(200), *order) == "ok"
        assert respond(Answer(400), *order) == "other"


def test_no_response_that_fits_is_a_failure() -> None:
    with pytest.raises(IntegrationFailure, match="no integration response for 400"):
        respond(Answer(400, "no"), IntegrationResponse("/200/"))


def test_a_response_template_sees_the_answer_and_the_context() -> None:
    template = compile_template('{"arn":$input.json("$.executionArn"),"to":"$context.connectionId"}')

    frame = respond(Answer(200, '{"executionArn":"arn"}'), IntegrationResponse("$default", {"$default": template}))

    assert frame == '{"arn":"arn","to":"R1kmxc2VNjMCFIA="}'


@pytest.mark.parametrize(
    ("expression", "frame"),
    [
        ("${integration.response.statuscode}", "for 200"),
        ("${request.body.size}", "for L"),
        ("${integration.response.header.X-Kind}", "for gold"),
        ("nothing", "default"),
    ],
)
def test_which_response_template_is_used(expression: str, frame: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-data-transformations.html"""
    texts = {"$default": "default", "200": "for 200", "L": "for L", "gold": "for gold"}
    templates = {key: compile_template(text) for key, text in texts.items()}

    response = IntegrationResponse("$default", templates, compile_selection(expression))

    assert respond(Answer(200, "{}", {"x-kind": "gold"}), response) == frame


def test_proxy_integrations_have_no_responses() -> None:
    assert response_body(proxy(), MESSAGE, Answer(500, "body")) == "body"


@pytest.mark.parametrize(
    ("key", "message", "fits"),
    [
        ("/.*oven.*/", "no oven", True),
        ("/.*oven.*/", "no\noven", True),
        ("/oven/", "no oven", False),
        ("/200/", "no oven", False),
        ("$default", "no oven", True),
    ],
)
def test_which_errors_of_a_function_a_key_stands_for(key: str, message: str, fits: bool) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-data-transformations.html"""
    answer = Answer(200, "{}", error_message=message)
    if fits:
        assert respond(answer, IntegrationResponse(key)) == "{}"
    else:
        with pytest.raises(IntegrationFailure):
            respond(answer, IntegrationResponse(key))


def test_the_headers_of_an_answer_are_mapped() -> None:
    parameters = tuple(
        compile_response_parameter(f"route.response.header.{name}", source)
        for name, source in (
            ("Sec-WebSocket-Protocol", "integration.response.body.protocol"),
            ("Kind", "integration.response.header.x-kind"),
        )
    )
    integration = mock(responses=(IntegrationResponse("$default", parameters=parameters),))

    assert response_headers(integration, MESSAGE, Answer(200, '{"protocol":"chat"}', {"X-Kind": "gold"})) == {
        "X-Kind": "gold",
        "Sec-WebSocket-Protocol": "chat",
        "Kind": "gold",
    }
    assert response_headers(integration, MESSAGE, Answer(200, "not JSON")) == {}
    assert response_headers(proxy(), MESSAGE, Answer(200, "", {"A": "1"})) == {"A": "1"}
