"""
Integrations, performed: services, functions, addresses and mocks.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

from dataclasses import replace

import pytest

from pizzabar import documents
from pizzabar.apigateway.errors import IntegrationFailure
from pizzabar.apigateway.integration import Answer, FunctionTarget, Integration, ServiceAction
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.documents import JSON
from tests.apigateway.requests import MESSAGE, ask, mock
from tests.apigateway.service import FUNCTION, proxy

TEMPLATES = {"$default": compile_template('{"t":"default"}')}


async def test_a_function_without_a_proxy_gets_the_template() -> None:
    integration = Integration("i", "AWS", FunctionTarget(FUNCTION), TEMPLATES)

    answer, asked = await ask(integration, answer={"StatusCode": 200, "Payload": b'{"a":1}'})

    assert asked == ("lambda", "Invoke", {"FunctionName": FUNCTION, "Payload": '{"t":"default"}'})
    assert answer == Answer(200, '{"a":1}')


async def test_a_proxied_function_gets_the_event() -> None:
    _answer, asked = await ask(proxy(), answer={"StatusCode": 200, "Payload": b'{"statusCode":200}'})

    service, operation, parameters = asked
    assert (service, operation, parameters["FunctionName"]) == ("lambda", "Invoke", FUNCTION)
    assert documents.parse(parameters["Payload"]) == MESSAGE.proxy_event()


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ({}, Answer(200)),
        ({"statusCode": 404}, Answer(404)),
        ({"statusCode": "201"}, Answer(201)),
        ({"statusCode": 200, "body": "text", "isBase64Encoded": False}, Answer(200, "text")),
        ({"headers": {"A": 1}}, Answer(200, None, {"A": "1"})),
        ({"headers": None, "multiValueHeaders": {}}, Answer(200)),
    ],
)
async def test_what_a_proxied_function_answers(result: JSON, answer: Answer) -> None:
    assert (await ask(proxy(), answer={"Payload": documents.encode(result)}))[0] == answer


@pytest.mark.parametrize(
    "result",
    [None, [], "text", 5, {"message": "hello"}, {"statusCode": 200, "extra": 1}, {"statusCode": [1]}, {"headers": 5}],
)
async def test_what_a_proxied_function_must_not_answer(result: JSON) -> None:
    """Observed on AWS."""
    with pytest.raises(IntegrationFailure, match="malformed proxy response"):
        await ask(proxy(), answer={"Payload": documents.encode(result)})


@pytest.mark.parametrize(
    ("template", "status"), [('{"statusCode": 200}', 200), ('{"statusCode": 404}', 404), ("", 200)]
)
async def test_a_mock_answers_the_status_of_its_template(template: str, status: int) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html"""
    answer, asked = await ask(mock(templates={"$default": compile_template(template)}))

    assert (answer.status, asked) == (status, None)


@pytest.mark.parametrize("template", ["hello", "[]", "{}", "5", '{"statusCode":"many"}', '{"statusCode":null}'])
async def test_a_mock_without_a_status(template: str) -> None:
    with pytest.raises(IntegrationFailure, match="gives no statusCode"):
        await ask(mock(templates={"$default": compile_template(template)}))


async def test_dates_that_a_service_answers_are_written_as_services_write_them() -> None:
    """https://github.com/aws-samples/serverless-patterns/tree/main/apigw-websocket-api-sfn-async"""
    integration = Integration("1", "AWS", ServiceAction("stepfunctions", "StartExecution"))

    answer, _ = await ask(
        integration, replace(MESSAGE, body="{}"), {"executionArn": "arn", "startDate": 1652716274.909}
    )

    assert answer == Answer(200, '{"executionArn":"arn","startDate":1.652716274909E9}')
