"""
The shapes of the parameters of the operations of SQS; ``Entries`` differ from one to another in what they have.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
"""

from pizzabar.shapes import TEXT_MAP, TEXTS, Shapes

# A binary value is text in base64; a caller in this process may give bytes.
ATTRIBUTES = {"*": {"StringValue": str, "BinaryValue": None, "DataType": str}}

SENDING = {
    "Id": str,
    "MessageBody": str,
    "DelaySeconds": int,
    "MessageAttributes": ATTRIBUTES,
    "MessageSystemAttributes": ATTRIBUTES,
    "MessageDeduplicationId": str,
    "MessageGroupId": str,
}
DELETION = {"Id": str, "ReceiptHandle": str}
VISIBILITY = {"Id": str, "ReceiptHandle": str, "VisibilityTimeout": int}

SHAPES: Shapes = {
    "AWSAccountIds": TEXTS,
    "Actions": TEXTS,
    "AttributeNames": TEXTS,
    "Attributes": TEXT_MAP,
    "DelaySeconds": int,
    "DestinationArn": str,
    "Entries": None,
    "Label": str,
    "MaxNumberOfMessages": int,
    "MaxNumberOfMessagesPerSecond": int,
    "MaxResults": int,
    "MessageAttributeNames": TEXTS,
    "MessageAttributes": ATTRIBUTES,
    "MessageBody": str,
    "MessageDeduplicationId": str,
    "MessageGroupId": str,
    "MessageSystemAttributeNames": TEXTS,
    "MessageSystemAttributes": ATTRIBUTES,
    "NextToken": str,
    "QueueName": str,
    "QueueNamePrefix": str,
    "QueueOwnerAWSAccountId": str,
    "QueueUrl": str,
    "ReceiptHandle": str,
    "ReceiveRequestAttemptId": str,
    "SourceArn": str,
    "TagKeys": TEXTS,
    "Tags": TEXT_MAP,
    "TaskHandle": str,
    "VisibilityTimeout": int,
    "WaitTimeSeconds": int,
    "tags": TEXT_MAP,
}
"""What the members of requests are."""
