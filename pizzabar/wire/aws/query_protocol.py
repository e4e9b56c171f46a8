"""
The query protocol over HTTP: parameters as a form or in the query string, results as XML or JSON.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.operations import Operations
from pizzabar.query_protocol.answer import UNKNOWN_OPERATION, XML, content_type, write_error, write_result
from pizzabar.query_protocol.form import Pairs, read_members, read_pairs
from pizzabar.query_protocol.shapes import QueryService
from pizzabar.query_protocol.sqs import SQS, VERSION, read_parameters
from pizzabar.wire.aws.exchange import (
    BodyNotDecoded,
    Receive,
    RequestTooLarge,
    Response,
    account_of,
    is_queue,
    read_body,
    request_id,
    service_of,
)
from pizzabar.wire.aws.polling import POLLS, Gone, unless_gone

FORM = b"application/x-www-form-urlencoded"
MAX_FORM_BYTES = 1 << 20
MAX_QUEUE_FORM_BYTES = 8 << 20
"""What the messages of a batch may have, percent-encoded."""

SERVICES: dict[str, QueryService] = {
    "2011-06-15": QueryService("sts", "https://sts.amazonaws.com/doc/2011-06-15/"),
    "2010-05-08": QueryService("iam", "https://iam.amazonaws.com/doc/2010-05-08/"),
    "2010-05-15": QueryService("cloudformation", "http://cloudformation.amazonaws.com/doc/2010-05-15/"),
    VERSION: SQS,
}
"""Services by the version that requests name."""


def is_for(method: str, path: str, query: bytes, headers: dict[bytes, bytes]) -> bool:
    """Whether a request at ``/``, or at a queue's address, is one of this protocol."""
    asks = b"Action=" in query
    if method == "GET":
        return asks or is_queue(path) is not None
    is_form = headers.get(b"content-type", b"").startswith(FORM)
    return method == "POST" and b"x-amz-target" not in headers and (asks or is_form)


async def answer(
    call: Operations, method: str, path: str, query: bytes, headers: dict[bytes, bytes], receive: Receive
) -> Response:
    """Do the operation that ``Action`` names, in the query string or in a form."""
    signed_for = service_of(headers.get(b"authorization", b"").decode("latin-1"))
    is_for_queue = is_queue(path) is not None or signed_for == SQS.name
    try:
        body = await read_body(receive, headers, MAX_QUEUE_FORM_BYTES if is_for_queue else MAX_FORM_BYTES)
    except RequestTooLarge:
        return Response(413, b"")
    except BodyNotDecoded as error:
        return _error(None, "MalformedQueryString", str(error), 400, XML)
    pairs = read_pairs(query.decode("latin-1"))
    if headers.get(b"content-type", b"").startswith(FORM):
        pairs += read_pairs(body.decode("utf-8", "replace"))
    given = dict(pairs)
    action = given.get("Action", "")
    # Those who ask SQS by hand leave the version out; signatures tell the service as well.
    service = SQS if is_for_queue else SERVICES.get(given.get("Version", ""))
    type = content_type(headers.get(b"accept", b"").decode("latin-1"))
    if service is SQS and not action:
        return Response(404, UNKNOWN_OPERATION.encode(), ((b"x-amzn-requestid", request_id()),))
    if service is None or not call.has(service.name, action):
        return _refuse(service, action, type)
    try:
        parameters = _parameters(service, action, pairs, path, headers)
        asked = call(service.name, action, parameters)
        result = await (unless_gone(asked, receive) if (service.name, action) in POLLS else asked)
    except ServiceError as error:
        return _error(service, error.query_code or error.code, error.message, error.status, type)
    except Gone:
        # Nobody reads it.
        return Response(408)
    id = request_id()
    return _write(200, write_result(service, action, result, id.decode(), type), id, type)


def _parameters(service: QueryService, action: str, pairs: Pairs, path: str, headers: dict[bytes, bytes]) -> JSON:
    """Give what an operation is asked with. Raise ``ServiceError``."""
    if service is SQS:
        host = headers.get(b"host", b"").decode("latin-1")
        parameters = read_parameters(action, pairs, f"http://{host}{path}" if is_queue(path) else None)
        # What these answer are addresses.
        return {**parameters, "Host": host}
    parameters = read_members((name, value) for name, value in pairs if name not in ("Action", "Version"))
    if service.name == "sts" and (account := account_of(headers)) is not None:
        parameters["Account"] = account
    return parameters


def _refuse(service: QueryService | None, action: str, type: str) -> Response:
    if service is SQS:
        return _error(SQS, "InvalidAction", f"The action {action} is not valid for this endpoint.", 400, type)
    name = action if service is None else f"{service.name}:{action}"
    message = f"{name or 'a request without Action'} is not supported by pizzabar"
    return _error(None, "InvalidAction", message, 400, type)


def _error(service: QueryService | None, code: str, message: str, status: int, type: str) -> Response:
    id = request_id()
    return _write(status, write_error(service, code, message, status, id.decode(), type), id, type)


def _write(status: int, text: str, id: bytes, type: str) -> Response:
    return Response(
        status,
        text.encode("utf-8", "replace"),
        ((b"content-type", type.encode()), (b"x-amzn-requestid", id)),
    )
