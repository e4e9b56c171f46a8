"""
Cron expressions: held against a slow reading of their documentation, and against another implementation.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from aws_croniter import AwsCroniter
from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar.cron import InvalidSchedule, read_cron
from tests.slow_cron import times

DAY = 24 * 60


def number(least: int, most: int) -> st.SearchStrategy[str]:
    return st.integers(least, most).map(str)


def part(least: int, most: int) -> st.SearchStrategy[str]:
    numbers = number(least, most)
    ranges = st.builds("{}-{}".format, numbers, numbers)
    steps = st.builds("{}/{}".format, st.one_of(st.just("*"), numbers), number(1, most))
    return st.one_of(st.just("*"), numbers, ranges, steps)


def field(least: int, most: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), st.lists(part(least, most), min_size=1, max_size=3).map(",".join))


MONTHS = st.one_of(field(1, 12), st.sampled_from(["JAN", "FEB,MAR", "NOV-FEB", "2"]))
DAYS = st.one_of(field(1, 31), st.sampled_from(["L", "L,15", "31", "29", *(f"{day}W" for day in range(1, 32))]))
WEEKDAYS = st.one_of(
    st.lists(st.one_of(number(1, 7), st.sampled_from(["MON-FRI", "FRI-MON", "SUN", "6L", "TUEL"])), min_size=1).map(
        ",".join
    ),
    st.builds("{}#{}".format, number(1, 7), number(1, 5)),
)
YEARS = st.one_of(st.just("*"), st.sampled_from(["2024", "2023-2027", "2024/4", "2030"]))
DATES = st.one_of(
    st.tuples(DAYS, MONTHS, st.just("?")),
    st.tuples(st.just("?"), MONTHS, WEEKDAYS),
).map(" ".join)
EXPRESSIONS = st.builds("{} {} {} {}".format, field(0, 59), field(0, 23), DATES, YEARS)
MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
# Where clocks go back and forth, by an hour or half of one, in either half of the world; one that lost a day; one
# that does nothing of the kind.
CHANGES = {
    "America/Los_Angeles": ["2024-03-10T10:00", "2024-11-03T09:00"],
    "America/Sao_Paulo": ["2018-11-04T03:00", "2018-02-18T02:00"],
    "Asia/Kolkata": ["2024-03-10T10:00"],
    "Australia/Lord_Howe": ["2024-04-06T15:00", "2024-10-05T15:30"],
    "Australia/Sydney": ["2024-04-06T16:00", "2024-10-05T16:00"],
    "Europe/Berlin": ["2024-03-31T01:00", "2024-10-27T01:00"],
    "Pacific/Apia": ["2011-12-30T10:00"],
}
CHANGED = st.sampled_from([(zone, moment) for zone, moments in CHANGES.items() for moment in moments])


def first(expression: str, moment: datetime, minutes: int, zone: str = "UTC") -> list[datetime]:
    """Give the times in the minutes after a moment."""
    cron, found = read_cron(expression, ZoneInfo(zone)), []
    last = moment + timedelta(minutes=minutes)
    while (after := cron.next_after(moment)) is not None and after <= last:
        found.append(after)
        moment = after
    return found


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, MOMENTS)
def test_the_times_are_those_that_every_field_names(expression: str, moment: datetime) -> None:
    assert first(expression, moment, 2 * DAY) == times(expression, moment, 2 * DAY)


@settings(max_examples=60, deadline=None)
@given(field(0, 59), field(0, 23), CHANGED, st.integers(-DAY, 0))
def test_a_wall_s_times_are_skipped_or_meant_once_where_clocks_change(
    minutes: str, hours: str, changed: tuple[str, str], offset: int
) -> None:
    zone, at = changed
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC) + timedelta(minutes=offset)
    expression = f"{minutes} {hours} * * ? *"

    assert first(expression, moment, 2 * DAY, zone) == times(expression, moment, 2 * DAY, zone)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*CHANGES]), MOMENTS, EXPRESSIONS)
def test_the_times_in_a_zone(zone: str, moment: datetime, expression: str) -> None:
    assert first(expression, moment, 2 * DAY, zone) == times(expression, moment, 2 * DAY, zone)


# The other implementation has no time zones. It refuses lists with a star, an L or a W in them, and has no times for
# an L alone among the days of the week, which is documented as the last of them.
def told(least: int, most: int) -> st.SearchStrategy[str]:
    numbers = st.lists(st.integers(least, most), min_size=1, max_size=3, unique=True)
    ends = st.lists(st.integers(least, most), min_size=2, max_size=2, unique=True).map(sorted)
    steps = st.builds("{}/{}".format, st.one_of(st.just("*"), number(least, most)), number(1, most))
    return st.one_of(
        st.just("*"), numbers.map(lambda each: ",".join(map(str, each))), ends.map("{0[0]}-{0[1]}".format), steps
    )


WORDED = {
    "MON": st.sampled_from(["JAN", "FEB", "MAR-JUN"]),
    "DAY": st.sampled_from(["L", *(f"{day}W" for day in range(1, 32))]),
    "WEEKDAY": st.one_of(
        number(1, 7),
        st.sampled_from(["SUN", "MON-FRI", "2,4,6", "6L", "1L"]),
        st.builds("{}#{}".format, number(1, 7), number(1, 5)),
    ),
}
TOLD_MONTHS = st.one_of(told(1, 12), WORDED["MON"])
TOLD_DATES = st.one_of(
    st.tuples(st.one_of(told(1, 31), WORDED["DAY"]), TOLD_MONTHS, st.just("?")),
    st.tuples(st.just("?"), TOLD_MONTHS, WORDED["WEEKDAY"]),
).map(" ".join)
TOLD = st.builds("{} {} {} {}".format, told(0, 59), told(0, 23), TOLD_DATES, st.sampled_from(["*", "2024-2028"]))


@settings(max_examples=200, deadline=None)
@given(TOLD, MOMENTS)
def test_another_implementation_has_the_same_times(expression: str, moment: datetime) -> None:
    theirs, after = AwsCroniter(expression), moment.replace(second=0, microsecond=0)

    for _ in range(3):
        found = read_cron(expression).next_after(after)
        assert found == next(iter(theirs.get_next(after)), None)
        if found is None:
            break
        after = found


@pytest.mark.parametrize(
    ("expression", "zone", "moment", "expected"),
    [
        # The example of the user guide: skipped in spring, once in the fall, before the shift.
        ("30 2 * * ? *", "America/Los_Angeles", "2024-03-09T12:00", ["2024-03-11T09:30", "2024-03-12T09:30"]),
        ("30 1 * * ? *", "America/Los_Angeles", "2024-11-02T12:00", ["2024-11-03T08:30", "2024-11-04T09:30"]),
        # The other half of the world.
        ("30 2 * * ? *", "Australia/Sydney", "2024-10-05T00:00", ["2024-10-06T15:30", "2024-10-07T15:30"]),
        ("30 2 * * ? *", "Australia/Sydney", "2024-04-06T00:00", ["2024-04-06T15:30", "2024-04-07T16:30"]),
        # From within the hour that comes a second time: it is not meant again.
        ("0/20 * * * ? *", "Europe/Berlin", "2024-10-27T01:10", ["2024-10-27T02:00", "2024-10-27T02:20"]),
        ("0/20 * * * ? *", "Europe/Berlin", "2024-10-27T00:30", ["2024-10-27T00:40", "2024-10-27T02:00"]),
        # A day that there was none of.
        ("0 12 * * ? *", "Pacific/Apia", "2011-12-29T00:00", ["2011-12-29T22:00", "2011-12-30T22:00"]),
        # Ends of months, and leap days.
        ("0 0 L 2 ? *", "UTC", "2027-01-01T00:00", ["2027-02-28T00:00", "2028-02-29T00:00"]),
        ("0 0 29 2 ? *", "UTC", "2096-01-01T00:00", ["2096-02-29T00:00", "2104-02-29T00:00"]),
        ("0 0 31 * ? *", "UTC", "2027-01-31T00:00", ["2027-03-31T00:00", "2027-05-31T00:00"]),
        ("59 23 L * ? *", "Asia/Kolkata", "2027-01-31T18:29", ["2027-02-28T18:29", "2027-03-31T18:29"]),
        ("0 0 ? * L *", "UTC", "2026-03-01T00:00", ["2026-03-07T00:00", "2026-03-14T00:00"]),
    ],
)
def test_calendars_and_clocks(expression: str, zone: str, moment: str, expected: list[str]) -> None:
    cron, found = read_cron(expression, ZoneInfo(zone)), []
    after: datetime | None = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    for _ in expected:
        assert after is not None
        after = cron.next_after(after)
        found.append(f"{after:%Y-%m-%dT%H:%M}")

    assert found == expected


@pytest.mark.parametrize("expression", ["0 0 ? * 3#1,6#3 *", "0 0 ? * MON,6#3 *", "0 0 ? * 2/2 *", "0 0 LW * ? *"])
def test_what_the_documentation_rules_out(expression: str) -> None:
    with pytest.raises(InvalidSchedule):
        read_cron(expression)
