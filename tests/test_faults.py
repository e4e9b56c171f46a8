"""Faults on purpose."""

from datetime import timedelta
from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.faults import FaultRule, Faults, InvalidFault
from tests.world import NOON, World, world


class Bar:
    """A world with one operation, `bar:Serve`, and what it was asked."""

    def __init__(self, around: World) -> None:
        self.world = around
        self.gone: list[str] = []
        self.served = around.answer("bar", "Serve", lambda asked: {"served": asked})
        self.faults = Faults(around.clock, around.call.journal, self._vanish, has_state="Bake".__eq__)
        around.call.break_by(self.faults.rules, self.faults.around)

    async def _vanish(self, connection: str) -> None:
        self.gone.append(connection)

    async def serve(self, what: JSON = "beer") -> str:
        """Ask, and give the error's code, or nothing."""
        try:
            await self.world.call("bar", "Serve", {"what": what})
        except ServiceError as error:
            return f"{error.code} {error.status}"
        return ""


async def asked(count: int, rule: FaultRule, what: tuple[str, ...] = ("beer",)) -> list[str]:
    """Give what becomes of so many hops under a rule."""
    async with world() as around:
        bar = Bar(around)
        bar.faults.add(rule)
        return [await bar.serve(what[number % len(what)]) for number in range(count)]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (FaultRule("throttle"), "ThrottlingException 400"),
        (FaultRule("error"), "InternalServerError 500"),
        (FaultRule("error", code="Own", status=418), "Own 418"),
        (FaultRule("gone"), "GoneException 410"),
        (FaultRule("time-out"), "RequestTimeout 408"),
    ],
)
async def test_what_services_refuse_with(rule: FaultRule, error: str) -> None:
    assert await asked(2, rule) == [error, ""]


@pytest.mark.parametrize(
    ("service", "operation", "error"),
    [
        ("dynamodb", "PutItem", "ThrottlingException 400"),
        ("lambda", "Invoke", "TooManyRequestsException 429"),
        ("apigatewaymanagementapi", "PostToConnection", "LimitExceededException 429"),
    ],
)
async def test_each_service_refuses_in_its_own_way(service: str, operation: str, error: str) -> None:
    async with world() as around:
        bar = Bar(around)
        around.answer(service, operation)
        bar.faults.add(FaultRule("throttle"))
        with pytest.raises(ServiceError) as raised:
            await around.call(service, operation, {})
        assert f"{raised.value.code} {raised.value.status}" == error


async def test_which_hops_a_rule_breaks() -> None:
    gone = "GoneException 410"
    assert await asked(4, FaultRule("gone", skip=1, times=2)) == ["", gone, gone, ""]
    assert await asked(3, FaultRule("gone", times=None)) == [gone, gone, gone]
    assert await asked(4, FaultRule("gone", about="wine", times=None), ("beer", "wine")) == ["", gone, "", gone]
    assert await asked(1, FaultRule("gone", service="bar", operation="Serve")) == [gone]
    assert await asked(1, FaultRule("gone", service="bar", operation="Wash")) == [""]
    assert await asked(1, FaultRule("gone", service="kitchen")) == [""]


async def test_a_seed_gives_the_same_faults() -> None:
    rule = FaultRule("gone", share=0.5, seed=7, times=None)
    first = await asked(40, rule)
    assert first == await asked(40, rule)
    assert first != await asked(40, FaultRule("gone", share=0.5, seed=8, times=None))
    assert 10 < first.count("") < 30


async def test_time_passes_where_an_answer_is_late() -> None:
    async with world() as around:
        bar = Bar(around)
        bar.faults.add(FaultRule("latency", seconds=2))
        due: list[Any] = []
        around.clock.call_at(NOON + timedelta(seconds=1), lambda: due.append(1))

        assert await bar.serve() == ""

        assert around.clock.now() == NOON + timedelta(seconds=2)
        assert due == [1]
        assert len(bar.served) == 1


async def test_what_is_done_twice() -> None:
    async with world() as around:
        bar = Bar(around)
        bar.faults.add(FaultRule("duplicate"))
        await bar.serve()
        await bar.serve()
        assert len(bar.served) == 3


async def test_a_client_vanishes() -> None:
    async with world() as around:
        bar = Bar(around)
        bar.faults.add(FaultRule("vanish", service="bar"))

        async def frame(parameters: JSON) -> JSON:
            return await bar.serve()

        await around.call.trace("apigateway", "$default", {"ConnectionId": "c"}, frame)
        assert bar.gone == ["c"]
        assert len(bar.served) == 1

        # Nobody's frame came before.
        bar.faults.add(FaultRule("vanish", service="bar"))
        await bar.serve()
        assert bar.gone == ["c"]


async def test_a_client_vanishes_at_a_state() -> None:
    async with world() as around:
        bar = Bar(around)
        number = bar.faults.add(FaultRule("vanish", state="Bake", about="pizza", skip=1))
        arn = "arn:aws:states:us-east-1:123456789012:execution:pizza:1"
        around.answer("stepfunctions", "StartExecution", lambda asked: {"executionArn": arn})

        async def frame(parameters: JSON) -> JSON:
            return await around.call("stepfunctions", "StartExecution", {})

        await around.call.trace("apigateway", "$default", {"ConnectionId": "c"}, frame)
        assert bar.faults.entered(arn, ["Bake"]) == []
        # Whoever asks about it has nothing to do with it.
        around.answer("stepfunctions", "DescribeExecution", lambda asked: {"executionArn": arn})
        await around.call("stepfunctions", "DescribeExecution", {})
        assert bar.faults.entered(arn, ["Knead", "Bake"]) == ["c"]
        assert bar.faults.entered(arn, ["Bake"]) == []
        assert [broken for _, _, broken in bar.faults] == [1]

        bar.faults.add(FaultRule("vanish", state="Bake", times=None))
        # Another execution is not of this client, and what no frame has started is nobody's.
        assert bar.faults.entered(f"{arn}1", ["Bake"]) == []
        assert bar.faults.entered(arn, ["Bake"]) == ["c"]
        assert bar.faults.remove(number)
        assert len(list(bar.faults)) == 1
        bar.faults.clear()
        assert not bar.faults.at_states

        with pytest.raises(InvalidFault, match="no state machine has a state Fry"):
            bar.faults.add(FaultRule("vanish", state="Fry"))


async def test_rules_are_told_of_and_taken_away() -> None:
    async with world() as around:
        bar = Bar(around)
        first, second = bar.faults.add(FaultRule("gone", times=None)), bar.faults.add(FaultRule("latency"))
        await bar.serve()
        assert [(number, rule.kind, broken) for number, rule, broken in bar.faults] == [
            (first, "gone", 1),
            (second, "latency", 1),
        ]
        [hop] = around.hops("bar", "Serve")
        assert hop.notes == {"fault": "latency, by rule 2"}
        assert bar.faults.remove(first)
        assert not bar.faults.remove(first)
        assert await bar.serve() == ""
        bar.faults.clear()
        assert list(bar.faults) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "fire"}, "fire is no fault: there are duplicate, error, gone, latency, throttle, time-out, vanish"),
        ({"kind": "gone", "skip": -1}, "skip is 0 or more, and times 1 or more"),
        ({"kind": "gone", "times": 0}, "skip is 0 or more, and times 1 or more"),
        ({"kind": "gone", "share": 2}, "a share is between 0 and 1"),
        ({"kind": "latency", "seconds": -1}, "seconds are between 0 and 86400"),
    ],
)
def test_a_rule_that_cannot_be(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidFault) as raised:
        FaultRule(**given)
    assert str(raised.value) == told
