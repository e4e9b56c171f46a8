"""
The seam of deliveries: an event on its way to one target of one rule.

What a transport promises: a delivery is durable before anything that follows from it leaves the process; it is sent
at least once, or ends as a dead letter when its retry policy is exhausted; deliveries of one lane to one target are
sent in order; a target that is slow or fails holds up nobody else.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Protocol

from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError
from pizzabar.record import record


@record
class EventDelivery:
    """An event, and the target that is to get ``payload`` for it.

    ``takes_durably`` says that the target itself keeps what it has taken (a function's queue, a state machine, a
    log group, a bus), so that the event need not be kept before. ``role_arn`` is whom EventBridge asks the target as.
    ``event`` is the event as it is, where ``payload`` is something else; ``fault`` why there can be no payload;
    ``http`` what a request has besides, as ``Filled`` writes it.
    """

    lane: str
    event_id: str
    rule_arn: str
    target_id: str
    target_arn: str
    payload: str
    takes_durably: bool
    maximum_attempts: int = 185
    maximum_age_seconds: int = 86_400
    dead_letter_arn: str | None = None
    role_arn: str | None = None
    message_group: str | None = None
    event: str | None = None
    fault: str | None = None
    http: JSON = None

    def as_json(self) -> JSON:
        """Write the delivery for a queue on disk."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: JSON) -> "EventDelivery":
        """Read what ``as_json`` wrote."""
        return cls(**document)


@record
class DeadLetter:
    """A delivery that was given up, with what AWS tells of it in message attributes.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    delivery: EventDelivery
    error_code: str
    error_message: str
    attempts: int
    exhausted: str
    when: datetime


class DeliveryFailure(PizzabarError):
    """Raised by a sender when a target does not take an event.

    ``retry_after`` is how long the target wants to be left alone at least.
    """

    def __init__(self, code: str, message: str, *, is_final: bool, retry_after: timedelta = timedelta()) -> None:
        self.code = code
        self.message = message
        self.is_final = is_final
        self.retry_after = retry_after
        super().__init__(f"{code}: {message}")


class Postponed(DeliveryFailure):
    """Raised by a sender when it is not a target's turn before ``when``: that is no attempt."""

    def __init__(self, code: str, message: str, when: datetime) -> None:
        super().__init__(code, message, is_final=False)
        self.when = when


Send = Callable[[EventDelivery], Awaitable[None]]
Bury = Callable[[DeadLetter], Awaitable[None]]


class Transport(Protocol):
    """Brings events to targets."""

    async def open(self, send: Send, bury: Bury) -> None:
        """Begin, with ``send``, which brings one delivery to its target or raises ``DeliveryFailure``.

        ``bury`` is told of each that is given up, before it counts as done.
        """

    async def deliver(self, deliveries: Sequence[EventDelivery]) -> None:
        """Take deliveries; return when each is with its target, or is kept to be tried again."""

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """Read the deliveries that were given up, oldest first."""
