"""What the pizza bar decides."""

import json
from typing import Any

import pytest

from pizzabar.pizzeria.orders import Change, InvalidOrder, connection_of, decide, read_change, status_frame

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Bake:0b9f4a3e-6d0e-4d57-9c38-0b5a4c7a1d11"
ORDER_ID = "0b9f4a3e-6d0e-4d57-9c38-0b5a4c7a1d11"
EVENT: dict[str, Any] = {
    "resources": ["arn:aws:states:us-east-1:123456789012:stateMachine:Bake", EXECUTION],
    "detail": {
        "target": "LAMBDA to notify user via WebSocket",
        "connectionId": "R1kmxc2VNjMCFIA=",
        "status": "order accepted",
        "orderDetails": {"type": "margherita", "size": "L"},
    },
}
SESSION = {
    "connectionId": "R1kmxc2VNjMCFIA=",
    "domainName": "localhost:8000",
    "stage": "api",
    "orderId": "",
    "ttl": 5,
}
DETAILS = {"type": "margherita", "size": "L"}
ACCEPTED = Change("R1kmxc2VNjMCFIA=", ORDER_ID, "order accepted", DETAILS)
BAKING = Change("R1kmxc2VNjMCFIA=", ORDER_ID, "order is undergoing the baking process", DETAILS)
ORDER = {
    "connectionId": "R1kmxc2VNjMCFIA=",
    "orderId": ORDER_ID,
    "domainName": "localhost:8000",
    "stage": "api",
    "type": "margherita",
    "size": "L",
    "status": "order accepted",
}


def event(**detail: Any) -> dict[str, Any]:
    return EVENT | {"detail": EVENT["detail"] | detail}


def test_a_change_is_read_from_its_event() -> None:
    assert read_change(EVENT) == ACCEPTED


@pytest.mark.parametrize(
    ("details", "read"),
    [
        ({}, {}),
        ("margherita", {"details": "margherita"}),
        (["margherita", 2], {"details": ["margherita", 2]}),
        (None, {"details": None}),
        (
            {"size": "L", "orderId": "x", "connectionId": "x", "domainName": "x", "stage": "x", "status": "x"},
            {"size": "L"},
        ),
    ],
)
def test_the_details_come_from_the_guest(details: Any, read: dict[str, Any]) -> None:
    """They change neither whom the pizza bar tells nor which order it is."""
    assert read_change(event(orderDetails=details)).details == read


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"detail": {}},
        {"detail": None},
        {"detail": "text"},
        {"detail": EVENT["detail"], "resources": []},
        {"detail": EVENT["detail"], "resources": [EXECUTION]},
        {"detail": EVENT["detail"], "resources": ["a", 5]},
        {"detail": EVENT["detail"], "resources": ["a", "nothing"]},
        event(connectionId=5),
        event(connectionId=None),
        event(status=["order accepted"]),
        [],
        None,
    ],
)
def test_an_event_that_tells_of_no_order(wrong: Any) -> None:
    with pytest.raises(InvalidOrder):
        read_change(wrong)


def test_the_first_status_makes_the_order_and_notes_it_in_the_session() -> None:
    decision = decide(ACCEPTED, SESSION, None)

    assert decision.order == ORDER
    assert decision.session == SESSION | {"orderId": ORDER_ID}
    assert decision.frame == status_frame("order accepted")


def test_a_later_status_changes_the_order_alone() -> None:
    decision = decide(BAKING, SESSION | {"orderId": ORDER_ID}, ORDER)

    assert decision.order == ORDER | {"status": "order is undergoing the baking process"}
    assert decision.session is None
    assert decision.frame == status_frame("order is undergoing the baking process")


def test_a_status_that_is_told_twice_is_the_same_order() -> None:
    decision = decide(ACCEPTED, SESSION | {"orderId": ORDER_ID}, ORDER)

    assert decision.order == ORDER


def test_the_time_to_live_of_a_session_stays() -> None:
    decision = decide(ACCEPTED, SESSION, None)

    assert decision.session is not None
    assert decision.session["ttl"] == 5


def test_without_a_session_there_is_nobody_to_tell() -> None:
    with pytest.raises(InvalidOrder, match="connection R1kmxc2VNjMCFIA= has no session"):
        decide(ACCEPTED, None, None)


NAMED = Change("R1kmxc2VNjMCFIA=", ORDER_ID, "order is packed", {"ref": ORDER_ID})
RETURNED = {"connectionId": "LkQ3dfWoiYcCFRg=", "orderId": ORDER_ID, "ref": ORDER_ID, "status": "order accepted"}


def test_an_order_with_a_ref_is_kept_while_its_guest_is_away() -> None:
    decision = decide(NAMED, None, None)

    assert decision.order == {
        "connectionId": "R1kmxc2VNjMCFIA=",
        "orderId": ORDER_ID,
        "ref": ORDER_ID,
        "status": "order is packed",
    }
    assert decision.connection_id is None


def test_a_guest_who_has_come_back_is_told_by_the_new_connection() -> None:
    assert connection_of(NAMED, None) == "R1kmxc2VNjMCFIA="
    assert connection_of(NAMED, RETURNED) == "LkQ3dfWoiYcCFRg="

    decision = decide(NAMED, SESSION | {"connectionId": "LkQ3dfWoiYcCFRg="}, RETURNED)

    assert decision.connection_id == "LkQ3dfWoiYcCFRg="
    assert decision.order == RETURNED | {"status": "order is packed"}
    assert decision.frame == status_frame("order is packed", ORDER_ID)


@pytest.mark.parametrize("ref", [None, 5, "", "another", {"a": 1}])
def test_what_is_not_the_name_of_the_order_is_no_ref(ref: Any) -> None:
    """It is a detail like any other."""
    change = Change("R1kmxc2VNjMCFIA=", ORDER_ID, "order accepted", {"ref": ref})

    assert decide(change, SESSION, None).frame == status_frame("order accepted")
    with pytest.raises(InvalidOrder):
        decide(change, None, None)


def test_the_frame_of_an_order_with_a_ref_names_it() -> None:
    named, plain = status_frame("order accepted", "3f"), status_frame("order accepted")

    assert named == plain.removesuffix("}") + ',"ref":"3f"}'


def test_the_frame_is_json_in_json() -> None:
    """As the workshop's handler writes it."""
    assert status_frame("order accepted") == (
        '{"type":"CHANGED_EVENT","message":'
        '"{\\"name\\":\\"STATUS_CHANGED_EVENT\\",\\"status\\":\\"order accepted\\"}"}'
    )


@pytest.mark.parametrize("status", ['with "quotes"', "é", "\\", ""])
def test_any_status_can_be_told(status: str) -> None:
    frame = json.loads(status_frame(status))

    assert json.loads(frame["message"]) == {"name": "STATUS_CHANGED_EVENT", "status": status}
