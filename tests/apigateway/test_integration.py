"""
Integrations as they are configured: what a URI names.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

import pytest

from pizzabar.apigateway.integration import (
    FunctionTarget,
    HttpTarget,
    QueueTarget,
    ServiceAction,
    Target,
    UnusableUri,
    VariableUri,
    read_uri,
)
from tests.apigateway.service import FUNCTION


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
        ("arn:aws:apigateway:us-east-1:sqs:action/SendMessage", QueueTarget("/", "SendMessage")),
        ("arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders", QueueTarget("/123456789012/orders")),
        ("arn:aws:apigateway:us-east-1:sqs:path//123456789012/orders/", QueueTarget("/123456789012/orders")),
        ("arn:aws:apigateway:us-east-1:sqs:path/", QueueTarget("/")),
        ("arn:aws:apigateway:us-east-1:sqs:path/orders", None),
        ("arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders/messages", None),
        ("arn:aws:apigateway:us-east-1:sns:action/Publish", None),
        ("arn:aws:apigateway:us-east-1:dynamodb:action/", None),
        ("https://example.com/a?b=1", HttpTarget("https://example.com/a?b=1")),
        ("http://[::1]:8080", HttpTarget("http://[::1]:8080")),
        ("http://", None),
        ("http:///path", None),
        ("http://host:port/", None),
        ("ftp://example.com", None),
        ("http://${stageVariables.host}/x", VariableUri("http://${stageVariables.host}/x")),
        ("${stageVariables.all}", VariableUri("${stageVariables.all}")),
        (
            "arn:aws:apigateway:us-east-1:sqs:path/123456789012/${stageVariables.queue}",
            VariableUri("arn:aws:apigateway:us-east-1:sqs:path/123456789012/${stageVariables.queue}"),
        ),
        ("arn:aws:apigateway:us-east-1:sns:action/${stageVariables.action}", None),
        ("", None),
        (FUNCTION, FunctionTarget(FUNCTION)),
        ("arn:aws:lambda:us-east-1:123456789012:layer:a:1", None),
    ],
)
def test_what_a_uri_names(uri: str, target: Target | VariableUri | None) -> None:
    read = read_uri(uri)

    assert read == target if target is not None else isinstance(read, str)


def test_what_a_uri_names_on_a_stage() -> None:
    uri = VariableUri("http://${stageVariables.host}/${stageVariables.path}")

    assert uri.target({"host": "oven", "path": "a/b"}) == HttpTarget("http://oven/a/b")
    assert uri.target({"host": "oven"}) == HttpTarget("http://oven/")
    with pytest.raises(UnusableUri, match="is not an address"):
        uri.target({})
