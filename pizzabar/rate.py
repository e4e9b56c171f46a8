"""
Rates: a time every so often, counted from a moment.

Pure.
"""

from datetime import UTC, datetime, timedelta

from pizzabar.cron import InvalidSchedule
from pizzabar.record import record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


@record
class Rate:
    """A time every ``period``; the first of them is ``first``."""

    period: timedelta
    first: datetime = EPOCH

    def next_after(self, moment: datetime) -> datetime | None:
        """Give the first time after a moment; None if there is none any more."""
        if moment < self.first:
            return self.first
        try:
            return self.first + ((moment - self.first) // self.period + 1) * self.period
        except OverflowError:
            return None


def period_of(number: int, unit: str) -> timedelta:
    """Give so many of a unit, named in the singular. Raise ``InvalidSchedule``."""
    if number == 0:
        raise InvalidSchedule("a rate is not of nothing")
    try:
        return number * _UNITS[unit]
    except OverflowError:
        raise InvalidSchedule(f"{number} {unit}s are beyond all time") from None
