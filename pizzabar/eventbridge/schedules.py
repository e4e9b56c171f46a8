"""
The schedules of rules: each asks the clock to be called at its next time.

A schedule is a time of day, not a wait: speed does not shorten it. What came due while nothing ran is not made up
for, as on AWS.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from pizzabar.clock import Clock, Timer
from pizzabar.eventbridge.rules import Rule

Fire = Callable[[str, datetime], None]
"""Is told of a rule's ARN, and of the time that was due."""


class Schedules:
    """The rules that have schedules, by ARN."""

    def __init__(self, clock: Clock, fire: Fire) -> None:
        self._clock = clock
        self._fire = fire
        self._timers: dict[str, Timer] = {}

    def follow(self, rule: Rule) -> None:
        """Ask for the next time of a rule, as it is now."""
        self.forget(rule.arn)
        if rule.schedule is None or not rule.is_enabled:
            return
        due = rule.schedule.next_after(self._clock.now())
        if due is not None:
            self._timers[rule.arn] = self._clock.call_at(due, partial(self._come_due, rule, due))

    def forget(self, arn: str) -> None:
        """Ask for a rule no more."""
        timer = self._timers.pop(arn, None)
        if timer is not None:
            timer.cancel()

    def _come_due(self, rule: Rule, due: datetime) -> None:
        self.follow(rule)
        self._fire(rule.arn, due)
