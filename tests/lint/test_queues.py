"""
Forms that routes send to queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
"""

from collections.abc import Callable

import pytest

from pizzabar.lint.finding import Finding
from tests.lint.stacks import API, line_of, template

Codes = Callable[..., list[str]]
FORM = "integration.request.header.Content-Type: \"'application/x-www-form-urlencoded'\""
GROUP = "&MessageGroupId=$context.connectionId"
TARGET = "integration.request.header.X-Amz-Target: \"'AmazonSQS.SendMessage'\""
ID = "&MessageDeduplicationId=$context.requestId"
BODY = "&MessageBody=$util.urlEncode($input.body)"


def route(form: str, name: str = "orders", *parameters: str, more: str = "") -> str:
    """Write a template with a route that sends a form to a queue."""
    given = "".join(f"\n      {each}" for each in parameters) or " {}"
    return template(
        API,
        f"""
Orders:
  Type: AWS::SQS::Queue
  Properties: {{QueueName: {name}{", FifoQueue: true" if name.endswith(".fifo") else ""}{more}}}
Route:
  Type: AWS::ApiGatewayV2::Route
  Properties: {{ApiId: !Ref Api, RouteKey: order, Target: !Sub "integrations/${{Send}}"}}
Send:
  Type: AWS::ApiGatewayV2::Integration
  Properties:
    ApiId: !Ref Api
    IntegrationType: AWS
    IntegrationMethod: POST
    IntegrationUri: !Sub "arn:aws:apigateway:${{AWS::Region}}:sqs:path/${{AWS::AccountId}}/${{Orders.QueueName}}"
    RequestParameters:{given}
    RequestTemplates:
      $default: |-
        {form}
""",
    )


@pytest.mark.parametrize(
    ("form", "name", "parameters", "more"),
    [
        (f"Action=SendMessage{BODY}", "orders", [FORM], ""),
        (f"Action=SendMessage{GROUP}{ID}{BODY}", "orders.fifo", [FORM], ""),
        (f"Action=SendMessage{GROUP}{BODY}", "orders.fifo", [FORM], ", ContentBasedDeduplication: true"),
        (f"Action=SendMessage&MessageAttribute.1.Name=$input.path('$.name'){BODY}", "orders", [FORM], ""),
        ("Action=PurgeQueue", "orders.fifo", [FORM], ""),
        (
            f"Action=SendMessage{ID}{BODY}",
            "orders.fifo",
            [FORM, "integration.request.querystring.MessageGroupId: context.connectionId"],
            "",
        ),
        (
            '{"MessageBody":"a"}',
            "orders",
            [TARGET],
            "",
        ),
        # A rendering that has what is needed in both ways.
        (f"Action=SendMessage#if($input.body){GROUP}#else{GROUP}#end{ID}{BODY}", "orders.fifo", [FORM], ""),
    ],
)
def test_what_is_as_it_should_be(codes: Codes, form: str, name: str, parameters: list[str], more: str) -> None:
    assert codes(route(form, name, *parameters, more=more)) == []


@pytest.mark.parametrize(
    ("form", "parameters"),
    [
        ("Action=SendMessage&MessageBody=hello", []),
        ("MessageBody=hello", ["integration.request.querystring.Action: \"'SendMessage'\""]),
    ],
)
def test_a_form_that_is_not_said_to_be_one(codes: Codes, form: str, parameters: list[str]) -> None:
    text = route(form, "orders", *parameters)

    assert codes(text) == [f"template.yaml:{line_of(text, '$default: |-')} PB303"]


@pytest.mark.parametrize(
    "printed", ["$input.body", "$input.json('$')", "$input.path('$.text')", "#set($text = $input.body)$text"]
)
def test_a_message_that_is_not_encoded(codes: Codes, printed: str) -> None:
    text = route(f"Action=SendMessage&MessageBody={printed}", "orders", FORM)

    assert codes(text) == [f"template.yaml:{line_of(text, 'Action=')} PB304"]


def test_messages_of_a_batch_that_are_not_encoded(codes: Codes) -> None:
    entry = "SendMessageBatchRequestEntry.1"
    text = route(f"Action=SendMessageBatch&{entry}.Id=a&{entry}.MessageBody=$input.body", "orders", FORM)

    assert codes(text) == [f"template.yaml:{line_of(text, 'Action=')} PB304"]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("", "MessageGroupId and MessageDeduplicationId"),
        (GROUP, "MessageDeduplicationId"),
        (ID, "MessageGroupId"),
        (f"{ID}#if($input.body){GROUP}#end", "MessageGroupId"),
    ],
)
def test_a_message_without_what_a_fifo_queue_needs(
    look: Callable[..., list[Finding]], given: str, missing: str
) -> None:
    found = look(route(f"Action=SendMessage{given}{BODY}", "orders.fifo", FORM))

    assert [(each.code.code, each.why) for each in found] == [
        ("PB305", f"orders.fifo takes no message without {missing}")
    ]
