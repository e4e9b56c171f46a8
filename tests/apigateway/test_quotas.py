"""
Token buckets.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway.quotas import AWS_CONNECTIONS, Quotas, Rate, Throttles, TokenBucket
from tests.world import NOON


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_a_burst_passes_and_then_so_many_a_second() -> None:
    bucket = TokenBucket(Rate(2, 3), NOON)

    assert [bucket.take(NOON) for _ in range(5)] == [True, True, True, False, False]
    assert [bucket.take(NOON + after(0.5)) for _ in range(2)] == [True, False]
    assert [bucket.take(NOON + after(60)) for _ in range(5)] == [True, True, True, False, False]


def test_a_rate_of_nothing_lets_a_burst_pass_and_no_more() -> None:
    bucket = TokenBucket(Rate(0, 1), NOON)

    assert [bucket.take(NOON + after(hour * 3600)) for hour in range(3)] == [True, False, False]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = TokenBucket(Rate(1, 1), NOON)

    assert bucket.take(NOON)
    assert not bucket.take(NOON - after(60))
    assert not bucket.take(NOON + after(0.5))
    assert bucket.take(NOON + after(1))


@given(
    st.floats(0.1, 100),
    st.integers(1, 20),
    st.lists(st.floats(0, 10), max_size=100),
)
def test_never_more_pass_than_the_rate_says(rate: float, burst: int, pauses: list[float]) -> None:
    bucket = TokenBucket(Rate(rate, burst), NOON)
    now, passed = NOON, 0
    for pause in pauses:
        now += after(pause)
        passed += bucket.take(now)

        assert passed <= burst + (now - NOON).total_seconds() * rate + 1e-6


def test_nothing_is_throttled_unless_it_is_asked_for() -> None:
    throttles = Throttles(Quotas())

    assert all(throttles.admits_request(NOON) and throttles.admits_connection(NOON) for _ in range(100_000))


def test_routes_have_buckets_of_their_own_and_share_the_account() -> None:
    throttles = Throttles(Quotas(requests=Rate(0, 3)))
    one = Rate(0, 1)

    assert throttles.admits_message("a", "s", "x", one, NOON)
    assert not throttles.admits_message("a", "s", "x", one, NOON)
    assert throttles.admits_message("a", "s", "y", one, NOON)
    assert throttles.admits_message("a", "t", "x", one, NOON)
    assert not throttles.admits_message("b", "s", "x", one, NOON)


def test_the_quotas_of_aws() -> None:
    quotas = Quotas()

    assert (quotas.message_bytes, quotas.frame_bytes) == (128 * 1024, 32 * 1024)
    assert (quotas.idle, quotas.life) == (after(600), after(7200))
    assert Rate(500, 500) == AWS_CONNECTIONS
