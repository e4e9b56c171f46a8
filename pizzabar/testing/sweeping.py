"""
One fault at each hop in turn: which orders end wrongly?

A scenario is a function of a world that raises ``AssertionError`` when what it sees is wrong. It is run once as it
is, to see which hops it has, and then in a new world for each of them, with one fault at that hop.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pizzabar.record import record
from pizzabar.testing.world import World

KINDS = ("error",)
UNBROKEN = frozenset({("apigateway", "$connect"), ("apigateway", "$disconnect")})
"""Hops that the scenario itself begins and would only be refused."""


@record
class Tried:
    """A fault at a hop: the ``number``-th, from 1, of an operation of a service."""

    kind: str
    service: str
    operation: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} at {self.service}:{self.operation} {self.number}"


@record
class Outcome:
    """How a scenario ended under a fault: ``wrong`` says what was wrong, or is None."""

    tried: Tried
    wrong: str | None

    def __str__(self) -> str:
        return f"{self.tried}: {'well' if self.wrong is None else self.wrong.splitlines()[0]}"


def sweep(
    scenario: Callable[[World], object],
    *,
    kinds: Sequence[str] = KINDS,
    make: Callable[[], World] = World,
    services: Sequence[str] | None = None,
    **fault: Any,
) -> list[Outcome]:
    """Run a scenario with one fault at each of its hops, or of those of some services, in turn.

    ``kinds`` and ``fault`` say what goes wrong: see ``pizzabar.faults``. Raise what the scenario raises without any.
    """
    with make() as world:
        scenario(world)
        tries = list(_tries(world, kinds, services))
    return [Outcome(tried, _wrong(scenario, make, tried, fault)) for tried in tries]


def _tries(world: World, kinds: Sequence[str], services: Sequence[str] | None) -> Iterator[Tried]:
    counts: dict[tuple[str, str], int] = {}
    for hop in world.hops():
        asked = hop.service, hop.operation
        counts[asked] = counts.get(asked, 0) + 1
        if asked in UNBROKEN or (services is not None and hop.service not in services):
            continue
        # What the test itself asks is not part of the order.
        if hop.parent == 0 and hop.service != "apigateway":
            continue
        for kind in kinds:
            yield Tried(kind, *asked, counts[asked])


def _wrong(
    scenario: Callable[[World], object], make: Callable[[], World], tried: Tried, fault: dict[str, Any]
) -> str | None:
    with make() as world:
        world.break_hops(tried.kind, tried.service, tried.operation, **{**fault, "skip": tried.number - 1})
        try:
            scenario(world)
        except Exception as error:
            return str(error) or type(error).__name__
    return None
