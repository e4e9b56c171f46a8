"""
Schedule expressions.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

import calendar
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.cron import InvalidSchedule
from pizzabar.eventbridge.schedule import read_schedule

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def times(text: str, count: int = 3, after: datetime = NOON) -> list[str]:
    """Give the next times of a schedule."""
    schedule, found = read_schedule(text), []
    for _ in range(count):
        moment = schedule.next_after(after)
        if moment is None:
            break
        found.append(f"{moment:%Y-%m-%d %H:%M}")
        after = moment
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(1 minute)", ["2026-03-01 12:01", "2026-03-01 12:02", "2026-03-01 12:03"]),
        ("rate(5 minutes)", ["2026-03-01 12:05", "2026-03-01 12:10", "2026-03-01 12:15"]),
        ("rate(2 hours)", ["2026-03-01 14:00", "2026-03-01 16:00", "2026-03-01 18:00"]),
        ("rate(1 day)", ["2026-03-02 00:00", "2026-03-03 00:00", "2026-03-04 00:00"]),
        # The examples of the user guide.
        ("cron(0 10 * * ? *)", ["2026-03-02 10:00", "2026-03-03 10:00", "2026-03-04 10:00"]),
        ("cron(15 12 * * ? *)", ["2026-03-01 12:15", "2026-03-02 12:15", "2026-03-03 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-03-02 18:00", "2026-03-03 18:00", "2026-03-04 18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-04-01 08:00", "2026-05-01 08:00", "2026-06-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["2026-03-01 12:15", "2026-03-01 12:30", "2026-03-01 12:45"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-03-02 00:00", "2026-03-02 00:10", "2026-03-02 00:20"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-03-02 08:00", "2026-03-02 08:05", "2026-03-02 08:10"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-03-02 09:00", "2026-04-06 09:00", "2026-05-04 09:00"]),
        ("cron(0 0 L * ? *)", ["2026-03-31 00:00", "2026-04-30 00:00", "2026-05-31 00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-03-27 00:00", "2026-04-24 00:00", "2026-05-29 00:00"]),
        ("cron(0 0 ? * L *)", ["2026-03-07 00:00", "2026-03-14 00:00", "2026-03-21 00:00"]),
        ("cron(0 0 3W * ? *)", ["2026-03-03 00:00", "2026-04-03 00:00", "2026-05-04 00:00"]),
        ("cron(0 0 1W 8 ? *)", ["2026-08-03 00:00", "2027-08-02 00:00", "2028-08-01 00:00"]),
        ("cron(0 0 31W 5 ? *)", ["2026-05-29 00:00", "2027-05-31 00:00", "2028-05-31 00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("cron(0 0 ? * FRI-MON *)", ["2026-03-02 00:00", "2026-03-06 00:00", "2026-03-07 00:00"]),
        ("cron(0 0 ? jan,jul SUN#5 *)", ["2027-01-31 00:00", "2028-01-30 00:00", "2028-07-30 00:00"]),
        ("cron(30 13 1 3 ? 2026)", ["2026-03-01 13:30"]),
        ("cron(0 0 1 1 ? 2026)", []),
        ("rate(999999999 days)", []),
    ],
)
def test_the_next_times(text: str, expected: list[str]) -> None:
    assert times(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "rate", "rate()", "rate(5)", "rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "rate(-1 day)"),
        *("rate(5 seconds)", "rate(1.5 hours)", "Rate(1 day)", "at(2026-01-01T00:00:00)"),
        *("cron()", "cron(* * * * *)", "cron(* * * * * *)", "cron(* * ? * ? *)", "cron(60 * * * ? *)"),
        *("cron(* 24 * * ? *)", "cron(* * 0 * ? *)", "cron(* * 32 * ? *)", "cron(* * * 13 ? *)"),
        *("cron(* * ? * 8 *)", "cron(* * ? * MON#6 *)", "cron(* * * * ? 1969)", "cron(* * * * ? 2200)"),
        *(
            "cron(*/0 * * * ? *)",
            "cron(*/x * * * ? *)",
            "cron(1- * * * ? *)",
            "cron(, * * * ? *)",
            "cron(٣ * * * ? *)",
        ),
        *("cron(٣ * * * ? *)", "cron(* * W * ? *)", "cron(* * 32W * ? *)", "cron(* * ? * XYZL *)"),
    ],
)
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(InvalidSchedule):
        read_schedule(text)


@given(MOMENTS, st.integers(2, 10_000), st.sampled_from(["minutes", "hours", "days"]))
def test_a_rate_comes_after_its_moment_and_within_its_period(moment: datetime, number: int, unit: str) -> None:
    schedule = read_schedule(f"rate({number} {unit})")
    period = timedelta(**{unit: number})
    found = schedule.next_after(moment)

    assert found is not None
    assert moment < found <= moment + period
    assert schedule.next_after(found) == found + period


NUMBERS = st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True)
DAYS = st.lists(st.integers(1, 31), min_size=1, max_size=3, unique=True)
WEEKDAYS = st.lists(st.integers(1, 7), min_size=1, max_size=3, unique=True)


def written(numbers: list[int]) -> str:
    return ",".join(map(str, numbers))


@given(MOMENTS, NUMBERS, NUMBERS, DAYS, WEEKDAYS, st.booleans())
def test_the_next_time_is_the_first_that_all_fields_mean(
    moment: datetime, minutes: list[int], hours: list[int], days: list[int], weekdays: list[int], by_week: bool
) -> None:
    day_fields = ("?", written(weekdays)) if by_week else (written(days), "?")
    text = f"cron({written(minutes)} {written(hours)} {day_fields[0]} * {day_fields[1]} *)"
    found = read_schedule(text).next_after(moment)

    def is_meant(day: datetime) -> bool:
        # 1 is Sunday.
        return (
            (calendar.weekday(day.year, day.month, day.day) + 1) % 7 + 1 in weekdays if by_week else day.day in days
        )

    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    expected = None
    while expected is None:
        if is_meant(day):
            candidates = [day.replace(hour=hour, minute=minute) for hour in hours for minute in minutes]
            expected = min((each for each in candidates if each > moment), default=None)
        day += timedelta(days=1)
    assert found == expected
