"""Rules: a pattern or a schedule, and the targets of what they take."""

from dataclasses import replace

from pizzabar.event_patterns.pattern import Pattern
from pizzabar.eventbridge.schedule import Schedule
from pizzabar.eventbridge.targets import Target
from pizzabar.record import record


@record
class Rule:
    """A rule of a bus; ``pattern`` and ``text`` are its event pattern, read and as given.

    A rule has a pattern, a schedule (``expression`` as given), or both.
    """

    name: str
    arn: str
    bus: str
    pattern: Pattern | None
    text: str
    state: str = "ENABLED"
    description: str | None = None
    targets: tuple[Target, ...] = ()
    schedule: Schedule | None = None
    expression: str = ""
    role_arn: str | None = None
    managed_by: str | None = None
    """The service whose rule it is, if it is one's."""

    @property
    def is_enabled(self) -> bool:
        """Whether the rule takes events at all."""
        return self.state != "DISABLED"

    def with_target(self, target: Target) -> "Rule":
        """Give the rule a target, in place of one of the same id."""
        return replace(self, targets=(*(known for known in self.targets if known.id != target.id), target))
