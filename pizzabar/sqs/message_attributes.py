"""
The attributes of messages: what they can be, their size, and their MD5.

Pure. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Mapping, Sequence

from pizzabar.documents import JSON
from pizzabar.errors import SerializationException
from pizzabar.sqs.errors import InvalidParameterValueException, UnsupportedOperation

MOST = 10
TRACE_HEADER = "AWSTraceHeader"
_is_name = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)").fullmatch
_is_type = re.compile(r"(String|Number|Binary)(\..+)?", re.DOTALL).fullmatch
_is_number = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch


def read_attributes(given: Mapping[str, JSON]) -> dict[str, JSON]:
    """Give the attributes of a message. Raise ``InvalidParameterValueException`` or ``UnsupportedOperation``."""
    if len(given) > MOST:
        raise InvalidParameterValueException(
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum [{MOST}]."
        )
    for name in given:
        if _is_name(name) is None or name.lower().startswith(("aws.", "amazon.")):
            raise InvalidParameterValueException(
                f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
                "underscore (_), hyphen (-), and period (.) characters."
            )
    return {name: _read(name, value, "user") for name, value in given.items()}


def read_system_attributes(given: Mapping[str, JSON]) -> dict[str, JSON]:
    """Give the system attributes that a message is sent with. Raise as ``read_attributes``."""
    for name, value in given.items():
        if name != TRACE_HEADER:
            raise InvalidParameterValueException(f"Message system attribute name '{name}' is invalid.")
        if value.get("DataType") != "String":
            raise InvalidParameterValueException(f"The type of message (system) attribute '{name}' must be 'String'.")
    return {name: _read(name, value, "system") for name, value in given.items()}


def _read(name: str, value: Mapping[str, JSON], kind: str) -> JSON:
    if value.get("StringListValues") or value.get("BinaryListValues"):
        raise UnsupportedOperation("Message attribute lists in SendMessage are not supported.")
    type = value.get("DataType")
    if not type:
        raise InvalidParameterValueException(
            f"Message ({kind}) attribute '{name}' must contain a non-empty attribute type."
        )
    if _is_type(type) is None or len(type) > 256:
        raise InvalidParameterValueException(
            f"The type of message ({kind}) attribute '{name}' is invalid. You must use only the following supported "
            "type prefixes: Binary, Number, String."
        )
    member = "BinaryValue" if type.startswith("Binary") else "StringValue"
    content = value.get(member)
    if isinstance(content, bytes):
        # Of a caller in this process.
        content = base64.b64encode(content).decode()
    if content is not None and not isinstance(content, str):
        raise SerializationException("Start of structure or map found where not expected")
    if not content:
        raise InvalidParameterValueException(
            f"Message ({kind}) attribute '{name}' must contain a non-empty value of type '{type.partition('.')[0]}'."
        )
    if type.startswith("Number") and _is_number(content) is None:
        raise InvalidParameterValueException(
            f"Can't cast the value of message ({kind}) attribute '{name}' to a number."
        )
    if member == "BinaryValue":
        _bytes(name, content)
    return {member: content, "DataType": type}


def _bytes(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidParameterValueException(f"The value of message attribute '{name}' is not base64.") from None


def _content(name: str, value: Mapping[str, str]) -> bytes:
    if "BinaryValue" in value:
        return _bytes(name, value["BinaryValue"])
    return value["StringValue"].encode()


def size_of(attributes: Mapping[str, JSON]) -> int:
    """Tell how many bytes attributes count in a message: their names, types and values."""
    return sum(
        len(name.encode()) + len(value["DataType"].encode()) + len(_content(name, value))
        for name, value in attributes.items()
    )


def md5_of(attributes: Mapping[str, JSON]) -> str:
    """Digest attributes, in the order of their names.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name, value in sorted(attributes.items()):
        for part in (name.encode(), value["DataType"].encode()):
            digest.update(struct.pack("!I", len(part)) + part)
        content = _content(name, value)
        digest.update(b"\x02" if "BinaryValue" in value else b"\x01")
        digest.update(struct.pack("!I", len(content)) + content)
    return digest.hexdigest()


def selected(attributes: Mapping[str, JSON], names: Sequence[str]) -> dict[str, JSON]:
    """Give the attributes that a receiver asks for: by names, ``prefix.*``, or all."""
    if "All" in names or ".*" in names or "*" in names:
        return dict(attributes)
    prefixes = tuple(name[:-1] for name in names if name.endswith(".*"))
    return {
        name: value for name, value in attributes.items() if name in names or (prefixes and name.startswith(prefixes))
    }
