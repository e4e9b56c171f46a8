"""
Schedule expressions of rules: ``rate(5 minutes)`` and ``cron(0 12 * * ? *)``, in UTC.

EventBridge counts a rate from when the rule was made. Here it is from the epoch, so that a server that is started
again does not begin anew: five minutes are those of the clock, 12:00, 12:05.

Pure.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

import re
from datetime import datetime
from typing import Protocol

from pizzabar.cron import InvalidSchedule, read_cron
from pizzabar.rate import Rate, period_of

_RATE = re.compile(r"rate\(\s*([0-9]{1,9})\s+(minute|hour|day)(s?)\s*\)")
_CRON = re.compile(r"cron\((.*)\)")


class Schedule(Protocol):
    """The times of a rule."""

    def next_after(self, moment: datetime) -> datetime | None:
        """Give the first time after a moment; None if there is none any more."""


def read_schedule(text: str) -> Schedule:
    """Read a schedule expression. Raise ``InvalidSchedule``."""
    if (rate := _RATE.fullmatch(text)) is not None:
        number = int(rate[1])
        if number == 0 or (number == 1) == bool(rate[3]):
            raise InvalidSchedule("a rate is of 1 minute, 1 hour or 1 day, or of so many minutes, hours or days")
        return Rate(period_of(number, rate[2]))
    if (cron := _CRON.fullmatch(text)) is not None:
        return read_cron(cron[1])
    raise InvalidSchedule("a schedule is rate(...) or cron(...)")
