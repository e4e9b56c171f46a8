"""
Schedule expressions: ``at(2026-03-01T12:00:00)``, ``rate(5 minutes)`` and ``cron(0 12 * * ? *)``, in a time zone.

Rules:
- ``at`` is once, and knows neither start nor end. A time that clocks leave out is as much later as they are put
  forward, and one that comes twice is the first: the documentation speaks of cron expressions alone.
- A rate is counted from its start; without one its first time is when the schedule was made. A day is 24 hours.
- A start and an end are times of the schedule themselves, if they are any.

Pure.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pizzabar.cron import Cron, InvalidSchedule, read_cron
from pizzabar.errors import ValidationException
from pizzabar.rate import Rate, period_of
from pizzabar.record import record

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", re.ASCII)
_RATE = re.compile(r"rate\(([0-9]{1,9})\s+(minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((.*)\)")
_OF_THE_MACHINE = ("Factory", "localtime", "posix", "right/")
"""What the names begin with that stand beside those of IANA in a machine's own files."""
_INSTANT = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)


@record
class Once:
    """One time."""

    when: datetime

    def first(self, now: datetime) -> datetime | None:
        """Give the time, also where it has passed."""
        return self.when

    def next_after(self, moment: datetime) -> datetime | None:
        """Give the time if it comes after a moment."""
        return self.when if self.when > moment else None


@record
class Recurring:
    """Times that come again, from a start to an end."""

    times: Rate | Cron
    start: datetime | None = None
    end: datetime | None = None

    def first(self, now: datetime) -> datetime | None:
        """Give the first time for a schedule that is made now."""
        begin = now.replace(microsecond=0)
        return self.next_after((begin if self.start is None else max(begin, self.start)) - _INSTANT)

    def next_after(self, moment: datetime) -> datetime | None:
        """Give the first time after a moment; None if there is none any more."""
        if self.start is not None and moment < self.start:
            moment = self.start - _INSTANT
        found = self.times.next_after(moment)
        return None if found is None or (self.end is not None and found > self.end) else found


Times = Once | Recurring


def read_expression(text: str, zone: str, start: datetime | None, end: datetime | None, made: datetime) -> Times:
    """Read an expression of a schedule made at a moment. Raise ``ValidationException``."""
    tz = _zone(zone)
    try:
        if (at := _AT.fullmatch(text)) is not None:
            return Once(datetime.fromisoformat(at[1]).replace(tzinfo=tz).astimezone(UTC))
        if (rate := _RATE.fullmatch(text)) is not None:
            since = made.replace(microsecond=0) if start is None else start
            return Recurring(Rate(period_of(int(rate[1]), rate[2]), since), start, end)
        if (cron := _CRON.fullmatch(text)) is not None:
            # The year may be left out.
            fields = cron[1] if len(cron[1].split()) != 5 else f"{cron[1]} *"
            return Recurring(read_cron(fields, tz), start, end)
    except (InvalidSchedule, ValueError, OverflowError):
        pass
    raise ValidationException(f"Invalid Schedule Expression {text}.")


def _zone(name: str) -> ZoneInfo:
    try:
        if name.startswith(_OF_THE_MACHINE):
            raise ValueError
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValidationException(f"Invalid Schedule Expression Timezone {name}.") from None


def last_until(times: Times, first: datetime, now: datetime) -> datetime:
    """Give the last time until now of those that begin with ``first``, which has passed."""
    # Looked for in what lies back, ever farther: there may be very many.
    span = _MINUTE
    while now - span > first:
        found = times.next_after(now - span)
        if found is not None and found <= now:
            break
        span *= 2
    else:
        found = first
    while (after := times.next_after(found)) is not None and after <= now:
        found = after
    return found
