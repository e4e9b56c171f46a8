"""
The rates at which API destinations are invoked: within any second, no more than so many times.

Pure.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html#eb-api-destination-event-delivery
"""

from collections import deque
from datetime import datetime, timedelta

SECOND = timedelta(seconds=1)


class InvocationRate:
    """The turns of one API destination, as they are given out."""

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._given: deque[datetime] = deque()
        """The times of turns that are less than a second ago, or to come, in their order."""
        self._waiting: set[str] = set()

    def turn(self, key: str, now: datetime, latest: datetime) -> datetime | None:
        """Give the time that what is named by ``key`` has to wait for; None if it is its turn.

        Who was told a time comes back when it is due, and has its turn then; but not after ``latest``: then it takes
        nobody's turn away.
        """
        if key in self._waiting:
            self._waiting.discard(key)
            return None
        while self._given and self._given[0] + SECOND <= now:
            self._given.popleft()
        when = now if len(self._given) < self.per_second else self._given[-self.per_second] + SECOND
        if when > latest:
            return when
        self._given.append(when)
        if when <= now:
            return None
        self._waiting.add(key)
        return when
