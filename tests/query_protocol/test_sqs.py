"""
The query protocol of SQS, against botocore's serializer and parser with the model that SDKs had for it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
"""

import base64
import json
from typing import Any

import botocore.model
import botocore.parsers
import botocore.serialize
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar.errors import ServiceError
from pizzabar.query_protocol.answer import JSON_TEXT, XML, write_error, write_result
from pizzabar.query_protocol.errors import InvalidParameterValue, MissingParameter
from pizzabar.query_protocol.form import read_pairs
from pizzabar.query_protocol.shapes import ListOf, MapOf, Shape, Structure
from pizzabar.query_protocol.sqs import OPERATIONS, SQS, read_parameters
from pizzabar.sqs import errors
from pizzabar.sqs.operations import OPERATIONS as OF_THE_SERVICE
from tests.query_protocol.older_model import ERRORS, older_model

MODEL = botocore.model.ServiceModel(older_model(), "sqs")
SERIALIZER = botocore.serialize.create_serializer("query", include_validation=False)
PARSER = botocore.parsers.create_parser("query")
BLOB = "blob"
ACTIONS = sorted(OPERATIONS)


def described(shape: Any) -> object:
    """Say what a shape of botocore is, as ``told`` says it of ours."""
    match shape.type_name:
        case "structure":
            return {name: described(member) for name, member in sorted(shape.members.items())}
        case "list":
            assert shape.serialization.get("flattened")
            return (shape.member.serialization["name"], described(shape.member))
        case "map":
            assert shape.serialization.get("flattened")
            name, key, value = (each.serialization["name"] for each in (shape, shape.key, shape.value))
            return (name, key, value, described(shape.value))
        case "integer" | "long":
            return int
        case "boolean":
            return bool
        case _:
            return str


def told(shape: Shape) -> object:
    match shape:
        case Structure(members=members):
            return {name: told(member) for name, member in sorted(members.items())}
        case ListOf():
            return (shape.name, told(shape.of))
        case MapOf():
            return (shape.name, shape.key, shape.value, told(shape.of))
        case _:
            return shape


def test_every_operation_is_there() -> None:
    assert OPERATIONS.keys() == OF_THE_SERVICE.keys() == set(MODEL.operation_names)


@pytest.mark.parametrize("action", ACTIONS)
def test_names_are_those_of_the_model(action: str) -> None:
    model = MODEL.operation_model(action)

    assert told(OPERATIONS[action].parameters) == described(model.input_shape)
    result = OPERATIONS[action].result
    assert (None if result is None else told(result)) == (
        None if model.output_shape is None else described(model.output_shape)
    )


