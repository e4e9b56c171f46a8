"""
An execution of a state machine: plain data, and its exact form as JSON.

It consists of branches: the root, and one for each running branch of a Parallel state or iteration of a Map state.
A branch that has ended is gone, and its output stands with its parent; so an execution is as large as what runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta

from pizzabar.documents import JSON
from pizzabar.record import record

VERSION = 1
"""The version of the rules an execution is carried on by, and of its form as JSON."""

RUNNING = "RUNNING"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
TIMED_OUT = "TIMED_OUT"
ABORTED = "ABORTED"


@record
class Timer:
    """A timer that was asked for."""

    op: int
    when: datetime


@record
class WaitingForTimer:
    """What a Wait state, or a state that will be retried, waits for."""

    timer: Timer
    is_retry: bool = False


@record
class WaitingForTask:
    """What a Task state waits for. ``is_submitted`` tells that its call has returned, and its token has not."""

    op: int
    parameters: JSON
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None
    timeout: Timer | None = None
    heartbeat: Timer | None = None
    is_submitted: bool = False
    role: str | None = None
    job: str | None = None
    """The ARN of the execution whose end is the task's."""


CHUNK = 64


class Outputs:
    """The outputs of branches that have ended, each with its index; adding one copies at most a chunk."""

    __slots__ = ("_chunks",)

    def __init__(self, outputs: Iterable[tuple[int, JSON]] = ()) -> None:
        flat = tuple(outputs)
        self._chunks = tuple(flat[start : start + CHUNK] for start in range(0, len(flat), CHUNK))

    def add(self, index: int, output: JSON) -> "Outputs":
        """Give these outputs and one more."""
        chunks = self._chunks
        more = Outputs()
        if chunks and len(chunks[-1]) < CHUNK:
            more._chunks = (*chunks[:-1], (*chunks[-1], (index, output)))
        else:
            more._chunks = (*chunks, ((index, output),))
        return more

    def in_order(self) -> list[JSON]:
        """Give the outputs by the order of their indices."""
        return [output for _, output in sorted(self, key=lambda pair: pair[0])]

    def __iter__(self) -> Iterator[tuple[int, JSON]]:
        for chunk in self._chunks:
            yield from chunk

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outputs) and self._chunks == other._chunks

    def __hash__(self) -> int:
        return hash(tuple(index for index, _ in self))

    def __repr__(self) -> str:
        return f"Outputs({list(self)!r})"


@record
class Item:
    """What one iteration of a Map state is for; of an object's members, ``key`` is the name."""

    index: int
    value: JSON
    key: str | None = None
    source: str | None = None
    """Of a distributed Map: where the item comes from."""

    def in_context(self) -> JSON:
        """Give it as the context object has it."""
        item: dict[str, JSON] = {"Index": self.index, "Value": self.value}
        if self.key is not None:
            item["Key"] = self.key
        return item if self.source is None else {**item, "Source": self.source}


def item_at(items: JSON, index: int) -> Item:
    """Give the item of an array or an object."""
    if isinstance(items, list):
        return Item(index, items[index])
    key = [*items][index]
    return Item(index, items[key], key)


@record
class WaitingForBranches:
    """What a Parallel or Map state waits for: ``total`` branches, of which some have begun and some have ended.

    ``limit`` is how many may run at once; ``items`` are those of a Map state.
    """

    total: int
    begun: int
    ended: int
    limit: int
    items: JSON = None
    outputs: Outputs = field(default_factory=Outputs)
    since: int = 0
    """The id of its Started event, which every iteration follows from."""


@record
class WaitingForMapRun:
    """What a distributed Map state waits for: the items while ``reader`` is there, then the children.

    ``run`` is the last part of the map run's ARN, ``inputs`` are the children's. ``limits`` are concurrency,
    tolerated count and tolerated percentage. ``since`` is the id of its MapStateStarted event.
    """

    op: int
    run: str
    limits: tuple[int, int | None, float | None]
    reader: JSON = None
    writer: JSON = None
    inputs: JSON = None
    since: int = 0
    redrives: int = 0


Waiting = WaitingForTimer | WaitingForTask | WaitingForBranches | WaitingForMapRun


@record
class Branch:
    """Where one branch of an execution stands. The root has no parent.

    ``data`` is the raw input of the state, ``entered_event`` and ``entered`` are the id of its Entered event and when
    that was, ``last_event`` is what its next event follows from, ``retries`` counts the attempts of each retrier.
    """

    id: int
    parent: int | None
    index: int
    state: str
    data: JSON
    entered_event: int
    entered: datetime
    last_event: int
    retries: tuple[int, ...] = ()
    variables: Mapping[str, JSON] = field(default_factory=dict)
    waits_for: Waiting | None = None


