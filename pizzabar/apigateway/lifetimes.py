"""
How long connections last: those that nobody uses, and those that are old, are closed.

There is one timer for all. Each connection has one entry, by the time when it may be due; whether it is, is seen
then, so that a message costs nothing.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from datetime import datetime
from heapq import heapify, heappop, heappush

from pizzabar.apigateway.connections import Connection, Connections
from pizzabar.apigateway.errors import GoneException
from pizzabar.apigateway.quotas import Quotas
from pizzabar.clock import Clock, Timer
from pizzabar.work import Work

GOING_AWAY = 1001, "Going away"
"""Observed for idle connections. For old ones no source was found: the same."""


class Lifetimes:
    """Closes the connections whose time is over."""

    def __init__(self, connections: Connections, quotas: Quotas, clock: Clock, work: Work) -> None:
        self._connections = connections
        self._quotas = quotas
        self._clock = clock
        self._work = work
        self._entries: list[tuple[datetime, str]] = []
        self._timer: Timer | None = None

    def watch(self, connection: Connection) -> None:
        """Let a connection end in its time."""
        if len(self._entries) > 2 * len(self._connections) + 1000:
            self._forget_those_gone()
        heappush(self._entries, (self._due(connection), connection.id))
        self._arm()

    def _due(self, connection: Connection) -> datetime:
        idle = self._connections.last_active(connection.id) + self._quotas.idle
        return min(idle, connection.connected_at + self._quotas.life)

    def _arm(self) -> None:
        if not self._entries:
            return
        due = self._entries[0][0]
        if self._timer is not None:
            if self._timer.callback is not None and self._timer.when <= due:
                return
            self._timer.cancel()
        self._timer = self._clock.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.now()
        while self._entries and self._entries[0][0] <= now:
            _, id_ = heappop(self._entries)
            try:
                connection = self._connections.get(id_)
                due = self._due(connection)
            except GoneException:
                continue
            if due <= now:
                self._work.start_now(self._close(id_))
            else:
                heappush(self._entries, (due, id_))
        self._arm()

    async def _close(self, connection_id: str) -> None:
        try:
            await self._connections.close(connection_id, *GOING_AWAY)
        except (GoneException, OSError):
            # It has gone by itself.
            return

    def _forget_those_gone(self) -> None:
        open_ = {connection.id for connection in self._connections}
        self._entries = [entry for entry in self._entries if entry[1] in open_]
        heapify(self._entries)
