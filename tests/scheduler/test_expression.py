"""
Laws of the times of schedules, held against a reading minute by minute.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar.scheduler.expression import Once, Times, last_until, read_expression
from tests.slow_cron import times

DAY = 24 * 60
MINUTE = timedelta(minutes=1)
MADE = datetime(2028, 2, 28, 12, tzinfo=UTC)
MOMENTS = st.integers(-2 * DAY, 3 * DAY).map(lambda minutes: MADE + minutes * MINUTE)
ZONES = st.sampled_from(["UTC", "America/New_York", "Australia/Sydney", "Asia/Kathmandu"])
CRONS = st.builds(
    "{} {} {}".format,
    st.sampled_from(["0", "*/7", "5-10", "59", "0,30"]),
    st.sampled_from(["*", "2", "*/5", "23,1", "1-3"]),
    st.sampled_from(["* * ? *", "L * ? *", "29 2 ? *", "? * MON-FRI *", "1W * ? *", "? * 3#5 *", "* * ? 2028"]),
)
RATES = st.tuples(st.integers(1, 300), st.sampled_from(["minute", "hour", "day"]))
LENGTHS = {"minute": 1, "hour": 60, "day": DAY}


def chain(found: Times, after: datetime, until: datetime) -> list[datetime]:
    """Give the times after one moment and until another."""
    chained = []
    moment = found.next_after(after)
    while moment is not None and moment <= until:
        chained.append(moment)
        moment = found.next_after(moment)
    return chained


@settings(max_examples=50, deadline=None)
@given(CRONS, ZONES, MOMENTS, MOMENTS)
def test_a_cron_s_times_are_those_from_its_start_to_its_end(
    cron: str, zone: str, start: datetime, end: datetime
) -> None:
    found = read_expression(f"cron({cron})", zone, start, end, MADE)
    after = MADE - 3 * DAY * MINUTE

    expected = [each for each in times(cron, after, 7 * DAY, zone) if start <= each <= end]
    assert chain(found, after, MADE + 4 * DAY * MINUTE) == expected
    assert found.first(MADE) == next((each for each in expected if each >= MADE), None)


@settings(max_examples=100, deadline=None)
@given(RATES, st.one_of(st.none(), MOMENTS), MOMENTS)
def test_a_rate_s_times_are_counted_from_its_start(
    rate: tuple[int, str], start: datetime | None, end: datetime
) -> None:
    number, unit = rate
    found = read_expression(f"rate({number} {unit}s)", "UTC", start, end, MADE)
    period = number * LENGTHS[unit] * MINUTE

    counted = start or MADE
    expected = []
    while counted <= end:
        expected.append(counted)
        counted += period
    assert chain(found, MADE - 9 * DAY * MINUTE, end) == expected
    assert found.first(MADE) == next((each for each in expected if each >= MADE), None)


@given(MOMENTS, ZONES)
def test_once_is_one_time(moment: datetime, zone: str) -> None:
    found = read_expression(f"at({moment:%Y-%m-%dT%H:%M:%S})", zone, None, None, MADE)

    assert isinstance(found, Once)
    assert chain(found, datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)) == [found.when]
    assert found.first(MADE) == found.when


@settings(max_examples=60, deadline=None)
@given(st.one_of(CRONS.map("cron({})".format), RATES.map("rate({0[0]} {0[1]}s)".format)), ZONES, MOMENTS)
def test_the_last_time_until_now_is_the_last_of_the_chain(expression: str, zone: str, now: datetime) -> None:
    found = read_expression(expression, zone, None, None, MADE - 3 * DAY * MINUTE)
    first = found.next_after(MADE - 3 * DAY * MINUTE - timedelta(seconds=1))
    if first is None or first > now:
        return

    assert last_until(found, first, now) == [first, *chain(found, first, now)][-1]