@record
class Execution:
    """One execution as of its last step. Values are shared between steps: nobody may change them."""

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    region: str
    input: JSON
    seed: str
    started: datetime
    status: str = RUNNING
    branches: Mapping[int, Branch] = field(default_factory=dict)
    next_op: int = 1
    next_event: int = 1
    next_branch: int = 0
    timeout: Timer | None = None
    stopped: datetime | None = None
    output: JSON = None
    error: str | None = None
    cause: str | None = None
    version: int = VERSION
    version_arn: str | None = None
    """The version of its state machine that it was started from, if it was one."""
    alias_arn: str | None = None
    """The alias that it was started by."""
    resumes: tuple[Branch, ...] = ()
    """Where its branches stood when it ended unsuccessfully, and go on if it is redriven; see ``unentered``."""
    redrives: int = 0
    redriven: datetime | None = None
    case: str | None = None
    """The test case whose mocks answer its tasks."""
    tokens: tuple[tuple[str, datetime], ...] = ()
    """The client tokens of those who have redriven it, and when each did."""
    map_run_arn: str | None = None
    """The map run that it is a child of."""
    map_run_redrives: int = 0
    """The redrive of its map run that has set it going last; 0 stands for the map run's start."""
    context: JSON = None
    """What the test of a state has as context object. Such an execution is not kept."""

    @property
    def is_express(self) -> bool:
        """Whether it is short, and its history has no end."""
        return ":express:" in self.arn

    def to_json(self) -> JSON:
        """Give the execution as JSON; ``from_json`` gives an equal one back."""
        document = {
            "version": self.version,
            "arn": self.arn,
            "name": self.name,
            "machineArn": self.machine_arn,
            "machineName": self.machine_name,
            "roleArn": self.role_arn,
            "region": self.region,
            "input": self.input,
            "seed": self.seed,
            "started": _write_time(self.started),
            "status": self.status,
            "nextOp": self.next_op,
            "nextEvent": self.next_event,
            "nextBranch": self.next_branch,
            "branches": [_write_branch(branch, self.branches) for branch in self.branches.values()],
        }
        if self.timeout is not None:
            document["timeout"] = _write_timer(self.timeout)
        if self.version_arn is not None:
            document |= {"versionArn": self.version_arn, "aliasArn": self.alias_arn}
        if self.case is not None:
            document["case"] = self.case
        if self.resumes:
            known = {branch.id: branch for branch in self.resumes}
            document["resumes"] = [_write_branch(branch, known) for branch in self.resumes]
        if self.redrives:
            document["redrives"] = self.redrives
        if self.redriven is not None:
            document["redriven"] = _write_time(self.redriven)
        if self.tokens:
            document["tokens"] = [[token, _write_time(when)] for token, when in self.tokens]
        if self.map_run_arn is not None:
            document["mapRunArn"] = [self.map_run_arn, self.map_run_redrives]
        if self.stopped is not None:
            document |= {
                "stopped": _write_time(self.stopped),
                "output": self.output,
                "error": self.error,
                "cause": self.cause,
            }
        return document

    @classmethod
    def from_json(cls, document: JSON) -> "Execution":
        """Read what ``to_json`` gave."""
        stopped, redriven = document.get("stopped"), document.get("redriven")
        resumes = document.get("resumes", ())
        map_run_arn, map_run_redrives = document.get("mapRunArn", (None, 0))
        return cls(
            document["arn"],
            document["name"],
            document["machineArn"],
            document["machineName"],
            document["roleArn"],
            document["region"],
            document["input"],
            document["seed"],
            _read_time(document["started"]),
            document["status"],
            _read_branches(document["branches"]),
            document["nextOp"],
            document["nextEvent"],
            document["nextBranch"],
            _read_timer(document.get("timeout")),
            None if stopped is None else _read_time(stopped),
            document.get("output"),
            document.get("error"),
            document.get("cause"),
            document["version"],
            document.get("versionArn"),
            document.get("aliasArn"),
            # Earlier versions knew the root only.
            tuple(_read_branches([resumes] if isinstance(resumes, dict) else resumes).values()),
            document.get("redrives", 0),
            None if redriven is None else _read_time(redriven),
            document.get("case"),
            tuple((token, _read_time(when)) for token, when in document.get("tokens", ())),
            map_run_arn,
            map_run_redrives,
        )


