"""
JSON documents: their type, and how they are read and written.

Text is compact (no blanks), keys keep their order, and what is read is plain: dict, list, str, int, float,
bool, None. Integers beyond 64 bits are read as floats.
"""

from typing import Any

import orjson

JSON = Any
"""Any JSON value; what the code knows of its shape is said where it is used."""


Raw = orjson.Fragment
"""JSON text that is written as it is, as a value of a document."""


class NotJSON(ValueError):
    """Raised when a text is not a JSON document."""


def parse(text: str | bytes) -> JSON:
    """Give the value that a JSON text stands for. Raise ``NotJSON`` when it is not one."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotJSON(str(error)) from None


def encode(value: JSON) -> bytes:
    """Write a value as compact JSON in UTF-8."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return _write_deep(value).encode()


def pack(value: JSON) -> bytes:
    """Write a value as ``encode`` does, in no more memory than it takes: for what is kept.

    What orjson gives has room for more, 4 KB at least.
    """
    return bytes(memoryview(encode(value)))


def write(value: JSON) -> str:
    """Write a value as compact JSON text."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return _write_deep(value)


MAX_DEPTH = 1024
"""Levels that are read and written, which is what orjson reads; it writes 254 of them."""


def _write_deep(value: JSON) -> str:
    """Write a value that orjson does not, for its depth. Raise ``TypeError`` for one that has no JSON form."""
    parts: list[str] = []
    ahead: list[tuple[int, str | None, JSON]] = [(0, None, value)]
    while ahead:
        depth, text, each = ahead.pop()
        if text is not None:
            parts.append(text)
        elif depth > MAX_DEPTH:
            # Or it holds itself.
            raise TypeError(f"a document has at most {MAX_DEPTH} levels")
        elif isinstance(each, dict) and each:
            ahead.append((depth, "}", None))
            for number, (key, member) in reversed(list(enumerate(each.items()))):
                if not isinstance(key, str):
                    raise TypeError("Dict key must be str")
                name = orjson.dumps(key).decode()
                ahead += [(depth + 1, None, member), (depth, f"{',' if number else '{'}{name}:", None)]
        elif isinstance(each, (list, tuple)) and each:
            ahead.append((depth, "]", None))
            for number, member in reversed(list(enumerate(each))):
                ahead += [(depth + 1, None, member), (depth, "," if number else "[", None)]
        else:
            parts.append(orjson.dumps(each).decode())
    return "".join(parts)