# What XML, and a message of SQS, may have.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r&<>\"'+%= ."),
    min_size=1,
    max_size=20,
)


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Give values that a program has for a shape of botocore; lists and maps are not empty."""
    match shape.type_name:
        case "structure":
            members = {name: values(member) for name, member in shape.members.items()}
            if not members:
                return st.just({})
            return st.fixed_dictionaries({}, optional=members).filter(bool)
        case "list":
            return st.lists(values(shape.member), min_size=1, max_size=12)
        case "map":
            return st.dictionaries(TEXTS, values(shape.value), min_size=1, max_size=3)
        case "integer" | "long":
            return st.integers(-(2**31), 2**31)
        case "boolean":
            return st.booleans()
        case "blob":
            return st.binary(min_size=1, max_size=10)
        case _:
            return TEXTS


def on_the_wire(value: Any) -> Any:
    """Write blobs as text, as the service has them."""
    match value:
        case dict():
            return {name: on_the_wire(member) for name, member in value.items()}
        case list():
            return [on_the_wire(member) for member in value]
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value


def form_of(action: str, parameters: Any) -> list[tuple[str, str]]:
    body = SERIALIZER.serialize_to_request(parameters, MODEL.operation_model(action))["body"]
    return [(name, str(value)) for name, value in body.items()]


@settings(max_examples=200)
@given(st.data(), st.sampled_from(ACTIONS))
def test_what_an_sdk_writes_is_read(data: st.DataObject, action: str) -> None:
    parameters = data.draw(values(MODEL.operation_model(action).input_shape))

    assert read_parameters(action, form_of(action, parameters), None) == on_the_wire(parameters)


@settings(max_examples=200)
@given(st.data(), st.sampled_from([action for action in ACTIONS if OPERATIONS[action].result is not None]))
def test_what_is_written_an_sdk_reads(data: st.DataObject, action: str) -> None:
    shape = MODEL.operation_model(action).output_shape
    result = data.draw(values(shape))

    body = write_result(SQS, action, on_the_wire(result), "1", XML).encode()

    parsed = PARSER.parse({"body": body, "headers": {}, "status_code": 200}, shape)
    assert parsed.pop("ResponseMetadata")["RequestId"] == "1"
    assert parsed == result
    json.loads(write_result(SQS, action, on_the_wire(result), "1", JSON_TEXT))


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.sampled_from(ACTIONS))
def test_any_form_is_read_or_refused(text: str, action: str) -> None:
    try:
        read_parameters(action, read_pairs(text), None)
    except (InvalidParameterValue, MissingParameter):
        return


@pytest.mark.parametrize(
    ("action", "form", "parameters"),
    [
        # The samples of the API reference and the developer guide.
        (
            "CreateQueue",
            "QueueName=MyQueue&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=40&Tag.1.Key=a&Tag.1.Value=b",
            {"QueueName": "MyQueue", "Attributes": {"VisibilityTimeout": "40"}, "tags": {"a": "b"}},
        ),
        (
            "SetQueueAttributes",
            "Attribute.Name=VisibilityTimeout&Attribute.Value=35",
            {"Attributes": {"VisibilityTimeout": "35"}},
        ),
        ("GetQueueAttributes", "AttributeName.1=VisibilityTimeout", {"AttributeNames": ["VisibilityTimeout"]}),
        ("TagQueue", "Tag.Key=QueueType&Tag.Value=Production", {"Tags": {"QueueType": "Production"}}),
        ("UntagQueue", "TagKey.1=QueueType", {"TagKeys": ["QueueType"]}),
        (
            "ReceiveMessage",
            "AttributeName=All&MaxNumberOfMessages=5&VisibilityTimeout=15",
            {"AttributeNames": ["All"], "MaxNumberOfMessages": 5, "VisibilityTimeout": 15},
        ),
        (
            "SendMessage",
            "MessageBody=Hello+%26+bye&MessageAttribute.1.Name=temperature"
            "&MessageAttribute.1.Value.StringValue=30&MessageAttribute.1.Value.DataType=Number",
            {
                "MessageBody": "Hello & bye",
                "MessageAttributes": {"temperature": {"StringValue": "30", "DataType": "Number"}},
            },
        ),
        (
            "SendMessageBatch",
            "SendMessageBatchRequestEntry.10.Id=last&SendMessageBatchRequestEntry.10.MessageBody=b"
            "&SendMessageBatchRequestEntry.2.Id=first&SendMessageBatchRequestEntry.2.MessageBody=a",
            {"Entries": [{"Id": "first", "MessageBody": "a"}, {"Id": "last", "MessageBody": "b"}]},
        ),
        ("SendMessage", 'MessageBody={"a":1}&Expires=2030&Signature=x', {"MessageBody": '{"a":1}'}),
        ("SendMessageBatch", "Entries=", {}),
        ("GetQueueAttributes", "AttributeName=", {"AttributeNames": []}),
    ],
)
def test_forms_as_people_write_them(action: str, form: str, parameters: object) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html"""
    assert read_parameters(action, read_pairs(form), None) == parameters


def test_a_queue_that_is_not_named_is_the_one_asked_at() -> None:
    here = "http://localhost/123456789012/orders"

    assert read_parameters("PurgeQueue", [], here) == {"QueueUrl": here}
    assert read_parameters("PurgeQueue", [("QueueUrl", "other")], here) == {"QueueUrl": "other"}
    assert read_parameters("ListQueues", [], here) == {}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (
            "DelaySeconds=soon",
            "InvalidParameterValue: Value soon for parameter DelaySeconds is invalid. Reason: Must be an integer.",
        ),
        (
            "MessageAttribute.2.Value.DataType=String",
            "MissingParameter: The request must contain the parameter MessageAttribute.2.Name.",
        ),
        (
            "MessageAttribute.1.Name=a",
            "MissingParameter: The request must contain the parameter MessageAttribute.1.Value.",
        ),
    ],
)
def test_what_is_wrong_in_a_form(form: str, error: str) -> None:
    with pytest.raises((InvalidParameterValue, MissingParameter)) as raised:
        read_parameters("SendMessage", read_pairs(form), None)

    assert str(raised.value) == error


