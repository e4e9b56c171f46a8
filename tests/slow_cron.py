"""
Cron expressions as their documentation reads, minute by minute: slow, and with nothing in common with the real thing.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from calendar import day_abbr, month_abbr, monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MONTHS = [name.upper() for name in month_abbr]
WEEKDAYS = ["", "SUN", *(name.upper() for name in day_abbr[:6])]
MINUTE = timedelta(minutes=1)


def is_meant(expression: str, wall: datetime) -> bool:
    """Whether a minute on the wall is one of those that a cron expression names."""
    minutes, hours, days, months, weekdays, years = expression.split()
    return (
        names(minutes, wall.minute, 0, 59)
        and names(hours, wall.hour, 0, 23)
        and names(months, wall.month, 1, 12, MONTHS)
        and names(years, wall.year, 1970, 2199)
        and (names_day(days, wall) if weekdays == "?" else names_weekday(weekdays, wall))
    )


def names(field: str, value: int, least: int, most: int, words: list[str] | None = None) -> bool:
    def number(text: str) -> int:
        return (words or []).index(text) if text in (words or []) else int(text)

    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = least if span == "*" else number(first)
        end = most if span == "*" or (step and not dash) else number(last or first)
        within = start <= value <= end if start <= end else value >= start or value <= end
        since = (value - start) % (most - least + 1)
        if within and since % int(step or 1) == 0:
            return True
    return False


def names_day(field: str, wall: datetime) -> bool:
    last = monthrange(wall.year, wall.month)[1]
    for part in field.split(","):
        if part == "L":
            meant = wall.day == last
        elif part.endswith("W"):
            wanted = int(part[:-1])
            # The closest of the weekdays of this month; there is never a tie.
            weekdays = [day for day in range(1, last + 1) if wall.replace(day=day).isoweekday() < 6]
            meant = wanted <= last and wall.day == min(weekdays, key=lambda day: abs(day - wanted))
        else:
            meant = names(part, wall.day, 1, 31)
        if meant:
            return True
    return False


def names_weekday(field: str, wall: datetime) -> bool:
    last, weekday = monthrange(wall.year, wall.month)[1], wall.isoweekday() % 7 + 1

    def number(text: str) -> int:
        return WEEKDAYS.index(text) if text in WEEKDAYS else int(text)

    for part in field.split(","):
        if part == "L":
            meant = weekday == 7
        elif part.endswith("L"):
            meant = weekday == number(part[:-1]) and wall.day + 7 > last
        elif "#" in part:
            name, _, count = part.partition("#")
            meant = weekday == number(name) and (wall.day - 1) // 7 + 1 == int(count)
        else:
            meant = names(part, weekday, 1, 7, WEEKDAYS)
        if meant:
            return True
    return False


def minutes_after(moment: datetime, count: int) -> Iterator[datetime]:
    """Give the whole minutes after a moment."""
    start = moment.astimezone(UTC).replace(second=0, microsecond=0)
    for number in range(1, count + 1):
        yield start + number * MINUTE


def times(expression: str, moment: datetime, minutes: int, zone: str = "UTC") -> list[datetime]:
    """Give the times that an expression means in the minutes after a moment, by a clock on the wall of a zone.

    A time that comes twice on the wall is meant the first time.
    """
    found = []
    for each in minutes_after(moment, minutes):
        wall = each.astimezone(ZoneInfo(zone))
        if wall.fold == 0 and is_meant(expression, wall.replace(tzinfo=None)):
            found.append(each)
    return found
