"""The call table, and the hops that it enters in the journal."""

import asyncio
from datetime import UTC, datetime

import pytest

from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.errors import InternalFailure, UnknownOperationException, ValidationException
from pizzabar.journal import CAUSE, Attempt, Cause, Hop, Journal, act_as, note
from pizzabar.operations import Operations
from pizzabar.principal import Principal, role_session, service_principal
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Oven:
    """A service of one call table."""

    def __init__(self) -> None:
        self.baked: list[JSON] = []


async def bake(oven: Oven, parameters: JSON) -> JSON:
    if "Pizza" not in parameters:
        raise ValidationException("no pizza")
    await asyncio.sleep(0)
    oven.baked.append(parameters["Pizza"])
    note("degrees", 400)
    return {"Baked": True}


async def burn(oven: Oven, parameters: JSON) -> JSON:
    raise ZeroDivisionError


def kitchen() -> tuple[Operations, Oven]:
    operations, oven = Operations(Journal(), VirtualClock(Work(), NOON)), Oven()
    operations.add("oven", {"Bake": bake}, oven)
    return operations, oven


async def test_a_call_asks_the_operation_of_its_owner() -> None:
    call, oven = kitchen()

    assert await call("oven", "Bake", {"Pizza": "margherita"}) == {"Baked": True}
    assert oven.baked == ["margherita"]


async def test_the_table_tells_what_it_has() -> None:
    call, _ = kitchen()

    assert list(call) == [("oven", "Bake")]
    assert call.has("oven", "Bake")
    assert not call.has("oven", "Freeze")


@pytest.mark.parametrize(("service", "operation"), [("oven", "Freeze"), ("sqs", "SendMessage")])
async def test_what_is_not_there_is_refused_by_name(service: str, operation: str) -> None:
    call, _ = kitchen()

    with pytest.raises(UnknownOperationException, match=f"{service}:{operation} is not supported"):
        await call(service, operation, {})


async def test_a_call_is_a_hop() -> None:
    call, _ = kitchen()
    parameters = {"Pizza": "margherita"}

    await call("oven", "Bake", parameters)

    (hop,) = call.journal
    assert (hop.service, hop.operation, hop.started, hop.notes) == ("oven", "Bake", NOON, {"degrees": 400})
    assert hop.parameters is parameters
    assert hop.result == {"Baked": True}
    assert hop.error is None
    assert hop.duration is not None
    assert hop.duration > 0


async def test_a_call_that_fails_is_a_hop_with_its_error() -> None:
    call, _ = kitchen()

    with pytest.raises(ValidationException):
        await call("oven", "Bake", {})

    (hop,) = call.journal
    assert str(hop.error) == "ValidationException: no pizza"
    assert hop.result is None
    assert hop.duration is not None


async def test_what_is_secret_in_parameters_is_not_in_the_journal(caplog: pytest.LogCaptureFixture) -> None:
    operations, oven = kitchen()
    operations.mask({("oven", "Bake"): lambda parameters: parameters | {"Pizza": "***"}})

    await operations("oven", "Bake", {"Pizza": "house recipe"})
    operations.add("oven", {"Bake": burn}, oven)
    with pytest.raises(InternalFailure):
        await operations("oven", "Bake", {"Pizza": "house recipe"})

    assert oven.baked == ["house recipe"]
    assert [hop.parameters for hop in operations.journal] == [{"Pizza": "***"}] * 2
    assert "house recipe" not in caplog.text


