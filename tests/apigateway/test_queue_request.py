"""
Integrations with SQS: what it is asked, in both of its protocols, and what it answers.

The templates are those of published applications:
https://github.com/aws-samples/serverless-patterns/tree/main/apigw-websocket-api-sqs-lambda
https://docs.aws.amazon.com/solutions/latest/constructs/aws-apigatewayv2websocket-sqs.html
https://repost.aws/knowledge-center/api-gateway-rest-api-sqs-errors
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar import documents
from pizzabar.apigateway.errors import IntegrationFailure
from pizzabar.apigateway.integration import Integration, QueueTarget
from pizzabar.apigateway.integrations import Integrations
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.apigateway.parameter_mapping import compile_request_parameter
from pizzabar.apigateway.queue_request import QueueRequest, read_queue_request
from pizzabar.apigateway.resources import RESOURCES
from pizzabar.arn import Home
from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.sqs.errors import QueueDoesNotExist
from pizzabar.work import Work
from tests.apigateway.requests import CONNECTION, MESSAGE, NOW, Backend, ask
from tests.apigateway.service import api_gateway

ORDERS = QueueTarget("/123456789012/orders")
ADDRESS = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
FORM = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}
JSON_1_0 = {
    "integration.request.header.Content-Type": "'application/x-amz-json-1.0'",
    "integration.request.header.X-Amz-Target": "'AmazonSQS.SendMessage'",
}
SENT = {"MD5OfMessageBody": "5eb63bbb", "MessageId": "m"}
ATTRIBUTES = (
    "&MessageAttribute.1.Name=connectionId&MessageAttribute.1.Value.StringValue=$context.connectionId"
    "&MessageAttribute.1.Value.DataType=String"
)


def queue(
    template: str | None = None, parameters: dict[str, str] = FORM, target: QueueTarget = ORDERS, **more: JSON
) -> Integration:
    """An integration with a queue."""
    return Integration(
        "queue",
        "AWS",
        target,
        {} if template is None else {"$default": compile_template(template)},
        parameters=tuple(compile_request_parameter(*each) for each in parameters.items()),
        **more,
    )


@pytest.mark.parametrize(
    ("integration", "body", "operation", "parameters"),
    [
        (
            queue("Action=SendMessage&MessageBody=$util.urlEncode($input.body)"),
            '{"pizza":"salt & pepper + 100 %"}',
            "SendMessage",
            {"QueueUrl": ADDRESS, "MessageBody": '{"pizza":"salt & pepper + 100 %"}'},
        ),
        (
            # What is not encoded ends at its first &.
            queue("Action=SendMessage&MessageBody=$input.body"),
            '{"pizza":"salt & pepper"}',
            "SendMessage",
            {"QueueUrl": ADDRESS, "MessageBody": '{"pizza":"salt '},
        ),
        (
            queue(
                "Action=SendMessage&MessageGroupId=$input.path('$.MessageGroupId')"
                f"&MessageDeduplicationId=$context.requestId{ATTRIBUTES}"
                """&MessageBody=$util.urlEncode($input.json($util.escapeJavaScript('$').replaceAll("\\\\'","'")))"""
            ),
            '{"MessageGroupId":"test","data":"hello"}',
            "SendMessage",
            {
                "QueueUrl": ADDRESS,
                "MessageGroupId": "test",
                "MessageDeduplicationId": MESSAGE.request_id,
                "MessageAttributes": {"connectionId": {"StringValue": CONNECTION.id, "DataType": "String"}},
                "MessageBody": '{"MessageGroupId":"test","data":"hello"}',
            },
        ),
        (
            # All of it in the query string, and no body.
            queue(
                parameters={
                    "integration.request.querystring.Action": "'SendMessage'",
                    "integration.request.querystring.MessageBody": "route.request.body",
                    "integration.request.querystring.MessageGroupId": "context.connectionId",
                    "integration.request.querystring.Version": "'2012-11-05'",
                }
            ),
            '{"pizza":"salt & pepper"}',
            "SendMessage",
            {"QueueUrl": ADDRESS, "MessageBody": '{"pizza":"salt & pepper"}', "MessageGroupId": CONNECTION.id},
        ),
        (
            queue(
                parameters={
                    "integration.request.querystring.QueueUrl": f"'{ADDRESS}'",
                    "integration.request.querystring.MessageBody": "route.request.body.pizza",
                },
                target=QueueTarget("/", "SendMessage"),
            ),
            '{"pizza":"margherita"}',
            "SendMessage",
            {"QueueUrl": ADDRESS, "MessageBody": "margherita"},
        ),
        (
            queue(f"Action=SendMessage&MessageBody=a&QueueUrl={ADDRESS}", target=QueueTarget("/")),
            "{}",
            "SendMessage",
            {"QueueUrl": ADDRESS, "MessageBody": "a"},
        ),
        (
            queue(
                "Action=PurgeQueue",
                {**FORM, "integration.request.path.queue": "route.request.body.queue"},
                QueueTarget("/123456789012/{queue}"),
            ),
            '{"queue":"orders"}',
            "PurgeQueue",
            {"QueueUrl": ADDRESS},
        ),
        (
            queue(f'{{"QueueUrl":"{ADDRESS}","MessageBody":"$util.escapeJavaScript($input.body)"}}', JSON_1_0),
            '{"a":1}',
            "SendMessage",
            {"QueueUrl": ADDRESS, "MessageBody": '{"a":1}'},
        ),
        (
            queue("nothing", {"integration.request.querystring.Action": "'PurgeQueue'"}, method="GET"),
            "{}",
            "PurgeQueue",
            {"QueueUrl": ADDRESS},
        ),
    ],
)
async def test_what_a_queue_is_asked(integration: Integration, body: str, operation: str, parameters: JSON) -> None:
    _, asked = await ask(integration, replace(MESSAGE, body=body), SENT)

    assert asked == ("sqs", operation, parameters)


ENCODED = queue("Action=SendMessage&MessageBody=$util.urlEncode($input.body)")


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_what_is_encoded_arrives_as_it_was(body: str) -> None:
    asked = read_queue_request(ENCODED, ORDERS, replace(MESSAGE, body=body), "us-east-1")

    assert isinstance(asked, QueueRequest)
    assert asked.parameters["MessageBody"] == body


async def test_a_form_is_answered_in_json() -> None:
    """As it was seen at REST APIs, whose execution logs show that requests to services accept JSON."""
    answer, _ = await ask(queue("Action=SendMessage&MessageBody=hello"), answer=SENT)

    assert answer.status == 200
    assert documents.parse(answer.body or "") == {
        "SendMessageResponse": {
            "ResponseMetadata": {"RequestId": answer.headers["x-amzn-RequestId"]},
            "SendMessageResult": {
                "MD5OfMessageAttributes": None,
                "MD5OfMessageBody": "5eb63bbb",
                "MD5OfMessageSystemAttributes": None,
                "MessageId": "m",
                "SequenceNumber": None,
            },
        }
    }


async def test_who_maps_accept_is_answered_in_xml() -> None:
    parameters = {**FORM, "integration.request.header.Accept": "'text/xml'"}

    answer, _ = await ask(queue("Action=SendMessage&MessageBody=hello", parameters), answer=SENT)

    assert str(answer.body).startswith('<?xml version="1.0"?><SendMessageResponse xmlns="http://queue.amazonaws.com')


async def test_json_is_answered_as_it_is() -> None:
    answer, _ = await ask(queue("{}", JSON_1_0), answer=SENT)

    assert documents.parse(answer.body or "") == SENT


@pytest.mark.parametrize(
    ("integration", "status", "body"),
    [
        # Seen on AWS: a form that is not said to be one, and one without Action.
        (queue("Action=SendMessage&MessageBody=a", {}), 404, "<UnknownOperationException/>"),
        (queue("MessageBody=a"), 404, "<UnknownOperationException/>"),
        (
            queue("Action=Send&MessageBody=a"),
            400,
            {"Code": "InvalidAction", "Message": "The action Send is not valid for this endpoint.", "Type": "Sender"},
        ),
        (
            queue("Action=SendMessage&DelaySeconds=soon"),
            400,
            {
                "Code": "InvalidParameterValue",
                "Message": "Value soon for parameter DelaySeconds is invalid. Reason: Must be an integer.",
                "Type": "Sender",
            },
        ),
        (
            queue("{}", {"integration.request.header.X-Amz-Target": "'AmazonSQS.Fly'"}),
            400,
            '{"__type":"com.amazon.coral.service#UnknownOperationException"}',
        ),
    ],
)
async def test_what_is_no_operation(integration: Integration, status: int, body: JSON) -> None:
    answer, asked = await ask(integration)

    assert (answer.status, asked) == (status, None)
    assert answer.body == body if isinstance(body, str) else documents.parse(answer.body or "")["Error"] == body


async def test_the_hop_tells_why_a_queue_was_not_asked() -> None:
    async with api_gateway() as gateway:
        gateway.route("$default", queue("Action=SendMessage&MessageBody=a", {}))

        [frame] = await gateway.frames("{}")

        assert documents.parse(frame)["message"] == "Internal server error"
        [hop] = [each for each in gateway.world.call.journal if each.operation == "$default"]
        assert hop.notes == {
            "failed": "SQS refuses the request: <UnknownOperationException/>",
        }


async def test_a_template_that_gives_no_json_where_that_is_wanted() -> None:
    with pytest.raises(IntegrationFailure, match="does not give JSON"):
        await ask(queue("Action=SendMessage", JSON_1_0))


@pytest.mark.parametrize(
    ("integration", "told"),
    [
        (
            queue("Action=SendMessage&MessageBody=a"),
            ["Error", {"Code": "AWS.SimpleQueueService.NonExistentQueue", "Type": "Sender"}],
        ),
        (queue("{}", JSON_1_0), ["__type", "com.amazonaws.sqs#QueueDoesNotExist"]),
    ],
)
async def test_the_error_of_a_queue_is_an_answer(integration: Integration, told: list[Any]) -> None:
    async def call(service: str, operation: str, parameters: JSON) -> JSON:
        raise QueueDoesNotExist

    integrations = Integrations(call, Backend(), VirtualClock(Work(), NOW), Home())

    answer = await integrations.perform(integration, MESSAGE)

    member, expected = told
    found = documents.parse(answer.body or "")[member]
    assert (answer.status, found) == (
        400,
        expected if isinstance(expected, str) else {**expected, "Message": "The specified queue does not exist."},
    )


@pytest.mark.parametrize(
    ("properties", "asked"),
    [
        (
            {"RequestTemplates": {"$default": "Action=Fly&MessageBody=a"}, "RequestParameters": FORM},
            [("/RequestTemplates/$default", "Fly")],
        ),
        # A template that is no form, and an operation that is not known beforehand.
        ({"RequestTemplates": {"$default": "Action=Fly"}}, []),
        ({"RequestTemplates": {"$default": "Action=$input.path('$.a')"}, "RequestParameters": FORM}, []),
        (
            {"RequestParameters": JSON_1_0},
            [("/RequestParameters/integration.request.header.X-Amz-Target", "SendMessage")],
        ),
        (
            {"RequestParameters": {"integration.request.querystring.Action": "'Fly'"}},
            [("/RequestParameters/integration.request.querystring.Action", "Fly")],
        ),
        ({"RequestParameters": {"integration.request.querystring.Action": "route.request.body.action"}}, []),
        ({"IntegrationUri": "arn:aws:apigateway:us-east-1:sqs:action/Fly"}, [("/IntegrationUri", "Fly")]),
    ],
)
def test_operations_that_are_named_are_seen_beforehand(properties: JSON, asked: JSON) -> None:
    given = {"IntegrationUri": "arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders", **properties}

    found = RESOURCES["AWS::ApiGatewayV2::Integration"].asks(given)

    assert [("/" + "/".join(map(str, each.path)), each.operation) for each in found] == asked
