"""One fault at each hop."""

import pytest

from pizzabar.testing import World, sweep
from tests.flow.serving import ORDER, STATUSES


def an_order(world: World) -> None:
    guest = world.connect()
    guest.send(ORDER)
    world.advance(600)
    assert len(guest.frames) == len(STATUSES), f"{len(guest.frames)} frames came"
    [order] = world.items("Orders")
    assert order["status"] == STATUSES[-1], f"the order ends as {order['status']}"


def test_which_orders_end_wrongly() -> None:
    outcomes = sweep(an_order, services=("stepfunctions", "lambda"))

    told = [str(outcome) for outcome in outcomes]
    assert told[0] == "error at stepfunctions:StartExecution 1: 1 frames came"
    ended = {str(outcome.tried): outcome.wrong for outcome in outcomes}
    # EventBridge asks again.
    assert all(ended[f"error at lambda:Invoke {number}"] is None for number in range(1, 7))
    # Lambda does so after a minute: a status that comes late is the order's last.
    wrong = [name for name, why in ended.items() if why is not None and why.startswith("the order ends as")]
    assert wrong == [f"error at lambda:Invocation {number}" for number in range(1, 6)]
    assert len(outcomes) == 1 + 6 + 6


def test_a_scenario_that_is_wrong_without_any_is_told() -> None:
    def wrong(world: World) -> None:
        raise AssertionError("always")

    with pytest.raises(AssertionError, match="always"):
        sweep(wrong)


def test_what_the_scenario_itself_asks_is_left_alone() -> None:
    def scenario(world: World) -> None:
        world.call("dynamodb", "PutItem", TableName="pizzabar-Orders", Item={"orderId": {"S": "own"}})
        world.connect()

    [outcome] = sweep(scenario, services=("dynamodb",))
    assert str(outcome.tried) == "error at dynamodb:PutItem 2"
    assert "500" in (outcome.wrong or "")
