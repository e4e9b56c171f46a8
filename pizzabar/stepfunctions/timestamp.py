"""
Timestamps of the States Language: RFC 3339 with an upper-case ``T``, and ``Z`` or an offset.

https://states-language.net/spec.html#timestamps
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from pizzabar.documents import JSON

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:Z|([+-])(\d{2}):(\d{2}))", re.ASCII
)


def read_timestamp(value: JSON) -> datetime | None:
    """Give the instant that a timestamp names, or None when the value is not a timestamp.

    A fraction may have any length; what is finer than a microsecond is cut off.
    """
    match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    *numbers, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        local = datetime(year, month, day, hour, minute, second, int((fraction or "0")[:6].ljust(6, "0")), zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_timestamp(when: datetime) -> str:
    """Write an instant as the context object does: milliseconds and ``Z``."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
