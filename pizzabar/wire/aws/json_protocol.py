"""
AWS JSON 1.0 and 1.1: the operation in a header, parameters and result as JSON.

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

import logging
import zlib

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.operations import Operations
from pizzabar.record import record
from pizzabar.wire.aws.exchange import (
    BodyNotDecoded,
    Receive,
    RequestTooLarge,
    Response,
    long_request_id,
    read_body,
    request_id,
)
from pizzabar.wire.aws.polling import POLLS, Gone, unless_gone

log = logging.getLogger("pizzabar")
MEGABYTE = 1 << 20


@record
class JsonService:
    """A service that speaks AWS JSON: its name in the call table, and how it writes.

    ``namespace`` stands before an error's code. ``most`` is how many bytes a request may have.
    """

    name: str
    version: str
    namespace: str = ""
    most: int = 2 * MEGABYTE
    has_checksum: bool = False
    is_query_compatible: bool = False
    """Whether it spoke the query protocol before, and still tells errors by those names, with statuses of their own.

    https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
    """

    @property
    def content_type(self) -> bytes:
        """The type of its bodies."""
        return b"application/x-amz-json-" + self.version.encode()


DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
SERVICES: dict[str, JsonService] = {
    "AWSEvents": JsonService("events", "1.1"),
    "AWSStepFunctions": JsonService("stepfunctions", "1.0"),
    "AmazonSQS": JsonService("sqs", "1.0", "com.amazonaws.sqs#", 8 * MEGABYTE, is_query_compatible=True),
    "DynamoDBStreams_20120810": JsonService("dynamodbstreams", "1.0", DYNAMODB, has_checksum=True),
    "DynamoDB_20120810": JsonService("dynamodb", "1.0", DYNAMODB, 16 * MEGABYTE, has_checksum=True),
    "Logs_20140328": JsonService("logs", "1.1"),
}
"""Services by the prefix of X-Amz-Target."""

UNKNOWN = JsonService("", "1.0", "com.amazon.coral.service#")
_CORAL = {
    "ValidationException": "com.amazon.coral.validate#",
    "SerializationException": "com.amazon.coral.service#",
    "UnknownOperationException": "com.amazon.coral.service#",
    "AccessDeniedException": "com.amazon.coral.service#",
    "InvalidParameterValueException": "com.amazon.coral.service#",
    "MissingRequiredParameterException": "com.amazon.coral.service#",
}
"""The namespaces that errors of the common framework have, in the answers of those who write them."""
_CAPITAL = frozenset(
    {
        "SerializationException",
        "AccessDeniedException",
        "TransactionCanceledException",
        "IdempotentParameterMismatchException",
    }
)
"""Errors of DynamoDB whose message stands under ``Message``."""


async def answer(call: Operations, target: str, headers: dict[bytes, bytes], receive: Receive) -> Response:
    """Do the operation that X-Amz-Target names, ``DynamoDB_20120810.GetItem``."""
    prefix, _, operation = target.partition(".")
    service = SERVICES.get(prefix)
    if service is None:
        message = f"{prefix} is no service that pizzabar has" if prefix else ""
        return _refuse(UNKNOWN, "UnknownOperationException", message)
    try:
        body = await read_body(receive, headers, service.most)
    except RequestTooLarge:
        return _refuse(
            service, "RequestEntityTooLargeException", f"a request may have at most {service.most} bytes", 413
        )
    except BodyNotDecoded as error:
        return _refuse(service, "SerializationException", str(error))
    if not call.has(service.name, operation):
        return _refuse(
            service, "UnknownOperationException", f"{service.name}:{operation} is not supported by pizzabar"
        )
    try:
        # Step Functions and others take no body for no parameters.
        parameters = documents.parse(body) if body or service.has_checksum else {}
    except NotJSON:
        return _refuse(service, "SerializationException")
    if type(parameters) is not dict:
        return _refuse(service, "SerializationException")
    if operation == "DescribeEndpoints":
        parameters = {}
    if operation == "DescribeEndpoints" or service.name == "sqs":
        # What these answer are addresses.
        parameters["Host"] = headers.get(b"host", b"").decode("latin-1")
    asked = call(service.name, operation, parameters)
    try:
        result = await (unless_gone(asked, receive) if (service.name, operation) in POLLS else asked)
    except ServiceError as error:
        return _error(service, error)
    except Gone:
        # Nobody reads it.
        return Response(408)
    return _write(service, 200, documents.encode(result))


def _refuse(service: JsonService, code: str, message: str = "", status: int = 400) -> Response:
    document = {"__type": _type(service, code)}
    if message:
        document["Message" if service.has_checksum and code in _CAPITAL else "message"] = message
    return _write(service, status, documents.encode(document))


def _error(service: JsonService, error: ServiceError) -> Response:
    document: dict[str, JSON] = {"__type": _type(service, error.code)}
    if error.message:
        document["Message" if service.has_checksum and error.code in _CAPITAL else "message"] = error.message
    body = documents.encode(document | error.members)
    if service.is_query_compatible:
        fault = "Receiver" if error.status >= 500 else "Sender"
        header = (b"x-amzn-query-error", f"{error.query_code or error.code};{fault}".encode())
        written = _write(service, error.status, body)
        return Response(written.status, written.body, (*written.headers, header))
    # The others tell errors by status 400 or 500 alone.
    return _write(service, 500 if error.status >= 500 else 400, body)


def _type(service: JsonService, code: str) -> str:
    return f"{_CORAL.get(code, service.namespace)}{code}" if service.namespace else code


def _write(service: JsonService, status: int, body: bytes) -> Response:
    if not service.has_checksum:
        return Response(status, body, ((b"content-type", service.content_type), (b"x-amzn-requestid", request_id())))
    return Response(
        status,
        body,
        (
            (b"content-type", service.content_type),
            (b"x-amzn-requestid", long_request_id()),
            (b"x-amz-crc32", str(zlib.crc32(body)).encode()),
        ),
    )