def unentered(branch: Branch) -> Branch:
    """Give a branch that has yet to enter the state which it is at."""
    return replace(branch, entered_event=0, waits_for=None)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _write_time(when: datetime) -> int:
    # Microseconds since 1970 are exact and, of what is exact, the fastest to write.
    return (when - _EPOCH) // _MICROSECOND


def _read_time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _write_timer(timer: Timer) -> JSON:
    return [timer.op, _write_time(timer.when)]


def _read_timer(document: JSON) -> Timer | None:
    return None if document is None else Timer(document[0], _read_time(document[1]))


def _write_branch(branch: Branch, branches: Mapping[int, Branch]) -> JSON:
    document: dict[str, JSON] = {
        "id": branch.id,
        "parent": branch.parent,
        "index": branch.index,
        "state": branch.state,
        "data": branch.data,
        "enteredEvent": branch.entered_event,
        "entered": _write_time(branch.entered),
        "lastEvent": branch.last_event,
    }
    if branch.retries:
        document["retries"] = branch.retries
    if branch.variables:
        around = None if branch.parent is None else branches.get(branch.parent)
        if around is not None and around.variables is branch.variables:
            # As many iterations share what is around them, it is written once.
            document["sharesVariables"] = True
        else:
            document["variables"] = branch.variables
    match branch.waits_for:
        case WaitingForTimer(timer, is_retry):
            document["retry" if is_retry else "timer"] = _write_timer(timer)
        case WaitingForTask() as task:
            document["task"] = _write_task(task)
        case WaitingForMapRun(op, run, limits, reader, writer, inputs, since, redrives):
            document["mapRun"] = [op, run, list(limits), reader, writer, inputs, since, redrives]
        case WaitingForBranches(total, begun, ended, limit, items, outputs, since):
            document["branches"] = [total, begun, ended, limit, items, list(outputs), since]
    return document


def _read_branches(documents: Iterable[JSON]) -> dict[int, Branch]:
    branches: dict[int, Branch] = {}
    for document in documents:
        shared = branches[document["parent"]].variables if "sharesVariables" in document else None
        branches[document["id"]] = _read_branch(document, shared)
    return branches


def _read_branch(document: JSON, variables: Mapping[str, JSON] | None = None) -> Branch:
    waits_for: Waiting | None = None
    if "timer" in document:
        waits_for = WaitingForTimer(_timer(document["timer"]))
    elif "retry" in document:
        waits_for = WaitingForTimer(_timer(document["retry"]), is_retry=True)
    elif "task" in document:
        waits_for = _read_task(document["task"])
    elif "mapRun" in document:
        op, run, limits, reader, writer, inputs, *more = document["mapRun"]
        # Earlier versions did not know since when.
        since, redrives = more or (document["lastEvent"] - 1, 0)
        waits_for = WaitingForMapRun(op, run, tuple(limits), reader, writer, inputs, since, redrives)
    elif "branches" in document:
        total, begun, ended, limit, items, outputs, *more = document["branches"]
        pairs = Outputs((index, output) for index, output in outputs)
        # Earlier versions did not know since when.
        [since] = more or [document["lastEvent"]]
        waits_for = WaitingForBranches(total, begun, ended, limit, items, pairs, since)
    return Branch(
        document["id"],
        document["parent"],
        document["index"],
        document["state"],
        document["data"],
        document["enteredEvent"],
        _read_time(document["entered"]),
        document["lastEvent"],
        tuple(document.get("retries", ())),
        document.get("variables", {}) if variables is None else variables,
        waits_for,
    )


def _timer(document: JSON) -> Timer:
    return Timer(document[0], _read_time(document[1]))


def _write_task(task: WaitingForTask) -> JSON:
    document = {"op": task.op, "parameters": task.parameters}
    if task.timeout_seconds is not None:
        document["timeoutSeconds"] = task.timeout_seconds
    if task.heartbeat_seconds is not None:
        document["heartbeatSeconds"] = task.heartbeat_seconds
    if task.timeout is not None:
        document["timeout"] = _write_timer(task.timeout)
    if task.heartbeat is not None:
        document["heartbeat"] = _write_timer(task.heartbeat)
    if task.is_submitted:
        document["isSubmitted"] = True
    if task.role is not None:
        document["role"] = task.role
    if task.job is not None:
        document["job"] = task.job
    return document


def _read_task(document: JSON) -> WaitingForTask:
    return WaitingForTask(
        document["op"],
        document["parameters"],
        document.get("timeoutSeconds"),
        document.get("heartbeatSeconds"),
        _read_timer(document.get("timeout")),
        _read_timer(document.get("heartbeat")),
        "isSubmitted" in document,
        document.get("role"),
        document.get("job"),
    )
