"""
Integrations: what a backend is asked, and what becomes of its answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pizzabar import documents
from pizzabar.apigateway.connections import Connection
from pizzabar.apigateway.errors import IntegrationFailure
from pizzabar.apigateway.integration import (
    Answer,
    FunctionTarget,
    Integration,
    IntegrationResponse,
    Request,
    ServiceAction,
    perform,
    read_uri,
    response_body,
)
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.apigateway.selection import compile_selection
from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.work import Work
from tests.apigateway.service import FUNCTION, proxy

CONNECTED = datetime(2024, 1, 20, 11, 55, 0, 123_000, tzinfo=UTC)
NOW = datetime(2024, 1, 20, 11, 55, 8, 456_000, tzinfo=UTC)
CONNECTION = Connection("R1kmxc2VNjMCFIA=", "a1b2c3d4e5", "api", "localhost:8000", CONNECTED, "1.2.3.4", "wscat")
MESSAGE = Request(CONNECTION, "order", "MESSAGE", "requestrequest1=", NOW, '{"size":"L"}', "messagemessage1=")
COMMON = {
    "extendedRequestId": "requestrequest1=",
    "requestTime": "20/Jan/2024:11:55:08 +0000",
    "messageDirection": "IN",
    "stage": "api",
    "connectedAt": 1_705_751_700_123,
    "requestTimeEpoch": 1_705_751_708_456,
    "identity": {"sourceIp": "1.2.3.4", "userAgent": "wscat"},
    "requestId": "requestrequest1=",
    "domainName": "localhost:8000",
    "connectionId": "R1kmxc2VNjMCFIA=",
    "apiId": "a1b2c3d4e5",
}


# The events of proxy integrations, as recorded on AWS:
# https://github.com/aws/aws-lambda-go/tree/main/events/testdata


def test_the_event_of_a_handshake() -> None:
    request = Request(
        CONNECTION,
        "$connect",
        "CONNECT",
        "requestrequest1=",
        NOW,
        headers=(("Host", "localhost:8000"), ("X-A", "1"), ("X-A", "2")),
        query=(("table", "7"), ("tag", "a"), ("tag", "b")),
    )

    assert request.proxy_event() == {
        "headers": {"Host": "localhost:8000", "X-A": "2"},
        "multiValueHeaders": {"Host": ["localhost:8000"], "X-A": ["1", "2"]},
        "queryStringParameters": {"table": "7", "tag": "b"},
        "multiValueQueryStringParameters": {"table": ["7"], "tag": ["a", "b"]},
        "requestContext": {"routeKey": "$connect", "eventType": "CONNECT"} | COMMON,
        "isBase64Encoded": False,
    }


def test_a_handshake_without_a_query_has_none() -> None:
    request = Request(CONNECTION, "$connect", "CONNECT", "r", NOW, headers=(("Host", "localhost"),))

    assert list(request.proxy_event()) == ["headers", "multiValueHeaders", "requestContext", "isBase64Encoded"]


def test_the_event_of_a_message() -> None:
    assert MESSAGE.proxy_event() == {
        "requestContext": {"routeKey": "order", "eventType": "MESSAGE", "messageId": "messagemessage1="} | COMMON,
        "body": '{"size":"L"}',
        "isBase64Encoded": False,
    }


def test_the_event_of_a_goodbye() -> None:
    request = Request(
        CONNECTION, "$disconnect", "DISCONNECT", "requestrequest1=", NOW, disconnect=(1001, "Going away")
    )

    assert request.proxy_event() == {
        "headers": {"Host": "localhost:8000", "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""},
        "multiValueHeaders": {
            "Host": ["localhost:8000"],
            "x-api-key": [""],
            "X-Forwarded-For": [""],
            "x-restapi": [""],
        },
        "requestContext": {"routeKey": "$disconnect", "eventType": "DISCONNECT"}
        | COMMON
        | {"disconnectStatusCode": 1001, "disconnectReason": "Going away"},
        "isBase64Encoded": False,
    }


def test_a_client_without_a_user_agent() -> None:
    request = replace(MESSAGE, connection=replace(CONNECTION, user_agent=None))

    assert request.proxy_event()["requestContext"]["identity"] == {"sourceIp": "1.2.3.4"}


def test_stage_variables_are_there_when_there_are_any() -> None:
    assert replace(MESSAGE, stage_variables={"oven": "hot"}).proxy_event()["stageVariables"] == {"oven": "hot"}


def test_what_an_authorizer_said_is_text_in_a_template_and_as_it_was_in_an_event() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html"""
    said = {"principalId": "jo", "number": 1, "flag": True}
    request = replace(MESSAGE, connection=replace(CONNECTION, authorizer=said))

    assert request.context()["authorizer"] == {"principalId": "jo", "number": "1", "flag": "true"}
    assert request.proxy_event()["requestContext"]["authorizer"] == said


# Integration requests


def mock(**more: JSON) -> Integration:
    return Integration("mock", "MOCK", **more)


async def ask(integration: Integration, request: Request = MESSAGE, answer: JSON = None) -> tuple[Answer, JSON]:
    """Perform an integration; give its answer, and what was asked of the service or function."""
    asked: list[JSON] = []

    async def call(service: str, operation: str, parameters: JSON) -> JSON:
        asked.append((service, operation, parameters))
        return answer

    result = await perform(integration, request, call, VirtualClock(Work(), NOW))
    return result, asked[0] if asked else None


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
        with pytest.raises(IntegrationFailure, match="Unsupported Media Type"):
            await ask(integration)


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


# Integration responses
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-responses.html


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
    assert IntegrationResponse(key).matches(status) is fits


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
    with pytest.raises(IntegrationFailure, match="no integration response for status 400"):
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


# URIs


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("arn:aws:apigateway:us-east-1:dynamodb:action/PutItem", ServiceAction("dynamodb", "PutItem")),
        (
            "arn:aws:apigateway:us-east-1:states:action/StartExecution",
            ServiceAction("stepfunctions", "StartExecution"),
        ),
        ("arn:aws:apigateway:us-east-1:events:action/PutEvents", ServiceAction("events", "PutEvents")),
        (
            f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations",
            FunctionTarget(FUNCTION),
        ),
        (f"arn:aws:apigateway:us-east-1:lambda:path/{FUNCTION}", None),
        ("arn:aws:apigateway:us-east-1:sqs:action/SendMessage", None),
        ("arn:aws:apigateway:us-east-1:sqs:path/queue", None),
        ("arn:aws:apigateway:us-east-1:dynamodb:action/", None),
        ("https://example.com", None),
        ("", None),
        (FUNCTION, None),
    ],
)
def test_what_a_uri_names(uri: str, target: ServiceAction | FunctionTarget | None) -> None:
    read = read_uri(uri)

    assert read == target if target is not None else isinstance(read, str)


async def test_dates_that_a_service_answers_are_written_as_services_write_them() -> None:
    """https://github.com/aws-samples/serverless-patterns/tree/main/apigw-websocket-api-sfn-async"""
    integration = Integration("1", "AWS", ServiceAction("stepfunctions", "StartExecution"))

    answer, _ = await ask(
        integration, replace(MESSAGE, body="{}"), {"executionArn": "arn", "startDate": 1652716274.909}
    )

    assert answer == Answer(200, '{"executionArn":"arn","startDate":1.652716274909E9}')
