"""
The runtime: the clock and the seams on one page.

Everything that the rooms need of the world comes in here. The local runtime is SQLite and memory
(``pizzabar.local.runtime``); another one offers the same and is named by its import string.

One rule holds for all of the seams: whoever is inside goes on at once with what was changed, and nothing leaves the
process (a frame, the answer to a call from outside, a task that does more than write) before it is durable.
"""

from typing import Protocol

from pizzabar.apigateway.connections import Connections
from pizzabar.clock import EmulatorClock
from pizzabar.dynamodb.store import TableStore
from pizzabar.eventbridge.archive_store import ArchiveStore
from pizzabar.eventbridge.transport import Transport
from pizzabar.http_client import HttpClient
from pizzabar.kept import Kept
from pizzabar.lambda_.invocations import Invocations
from pizzabar.lambda_.sandboxes import Sandboxes
from pizzabar.logs.store import LogStore
from pizzabar.scheduler.invocations import ScheduledInvocations
from pizzabar.scheduler.store import ScheduleStore
from pizzabar.sqs.store import QueueStore
from pizzabar.stepfunctions.executions import Executions
from pizzabar.stepfunctions.tasks import Tasks
from pizzabar.work import Work


class Runtime(Protocol):
    """What an emulator stands on."""

    @property
    def work(self) -> Work:
        """What is under way."""

    @property
    def clock(self) -> EmulatorClock:
        """The one clock."""

    @property
    def connections(self) -> Connections:
        """Who is connected to the WebSocket APIs."""

    @property
    def http(self) -> HttpClient:
        """The way to backends that speak HTTP."""

    @property
    def transport(self) -> Transport:
        """Brings events to the targets of rules."""

    @property
    def archives(self) -> ArchiveStore:
        """The events that archives hold."""

    @property
    def invocations(self) -> Invocations:
        """The events that functions have accepted."""

    @property
    def schedules(self) -> ScheduleStore:
        """What is kept of schedules."""

    @property
    def scheduled(self) -> ScheduledInvocations:
        """What schedules have set off."""

    @property
    def tables(self) -> TableStore:
        """The items of tables."""

    @property
    def logs(self) -> LogStore:
        """The events of log groups."""

    @property
    def queues(self) -> QueueStore:
        """The messages of queues."""

    @property
    def kept(self) -> Kept:
        """What was made by API calls."""

    def sandboxes(self) -> Sandboxes:
        """Give the sandboxes of functions that run in processes of their own."""

    def executions(self, tasks: Tasks) -> Executions:
        """Give the driver of executions, which runs their tasks by ``tasks``."""

    async def durable(self) -> None:
        """Return when every change made so far is durable, together with what others change meanwhile."""

    async def flush(self) -> None:
        """Make every change so far durable now."""

    async def close(self) -> None:
        """Let go of everything, durably."""
