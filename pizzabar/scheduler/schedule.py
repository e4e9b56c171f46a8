"""
A schedule: when it asks its target, and where it stands.

Rules:
- ``next`` is the time that comes next, or that is overdue; it moves on when what it sets off is accepted, in the
  same commit. None is a schedule that is through.
- With a flexible time window a time is due at a moment within that, which follows from schedule and time alone.
- A change of expression, zone or dates begins anew; any other keeps the place.

Pure.
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.record import record
from pizzabar.scheduler.constraints import SCHEDULE, check
from pizzabar.scheduler.expression import Once, Times, read_expression
from pizzabar.scheduler.target import DEFAULT_RETRIES, check_region, check_target

_DEFAULTS = {
    "ActionAfterCompletion": "NONE",
    "GroupName": "default",
    "ScheduleExpressionTimezone": "UTC",
    "State": "ENABLED",
}
_MEMBERS = (
    *("ActionAfterCompletion", "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name"),
    *("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "State", "Target"),
)
_TIMING = ("EndDate", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate")
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_OLDEST_START = timedelta(minutes=5)


@record
class Schedule:
    """A schedule as it was given, its times, and where it stands.

    ``revision`` names it as it is: another after each change. ``token`` is the last client token that it was made or
    changed with.
    """

    arn: str
    document: Mapping[str, JSON]
    times: Times
    created: datetime
    modified: datetime
    revision: str
    began: datetime
    """When it began anew: what a rate without a start is counted from."""
    next: datetime | None
    token: str | None = None
    is_declared: bool = False
    """Whether the template has it."""
    is_asked: bool = True
    """Whether API calls have made or changed it."""
    is_gone: bool = False
    """Whether a schedule of the template was deleted, and only this is left of it."""

    @property
    def name(self) -> str:
        """Its name, in its group."""
        return str(self.document["Name"])

    @property
    def group(self) -> str:
        """The name of its group."""
        return str(self.document["GroupName"])

    @property
    def target(self) -> JSON:
        """What it asks."""
        return self.document["Target"]

    @property
    def is_enabled(self) -> bool:
        """Whether it asks its target at all."""
        return bool(self.document["State"] == "ENABLED")

    @property
    def ends(self) -> bool:
        """Whether there is a last time, after which it may be deleted.

        https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html
        """
        return isinstance(self.times, Once) or self.times.end is not None

    def moment_of(self, scheduled: datetime) -> datetime:
        """Give the moment within its window at which a time is due."""
        window = self.document["FlexibleTimeWindow"]
        if window["Mode"] == "OFF":
            return scheduled
        drawn = blake2b(f"{self.arn} {scheduled.timestamp()}".encode(), digest_size=8).digest()
        seconds = int.from_bytes(drawn, "big") % (window["MaximumWindowInMinutes"] * 60)
        # The last day of all has no room for a window.
        return scheduled + min(timedelta(seconds=seconds), _END_OF_TIME - scheduled)

    def as_json(self) -> JSON:
        """Write the schedule to be kept."""
        return {
            "document": self.document,
            "created": self.created.timestamp(),
            "modified": self.modified.timestamp(),
            "revision": self.revision,
            "began": self.began.timestamp(),
            "next": None if self.next is None else self.next.timestamp(),
            "token": self.token,
            "declared": self.is_declared,
            "asked": self.is_asked,
            "gone": self.is_gone,
        }

    @classmethod
    def from_json(cls, arn: str, kept: JSON) -> "Schedule":
        """Read what ``as_json`` wrote."""
        began = datetime.fromtimestamp(kept["began"], UTC)
        return cls(
            arn,
            kept["document"],
            times_of(kept["document"], began),
            datetime.fromtimestamp(kept["created"], UTC),
            datetime.fromtimestamp(kept["modified"], UTC),
            kept["revision"],
            began,
            None if kept["next"] is None else datetime.fromtimestamp(kept["next"], UTC),
            kept["token"],
            kept["declared"],
            kept["asked"],
            kept["gone"],
        )


def schedule_arn(home: Home, group: str, name: str) -> str:
    """Name a schedule."""
    return home.arn("scheduler", f"schedule/{group}/{name}")


def group_arn(home: Home, name: str) -> str:
    """Name a group of schedules."""
    return home.arn("scheduler", f"schedule-group/{name}")


def read_document(parameters: JSON) -> dict[str, JSON]:
    """Read the parameters of CreateSchedule or UpdateSchedule, by themselves. Raise ``ValidationException``."""
    check(parameters, SCHEDULE)
    given = {name: parameters[name] for name in _MEMBERS if parameters.get(name) is not None}
    document = {**_DEFAULTS, **given}
    for name in ("StartDate", "EndDate"):
        if name in document:
            document[name] = _seconds(document[name], name)
    window = document["FlexibleTimeWindow"]
    is_flexible, most = window["Mode"] == "FLEXIBLE", window.get("MaximumWindowInMinutes")
    if is_flexible and most is None:
        raise ValidationException(
            "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE."
        )
    if not is_flexible and most is not None:
        raise ValidationException(
            "MaximumWindowInMinutes must not be provided when FlexibleTimeWindowMode is set to OFF."
        )
    if "StartDate" in document and "EndDate" in document and document["StartDate"] >= document["EndDate"]:
        raise ValidationException("The StartDate you specify must come before the EndDate.")
    check_target(document["Target"])
    retries = {**DEFAULT_RETRIES, **(document["Target"].get("RetryPolicy") or {})}
    document["Target"] = {**document["Target"], "RetryPolicy": retries}
    return document


def check_document(document: Mapping[str, JSON], home: Home, now: datetime, known: Schedule | None = None) -> None:
    """See that a document is right here and now. Raise ``ValidationException``."""
    check_region(document["Target"], home.region)
    times = times_of(document, now)
    start = document.get("StartDate")
    is_new = known is None or known.document.get("StartDate") != start
    if start is not None and is_new and not isinstance(times, Once) and start < (now - _OLDEST_START).timestamp():
        raise ValidationException("The StartDate you specify cannot be earlier than 5 minutes ago.")


def begun(arn: str, document: Mapping[str, JSON], now: datetime, revision: str) -> Schedule:
    """Give a schedule that is made now."""
    times = times_of(document, now)
    return Schedule(arn, document, times, now, now, revision, now, times.first(now))


def changed(known: Schedule, document: Mapping[str, JSON], now: datetime, revision: str) -> Schedule:
    """Give a schedule that is changed now."""
    if any(known.document.get(name) != document.get(name) for name in _TIMING) or known.is_gone:
        made = begun(known.arn, document, now, revision)
        return replace(made, created=now if known.is_gone else known.created, is_declared=known.is_declared)
    place = known.next
    if place is not None and not isinstance(known.times, Once) and not known.is_enabled and place < now:
        # What came due while it was disabled is not made up for.
        place = known.times.next_after(now - timedelta(microseconds=1))
    return replace(known, document=document, modified=now, revision=revision, next=place)


def times_of(document: Mapping[str, JSON], began: datetime) -> Times:
    """Give the times of a schedule that began at a moment. Raise ``ValidationException``."""
    start, end = (
        None if document.get(name) is None else datetime.fromtimestamp(document[name], UTC)
        for name in ("StartDate", "EndDate")
    )
    zone = document["ScheduleExpressionTimezone"]
    return read_expression(document["ScheduleExpression"], zone, start, end, began)


def _seconds(value: JSON, name: str) -> float:
    """Give a date, which is a number or a text, as seconds since the epoch."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            value = (read.replace(tzinfo=UTC) if read.tzinfo is None else read).timestamp()
        if isinstance(value, datetime):
            value = value.timestamp()
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError
        return datetime.fromtimestamp(value, UTC).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValidationException(f"{name} is not a date.") from None
