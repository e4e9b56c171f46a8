"""
Activities: tasks that workers of one's own ask for, and answer by a token.

What waits for a worker stands with its execution; the queues here are made again from that after a restart.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.stepfunctions.errors import ActivityDoesNotExist
from pizzabar.work import resting

LONGEST_POLL = timedelta(seconds=60)


@record
class Activity:
    """An activity under its name."""

    arn: str
    name: str
    created: datetime


@record
class ActivityTask:
    """A task that waits for a worker."""

    token: str
    input: JSON


class Activities:
    """The activities of one account and region, and the tasks that wait for their workers."""

    def __init__(self, clock: Clock, home: Home) -> None:
        self._clock = clock
        self._home = home
        self._activities: dict[str, Activity] = {}
        self._tasks: dict[str, deque[ActivityTask]] = {}
        self._is_closed = False
        self._workers: dict[str, deque[asyncio.Future[ActivityTask | None]]] = {}

    def __iter__(self) -> Iterator[Activity]:
        return iter(sorted(self._activities.values(), key=lambda activity: activity.name))

    def __contains__(self, arn: object) -> bool:
        return arn in self._activities

    def create(self, name: str, created: datetime | None = None) -> Activity:
        """Make an activity; one of that name that is there already is given as it is."""
        arn = self._home.arn("states", f"activity:{name}")
        known = self._activities.get(arn)
        if known is None:
            known = self._activities[arn] = Activity(arn, name, created or self._clock.now())
        return known

    def get(self, arn: str) -> Activity:
        """Find an activity. Raise ``ActivityDoesNotExist``."""
        activity = self._activities.get(arn)
        if activity is None:
            raise ActivityDoesNotExist(f"Activity Does Not Exist: '{arn}'")
        return activity

    def delete(self, arn: str) -> None:
        """Delete an activity; one that is not there is deleted already."""
        self._activities.pop(arn, None)

    def offer(self, arn: str, task: ActivityTask) -> None:
        """Give a task to the worker that has waited longest, or to the next that asks."""
        workers = self._workers.get(arn)
        while workers:
            worker = workers.popleft()
            if not worker.done():
                worker.set_result(task)
                return
        self._tasks.setdefault(arn, deque()).append(task)

    def close(self) -> None:
        """Let no worker wait any more."""
        self._is_closed = True
        for workers in self._workers.values():
            for worker in workers:
                _give_up(worker)

    async def take(self, arn: str) -> ActivityTask | None:
        """Wait for a task, up to a minute. Raise ``ActivityDoesNotExist``."""
        self.get(arn)
        if tasks := self._tasks.get(arn):
            return tasks.popleft()
        if self._is_closed:
            return None
        worker: asyncio.Future[ActivityTask | None] = asyncio.get_running_loop().create_future()
        self._workers.setdefault(arn, deque()).append(worker)
        timer = self._clock.call_at(self._clock.now() + LONGEST_POLL, lambda: _give_up(worker))
        # Where the clock stands still, the worker's own does not.
        limit = asyncio.get_running_loop().call_later(LONGEST_POLL.total_seconds(), _give_up, worker)
        try:
            with resting():
                return await worker
        except asyncio.CancelledError:
            if worker.done() and not worker.cancelled() and (task := worker.result()) is not None:
                # The worker has gone: its task is the next one's.
                self._tasks.setdefault(arn, deque()).appendleft(task)
            raise
        finally:
            timer.cancel()
            limit.cancel()


def _give_up(worker: asyncio.Future[ActivityTask | None]) -> None:
    if not worker.done():
        worker.set_result(None)
