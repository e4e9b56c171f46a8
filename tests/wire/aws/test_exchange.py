"""Requests of AWS clients: their bodies, encodings and access keys."""

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.wire.aws.exchange import (
    BodyNotDecoded,
    RequestTooLarge,
    account_of,
    long_request_id,
    read_body,
    request_id,
)


def receiving(*parts: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Hand over a body in parts, as a server does."""
    rest = list(parts)

    async def receive() -> dict[str, Any]:
        part = rest.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(rest)}

    return receive


CHUNKED = (
    b"5;chunk-signature=abc\r\nhello\r\n6;chunk-signature=def\r\n world\r\n0;chunk-signature=0\r\ntrailer:1\r\n\r\n"
)


@pytest.mark.parametrize(
    ("parts", "encoding", "body"),
    [
        ([b"hello"], None, b"hello"),
        ([b""], None, b""),
        ([b"hel", b"", b"lo"], None, b"hello"),
        ([gzip.compress(b"hello")], "gzip", b"hello"),
        ([gzip.compress(b"hello")[:9], gzip.compress(b"hello")[9:]], "GZIP", b"hello"),
        ([CHUNKED], "aws-chunked", b"hello world"),
        ([b"0\r\n\r\n"], "aws-chunked", b""),
        ([b"hello"], "identity", b"hello"),
    ],
)
async def test_a_body_is_read_and_decoded(parts: list[bytes], encoding: str | None, body: bytes) -> None:
    headers = {} if encoding is None else {b"content-encoding": encoding.encode()}

    assert await read_body(receiving(*parts), headers, 200) == body


async def test_encodings_are_undone_from_the_last() -> None:
    zipped = gzip.compress(b"hello")
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(zipped), zipped)

    assert await read_body(receiving(body), {b"content-encoding": b"gzip, aws-chunked"}, 100) == b"hello"


@pytest.mark.parametrize("parts", [[b"x" * 11], [b"x" * 6, b"x" * 5]])
async def test_a_body_that_is_too_long(parts: list[bytes]) -> None:
    with pytest.raises(RequestTooLarge):
        await read_body(receiving(*parts), {}, 10)


async def test_a_small_body_that_is_long_when_unzipped() -> None:
    bomb = gzip.compress(b"x" * 10_000_000)

    with pytest.raises(RequestTooLarge):
        await read_body(receiving(bomb), {b"content-encoding": b"gzip"}, 100_000)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"hello", b"gzip"),
        (gzip.compress(b"hello", mtime=0)[:-4], b"gzip"),
        (b"", b"gzip"),
        (b"hello", b"aws-chunked"),
        (b"5\r\nhel", b"aws-chunked"),
        (b"-1\r\nhello", b"aws-chunked"),
        (b"hello", b"br"),
    ],
)
async def test_a_body_that_is_not_what_it_says(body: bytes, encoding: bytes) -> None:
    with pytest.raises(BodyNotDecoded):
        await read_body(receiving(body), {b"content-encoding": encoding}, 100)


async def test_a_request_that_breaks_off() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(BodyNotDecoded):
        await read_body(receive, {}, 100)


@given(st.binary(max_size=200), st.sampled_from([b"gzip", b"aws-chunked", b"gzip,aws-chunked", b"?"]))
def test_any_body_is_decoded_or_refused(body: bytes, encoding: bytes) -> None:
    try:
        asyncio.run(read_body(receiving(body), {b"content-encoding": encoding}, 1000))
    except (BodyNotDecoded, RequestTooLarge):
        return


SIGNED = b"AWS4-HMAC-SHA256 Credential=%b/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("key", "account"),
    [(b"123456789012", "123456789012"), (b"AKIAIOSFODNN7EXAMPLE", None), (b"12345678901", None), (b"", None)],
)
def test_an_access_key_of_twelve_digits_is_an_account(key: bytes, account: str | None) -> None:
    assert account_of({b"authorization": SIGNED % key}) == account
    assert account_of({}) is None


def test_ids_have_their_forms() -> None:
    assert re.fullmatch(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id())
    assert re.fullmatch(rb"[0-9A-Z]{52}", long_request_id())
