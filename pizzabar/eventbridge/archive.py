"""
Archives of the events of a bus, and replays of them: what is known of each.

Pure.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
"""

from collections.abc import Mapping
from dataclasses import asdict

from pizzabar.documents import JSON
from pizzabar.event_patterns.pattern import own_text
from pizzabar.record import record

REPLAY = "replay-name"
"""The member that a replayed event has, with the name of its replay."""
SERVICE = "prod.vhs.events.aws.internal"
"""What AWS calls the service that manages the rules of archives."""
ACTIVE = frozenset({"STARTING", "RUNNING", "CANCELLING"})
"""The states of replays that are under way."""
DAY = 86_400


def rule_of(archive: str) -> str:
    """Name the rule of an archive."""
    return f"Events-Archive-{archive}"


@record
class Archive:
    """What of a bus is archived, and for how many days; 0 is for ever. Times are in seconds since the epoch."""

    name: str
    arn: str
    bus: str
    created: float
    pattern: str | None = None
    description: str | None = None
    retention_days: int = 0
    is_declared: bool = False

    @property
    def rule(self) -> str:
        """Give the name of the rule that brings the events."""
        return rule_of(self.name)

    @property
    def rule_pattern(self) -> str:
        """Give the pattern of that rule, which lets no event in twice: one that is replayed is archived already."""
        # As text: a pattern may be what no parser of ours reads, and the last of two fields of a name counts.
        wanted = "{" if self.pattern is None else own_text(self.pattern).removesuffix("}") + ","
        return f'{wanted}"{REPLAY}":[{{"exists":false}}]}}'


@record
class Replay:
    """Events of an archive, of a span of time, that go to their bus again: to its rules, or to some of them.

    ``position`` is the last event that was replayed: when it occurred, and its number in the archive.
    """

    name: str
    arn: str
    archive: str
    bus: str
    rules: tuple[str, ...]
    start: float
    end: float
    begun: float
    description: str | None = None
    state: str = "STARTING"
    reason: str | None = None
    position: tuple[float, int] | None = None
    ended: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether it is under way."""
        return self.state in ACTIVE

    def as_json(self) -> JSON:
        """Write the replay for the state."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, JSON]) -> "Replay":
        """Read what ``as_json`` wrote."""
        place = document["position"]
        rules = tuple(document["rules"])
        return cls(**{**document, "rules": rules, "position": None if place is None else (place[0], place[1])})


def replayed(document: Mapping[str, JSON], name: str) -> JSON:
    """Give an event as a replay puts it: the same, with the replay's name after the region."""
    made: dict[str, JSON] = {}
    for member, value in document.items():
        made[member] = value
        if member == "region":
            made[REPLAY] = name
    # What came from another bus may have no region.
    return made | {REPLAY: name}
