"""
The states of a state machine, compiled: what a definition says, ready to be gone through.

An expression of None stands for the default: all of the data, as it is. A ``next`` of None ends the branch.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.stepfunctions.choice import ChoiceRule
from pizzabar.stepfunctions.errors import Diagnostic
from pizzabar.stepfunctions.paths import Path, compile
from pizzabar.stepfunctions.payload import Expression
from pizzabar.stepfunctions.retry import Catcher, Retrier
from pizzabar.stepfunctions.task_resource import TaskResource

WHOLE = compile("$")
"""The default ResultPath: the result replaces the input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What every state has."""

    name: str
    next: str | None = None
    input_path: Expression | None = None
    output_path: Expression | None = None
    is_jsonata: bool = False
    output: Expression | None = None
    """What a JSONata state gives, where it says so."""
    assign: Expression | None = None
    """The variables that it sets, as one object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass(State):
    """Hands its input on, or a result of its own."""

    parameters: Expression | None = None
    result: Expression | None = None
    result_path: Path | None = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(State):
    """Goes where the first rule that holds leads; ``next`` is its ``Default``."""

    rules: tuple[ChoiceRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(State):
    """Waits for a number of seconds or until an instant; exactly one of its four forms is there."""

    seconds: Expression | None = None
    timestamp: Expression | None = None
    path: Path | None = None
    """The path of SecondsPath or TimestampPath, as messages tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeed(State):
    """Ends its branch well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail(State):
    """Ends the execution, or fails the state that its branch belongs to."""

    error: Expression | None = None
    cause: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingState(State):
    """A state that can fail at what it does, and retry it or have its error caught."""

    parameters: Expression | None = None
    result_selector: Expression | None = None
    result_path: Path | None = WHOLE
    retriers: tuple[Retrier, ...] = ()
    catchers: tuple[Catcher, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(WorkingState):
    """Has something done by a service or a function. Time-outs are in seconds."""

    resource: TaskResource
    timeout: Expression | None = None
    heartbeat: Expression | None = None
    role: Expression | None = None
    """The Credentials, where it is done as another role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel(WorkingState):
    """Goes through several branches at once, each named by its first state."""

    starts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRunPlan:
    """What a distributed Map state has beside an inline one. ``definition`` is that of its children, as text."""

    label: str
    definition: str
    is_express: bool
    reader_resource: str = ""
    reader: Expression | None = None
    reader_config: Mapping[str, JSON] = field(default_factory=dict)
    most_items: Expression | None = None
    batch_items: Expression | None = None
    batch_bytes: Expression | None = None
    batch_input: Expression | None = None
    tolerated_count: Expression | None = None
    tolerated_percentage: Expression | None = None
    writer: Expression | None = None
    writer_config: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def has_batches(self) -> bool:
        """Whether a child has several items."""
        return self.batch_items is not None or self.batch_bytes is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Map(WorkingState):
    """Goes through one branch for each item. ``parameters`` makes what an iteration starts with."""

    start: str
    items: Expression | None = None
    items_path: str = "$"
    concurrency: Expression | None = None
    distributed: MapRunPlan | None = None
    """How it runs its items as executions of their own, where it does."""

    @property
    def run(self) -> MapRunPlan:
        """How it runs its items as executions of their own."""
        assert self.distributed is not None
        return self.distributed


@record
class StateMachine:
    """A definition, compiled. Names of states are unique in all of it, so ``states`` holds the nested ones too."""

    start_at: str
    states: Mapping[str, State]
    timeout: int | None = None
    """Seconds that an execution may take."""
    definition: JSON = None
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The variables that each state looks at, by its name."""
    warnings: tuple[Diagnostic, ...] = ()
    """What is allowed, and is hardly what was meant."""
