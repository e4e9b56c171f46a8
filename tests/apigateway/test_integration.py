"""
Integrations as they are configured: what a URI names.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

import pytest

from pizzabar.apigateway.integration import FunctionTarget, ServiceAction, read_uri
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
        ("arn:aws:apigateway:us-east-1:sqs:action/SendMessage", None),
        ("arn:aws:apigateway:us-east-1:sqs:path/queue", None),
        ("arn:aws:apigateway:us-east-1:dynamodb:action/", None),
        ("", None),
        (FUNCTION, None),
    ],
)
def test_what_a_uri_names(uri: str, target: ServiceAction | FunctionTarget | None) -> None:
    read = read_uri(uri)

    assert read == target if target is not None else isinstance(read, str)
