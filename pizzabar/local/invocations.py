"""The local queue of asynchronous invocations."""

from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.lambda_.invocations import Handle, Invocation
from pizzabar.local.database import Database
from pizzabar.local.deliveries import Again, Delivery, DeliveryQueue
from pizzabar.work import Work


class LocalInvocations:
    """Asynchronous invocations over one state file."""

    def __init__(self, database: Database, clock: Clock, work: Work) -> None:
        self._queue = DeliveryQueue("lambda", database, clock, work)
        self._handle: Handle | None = None

    async def open(self, handle: Handle) -> None:
        """Begin, with those first that an earlier process left unhandled."""
        self._handle = handle
        await self._queue.open(self._run)

    def accept(self, lane: str, function_arn: str, request_id: str, payload: JSON) -> None:
        """Take an event."""
        self._queue.put(f"{function_arn} {lane}", [function_arn, request_id, payload])

    async def _run(self, delivery: Delivery) -> Again | None:
        assert self._handle is not None
        function_arn, request_id, payload = delivery.item
        when = await self._handle(Invocation(function_arn, request_id, payload, delivery.attempts, delivery.accepted))
        return None if when is None else Again(when, holds_lane=False)
