"""
Cron expressions in the dialect of EventBridge and its Scheduler: six fields, ``?``, ``L``, ``W`` and ``#``.

Pure. In a time zone the fields are those of the clock on the wall: a time that is left out when clocks go forward is
skipped, and one that comes twice when they go back is meant once, the first time.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import calendar
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo

from pizzabar.errors import PizzabarError
from pizzabar.record import record

Days = Callable[[int, int], set[int]]
"""Gives the days of a month that are meant, by year and month."""
_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
LAST_YEAR = 2199


class InvalidSchedule(PizzabarError):
    """Raised when a schedule expression is none."""


@record
class Cron:
    """A cron expression that has been read."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: frozenset[int]
    years: frozenset[int]
    zone: tzinfo = UTC

    def next_after(self, moment: datetime) -> datetime | None:
        """Give the first minute that is meant after a moment; None if there is none any more."""
        for wall in self._walls(_wall(moment, self.zone)):
            found = wall.replace(tzinfo=self.zone).astimezone(UTC)
            # In the hour that comes twice, the walls ahead may have been met already.
            if found > moment and _wall(found, self.zone) == wall:
                return found
        return None

    def _walls(self, wall: datetime) -> Iterator[datetime]:
        """Give the minutes that are meant after a time on the wall, whether there are such or not."""
        today = wall.date()
        for year in sorted(each for each in self.years if each >= wall.year):
            for month in sorted(self.months):
                if (year, month) < (wall.year, wall.month):
                    continue
                for day in sorted(self.days(year, month)):
                    if (date := datetime(year, month, day)).date() < today:
                        continue
                    gone = wall.hour if date.date() == today else 0
                    for hour in self.hours[bisect_left(self.hours, gone) :]:
                        for minute in self.minutes:
                            found = date.replace(hour=hour, minute=minute)
                            if found > wall:
                                yield found


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    """Give what clocks on the wall show."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def read_cron(fields: str, zone: tzinfo = UTC) -> Cron:
    """Read the fields of a cron expression, which are of a time zone. Raise ``InvalidSchedule``."""
    parts = fields.split()
    if len(parts) != 6:
        raise InvalidSchedule(f"a cron expression has six fields, not {len(parts)}")
    minutes, hours, days, months, weekdays, years = parts
    if (days == "?") == (weekdays == "?"):
        raise InvalidSchedule("of day-of-month and day-of-week exactly one is ?")
    return Cron(
        tuple(sorted(_numbers(minutes, 0, 59))),
        tuple(sorted(_numbers(hours, 0, 23))),
        _days_of_month(days) if weekdays == "?" else _days_of_week(weekdays),
        frozenset(_numbers(months, 1, 12, MONTHS)),
        frozenset(_numbers(years, 1970, LAST_YEAR)),
        zone,
    )


def _numbers(field: str, least: int, most: int, names: Mapping[str, int] | None = None) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        found.update(_range(part, least, most, names or {}))
    return found


def _range(part: str, least: int, most: int, names: Mapping[str, int]) -> Iterator[int]:
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span == "*":
        start, end = least, most
    else:
        start = _number(first, least, most, names)
        # A step from a single value goes on to the end.
        end = _number(last, least, most, names) if dash else most if slash else start
    if slash and (not step.isdecimal() or int(step) == 0):
        raise InvalidSchedule(f"{part} has no step")
    width = int(step) if slash else 1
    if start <= end:
        yield from range(start, end + 1, width)
    else:
        # FRI-MON: around the end.
        count = most - least + 1
        yield from (least + (each - least) % count for each in range(start, end + count + 1, width))


def _number(text: str, least: int, most: int, names: Mapping[str, int]) -> int:
    number = names.get(text.upper(), int(text) if text.isascii() and text.isdecimal() else None)
    if number is None or not least <= number <= most:
        raise InvalidSchedule(f"{text} is not between {least} and {most}")
    return number


def _days_of_month(field: str) -> Days:
    fixed: set[int] = set()
    others: list[Days] = []
    for part in field.split(","):
        if part == "L":
            others.append(lambda year, month: {_last(year, month)})
        elif nearest := re.fullmatch(r"([0-9]{1,2})W", part):
            day = _number(nearest[1], 1, 31, {})
            others.append(lambda year, month, day=day: _nearest_weekday(year, month, day))  # type: ignore[misc]
        else:
            fixed.update(_numbers(part, 1, 31))

    def days(year: int, month: int) -> set[int]:
        found = {day for day in fixed if day <= _last(year, month)}
        return found.union(*(other(year, month) for other in others))

    return days


def _days_of_week(field: str) -> Days:
    fixed: set[int] = set()
    others: list[Days] = []
    for part in field.split(","):
        if part == "L":
            fixed.add(WEEKDAYS["SAT"])
        elif last := re.fullmatch(r"([0-9A-Za-z]{1,3})L", part):
            weekday = _number(last[1], 1, 7, WEEKDAYS)
            others.append(lambda year, month, weekday=weekday: _of(year, month, weekday, -1))  # type: ignore[misc]
        elif nth := re.fullmatch(r"([0-9A-Za-z]{1,3})#([1-5])", part):
            if part != field:
                raise InvalidSchedule(f"{field} has more than one expression, and a #")
            weekday, number = _number(nth[1], 1, 7, WEEKDAYS), int(nth[2]) - 1
            others.append(
                lambda year, month, weekday=weekday, number=number: _of(year, month, weekday, number)  # type: ignore[misc]
            )
        elif "/" in part:
            raise InvalidSchedule(f"{part}: days of the week have no steps")
        else:
            fixed.update(_numbers(part, 1, 7, WEEKDAYS))

    def days(year: int, month: int) -> set[int]:
        found = {day for day in range(1, _last(year, month) + 1) if _weekday(year, month, day) in fixed}
        return found.union(*(other(year, month) for other in others))

    return days


def _last(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _weekday(year: int, month: int, day: int) -> int:
    """Give the day of the week, 1 for Sunday."""
    return (calendar.weekday(year, month, day) + 1) % 7 + 1


def _of(year: int, month: int, weekday: int, number: int) -> set[int]:
    """Give the first (0), second (1) … or last (-1) of a weekday, where there is one."""
    days = [day for day in range(1, _last(year, month) + 1) if _weekday(year, month, day) == weekday]
    return set(days[number : number + 1] if number >= 0 else days[-1:])


def _nearest_weekday(year: int, month: int, day: int) -> set[int]:
    """Give the day from Monday to Friday that is nearest, within the month."""
    last = _last(year, month)
    if day > last:
        return set()
    match _weekday(year, month, day):
        case 7:
            return {day - 1 if day > 1 else day + 2}
        case 1:
            return {day + 1 if day < last else day - 2}
    return {day}
