"""
The query protocol: parameters as a form, results as XML, for the few operations that SDKs and tools ask of it.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.operations import Operations
from pizzabar.record import record
from pizzabar.wire.aws.exchange import Response, request_id, xml_text


@record
class QueryService:
    """A service that speaks the query protocol."""

    name: str
    namespace: str


SERVICES: dict[str, QueryService] = {
    "2011-06-15": QueryService("sts", "https://sts.amazonaws.com/doc/2011-06-15/"),
    "2010-05-08": QueryService("iam", "https://iam.amazonaws.com/doc/2010-05-08/"),
    "2010-05-15": QueryService("cloudformation", "http://cloudformation.amazonaws.com/doc/2010-05-15/"),
}
"""Services by the version that requests name."""
SQS = "2012-11-05"
"""The version of SQS, which speaks AWS JSON by now."""


async def answer(call: Operations, body: bytes, account: str | None) -> Response:
    """Do the operation that a form names by ``Action``."""
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    action, version = form.pop("Action", ""), form.pop("Version", "")
    service = SERVICES.get(version)
    if version == SQS:
        message = "the query protocol of SQS is not supported by pizzabar: use an SDK that speaks AWS JSON to it"
        return _error("UnsupportedOperation", message, 400)
    if service is None or not call.has(service.name, action):
        name = action if service is None else f"{service.name}:{action}"
        return _error("InvalidAction", f"{name or 'a request without Action'} is not supported by pizzabar", 400)
    parameters = _nested(form)
    if service.name == "sts" and account is not None:
        parameters["Account"] = account
    try:
        result = await call(service.name, action, parameters)
    except ServiceError as error:
        return _error(error.code, error.message, error.status, service.namespace)
    id_ = request_id()
    text = (
        f'<{action}Response xmlns="{service.namespace}"><{action}Result>{_members(result)}</{action}Result>'
        f"<ResponseMetadata><RequestId>{id_.decode()}</RequestId></ResponseMetadata></{action}Response>"
    )
    return _write(200, text, id_)


def _nested(form: Mapping[str, str]) -> dict[str, JSON]:
    """Read the lists and structures of a form: ``Names.member.1``, ``Entries.member.1.Key``."""
    read: dict[str, JSON] = {}
    lists: dict[str, dict[int, dict[str, str]]] = {}
    for path, value in form.items():
        name, found, rest = path.partition(".member.")
        number, _, member = rest.partition(".")
        if found and number.isascii() and number.isdigit() and len(number) < 10:
            lists.setdefault(name, {}).setdefault(int(number), {})[member] = value
        else:
            read[path] = value
    for name, items in lists.items():
        # A member without a name is the value itself.
        read[name] = [item[""] if "" in item else _nested(item) for _, item in sorted(items.items())]
    return read


def _members(document: Mapping[str, JSON]) -> str:
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in document.items() if value is not None)


def _value(value: JSON) -> str:
    match value:
        case dict():
            return _members(value)
        case list() | tuple():
            return "".join(f"<member>{_value(member)}</member>" for member in value)
        case bool():
            return "true" if value else "false"
        case _:
            return xml_text(_printable(str(value)))


def _printable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(each for each in text if each in "\t\n\r" or (each >= " " and not "\ud800" <= each <= "\udfff"))


def _error(code: str, message: str, status: int, namespace: str = "") -> Response:
    id_ = request_id()
    declared = f' xmlns="{namespace}"' if namespace else ""
    text = (
        f"<ErrorResponse{declared}><Error><Type>Sender</Type><Code>{xml_text(code)}</Code>"
        f"<Message>{xml_text(_printable(message))}</Message></Error><RequestId>{id_.decode()}</RequestId></ErrorResponse>"
    )
    return _write(status, text, id_)


def _write(status: int, text: str, id_: bytes) -> Response:
    return Response(status, text.encode(), ((b"content-type", b"text/xml"), (b"x-amzn-requestid", id_)))
