"""
What the pizza bar decides when the status of an order has changed.

Pure: a session, an order and an event in; the items to write and the frame to push out. The shells around it (in
process, or on boto3) read and write.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

Item = Mapping[str, Any]

OURS = frozenset({"orderId", "connectionId", "domainName", "stage", "status"})
"""What the details of an order, which come from the guest, must not change."""
UNCHANGED = "attribute_not_exists(orderId) OR connectionId = :connectionId"
"""Under what condition an order is written: unless its guest has come back by another connection in the meantime."""


class Change(NamedTuple):
    """A status change, taken from its event. ``order_id`` is the same for every status of one order."""

    connection_id: str
    order_id: str
    status: str
    details: Mapping[str, Any]

    @property
    def ref(self) -> str | None:
        """What the guest calls the order, to come back to it; None if it has no name."""
        return self.order_id if self.details.get("ref") == self.order_id else None


class Decision(NamedTuple):
    """What follows from a change: the order as it is to be, the session if that changes, and the frame.

    ``connection_id`` is whom to tell; None while the guest is away.
    """

    order: Item
    session: Item | None
    frame: str
    connection_id: str | None


class InvalidOrder(Exception):
    """Raised when an event is no change of an order that can be told to anybody."""


def read_change(event: Mapping[str, Any]) -> Change:
    """Take a status change from the event that tells of it. Raise ``InvalidOrder``.

    Each order is one execution of the state machine; the execution's name, the last part of the second resource,
    is a UUID and serves as the order's id, so that the same event handled twice is the same order.
    """
    try:
        detail = event["detail"]
        connection_id, status = detail["connectionId"], detail["status"]
        order_id = event["resources"][1].rsplit(":", 1)[1]
    except (LookupError, TypeError, AttributeError):
        raise InvalidOrder("the event does not tell of an order") from None
    if not isinstance(connection_id, str) or not isinstance(status, str):
        raise InvalidOrder("the event does not tell of an order")
    details = detail.get("orderDetails")
    if not isinstance(details, dict):
        details = {"details": details}
    return Change(connection_id, order_id, status, {k: v for k, v in details.items() if k not in OURS})


def connection_of(change: Change, order: Item | None) -> str:
    """Tell whose order it is: that of the connection which placed it, or which has come back to it since."""
    return change.connection_id if order is None else str(order["connectionId"])


def decide(change: Change, session: Item | None, order: Item | None) -> Decision:
    """Decide what a status change means for the session of the order's connection, and for the order.

    The first status makes the order and notes it in the session; a later one changes that order's status and details.
    Without a session there is nobody to tell: raise ``InvalidOrder``, but for an order with a ``ref``, to which its
    guest may come back.
    """
    connection_id = connection_of(change, order)
    if session is None and change.ref is None:
        raise InvalidOrder(f"connection {connection_id} has no session")
    noted = None
    if order is None:
        order = {"connectionId": connection_id, "orderId": change.order_id}
        if session is not None:
            order |= {"domainName": session["domainName"], "stage": session["stage"]}
            noted = {**session, "orderId": change.order_id}
    return Decision(
        order={**order, **change.details, "status": change.status},
        session=noted,
        frame=status_frame(change.status, change.ref),
        connection_id=None if session is None else connection_id,
    )


@lru_cache(maxsize=64)
def status_frame(status: str, ref: str | None = None) -> str:
    """Write the frame that tells a guest of a status: JSON in JSON, as the workshop has it; and its ``ref``."""
    message = json.dumps({"name": "STATUS_CHANGED_EVENT", "status": status}, separators=(",", ":"))
    frame = {"type": "CHANGED_EVENT", "message": message} | ({} if ref is None else {"ref": ref})
    return json.dumps(frame, separators=(",", ":"))
