"""
The operations of SQS, by their members in the service's model, and what the query protocol calls these.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
"""

from collections.abc import Mapping

from pizzabar.documents import JSON
from pizzabar.query_protocol.form import Pairs, read_form
from pizzabar.query_protocol.shapes import ListOf, MapOf, Operation, QueryService, Shape, Structure

VERSION = "2012-11-05"

_ATTRIBUTES = MapOf("Attribute", str)
_ATTRIBUTE_NAMES = ListOf("AttributeName", str)
_TAGS = MapOf("Tag", str, key="Key")
_QUEUE_URLS = ListOf("QueueUrl", str, json="queueUrls")
# A binary value is text in base64.
_VALUE = Structure(
    {
        "StringValue": str,
        "BinaryValue": str,
        "StringListValues": ListOf("StringListValue", str),
        "BinaryListValues": ListOf("BinaryListValue", str),
        "DataType": str,
    }
)
_MESSAGE_ATTRIBUTES = MapOf("MessageAttribute", _VALUE)
_SENDING: Mapping[str, Shape] = {
    "MessageBody": str,
    "DelaySeconds": int,
    "MessageAttributes": _MESSAGE_ATTRIBUTES,
    "MessageSystemAttributes": MapOf("MessageSystemAttribute", _VALUE),
    "MessageDeduplicationId": str,
    "MessageGroupId": str,
}
_SENT: Mapping[str, Shape] = {
    "MD5OfMessageBody": str,
    "MD5OfMessageAttributes": str,
    "MD5OfMessageSystemAttributes": str,
    "MessageId": str,
    "SequenceNumber": str,
}
_MESSAGE = Structure(
    {
        "MessageId": str,
        "ReceiptHandle": str,
        "MD5OfBody": str,
        "Body": str,
        "Attributes": _ATTRIBUTES,
        "MD5OfMessageAttributes": str,
        "MessageAttributes": _MESSAGE_ATTRIBUTES,
    }
)
_FAILED = ListOf("BatchResultErrorEntry", Structure({"Id": str, "SenderFault": bool, "Code": str, "Message": str}))
_PAGE: Mapping[str, Shape] = {"NextToken": str, "MaxResults": int}
_TASK = Structure(
    {
        "TaskHandle": str,
        "Status": str,
        "SourceArn": str,
        "DestinationArn": str,
        "MaxNumberOfMessagesPerSecond": int,
        "ApproximateNumberOfMessagesMoved": int,
        "ApproximateNumberOfMessagesToMove": int,
        "FailureReason": str,
        "StartedTimestamp": int,
    }
)


def _batch(name: str, entry: Mapping[str, Shape], done: Mapping[str, Shape]) -> Operation:
    return Operation(
        Structure({"QueueUrl": str, "Entries": ListOf(f"{name}RequestEntry", Structure({"Id": str, **entry}))}),
        Structure({"Successful": ListOf(f"{name}ResultEntry", Structure({"Id": str, **done})), "Failed": _FAILED}),
    )


OPERATIONS: Mapping[str, Operation] = {
    "AddPermission": Operation(
        Structure(
            {
                "QueueUrl": str,
                "Label": str,
                "AWSAccountIds": ListOf("AWSAccountId", str),
                "Actions": ListOf("ActionName", str),
            }
        )
    ),
    "CancelMessageMoveTask": Operation(
        Structure({"TaskHandle": str}), Structure({"ApproximateNumberOfMessagesMoved": int})
    ),
    "ChangeMessageVisibility": Operation(
        Structure({"QueueUrl": str, "ReceiptHandle": str, "VisibilityTimeout": int})
    ),
    "ChangeMessageVisibilityBatch": _batch(
        "ChangeMessageVisibilityBatch", {"ReceiptHandle": str, "VisibilityTimeout": int}, {}
    ),
    "CreateQueue": Operation(
        Structure({"QueueName": str, "Attributes": _ATTRIBUTES, "tags": _TAGS}), Structure({"QueueUrl": str})
    ),
    "DeleteMessage": Operation(Structure({"QueueUrl": str, "ReceiptHandle": str})),
    "DeleteMessageBatch": _batch("DeleteMessageBatch", {"ReceiptHandle": str}, {}),
    "DeleteQueue": Operation(Structure({"QueueUrl": str})),
    "GetQueueAttributes": Operation(
        Structure({"QueueUrl": str, "AttributeNames": _ATTRIBUTE_NAMES}), Structure({"Attributes": _ATTRIBUTES})
    ),
    "GetQueueUrl": Operation(
        Structure({"QueueName": str, "QueueOwnerAWSAccountId": str}), Structure({"QueueUrl": str})
    ),
    "ListDeadLetterSourceQueues": Operation(
        Structure({"QueueUrl": str, **_PAGE}), Structure({"queueUrls": _QUEUE_URLS, "NextToken": str})
    ),
    "ListMessageMoveTasks": Operation(
        Structure({"SourceArn": str, "MaxResults": int}),
        Structure({"Results": ListOf("ListMessageMoveTasksResultEntry", _TASK)}),
    ),
    "ListQueueTags": Operation(Structure({"QueueUrl": str}), Structure({"Tags": _TAGS})),
    "ListQueues": Operation(
        Structure({"QueueNamePrefix": str, **_PAGE}), Structure({"QueueUrls": _QUEUE_URLS, "NextToken": str})
    ),
    "PurgeQueue": Operation(Structure({"QueueUrl": str})),
    "ReceiveMessage": Operation(
        Structure(
            {
                "QueueUrl": str,
                "AttributeNames": _ATTRIBUTE_NAMES,
                "MessageSystemAttributeNames": ListOf("MessageSystemAttributeName", str),
                "MessageAttributeNames": ListOf("MessageAttributeName", str),
                "MaxNumberOfMessages": int,
                "VisibilityTimeout": int,
                "WaitTimeSeconds": int,
                "ReceiveRequestAttemptId": str,
            }
        ),
        Structure({"Messages": ListOf("Message", _MESSAGE, json="messages", is_null=True)}),
    ),
    "RemovePermission": Operation(Structure({"QueueUrl": str, "Label": str})),
    "SendMessage": Operation(Structure({"QueueUrl": str, **_SENDING}), Structure(_SENT)),
    "SendMessageBatch": _batch("SendMessageBatch", _SENDING, _SENT),
    "SetQueueAttributes": Operation(Structure({"QueueUrl": str, "Attributes": _ATTRIBUTES})),
    "StartMessageMoveTask": Operation(
        Structure({"SourceArn": str, "DestinationArn": str, "MaxNumberOfMessagesPerSecond": int}),
        Structure({"TaskHandle": str}),
    ),
    "TagQueue": Operation(Structure({"QueueUrl": str, "Tags": _TAGS})),
    "UntagQueue": Operation(Structure({"QueueUrl": str, "TagKeys": ListOf("TagKey", str)})),
}
"""The operations by name."""
SQS = QueryService("sqs", "http://queue.amazonaws.com/doc/2012-11-05/", OPERATIONS)


def read_parameters(action: str, pairs: Pairs, address: str | None) -> dict[str, JSON]:
    """Give the parameters of an operation. A queue that is not named is the one whose address was asked at.

    Raise ``InvalidParameterValue`` or ``MissingParameter``.
    """
    shape = OPERATIONS[action].parameters
    parameters = read_form(pairs, shape)
    if address is not None and "QueueUrl" in shape.members:
        parameters.setdefault("QueueUrl", address)
    return parameters
