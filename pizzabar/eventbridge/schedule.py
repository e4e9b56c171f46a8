"""
Schedule expressions: ``rate(5 minutes)`` and ``cron(0 12 * * ? *)``.

Pure.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pizzabar.eventbridge.cron import InvalidSchedule, read_cron
from pizzabar.record import record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_RATE = re.compile(r"rate\(\s*([0-9]{1,9})\s+(minute|hour|day)(s?)\s*\)")
_CRON = re.compile(r"cron\((.*)\)")


class Schedule(Protocol):
    """The times of a rule."""

    def next_after(self, moment: datetime) -> datetime | None:
        """Give the first time after a moment; None if there is none any more."""


@record
class Rate:
    """A time every so often.

    EventBridge counts from when the rule was made. Here it is from the epoch, so that a server that is started again
    does not begin anew: five minutes are those of the clock, 12:00, 12:05.
    """

    period: timedelta

    def next_after(self, moment: datetime) -> datetime | None:
        """See ``Schedule``."""
        try:
            return EPOCH + ((moment - EPOCH) // self.period + 1) * self.period
        except OverflowError:
            return None


def read_schedule(text: str) -> Schedule:
    """Read a schedule expression. Raise ``InvalidSchedule``."""
    if (rate := _RATE.fullmatch(text)) is not None:
        number = int(rate[1])
        if number == 0 or (number == 1) == bool(rate[3]):
            raise InvalidSchedule("a rate is of 1 minute, 1 hour or 1 day, or of so many minutes, hours or days")
        try:
            return Rate(number * UNITS[rate[2]])
        except OverflowError:
            raise InvalidSchedule(f"{text} is beyond all time") from None
    if (cron := _CRON.fullmatch(text)) is not None:
        return read_cron(cron[1])
    raise InvalidSchedule("a schedule is rate(...) or cron(...)")