async def test_a_call_that_is_cancelled_is_a_hop_that_has_ended() -> None:
    call, _ = kitchen()

    async def wait(owner: None, parameters: JSON) -> JSON:
        return await asyncio.get_running_loop().create_future()

    call.add("oven", {"Wait": wait}, None)
    task = asyncio.ensure_future(call("oven", "Wait", {}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    (hop,) = call.journal
    assert isinstance(hop.error, asyncio.CancelledError)
    assert hop.duration is not None


async def test_calls_within_a_call_are_its_children() -> None:
    call, _ = kitchen()

    async def serve(owner: None, parameters: JSON) -> JSON:
        await call("oven", "Bake", {"Pizza": 1})
        await asyncio.gather(call("oven", "Bake", {"Pizza": 2}), call("oven", "Bake", {"Pizza": 3}))
        return None

    call.add("waiter", {"Serve": serve}, None)
    await call("waiter", "Serve", {})

    serving, *baking = call.journal
    assert [hop.parent for hop in baking] == [serving.id] * 3
    assert {hop.trace_id for hop in call.journal} == {serving.trace_id}


async def test_the_cause_at_hand_is_the_parent_and_stands_again_afterwards() -> None:
    call, _ = kitchen()
    cause = Cause("1-69a42c40-000000000000000000000000", 42, "order-1", Attempt("order-1/1"))
    token = CAUSE.set(cause)
    try:
        await call("oven", "Bake", {"Pizza": 1})
        assert CAUSE.get() is cause
    finally:
        CAUSE.reset(token)

    (hop,) = call.journal
    assert (hop.trace_id, hop.parent, hop.lane, hop.attempt) == (cause.trace_id, 42, "order-1", Attempt("order-1/1"))


async def test_followers_see_a_hop_with_its_result() -> None:
    call, _ = kitchen()
    seen: list[JSON] = []
    call.journal.follow(lambda hop: seen.append(hop.result))

    await call("oven", "Bake", {"Pizza": 1})

    assert seen == [{"Baked": True}]


async def test_whatever_is_done_can_be_a_hop() -> None:
    call, _ = kitchen()

    async def receive(parameters: JSON) -> JSON:
        return await call("oven", "Bake", {"Pizza": parameters["Body"]})

    assert await call.trace("apigateway", "$default", {"Body": "marinara"}, receive) == {"Baked": True}

    received, baked = call.journal
    assert (received.service, received.operation) == ("apigateway", "$default")
    assert baked.parent == received.id


async def test_a_later_entry_of_the_same_name_replaces_the_first() -> None:
    call, _ = kitchen()

    async def burn(owner: None, parameters: JSON) -> JSON:
        return "ashes"

    call.add("oven", {"Bake": burn}, None)

    assert await call("oven", "Bake", {}) == "ashes"


async def test_a_call_from_outside_is_answered_once_all_is_durable_and_one_from_inside_at_once() -> None:
    order: list[str] = []

    async def durable() -> None:
        order.append("durable")

    operations = Operations(Journal(), VirtualClock(Work(), NOON), durable)

    async def inner(owner: object, parameters: JSON) -> JSON:
        order.append("inner")
        return {}

    async def outer(owner: object, parameters: JSON) -> JSON:
        await operations("kitchen", "Inner", {})
        order.append("outer")
        return {}

    operations.add("kitchen", {"Inner": inner, "Outer": outer}, None)
    await operations("kitchen", "Outer", {})

    assert order == ["inner", "outer", "durable"]


BAKER = role_session("arn:aws:iam::123456789012:role/Baker", "oven", "lambda.amazonaws.com")


def guarded() -> tuple[Operations, list[tuple[Principal, str]]]:
    """A kitchen whose guard notes what is asked in whose name, and lets nobody clean."""
    call, _ = kitchen()
    seen: list[tuple[Principal, str]] = []

    async def serve(owner: object, parameters: JSON) -> JSON:
        await call("oven", "Bake", {"Pizza": "funghi"})

    def guard(principal: Principal, hop: Hop) -> None:
        seen.append((principal, hop.operation))
        if hop.operation == "Clean":
            raise ValidationException("not you")

    call.add("oven", {"Serve": serve, "Clean": serve}, None)
    call.guard = guard
    return call, seen


async def test_what_a_principal_asks_is_seen_by_the_guard_and_what_services_do_for_it_is_not() -> None:
    call, seen = guarded()
    await call("oven", "Bake", {"Pizza": "margherita"})
    assert seen == []

    token = CAUSE.set(Cause("1", principal=BAKER))
    await call("oven", "Serve", {})
    CAUSE.reset(token)

    assert seen == [(BAKER, "Serve")]
    assert [hop.asked_by for hop in call.journal] == [None, BAKER, None]


async def test_what_the_guard_refuses_is_not_done_and_stands_in_the_journal() -> None:
    call, _ = guarded()
    token = CAUSE.set(Cause("1", principal=BAKER))
    with pytest.raises(ValidationException, match="not you"):
        await call("oven", "Clean", {})
    CAUSE.reset(token)

    [hop] = call.journal
    assert str(hop.error) == "ValidationException: not you"


async def test_a_hop_of_its_own_is_done_in_the_name_at_hand_or_in_another() -> None:
    call, seen = guarded()
    waiter = service_principal("apigateway.amazonaws.com", "arn:x")

    async def act(parameters: JSON) -> JSON:
        await call("oven", "Bake", {"Pizza": "margherita"})
        act_as(waiter)
        await call("oven", "Bake", {"Pizza": "margherita"})

    token = CAUSE.set(Cause("1", principal=BAKER))
    await call.trace("lambda", "Invocation", {}, act)
    CAUSE.reset(token)

    assert seen == [(BAKER, "Bake"), (waiter, "Bake")]


async def test_what_a_service_relays_is_judged_and_what_follows_is_its_own() -> None:
    call, seen = guarded()

    async def act(parameters: JSON) -> JSON:
        await call("oven", "Bake", {"Pizza": "margherita"})

    token = CAUSE.set(Cause("1", principal=BAKER))
    await call.relay("oven", "Relay", {}, act)
    with pytest.raises(ValidationException):
        await call.relay("oven", "Clean", {}, act)
    CAUSE.reset(token)

    assert seen == [(BAKER, "Relay"), (BAKER, "Clean")]
    assert [hop.operation for hop in call.journal] == ["Relay", "Bake", "Clean"]
