"""
Recordings: messages of a client, turned into a test that passes now and fails when what comes back changes.

The messages are sent in two worlds of their own, on virtual time. What is the same in both is what the test wants to
see again; what is another each time, an id say, it takes as it comes.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from pizzabar.errors import PizzabarError
from pizzabar.record import record
from pizzabar.testing.values import parsed
from pizzabar.testing.world import Guest, World

LONGEST = timedelta(minutes=15)
"""How far the next thing may be for a recording to wait for it: what is due later is a limit, and no part of it."""


class NothingToRecord(PizzabarError):
    """Raised when nothing came back in a recording."""


@record
class Message:
    """What a client sends, and how many seconds after the one before it."""

    text: str
    after: float = 0.0


@record
class Step:
    """A part of a session: time that passes or a message, and the frames that come then."""

    passed: float
    message: str | None
    frames: tuple[Any, ...]


class _Any:
    """A value that is another each time."""

    def __repr__(self) -> str:
        return "ANY"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Any)

    def __hash__(self) -> int:
        return 0


ANY = _Any()


def write_test(messages: Sequence[Message], make: Callable[[], World], *, stage: str | None, opens: str) -> str:
    """Record messages in the worlds that ``make`` makes, and write the test.

    ``opens`` is the line that gives the test its world, or nothing if the fixture does. Raise ``NothingToRecord``, or
    what connecting raises.
    """
    # The second is at another time, so that times are told from what is always the same.
    one, other = (_record(messages, make, stage, later) for later in (timedelta(), timedelta(days=400, seconds=3671)))
    if [len(step.frames) for step in one] != [len(step.frames) for step in other]:
        raise NothingToRecord("what comes back is another each time: not even the number of frames is the same")
    steps = [_common(*pair) for pair in zip(one, other, strict=True)]
    if not any(step.frames for step in steps):
        raise NothingToRecord("no frame came back")
    with make() as world:
        _play(messages, world, stage)
        statuses = sorted({each.status for each in world.executions()})
    lines = list(_lines(steps, stage, opens, statuses))
    needs_any = any("ANY" in line for line in lines)
    head = ['"""Recorded by `pizzabar record`."""', ""]
    return "\n".join([*head, *(("from unittest.mock import ANY", "") if needs_any else ()), "", *lines, ""])


def _record(
    messages: Sequence[Message], make: Callable[[], World], stage: str | None, later: timedelta
) -> list[Step]:
    with make() as world:
        world.advance(later)
        return _play(messages, world, stage)


def _play(messages: Sequence[Message], world: World, stage: str | None) -> list[Step]:
    guest = world.connect(stage)
    steps = [Step(0, None, _taken(guest))] if guest.frames else []
    for message in messages:
        steps += _wait(world, guest, timedelta(seconds=message.after))
        try:
            guest.send(message.text)
        except ConnectionError:
            raise NothingToRecord(f"the connection ended before {message.text!r} was sent") from None
        steps.append(Step(0, message.text, _taken(guest)))
    return [*steps, *_wait(world, guest, None)]


def _wait(world: World, guest: Guest, most: timedelta | None) -> Iterator[Step]:
    """Let time pass: so much, or until nothing is due soon."""
    passed = quiet = timedelta()
    while guest.closed is None:
        due = world.emulator.clock.current.next_call()
        step = LONGEST if due is None else max(due - world.now, timedelta())
        if most is not None:
            step = min(step, most - passed)
        if (most is None and step >= LONGEST) or (most is not None and passed >= most):
            break
        world.advance(step)
        passed, quiet = passed + step, quiet + step
        frames = _taken(guest)
        if frames:
            yield Step(quiet.total_seconds(), None, frames)
            quiet = timedelta()
    if quiet and most is not None:
        yield Step(quiet.total_seconds(), None, ())


def _number(seconds: float) -> str:
    return str(int(seconds)) if seconds == int(seconds) else repr(seconds)


def _taken(guest: Guest) -> tuple[Any, ...]:
    return tuple(guest.take())


def _common(one: Step, other: Step) -> Step:
    frames = tuple(_same(a, b) for a, b in zip(one.frames, other.frames, strict=True))
    return Step(one.passed, one.message, frames)


def _same(one: Any, other: Any) -> Any:
    """Give what is the same in two values, and ``ANY`` where they differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {name: _same(value, other[name]) for name, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_same(a, b) for a, b in zip(one, other, strict=True)]
    return one if one == other else ANY


def _lines(steps: Sequence[Step], stage: str | None, opens: str, statuses: Sequence[str]) -> Iterator[str]:
    yield "def test_recorded(pizzabar):" if not opens else "def test_recorded(pizzabar_template):"
    if opens:
        yield f"    pizzabar = {opens}"
    yield f"    guest = pizzabar.connect({'' if stage is None else repr(stage)})"
    for step in steps:
        yield ""
        if step.message is not None:
            yield f"    guest.send({_literal(parsed(step.message), step.message)})"
        elif step.passed:
            yield f"    pizzabar.advance({_number(step.passed)})"
        if step.message is not None or step.frames:
            yield from _taking(step.frames)
    for status in statuses if len(statuses) == 1 else ():
        yield ""
        yield f"    pizzabar.assert_execution(status={status!r})"


def _taking(frames: Sequence[Any]) -> Iterator[str]:
    if not frames:
        yield "    assert guest.take() == []"
        return
    yield "    assert guest.take() == ["
    yield from (f"        {frame!r}," for frame in frames)
    yield "    ]"


def _literal(value: Any, text: str) -> str:
    """Write a message so that it is sent as it was: as a value only if that is written as it stands."""
    from pizzabar.testing.values import written

    return repr(value) if not isinstance(value, str) and written(value) == text else repr(text)
