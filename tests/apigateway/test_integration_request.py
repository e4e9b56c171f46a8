"""
What a backend gets.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

from dataclasses import replace

import pytest

from pizzabar.apigateway.errors import UnsupportedMediaType
from pizzabar.apigateway.integration import Answer, Integration, ServiceAction
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.apigateway.selection import compile_selection
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
