"""
What a request tells: to functions of proxy integrations, and to templates.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

from dataclasses import replace

from pizzabar.apigateway.request import Request
from tests.apigateway.requests import COMMON, CONNECTION, MESSAGE, NOW

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
