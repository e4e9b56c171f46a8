"""Definitions of the state machines of a stack, and the Task states in them."""

from collections.abc import Iterator, Mapping

from pizzabar.documents import JSON, NotJSON, parse, write
from pizzabar.lint.subject import Subject
from pizzabar.record import record
from pizzabar.resource import Resource

STATE_MACHINE = "AWS::StepFunctions::StateMachine"


@record
class Definition:
    """A definition as it came out; ``property`` is the one that holds it."""

    machine: Resource
    property: str
    text: str
    document: JSON


@record
class PlacedState:
    """A state, and its path in the definition."""

    path: tuple[str | int, ...]
    state: Mapping[str, JSON]


def definitions(subject: Subject) -> Iterator[Definition]:
    """Go through the definitions."""
    for machine in subject.of(STATE_MACHINE):
        for property in ("DefinitionString", "Definition"):
            value = machine.properties.get(property)
            if value is None:
                continue
            text = value if isinstance(value, str) else write(value)
            try:
                yield Definition(machine, property, text, parse(text))
            except NotJSON:
                continue


def states(level: JSON, path: tuple[str | int, ...] = ()) -> Iterator[PlacedState]:
    """Go through the states of a machine, those of its branches and iterators among them."""
    members = level.get("States") if isinstance(level, dict) else None
    for name, state in members.items() if isinstance(members, dict) else ():
        if not isinstance(state, dict):
            continue
        here = (*path, "States", name)
        yield PlacedState(here, state)
        for member in ("ItemProcessor", "Iterator"):
            yield from states(state.get(member), (*here, member))
        branches = state.get("Branches")
        for index, branch in enumerate(branches if isinstance(branches, list) else ()):
            yield from states(branch, (*here, "Branches", index))


def tasks(document: JSON) -> Iterator[PlacedState]:
    """Go through the Task states of a machine."""
    return (each for each in states(document) if each.state.get("Type") == "Task" and each.state.get("Resource"))
