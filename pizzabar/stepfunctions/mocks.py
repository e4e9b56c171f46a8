"""
Mocks of tasks, in the format of Step Functions Local's mock configuration.

A test case is named after ``#`` in the state machine's ARN; it says by which mocked response each state is answered,
and a response what the first attempt, the first retry… of the state gives.

https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html
"""

import re
from collections.abc import Mapping

from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError
from pizzabar.record import record

_is_range = re.compile(r"(\d+)(?:-(\d+))?").fullmatch


class FaultyMocks(PizzabarError):
    """Raised when a mock configuration is not one; its text says where and why."""


@record
class Response:
    """What one call gives: a result, or an error."""

    result: JSON = None
    error: str | None = None
    cause: str | None = None
    is_error: bool = False


@record
class Mocks:
    """The test cases, by state machine and name: the responses of each state, by the number of its call."""

    cases: Mapping[str, Mapping[str, Mapping[str, tuple[tuple[int, int, Response], ...]]]]

    def has(self, machine: str, case: str) -> bool:
        """Whether a state machine has a test case."""
        return case in self.cases.get(machine, {})

    def machines_with(self, case: str) -> list[str]:
        """Give the state machines that have a test case of that name."""
        return [machine for machine, cases in self.cases.items() if case in cases]

    def response(self, machine: str, case: str, state: str, number: int) -> Response | None:
        """Give what an attempt of a state is answered with; None where the state is not mocked in the test case.

        The first attempt is 0, a retry the next. An attempt without an answer fails, as in Step Functions Local.
        """
        responses = self.cases.get(machine, {}).get(case, {}).get(state)
        if responses is None:
            return None
        found = (response for first, last, response in responses if first <= number <= last)
        missing = f"The test case {case} has no mocked response for attempt {number} of the state {state}."
        return next(found, Response(None, "States.Runtime", missing, is_error=True))


def read_mocks(document: JSON) -> Mocks:
    """Read a mock configuration. Raise ``FaultyMocks``."""
    machines, responses = _object(document, "StateMachines", ""), _object(document, "MockedResponses", "")
    read = {name: _responses(each, f"/MockedResponses/{name}") for name, each in responses.items()}
    cases: dict[str, dict[str, dict[str, tuple[tuple[int, int, Response], ...]]]] = {}
    for machine, described in machines.items():
        at = f"/StateMachines/{machine}"
        for case, states in _object(described, "TestCases", at).items():
            place = f"{at}/TestCases/{case}"
            if not isinstance(states, dict):
                raise FaultyMocks(f"{place}: an object is expected")
            for state, name in states.items():
                if not isinstance(name, str) or name not in read:
                    raise FaultyMocks(f"{place}/{state}: there is no mocked response {name}")
                cases.setdefault(machine, {}).setdefault(case, {})[state] = read[name]
            cases.setdefault(machine, {}).setdefault(case, {})
    return Mocks(cases)


def _object(document: JSON, name: str, place: str) -> Mapping[str, JSON]:
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise FaultyMocks(f"{place}/{name}: an object is expected")
    return found


def _responses(document: JSON, place: str) -> tuple[tuple[int, int, Response], ...]:
    if not isinstance(document, dict):
        raise FaultyMocks(f"{place}: an object with an answer for each call is expected")
    read = []
    for key, answer in document.items():
        numbers = _is_range(key)
        if numbers is None:
            raise FaultyMocks(f"{place}/{key}: the number of a call, or a range of them, is expected")
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        read.append((first, last, _response(answer, f"{place}/{key}")))
    return tuple(sorted(read, key=lambda each: each[0]))


def _response(answer: JSON, place: str) -> Response:
    match answer:
        case {"Return": result, **others} if not others:
            return Response(result)
        case {"Throw": {"Error": str(error), **more}, **others} if not others:
            cause = more.get("Cause")
            return Response(None, error, cause if isinstance(cause, str) else None, is_error=True)
        case _:
            raise FaultyMocks(f"{place}: either Return, or Throw with an Error, is expected")
