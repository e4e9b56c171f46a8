"""
What answers of API destinations mean, and in whose turn they are asked.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html#eb-api-destination-error-codes
"""

from datetime import UTC, datetime, timedelta

import pytest

from pizzabar.eventbridge.destination_answer import Token, failure_of, read_token
from pizzabar.eventbridge.invocation_rates import InvocationRate
from pizzabar.http_client import HttpResponse

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def answer(status: int, retry_after: str | None = None, body: str = "") -> HttpResponse:
    headers = () if retry_after is None else (("Retry-after", retry_after),)
    return HttpResponse(status, headers, body)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_what_is_delivered(status: int) -> None:
    assert failure_of(answer(status), NOON) is None


@pytest.mark.parametrize(
    ("status", "is_retried"),
    [
        *((status, True) for status in (401, 407, 409, 429, 500, 502, 503, 504, 599)),
        *((status, False) for status in (101, 301, 304, 400, 403, 404, 408, 410, 422)),
    ],
)
def test_what_is_tried_again(status: int, is_retried: bool) -> None:
    failure = failure_of(answer(status), NOON)

    assert failure is not None
    assert failure.is_final is not is_retried


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0),
        ("30", 30),
        (" 0 ", 0),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("soon", 0),
    ],
)
def test_retry_after(text: str | None, seconds: int) -> None:
    failure = failure_of(answer(503, text), NOON)

    assert failure is not None
    assert (failure.is_final, failure.retry_after) == (False, timedelta(seconds=seconds))


def test_a_negative_retry_after_ends_the_retries() -> None:
    failure = failure_of(answer(503, "-1"), NOON)

    assert failure is not None
    assert failure.is_final


def test_the_reason_is_told() -> None:
    failure = failure_of(answer(400, body="no such pizza"), NOON)

    assert str(failure) == (
        "SDK_CLIENT_ERROR: Unable to invoke ApiDestination endpoint: API destination returned HTTP status 400"
        " with payload: no such pizza"
    )


@pytest.mark.parametrize(
    ("response", "read"),
    [
        (answer(200, body='{"access_token":"t","expires_in":60}'), Token("t", NOON + timedelta(minutes=1))),
        (answer(200, body='{"access_token":"t","expires_in":"60"}'), Token("t", NOON + timedelta(minutes=1))),
        (answer(200, body='{"access_token":"t"}'), Token("t", None)),
        (answer(200, body='{"access_token":"t","expires_in":1e300}'), Token("t", None)),
        (answer(200, body="hello"), "the authorization endpoint answered without an access_token"),
        (answer(200, body='{"token":"t"}'), "the authorization endpoint answered without an access_token"),
        (answer(403), "the authorization endpoint answered with HTTP status 403"),
    ],
)
def test_tokens(response: HttpResponse, read: Token | str) -> None:
    assert read_token(response, NOON) == read


def test_within_any_second_there_are_so_many_turns() -> None:
    rate, half, never = InvocationRate(2), timedelta(seconds=0.5), NOON + timedelta(days=1)

    assert rate.turn("a", NOON, never) is None
    assert rate.turn("b", NOON + half, never) is None
    assert rate.turn("c", NOON + half, never) == NOON + 2 * half
    assert rate.turn("d", NOON + half, never) == NOON + 3 * half
    assert rate.turn("e", NOON + half, never) == NOON + 4 * half
    assert rate.turn("c", NOON + 2 * half, never) is None
    assert rate.turn("d", NOON + 3 * half, never) is None
    assert rate.turn("f", NOON + 20 * half, never) is None


def test_who_comes_too_late_takes_nobodys_turn_away() -> None:
    rate, second = InvocationRate(1), timedelta(seconds=1)

    assert rate.turn("a", NOON, NOON + second) is None
    assert rate.turn("b", NOON, NOON + second) == NOON + second
    for late in "cdef":
        assert rate.turn(late, NOON, NOON + second) == NOON + 2 * second
    assert rate.turn("g", NOON + 2 * second, NOON + 3 * second) is None
