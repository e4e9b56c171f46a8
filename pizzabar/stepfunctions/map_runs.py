"""
Map runs: the children of a distributed Map state, as a whole.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pizzabar.documents import JSON
from pizzabar.stepfunctions.commands import RunMapRun
from pizzabar.stepfunctions.errors import ResourceNotFound
from pizzabar.uuids import uuid_of

EXCEEDED = "States.ExceedToleratedFailureThreshold"
EXCEEDED_CAUSE = "The specified tolerated failure threshold was exceeded"
MOST_CHILDREN = 10_000
"""Children at work at once, where the state says nothing less."""

_COUNTED = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
_ENDS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timedOut", "ABORTED": "aborted"}


def child_name(arn: str, index: int) -> str:
    """Name a child of a map run: always the same."""
    return uuid_of(f"{arn}/{index}")


def child_arn(machine_arn: str, name: str, *, is_express: bool) -> str:
    """Give the ARN of a child of a map run, which one of Express keeps too when it begins anew."""
    if is_express:
        return f"{machine_arn.replace(':stateMachine:', ':express:', 1)}:{name}:{uuid_of(name)}"
    return f"{machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


@dataclass(slots=True)
class MapRun:
    """A map run: what it was asked for, and how far it is."""

    arn: str
    execution_arn: str
    started: datetime
    total: int
    concurrency: int
    tolerated_count: int
    tolerated_percentage: float
    items: list[int] = field(default_factory=list)
    """How many items each child has; empty where each has one."""
    status: str = "RUNNING"
    stopped: datetime | None = None
    ended: dict[str, int] = field(default_factory=dict)
    """The children that have ended, by their status."""
    ended_items: dict[str, int] = field(default_factory=dict)
    running: int = 0
    written: int = 0
    redrives: int = 0
    redriven: datetime | None = None
    not_redrivable: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("children", "items"), 0))
    """Those that failed before it was redriven, and cannot go on."""
    to_redrive: dict[int, str] = field(default_factory=dict)
    """The children that are to go on but do not yet, with what has become of them: by their index."""

    @classmethod
    def of(cls, command: RunMapRun, execution_arn: str, now: datetime) -> "MapRun":
        """Make one that begins."""
        return cls(
            command.arn,
            execution_arn,
            now,
            len(command.inputs),
            command.concurrency,
            command.tolerated_count or 0,
            command.tolerated_percentage or 0.0,
            [len(each["Items"]) for each in command.inputs] if command.has_batches else [],
            redrives=command.redrives,
        )

    def names(self) -> Iterator[str]:
        """Give the names of the children, by their index."""
        for index in range(self.total):
            yield child_name(self.arn, index)

    def items_of(self, name: str) -> int:
        """Tell how many items a child has."""
        return self.items[[*self.names()].index(name)] if self.items else 1

    def child_ended(self, index: int, status: str, *, for_good: bool = False) -> None:
        """Count a child that has ended; ``for_good`` says of one that failed that it cannot go on."""
        items = self._items_at(index)
        self.ended[status] = self.ended.get(status, 0) + 1
        self.ended_items[status] = self.ended_items.get(status, 0) + items
        if for_good:
            self.not_redrivable = {
                "children": self.not_redrivable["children"] + 1,
                "items": self.not_redrivable["items"] + items,
            }

    def _items_at(self, index: int) -> int:
        return self.items[index] if self.items else 1

    def end(self, status: str, now: datetime) -> None:
        """End it. What was to go on and did not is as it was."""
        self.status, self.stopped, self.running = status, now, 0
        for index, was in self.to_redrive.items():
            self.child_ended(index, was)
        self.to_redrive = {}

    @property
    def is_beyond(self) -> bool:
        """Whether more items have failed than is tolerated."""
        failed = sum(count for status, count in self.ended_items.items() if status != "SUCCEEDED")
        if failed == 0:
            return False
        total = sum(self.items) if self.items else self.total
        # Either of the two may be all that was said; the other is 0 then, and does not count.
        by_count = failed > self.tolerated_count
        by_percentage = failed * 100 > self.tolerated_percentage * total
        if self.tolerated_count and self.tolerated_percentage:
            return by_count or by_percentage
        return by_percentage if self.tolerated_percentage else by_count

    def describe(self) -> JSON:
        """Give it as DescribeMapRun does."""
        total = sum(self.items) if self.items else self.total
        return {
            "mapRunArn": self.arn,
            "executionArn": self.execution_arn,
            "status": self.status,
            "startDate": self.started.timestamp(),
            **({} if self.stopped is None else {"stopDate": self.stopped.timestamp()}),
            "maxConcurrency": self.concurrency,
            "toleratedFailurePercentage": self.tolerated_percentage,
            "toleratedFailureCount": self.tolerated_count,
            "itemCounts": self._counts(
                self.ended_items, total, self.not_redrivable["items"], sum(map(self._items_at, self.to_redrive))
            ),
            "executionCounts": self._counts(
                self.ended, self.total, self.not_redrivable["children"], len(self.to_redrive)
            ),
            "redriveCount": self.redrives,
            **({} if self.redriven is None else {"redriveDate": self.redriven.timestamp()}),
        }

    def _counts(self, ended: Mapping[str, int], total: int, not_redrivable: int, pending_redrive: int) -> JSON:
        counts = dict.fromkeys(_COUNTED, 0)
        for status, count in ended.items():
            counts[_ENDS[status]] = count
        left = total - sum(ended.values()) - pending_redrive
        # Of running children with several items each, those of the last ones are not told apart from the pending.
        counts["running"] = min(self.running, left)
        return counts | {
            "pending": left - counts["running"],
            "total": total,
            "resultsWritten": self.written,
            "failuresNotRedrivable": not_redrivable,
            "pendingRedrive": pending_redrive,
        }

    def summary(self, machine_arn: str) -> JSON:
        """Give it as ListMapRuns does."""
        return {
            "mapRunArn": self.arn,
            "executionArn": self.execution_arn,
            "stateMachineArn": machine_arn,
            "startDate": self.started.timestamp(),
            **({} if self.stopped is None else {"stopDate": self.stopped.timestamp()}),
        }

    def to_json(self) -> JSON:
        """Write it down."""
        return {
            "arn": self.arn,
            "execution": self.execution_arn,
            "started": self.started.timestamp(),
            "total": self.total,
            "concurrency": self.concurrency,
            "count": self.tolerated_count,
            "percentage": self.tolerated_percentage,
            "items": self.items,
            "status": self.status,
            "stopped": None if self.stopped is None else self.stopped.timestamp(),
            "ended": self.ended,
            "endedItems": self.ended_items,
            "written": self.written,
            "redrives": self.redrives,
            "redriven": None if self.redriven is None else self.redriven.timestamp(),
            "notRedrivable": self.not_redrivable,
        }

    @classmethod
    def from_json(cls, document: JSON) -> "MapRun":
        """Read what ``to_json`` has written."""
        stopped, redriven = document["stopped"], document.get("redriven")
        return cls(
            document["arn"],
            document["execution"],
            datetime.fromtimestamp(document["started"], UTC),
            document["total"],
            document["concurrency"],
            document["count"],
            document["percentage"],
            document["items"],
            document["status"],
            None if stopped is None else datetime.fromtimestamp(stopped, UTC),
            document["ended"],
            document["endedItems"],
            0,
            document["written"],
            document.get("redrives", 0),
            None if redriven is None else datetime.fromtimestamp(redriven, UTC),
            document.get("notRedrivable", {"children": 0, "items": 0}),
        )


class MapRuns:
    """The map runs of one account, as of their last step."""

    def __init__(self, known: Iterable[MapRun] = ()) -> None:
        self._runs = {run.arn: run for run in known}

    def add(self, run: MapRun) -> None:
        """Enter a map run."""
        self._runs[run.arn] = run

    def find(self, arn: str) -> MapRun | None:
        """Find one by its ARN."""
        return self._runs.get(arn)

    def get(self, arn: str) -> MapRun:
        """Find one by its ARN. Raise ``ResourceNotFound``."""
        run = self._runs.get(arn)
        if run is None:
            raise ResourceNotFound(f"Resource not found: '{arn}'")
        return run

    def update(self, run: MapRun) -> None:
        """Take note of what has been changed in a map run."""

    def of(self, execution_arn: str) -> list[MapRun]:
        """Give those of an execution, the last first."""
        return [run for run in reversed(self._runs.values()) if run.execution_arn == execution_arn]
