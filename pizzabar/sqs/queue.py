"""
A queue: its name, its attributes as they were set, and what follows from them.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.record import record

FIFO = ".fifo"
MAX_MESSAGE_BYTES = 1_048_576
DEFAULTS: Mapping[str, str] = {
    "VisibilityTimeout": "30",
    "MaximumMessageSize": str(MAX_MESSAGE_BYTES),
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
}
"""What the attributes of a queue are unless they are set."""
FIFO_DEFAULTS: Mapping[str, str] = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
"""Those that a FIFO queue has beside."""


@record
class RedrivePolicy:
    """Where messages go that were received more than ``most`` times."""

    arn: str
    most: int


def read_redrive_policy(text: str) -> RedrivePolicy:
    """Read a redrive policy, which was checked."""
    policy = documents.parse(text)
    return RedrivePolicy(policy["deadLetterTargetArn"], int(policy["maxReceiveCount"]))


@record
class MoveTask:
    """A task that moves messages out of a dead-letter queue: to one queue, or each to where it came from."""

    id: str
    started: int
    to_move: int
    destination: str | None = None
    per_second: int | None = None
    status: str = "RUNNING"
    moved: int = 0
    failure: str | None = None


@record
class Queue:
    """A queue. ``attributes`` has what was set; times are in seconds."""

    name: str
    created: float
    modified: float
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    purged: float | None = None
    move_tasks: tuple[MoveTask, ...] = ()
    """The last ones that moved out of it, the newest first."""

    @property
    def is_fifo(self) -> bool:
        """Whether its messages keep their order."""
        return self.name.endswith(FIFO)

    @property
    def standing(self) -> Mapping[str, str]:
        """Its attributes, with those that were not set."""
        defaults = {**DEFAULTS, **FIFO_DEFAULTS} if self.is_fifo else DEFAULTS
        return {**defaults, **self.attributes}

    def __getitem__(self, name: str) -> int:
        """Give an attribute that is a number."""
        return int(self.attributes.get(name) or DEFAULTS[name])

    @property
    def redrive_policy(self) -> RedrivePolicy | None:
        """Where messages go that are received in vain, if there is such a place."""
        text = self.attributes.get("RedrivePolicy")
        return None if text is None else read_redrive_policy(text)

    @property
    def policy(self) -> JSON:
        """Its resource policy, None if it has none."""
        text = self.attributes.get("Policy")
        return None if text is None else documents.parse(text)

    def lets_redrive(self, source_arn: str) -> bool:
        """Whether another queue may have this one for its dead letters."""
        text = self.attributes.get("RedriveAllowPolicy")
        allowed = {} if text is None else documents.parse(text)
        permission = allowed.get("redrivePermission", "allowAll")
        return permission == "allowAll" or (permission == "byQueue" and source_arn in allowed["sourceQueueArns"])

    def to_json(self) -> JSON:
        """Write it down."""
        return {
            "created": self.created,
            "modified": self.modified,
            "attributes": dict(self.attributes),
            "tags": dict(self.tags),
            "purged": self.purged,
            "move_tasks": [{name: getattr(task, name) for name in _TASK_FIELDS} for task in self.move_tasks],
        }

    @classmethod
    def from_json(cls, name: str, document: Any) -> "Queue":
        """Read what ``to_json`` wrote."""
        tasks = tuple(MoveTask(**task) for task in document["move_tasks"])
        return cls(name, **{**document, "move_tasks": tasks})


_TASK_FIELDS = ("id", "started", "to_move", "destination", "per_second", "status", "moved", "failure")
