"""
Integrations, performed: services, functions, addresses and mocks.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from pizzabar import documents
from pizzabar.apigateway.errors import IntegrationFailure, IntegrationTimeout
from pizzabar.apigateway.integration import (
    Answer,
    FunctionTarget,
    HttpTarget,
    Integration,
    ServiceAction,
    Target,
    VariableUri,
)
from pizzabar.apigateway.integrations import Integrations
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.apigateway.parameter_mapping import compile_request_parameter
from pizzabar.arn import Home
from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.http_client import HttpResponse
from pizzabar.work import Work
from tests.apigateway.requests import MESSAGE, NOW, Backend, ask, ask_backend, mock
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


async def test_the_error_of_a_function_without_a_proxy_is_an_answer() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-data-transformations.html"""
    integration = Integration("i", "AWS", FunctionTarget(FUNCTION), TEMPLATES)
    payload = b'{"errorMessage":"no oven","errorType":"Cold"}'

    answer, _ = await ask(integration, answer={"FunctionError": "Unhandled", "Payload": payload})

    assert answer == Answer(200, payload.decode(), error_message="no oven")
    assert not answer.is_success


async def test_the_error_of_a_proxied_function_is_a_failure() -> None:
    with pytest.raises(IntegrationFailure, match="no oven"):
        await ask(proxy(), answer={"FunctionError": "Unhandled", "Payload": b'{"errorMessage":"no oven"}'})


async def test_a_function_may_be_invoked_without_waiting_for_it() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-integration-async.html"""
    mapping = compile_request_parameter("integration.request.header.X-Amz-Invocation-Type", "'Event'")
    integration = Integration("i", "AWS", FunctionTarget(FUNCTION), TEMPLATES, parameters=(mapping,))

    answer, asked = await ask(integration, answer={"StatusCode": 202, "Payload": b""})

    assert asked[2] == {"FunctionName": FUNCTION, "Payload": '{"t":"default"}', "InvocationType": "Event"}
    assert answer == Answer(202, "")


@pytest.mark.parametrize("type_", ["HTTP", "HTTP_PROXY"])
async def test_what_an_address_answers(type_: str) -> None:
    response = HttpResponse(404, (("X-Kind", "a"), ("X-Kind", "b")), "no")

    answer, asked = await ask_backend(Integration("h", type_, HttpTarget("http://backend/")), response)

    assert answer == Answer(404, "no", {"X-Kind": "b"}, {"X-Kind": ["a", "b"]})
    assert (asked.method, asked.url, asked.body) == ("POST", "http://backend/", '{"size":"L"}')


async def test_an_address_that_cannot_be_reached_is_a_failure() -> None:
    with pytest.raises(IntegrationFailure, match="POST http://backend/: refused"):
        await ask_backend(Integration("h", "HTTP", HttpTarget("http://backend/")), OSError("refused"))


@pytest.mark.parametrize(
    ("uri", "variables", "target"),
    [
        ("http://${stageVariables.host}/orders", {"host": "oven:1"}, HttpTarget("http://oven:1/orders")),
        ("${stageVariables.url}", {"url": "http://oven/"}, HttpTarget("http://oven/")),
    ],
)
async def test_an_address_may_depend_on_the_stage(uri: str, variables: dict[str, str], target: HttpTarget) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-stages.html"""
    integration = Integration("h", "HTTP_PROXY", VariableUri(uri))

    _, asked = await ask_backend(integration, HttpResponse(200), replace(MESSAGE, stage_variables=variables))

    assert asked.url == target.uri


async def test_a_function_may_depend_on_the_stage() -> None:
    uri = (
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function"
    )
    integration = Integration("i", "AWS_PROXY", VariableUri(f"{uri}:${{stageVariables.name}}/invocations"))
    request = replace(MESSAGE, stage_variables={"name": "Tell"})

    _, (_, _, parameters) = await ask(integration, request, {"Payload": b"{}"})

    assert parameters["FunctionName"] == FUNCTION


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("HTTP", "http://${stageVariables.other}/"),
        ("HTTP_PROXY", "${stageVariables.other}"),
        ("AWS", "${stageVariables.url}"),
        ("AWS_PROXY", "${stageVariables.url}"),
        ("HTTP", "${stageVariables.action}"),
    ],
)
async def test_a_stage_without_a_usable_variable_is_a_failure(type_: str, text: str) -> None:
    variables = {"url": "http://oven/", "action": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem"}

    with pytest.raises(IntegrationFailure):
        await ask(Integration("h", type_, VariableUri(text)), replace(MESSAGE, stage_variables=variables))


@pytest.mark.parametrize(
    ("type_", "target"),
    [
        ("AWS", ServiceAction("dynamodb", "PutItem")),
        ("AWS", FunctionTarget(FUNCTION)),
        ("AWS_PROXY", FunctionTarget(FUNCTION)),
        ("HTTP", HttpTarget("http://backend/")),
        ("HTTP_PROXY", HttpTarget("http://backend/")),
    ],
)
async def test_a_backend_that_takes_too_long(type_: str, target: Target) -> None:
    """https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html"""
    is_cancelled = False

    async def wait() -> None:
        nonlocal is_cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    async def call(service: str, operation: str, parameters: JSON) -> JSON:
        await wait()

    class Slow(Backend):
        async def send(self, request: object) -> HttpResponse:
            await wait()
            raise AssertionError

    work = Work()
    clock = VirtualClock(work, NOW)
    integration = Integration("i", type_, target, TEMPLATES, timeout=timedelta(milliseconds=50))
    performing = asyncio.ensure_future(Integrations(call, Slow(), clock, Home()).perform(integration, MESSAGE))

    await clock.advance(timedelta(milliseconds=49))
    assert not performing.done()
    await clock.advance(timedelta(milliseconds=1))

    with pytest.raises(IntegrationTimeout):
        await performing
    assert is_cancelled
