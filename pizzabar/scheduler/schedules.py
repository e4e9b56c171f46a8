"""
The schedules of one account and region, their groups, and the clock that they ask to be called by.

Rules:
- When a time is due, what it sets off is accepted and the schedule moves on in one commit; the target is then asked
  at least once, as the retry policy says. So a kill at any moment loses no time and repeats at most an attempt.
- What came due while nothing ran is made up for at the next start: a time of a schedule that comes once, and the last
  of those that a recurring one has missed. One that is older than its retry policy allows is given up.
- What the template has is made anew only where it has changed: a schedule that it has already keeps its place, and
  one that has come to its end and deleted itself stays away.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from pizzabar.arn import Home
from pizzabar.clock import Clock, Timer
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.journal import CAUSE, Cause, new_trace_id
from pizzabar.operations import Call, Trace
from pizzabar.principal import Principal
from pizzabar.scheduler.errors import ConflictException, ResourceNotFoundException
from pizzabar.scheduler.expression import last_until
from pizzabar.scheduler.groups import MAX_TAGS, ScheduleGroup
from pizzabar.scheduler.invocations import Invocation, ScheduledInvocations
from pizzabar.scheduler.schedule import (
    Schedule,
    begun,
    changed,
    check_document,
    group_arn,
    schedule_arn,
)
from pizzabar.scheduler.store import ScheduleStore
from pizzabar.scheduler.target import action_asked
from pizzabar.scheduler.targets import Targets, asked_as
from pizzabar.scheduler.universal import check_action
from pizzabar.uuids import new_uuid

PRECISION = timedelta(minutes=1)
"""How late a time may be asked for and still be in time."""
TOKENS_LAST = timedelta(hours=8)
"""How long a deletion is known by its client token."""
DEFAULT = "default"

Has = Callable[[str, str], bool]
Serves = Callable[[str], bool]


class Schedules:
    """The schedules of one account and region; the group ``default`` is always there."""

    def __init__(
        self,
        store: ScheduleStore,
        invocations: ScheduledInvocations,
        call: Call,
        trace: Trace,
        clock: Clock,
        home: Home,
        *,
        has: Has,
        serves: Serves,
    ) -> None:
        self._store = store
        self._invocations = invocations
        self._targets = Targets(call, trace, clock)
        self._clock = clock
        self._home = home
        self._has = has
        self._serves = serves
        self._schedules: dict[str, Schedule] = {}
        self._groups: dict[str, ScheduleGroup] = {}
        self._deletions: dict[str, tuple[str, datetime]] = {}
        """What was deleted with client tokens, and when."""
        self._timers: dict[str, Timer] = {}
        self._declared: set[str] = set()
        self._told: list[str] = []
        self._is_begun = False
        self.may_assume: Callable[[Principal], bool] = lambda principal: True
        """Tells whether a role lets this service assume it."""

    # What is there.

    def __iter__(self) -> Iterator[Schedule]:
        return iter([each for each in self._schedules.values() if not each.is_gone])

    @property
    def groups(self) -> list[ScheduleGroup]:
        """The groups, by name."""
        return sorted(self._groups.values(), key=lambda group: group.name)

    def get(self, name: str, group: str = DEFAULT) -> Schedule:
        """Find a schedule. Raise ``ResourceNotFoundException``."""
        found = self._schedules.get(schedule_arn(self._home, group, name))
        if found is None or found.is_gone:
            raise ResourceNotFoundException(f"Schedule {name} does not exist.")
        return found

    def group(self, name: str) -> ScheduleGroup:
        """Find a group. Raise ``ResourceNotFoundException``."""
        found = self._groups.get(group_arn(self._home, name))
        if found is None:
            raise ResourceNotFoundException(f"Schedule group {name} does not exist.")
        return found

    # Schedules.

    def create(self, document: Mapping[str, JSON], token: str | None = None) -> Schedule:
        """Make a schedule, of what ``read_document`` gives.

        Raise ``ConflictException``, ``ResourceNotFoundException`` for the group, or ``ValidationException``.
        """
        arn = schedule_arn(self._home, document["GroupName"], document["Name"])
        known = self._schedules.get(arn)
        if known is not None and not known.is_gone:
            if token is not None and known.token == token and known.document == document:
                return known
            raise ConflictException(f"Schedule {document['Name']} already exists.")
        self._check(document)
        self._check_role(document)
        made = begun(arn, document, self._clock.now(), new_uuid())
        self._put(replace(made, token=token, is_declared=known is not None))
        return made

    def change(self, document: Mapping[str, JSON], token: str | None = None) -> Schedule:
        """Change a schedule to what ``read_document`` gives. Raise as ``create`` does, but for a conflict."""
        self.group(document["GroupName"])
        known = self.get(document["Name"], document["GroupName"])
        if token is not None and known.token == token and known.document == document:
            return known
        self._check(document, known)
        self._check_role(document)
        made = changed(known, document, self._clock.now(), new_uuid())
        self._put(replace(made, token=token, is_asked=True))
        return made

    def delete(self, name: str, group: str = DEFAULT, token: str | None = None) -> None:
        """Delete a schedule. Raise ``ResourceNotFoundException``."""
        arn = schedule_arn(self._home, group, name)
        if self._was_deleted(arn, token):
            return
        self._remove(self.get(name, group), is_asked=True)
        self._note_deletion(arn, token)

    def _check(self, document: Mapping[str, JSON], known: Schedule | None = None) -> None:
        self.group(document["GroupName"])
        check_document(document, self._home, self._clock.now(), known)
        check_action(*action_asked(document["Target"]), self._has, self._serves)

    def _check_role(self, document: Mapping[str, JSON]) -> None:
        group = group_arn(self._home, document["GroupName"])
        if not self.may_assume(asked_as(document["Target"]["RoleArn"], document["Name"], group)):
            raise ValidationException(
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            )

    def _put(self, schedule: Schedule) -> None:
        self._schedules[schedule.arn] = schedule
        self._store.put(schedule.arn, schedule.as_json())
        self._follow(schedule)

    def _remove(self, schedule: Schedule, *, is_asked: bool) -> None:
        """Take a schedule away; of one that the template has, note that it is gone."""
        self._forget(schedule.arn)
        if schedule.is_declared:
            self._put(replace(schedule, is_gone=True, is_asked=is_asked, next=None))
        else:
            del self._schedules[schedule.arn]
            self._store.delete(schedule.arn)

    # Groups.

    def create_group(self, name: str, tags: Mapping[str, str], token: str | None = None) -> ScheduleGroup:
        """Make a group. Raise ``ConflictException``."""
        arn = group_arn(self._home, name)
        known = self._groups.get(arn)
        if known is not None:
            if token is not None and known.token == token:
                return known
            raise ConflictException(f"Schedule group {name} already exists.")
        now = self._clock.now()
        group = ScheduleGroup(arn, name, now, now, tags, token)
        self._put_group(group)
        return group

    def delete_group(self, name: str, token: str | None = None) -> None:
        """Delete a group and the schedules in it, at once. Raise ``ResourceNotFoundException``."""
        if name == DEFAULT:
            raise ValidationException("The default schedule group cannot be deleted.")
        arn = group_arn(self._home, name)
        if self._was_deleted(arn, token):
            return
        self._remove_group(self.group(name))
        self._note_deletion(arn, token)

    def _put_group(self, group: ScheduleGroup) -> None:
        self._groups[group.arn] = group
        self._store.put(group.arn, group.as_json())

    def _remove_group(self, group: ScheduleGroup) -> None:
        for schedule in [each for each in self._schedules.values() if each.group == group.name]:
            self._remove(replace(schedule, is_declared=False), is_asked=True)
        del self._groups[group.arn]
        self._store.delete(group.arn)

    def tags_of(self, arn: str) -> dict[str, str]:
        """Give the tags of a group. Raise ``ResourceNotFoundException``."""
        return dict(self.group(arn.rpartition("/")[2]).tags)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give a group tags. Raise ``ResourceNotFoundException`` or ``ValidationException``."""
        known = {**self.tags_of(arn), **tags}
        if len(known) > MAX_TAGS:
            raise ValidationException(f"A resource has at most {MAX_TAGS} tags.")
        self._put_group(replace(self.group(arn.rpartition("/")[2]), tags=known))

    def untag(self, arn: str, keys: list[str]) -> None:
        """Take tags from a group. Raise ``ResourceNotFoundException``."""
        left = {key: value for key, value in self.tags_of(arn).items() if key not in keys}
        self._put_group(replace(self.group(arn.rpartition("/")[2]), tags=left))

    # Client tokens of deletions: those of what is there are with it.

    def _was_deleted(self, arn: str, token: str | None) -> bool:
        return token is not None and self._deletions.get(token, ("",))[0] == arn

    def _note_deletion(self, arn: str, token: str | None) -> None:
        now = self._clock.now()
        for old, (_, when) in [*self._deletions.items()]:
            if when + TOKENS_LAST >= now:
                break
            del self._deletions[old]
            self._store.delete(f"token:{old}")
        if token is not None:
            self._deletions[token] = (arn, now)
            self._store.put(f"token:{token}", {"arn": arn, "when": now.timestamp()})

    # What the template has.

    def declare(self, document: Mapping[str, JSON]) -> None:
        """Have a schedule be as the template says. Raise as ``create`` does."""
        arn = schedule_arn(self._home, document["GroupName"], document["Name"])
        self._declared.add(arn)
        known = self._schedules.get(arn)
        if known is not None and (known.is_asked or not known.is_declared):
            again = "is there again, as the template has it" if known.is_gone else "is the template's again"
            self._told.append(f"the schedule {known.name} {again}")
        elif known is not None and known.document == document:
            return
        self._check(document, known)
        now = self._clock.now()
        revision = new_uuid()
        made = begun(arn, document, now, revision) if known is None else changed(known, document, now, revision)
        self._put(replace(made, token=None, is_declared=True, is_asked=False))

    def declare_group(self, name: str, tags: Mapping[str, str]) -> None:
        """Have a group be as the template says."""
        arn, now = group_arn(self._home, name), self._clock.now()
        self._declared.add(arn)
        known = self._groups.get(arn) or ScheduleGroup(arn, name, now, now, {})
        if not known.is_declared or known.tags != tags:
            self._put_group(replace(known, tags=tags, is_declared=True))

    def take_out(self, arn: str) -> None:
        """Take out a schedule or a group that the template has no more, if it is there."""
        if arn in self._groups:
            self._remove_group(self._groups[arn])
        elif arn in self._schedules:
            self._remove(replace(self._schedules[arn], is_declared=False), is_asked=False)

    # The life of the process.

    async def open(self) -> None:
        """Read what is kept, before the template's are declared."""
        now = self._clock.now()
        for key, kept in (await self._store.load()).items():
            if key.startswith("token:"):
                self._deletions[key.removeprefix("token:")] = (
                    kept["arn"],
                    datetime.fromtimestamp(kept["when"], now.tzinfo),
                )
            elif ":schedule-group/" in key:
                self._groups[key] = ScheduleGroup.from_json(key, kept)
            else:
                self._schedules[key] = Schedule.from_json(key, kept)
        default = group_arn(self._home, DEFAULT)
        if default not in self._groups:
            self._put_group(ScheduleGroup(default, DEFAULT, now, now, {}))
        self._deletions = dict(sorted(self._deletions.items(), key=lambda each: each[1][1]))

    async def begin(self) -> list[str]:
        """Begin to follow the schedules, those first that are overdue; tell of what the template has changed back."""
        for group in [each for each in self._groups.values() if each.is_declared and each.arn not in self._declared]:
            self._remove_group(group)
        for schedule in [*self._schedules.values()]:
            if schedule.is_declared and schedule.arn not in self._declared:
                self.take_out(schedule.arn)
        self._is_begun = True
        for schedule in self:
            self._follow(schedule, may_be_late=True)
        await self._invocations.open(self._invoke)
        told, self._told = self._told, []
        return told

    # The clock.

    def _follow(self, schedule: Schedule, *, may_be_late: bool = False) -> None:
        """Ask for the next time of a schedule, as it is now; it may be late if nothing ran until now."""
        self._forget(schedule.arn)
        if self._is_begun and schedule.is_enabled and schedule.next is not None:
            moment, now = schedule.moment_of(schedule.next), self._clock.now()
            # What windows that overlap have let pass is due now, and not late.
            due = moment if may_be_late else max(moment, now)
            self._timers[schedule.arn] = self._clock.call_at(due, partial(self._come_due, schedule.arn, due))

    def _forget(self, arn: str) -> None:
        timer = self._timers.pop(arn, None)
        if timer is not None:
            timer.cancel()

    def _come_due(self, arn: str, due: datetime) -> None:
        """Set off what is due, and move the schedule on."""
        del self._timers[arn]
        schedule, now = self._schedules[arn], self._clock.now()
        first = schedule.next
        assert first is not None
        # Nothing ran, the machine slept, or the clock was set.
        scheduled = last_until(schedule.times, first, now) if due + PRECISION < now else first
        following = schedule.times.next_after(scheduled)
        invocation = Invocation(
            arn,
            schedule.name,
            group_arn(self._home, schedule.group),
            schedule.revision,
            schedule.target,
            scheduled,
            schedule.moment_of(scheduled),
            completes=following is None and schedule.ends,
            missed_since=None if scheduled == first else first,
        )
        token = CAUSE.set(Cause(new_trace_id(now.timestamp())))
        try:
            self._invocations.accept(invocation)
        finally:
            CAUSE.reset(token)
        self._put(replace(schedule, next=following))

    async def _invoke(self, invocation: Invocation, attempts: int) -> datetime | None:
        """Ask a target; give the time of the next attempt, if there is to be one."""
        again = await self._targets.invoke(invocation, attempts)
        if again is None and invocation.completes:
            self._complete(invocation)
        return again

    def _complete(self, invocation: Invocation) -> None:
        """Delete a schedule after its last time, if it is to be, and is still the same."""
        schedule = self._schedules.get(invocation.schedule_arn)
        if (
            schedule is not None
            and schedule.revision == invocation.revision
            and schedule.document["ActionAfterCompletion"] == "DELETE"
        ):
            self._remove(schedule, is_asked=schedule.is_asked)
