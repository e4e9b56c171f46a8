"""
Answers of the query protocol: a result or an error as XML, or as JSON for those who accept that.

AWS does not document the JSON. As it was seen, members are in the order of their names, what is missing is null, and
maps are lists of their entries:
https://github.com/aws-samples/serverless-patterns (apigw-sqs, sqs-apigw-receive and others)
"""

from collections.abc import Mapping

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.query_protocol.shapes import ListOf, MapOf, QueryService, Shape, Structure, name_in_form

UNKNOWN_OPERATION = "<UnknownOperationException/>"
"""What is answered, with the status 404, when a request to SQS names no operation.

https://repost.aws/knowledge-center/api-gateway-rest-api-sqs-errors
"""
XML, JSON_TEXT = "text/xml", "application/json"


def content_type(accept: str) -> str:
    """Give the content type of an answer to a request that accepts some."""
    return JSON_TEXT if JSON_TEXT in accept.lower() else XML


def write_result(service: QueryService, action: str, result: Mapping[str, JSON], id: str, type: str) -> str:
    """Write what an operation answers."""
    shape = None
    has_result = True
    if service.operations is not None:
        shape = service.operations[action].result
        has_result = shape is not None
    if type == JSON_TEXT:
        members: dict[str, JSON] = {"ResponseMetadata": {"RequestId": id}}
        if has_result:
            members[f"{action}Result"] = _sorted(result) if shape is None else _json(result, shape)
        return documents.write({f"{action}Response": _sorted(members)})
    inner = ""
    if has_result:
        text = _members(result) if shape is None else _elements(result, shape)
        inner = f"<{action}Result>{text}</{action}Result>"
    return (
        f'{_declaration(service)}<{action}Response xmlns="{service.namespace}">{inner}'
        f"<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    )


def write_error(service: QueryService | None, code: str, message: str, status: int, id: str, type: str) -> str:
    """Write an error; that of no service has no namespace."""
    fault = "Receiver" if status >= 500 else "Sender"
    if type == JSON_TEXT:
        return documents.write({"Error": {"Code": code, "Message": message, "Type": fault}, "RequestId": id})
    declared = "" if service is None else f' xmlns="{service.namespace}"'
    detail = "" if service is None or service.operations is None else "<Detail/>"
    return (
        f"{_declaration(service)}<ErrorResponse{declared}><Error><Type>{fault}</Type><Code>{xml_text(code)}</Code>"
        f"<Message>{xml_text(message)}</Message>{detail}</Error><RequestId>{id}</RequestId></ErrorResponse>"
    )


def xml_text(text: str) -> str:
    """Write a text into XML, between tags. The standard library's way imports its client of HTTP, 2 MB of it.

    What XML cannot hold is left out; a carriage return must not be read as the end of a line.
    """
    if not text.isprintable():
        text = "".join(each for each in text if _is_allowed(each))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#xD;")


def _is_allowed(character: str) -> bool:
    return character in "\t\n\r" or (
        character >= " " and not "\ud800" <= character <= "\udfff" and character not in "\ufffe\uffff"
    )


def _declaration(service: QueryService | None) -> str:
    # As those were seen to answer whose lists are flattened.
    return "" if service is None or service.operations is None else '<?xml version="1.0"?>'


def _elements(document: Mapping[str, JSON], shape: Structure) -> str:
    return "".join(
        _element(name_in_form(name, member), document[name], member)
        for name, member in shape.members.items()
        if document.get(name) is not None
    )


def _element(name: str, value: JSON, shape: Shape) -> str:
    match shape:
        case ListOf():
            return "".join(_element(name, member, shape.of) for member in value)
        case MapOf():
            return "".join(
                f"<{name}>{_element(shape.key, key, str)}{_element(shape.value, member, shape.of)}</{name}>"
                for key, member in value.items()
            )
        case Structure():
            return f"<{name}>{_elements(value, shape)}</{name}>"
        case _:
            return f"<{name}>{_value(value)}</{name}>"


def _members(document: Mapping[str, JSON]) -> str:
    """Write members of which nothing is known; lists are not flattened."""
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
            return xml_text(str(value))


def _json(value: JSON, shape: Shape) -> JSON:
    match shape:
        case ListOf():
            return [_json(member, shape.of) for member in value or ()] or (None if shape.is_null else [])
        case _ if value is None:
            return None
        case MapOf():
            return [{shape.key: key, shape.value: _json(member, shape.of)} for key, member in value.items()]
        case Structure():
            return _sorted(
                {
                    _name_in_json(name, member): _json(value.get(name), member)
                    for name, member in shape.members.items()
                }
            )
        case _:
            return value


def _name_in_json(name: str, shape: Shape) -> str:
    return shape.json if isinstance(shape, ListOf) and shape.json is not None else name


def _sorted(members: Mapping[str, JSON]) -> dict[str, JSON]:
    return dict(sorted(members.items()))
