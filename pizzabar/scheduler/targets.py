"""
Asks the targets of what schedules have set off, and decides what comes of an attempt.

Each attempt is a hop of the journal, and what is asked is done in the name of the target's role.
"""

import logging
from datetime import datetime

from pizzabar.arn import parse_arn, queue_url
from pizzabar.clock import Clock
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.journal import CAUSE, Attempt, Cause, act_as, new_trace_id, note
from pizzabar.operations import Call, Trace
from pizzabar.principal import Principal, role_session
from pizzabar.scheduler.attempt import OWN_FAULT, age_of, dead_letter, is_permanent, next_attempt
from pizzabar.scheduler.invocations import Invocation
from pizzabar.scheduler.target import Occasion, action_asked, call_of
from pizzabar.scheduler.universal import ApiCall

log = logging.getLogger("pizzabar")
SERVICE = "scheduler.amazonaws.com"
"""What EventBridge Scheduler is called where it assumes a role."""


class Targets:
    """What schedules ask."""

    def __init__(self, call: Call, trace: Trace, clock: Clock) -> None:
        self._call = call
        self._trace = trace
        self._clock = clock

    async def invoke(self, invocation: Invocation, attempts: int) -> datetime | None:
        """Ask a target, which was asked so often before; give the time of the next attempt, if there is to be one."""
        occasion = Occasion(invocation.schedule_arn, invocation.scheduled, invocation.key, attempts + 1)
        told = {
            "ScheduleArn": invocation.schedule_arn,
            "ScheduledTime": occasion.time,
            "TargetArn": invocation.target["Arn"],
            "ExecutionId": occasion.execution_id,
            "AttemptNumber": occasion.attempt,
        }
        again: datetime | None = None

        async def attempt(parameters: JSON) -> JSON:
            nonlocal again
            if invocation.missed_since is not None:
                note("missed since", invocation.missed_since.isoformat())
            act_as(asked_as(invocation.target["RoleArn"], invocation.name, invocation.group_arn))
            again = await self._attempt(invocation, occasion)
            return {}

        cause = CAUSE.get() or Cause(new_trace_id(self._clock.timestamp()))
        token = CAUSE.set(cause.within(cause.lane, Attempt(invocation.key)))
        try:
            await self._trace("scheduler", "InvokeTarget", told, attempt)
        except ServiceError as error:
            # It was not even asked.
            again = await self._after_failure(invocation, occasion, error)
        finally:
            CAUSE.reset(token)
        return again

    async def _attempt(self, invocation: Invocation, occasion: Occasion) -> datetime | None:
        now, retries = self._clock.now(), invocation.target["RetryPolicy"]
        try:
            call = call_of(invocation.target, occasion)
        except NotJSON as error:
            call = ApiCall(*action_asked(invocation.target), {})
            await self._give_up(invocation, occasion, call, OWN_FAULT[0], str(error), None)
            return None
        if occasion.attempt == 1 and now > invocation.due + age_of(retries):
            await self._give_up(invocation, occasion, call, *OWN_FAULT, "MaximumEventAgeInSeconds")
            return None
        try:
            await self._ask(call)
        except ServiceError as error:
            return await self._after_failure(invocation, occasion, error)
        return None

    async def _after_failure(
        self, invocation: Invocation, occasion: Occasion, error: ServiceError
    ) -> datetime | None:
        """Give the time of the next attempt, or give up."""
        call = call_of(invocation.target, occasion)
        if is_permanent(error):
            await self._give_up(invocation, occasion, call, error.code, error.message, None)
            return None
        retries = invocation.target["RetryPolicy"]
        when = next_attempt(retries, invocation.key, occasion.attempt, invocation.due, self._clock.now())
        if isinstance(when, str):
            await self._give_up(invocation, occasion, call, error.code, error.message, when)
            return None
        note("failed", str(error))
        note("again", when.isoformat())
        return when

    async def _ask(self, call: ApiCall) -> None:
        """Do what a target asks. Raise ``ServiceError``."""
        try:
            result = await self._call(*call.asked())
        except ServiceError as error:
            # The name makes a repeated attempt the same execution, which is there then.
            if error.code == "ExecutionAlreadyExists" and call.action == "startExecution":
                return
            raise
        if call.action == "putEvents" and isinstance(result, dict):
            for entry in result.get("Entries", ()):
                if entry.get("ErrorCode") is not None:
                    raise EntryRefused(entry["ErrorCode"], entry.get("ErrorMessage") or "")

    async def _give_up(
        self,
        invocation: Invocation,
        occasion: Occasion,
        call: ApiCall,
        code: str,
        message: str,
        exhausted: str | None,
    ) -> None:
        """Send a dead letter, if there is a queue for it; otherwise the journal alone tells."""
        note("given up", f"{code}: {message}" if exhausted is None else f"{code}: {message} ({exhausted})")
        queue = parse_arn((invocation.target.get("DeadLetterConfig") or {}).get("Arn") or "")
        if queue is None:
            return
        try:
            await self._ask(dead_letter(queue_url(str(queue)), call, occasion, code, message, exhausted))
        except ServiceError as error:
            note("dead letter lost", str(error))
            log.warning("the dead letter of %s is lost: %s", invocation.schedule_arn, error)


def asked_as(role_arn: str, schedule: str, group: str) -> Principal:
    """Give the role of a schedule's target, as it is assumed for a schedule of a group, by the group's ARN.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    return role_session(role_arn, schedule, SERVICE, source_arn=group)


class EntryRefused(ServiceError):
    """Raised when an event bus refuses the one entry of a request, with the code of the entry."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]
        # As the codes have it: an internal failure passes, all others are for good.
        self.status = 500 if code.startswith("Internal") else 400  # type: ignore[misc]
