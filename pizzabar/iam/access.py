"""
Accesses: the IAM actions that an operation of the call table is, and the resources that it is done on.

Pure. What an operation comes to depends on few of its parameters, its *inputs*: decisions are remembered by those. A
condition key that depends on others is made when a policy asks for it.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import field
from operator import itemgetter
from typing import Any, Protocol

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.record import record


class Surroundings(Protocol):
    """What requests do not tell, and ARNs are made of."""

    @property
    def home(self) -> Home:
        """The account and its region."""

    def stage_of(self, connection_id: str) -> tuple[str, str] | None:
        """Give the API and the stage of a connection, if it is open."""

    def partition_key_of(self, table: str) -> str | None:
        """Give the name of a table's partition key."""

    def machine_of(self, task_token: str) -> str | None:
        """Give the ARN of the state machine, or the activity, that a task token is of."""


@record
class Access:
    """An action on a resource, with the condition keys of its own; these are written in lower case."""

    action: str
    resource: str
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


LateKey = Callable[[JSON, Access, Surroundings], tuple[str, ...] | None]
"""Makes a condition key of the parameters of an operation."""


@record
class Rule:
    """What an operation comes to.

    ``inputs`` takes out of parameters what counts, and raises ``KeyError``, ``TypeError`` or ``AttributeError`` for
    those that its service will refuse. ``accesses`` makes the accesses of them.
    """

    inputs: Callable[[JSON], Hashable]
    accesses: Callable[[Any, Surroundings], Iterable[Access]]
    late: Mapping[str, LateKey] = field(default_factory=dict)


def on(
    action: str,
    parameter: str,
    arn: Callable[[str, Home], str],
    late: Mapping[str, LateKey] | None = None,
) -> Rule:
    """An action on the one resource that a parameter names."""

    def accesses(name: str, surroundings: Surroundings) -> Iterable[Access]:
        yield Access(action, arn(name, surroundings.home))

    return Rule(itemgetter(parameter), accesses, late or {})


def on_nothing(action: str) -> Rule:
    """An action that has no resource: policies allow it on ``*``."""
    return Rule(lambda parameters: None, lambda inputs, surroundings: (Access(action, "*"),))


def unguarded() -> Rule:
    """An operation that everybody may do."""
    return Rule(lambda parameters: None, lambda inputs, surroundings: ())


def as_given(arn: str, home: Home) -> str:
    """Take a parameter that is an ARN already."""
    return arn