SENT = {"MessageId": "9d72cd66", "MD5OfMessageBody": "0d7ac2de"}


@pytest.mark.parametrize(
    ("action", "result", "text"),
    [
        # Seen at API Gateway: aws-samples/serverless-patterns, and localstack/localstack#3715 for the list of queues.
        (
            "SendMessage",
            SENT,
            '{"SendMessageResponse":{"ResponseMetadata":{"RequestId":"1"},"SendMessageResult":{'
            '"MD5OfMessageAttributes":null,"MD5OfMessageBody":"0d7ac2de","MD5OfMessageSystemAttributes":null,'
            '"MessageId":"9d72cd66","SequenceNumber":null}}}',
        ),
        (
            "ReceiveMessage",
            {},
            '{"ReceiveMessageResponse":{"ReceiveMessageResult":{"messages":null},"ResponseMetadata":{"RequestId":"1"}}}',
        ),
        (
            "ReceiveMessage",
            {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "MD5OfBody": "5", "Body": "b"}]},
            '{"ReceiveMessageResponse":{"ReceiveMessageResult":{"messages":[{"Attributes":null,"Body":"b",'
            '"MD5OfBody":"5","MD5OfMessageAttributes":null,"MessageAttributes":null,"MessageId":"m",'
            '"ReceiptHandle":"r"}]},"ResponseMetadata":{"RequestId":"1"}}}',
        ),
        (
            "ListQueues",
            {},
            '{"ListQueuesResponse":{"ListQueuesResult":{"NextToken":null,"queueUrls":[]},'
            '"ResponseMetadata":{"RequestId":"1"}}}',
        ),
        # Not seen.
        (
            "GetQueueAttributes",
            {"Attributes": {"DelaySeconds": "0"}},
            '{"GetQueueAttributesResponse":{"GetQueueAttributesResult":{"Attributes":[{"Name":"DelaySeconds",'
            '"Value":"0"}]},"ResponseMetadata":{"RequestId":"1"}}}',
        ),
        ("DeleteMessage", {}, '{"DeleteMessageResponse":{"ResponseMetadata":{"RequestId":"1"}}}'),
    ],
)
def test_answers_in_json(action: str, result: dict[str, Any], text: str) -> None:
    assert write_result(SQS, action, result, "1", JSON_TEXT) == text


@pytest.mark.parametrize(
    ("action", "result", "text"),
    [
        (
            "SendMessage",
            SENT,
            '<?xml version="1.0"?><SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
            "<SendMessageResult><MD5OfMessageBody>0d7ac2de</MD5OfMessageBody><MessageId>9d72cd66</MessageId>"
            "</SendMessageResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></SendMessageResponse>",
        ),
        (
            "DeleteMessage",
            {},
            '<?xml version="1.0"?><DeleteMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
            "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></DeleteMessageResponse>",
        ),
    ],
)
def test_answers_in_xml(action: str, result: dict[str, Any], text: str) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-xml-api-responses.html"""
    assert write_result(SQS, action, result, "1", XML) == text


ERROR_CLASSES = {
    name: each
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, ServiceError) and name in ERRORS
}


@pytest.mark.parametrize("name", sorted(ERROR_CLASSES))
def test_codes_are_those_of_the_model(name: str) -> None:
    error = ERROR_CLASSES[name]

    assert (error.query_code or error.code, error.status) == ERRORS[name]


def test_errors() -> None:
    error = ("AccessDenied", "Access is <denied>.", 403, "1")

    assert write_error(SQS, *error, XML) == (
        '<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>'
        "<Type>Sender</Type><Code>AccessDenied</Code><Message>Access is &lt;denied&gt;.</Message><Detail/></Error>"
        "<RequestId>1</RequestId></ErrorResponse>"
    )
    assert json.loads(write_error(SQS, *error, JSON_TEXT)) == {
        "Error": {"Code": "AccessDenied", "Message": "Access is <denied>.", "Type": "Sender"},
        "RequestId": "1",
    }
    assert "<Type>Receiver</Type>" in write_error(SQS, "InternalFailure", "", 500, "1", XML)
