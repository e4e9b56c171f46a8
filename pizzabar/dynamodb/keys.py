"""
Keys as bytes that sort as DynamoDB sorts: strings by UTF-8, binaries by unsigned bytes, numbers by value.

A number is a byte for its sign, one for its exponent, and its digits. Those of a negative number are turned
round, and a last byte above every digit puts the shorter of two behind the longer.
"""

from base64 import b64decode
from collections.abc import Callable, Sequence

from pizzabar.dynamodb.numbers import MIN_EXPONENT, scientific
from pizzabar.record import record

Key = tuple[bytes, bytes]
"""The partition key and the sort key of an item; the second is empty where a table has none."""

_NEGATIVE, _ZERO, _POSITIVE = b"\x00", b"\x01", b"\x02"
_COMPLEMENT = bytes.maketrans(b"0123456789", b"9876543210")


def encode_number(number: str) -> bytes:
    """Encode a normalised number."""
    is_negative, digits, exponent = scientific(number)
    if not digits:
        return _ZERO
    biased = exponent - MIN_EXPONENT
    if is_negative:
        return _NEGATIVE + bytes((255 - biased,)) + digits.encode().translate(_COMPLEMENT) + b"\xff"
    return _POSITIVE + bytes((biased,)) + digits.encode()


ENCODINGS: dict[str, Callable[[str], bytes]] = {"S": str.encode, "N": encode_number, "B": b64decode}
"""How the content of a key attribute is encoded, by its type."""


@record
class KeyRange:
    """Sort keys from ``start`` up to, but not with, ``stop``; None is no end."""

    start: bytes = b""
    stop: bytes | None = None

    def after(self, key: bytes) -> "KeyRange":
        """Leave out everything up to a key and the key itself."""
        return KeyRange(max(self.start, successor(key)), self.stop)

    def before(self, key: bytes) -> "KeyRange":
        """Leave out a key and everything behind it."""
        return KeyRange(self.start, key if self.stop is None else min(self.stop, key))


def join_key(parts: Sequence[bytes]) -> bytes:
    """Make one key of those of several attributes, which sorts as they do, one after the other."""
    return parts[0] if len(parts) == 1 else b"".join(map(enclose, parts))


def enclose(part: bytes) -> bytes:
    """Write a part of a key so that where it ends is known, and comes before whatever goes on."""
    return escape(part) + b"\x00\x01"


def escape(part: bytes) -> bytes:
    """Write a part of a key, but for its end."""
    return part.replace(b"\x00", b"\x00\xff")


def successor(key: bytes) -> bytes:
    """Give the first key behind this one."""
    return key + b"\x00"


def prefix_range(prefix: bytes) -> KeyRange:
    """Give the range of the keys that begin with a prefix."""
    stem = prefix.rstrip(b"\xff")
    return KeyRange(prefix, stem[:-1] + bytes((stem[-1] + 1,)) if stem else None)
