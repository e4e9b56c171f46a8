"""One request of an AWS client, and its answer."""

import os
import re
import zlib
from base64 import b32encode
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pizzabar.record import record
from pizzabar.uuids import new_uuid

Headers = list[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@record
class Response:
    """An answer of HTTP."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


is_queue = re.compile(r"/\d{12}/[A-Za-z0-9_.-]{1,80}").fullmatch
"""Whether a path is that of a queue's address, to which SQS is asked as well as at ``/``."""


class RequestTooLarge(Exception):
    """Raised when a body is longer than any request of its service may be."""


class BodyNotDecoded(Exception):
    """Raised when a body is not what its headers say."""


async def read_body(receive: Receive, headers: dict[bytes, bytes], most: int) -> bytes:
    """Read a body, and undo its encodings. Raise ``RequestTooLarge`` or ``BodyNotDecoded``."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = bytearray(body)
        while message.get("more_body"):
            message = await receive()
            parts += message.get("body", b"")
            if len(parts) > most:
                raise RequestTooLarge
        body = bytes(parts)
    if message["type"] == "http.disconnect":
        raise BodyNotDecoded("the request broke off")
    if len(body) > most:
        raise RequestTooLarge
    encoding = headers.get(b"content-encoding")
    return body if encoding is None else _decode(body, encoding.decode("latin-1").lower(), most)


def _decode(body: bytes, encodings: str, most: int) -> bytes:
    for encoding in reversed([each.strip() for each in encodings.split(",") if each.strip()]):
        match encoding:
            case "gzip":
                body = _unzip(body, most)
            case "aws-chunked":
                body = _unchunk(body)
            case "identity":
                pass
            case _:
                raise BodyNotDecoded(f"the content encoding {encoding} is not supported")
    return body


def _unzip(body: bytes, most: int) -> bytes:
    decoder = zlib.decompressobj(wbits=31)
    try:
        plain = decoder.decompress(body, most + 1)
    except zlib.error as error:
        raise BodyNotDecoded(f"the body is not gzip: {error}") from None
    if len(plain) > most:
        raise RequestTooLarge
    if not decoder.eof:
        raise BodyNotDecoded("the body is not gzip: it breaks off")
    return plain


def _unchunk(body: bytes) -> bytes:
    """Undo ``aws-chunked``: chunks with their sizes, signatures and trailers.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    """
    plain = bytearray()
    rest = body
    while True:
        head, line_end, rest = rest.partition(b"\r\n")
        try:
            size = int(head.partition(b";")[0], 16)
        except ValueError:
            raise BodyNotDecoded("the body is not aws-chunked") from None
        if not line_end or len(rest) < size:
            raise BodyNotDecoded("the body is not aws-chunked: it breaks off")
        if size == 0:
            return bytes(plain)
        plain += rest[:size]
        rest = rest[size:].removeprefix(b"\r\n")


def access_key_of(headers: dict[bytes, bytes]) -> str | None:
    """Give the access key that a request is signed with. The signature is not checked.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
    """
    authorization = headers.get(b"authorization", b"")
    _, found, rest = authorization.partition(b"Credential=")
    return rest.partition(b"/")[0].decode("latin-1") if found else None


def service_of(authorization: str) -> str | None:
    """Give the service that a request is signed for, of its header; None if it is not signed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
    """
    scope = re.search(r"Credential=[^,\s]*/([a-z0-9-]+)/aws4_request", authorization)
    return None if scope is None else scope[1]


def account_of(headers: dict[bytes, bytes]) -> str | None:
    """Give the account that a request's access key stands for: the key itself, if it has the form of one."""
    key = access_key_of(headers)
    return key if key is not None and len(key) == 12 and key.isascii() and key.isdigit() else None


def request_id() -> bytes:
    """Make the id of an answer, as most services write it."""
    return new_uuid().encode()


def long_request_id() -> bytes:
    """Make the id of an answer as DynamoDB writes it: 52 letters and digits."""
    return b32encode(os.urandom(33))[:52]
