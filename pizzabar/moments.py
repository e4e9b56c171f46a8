"""
When hops began, to the microsecond, also where the clock stands still.

Under a virtual clock everything up to the next wait happens at one time. What lies between two hops of one time is
what passed in reality.
"""

from datetime import datetime, timedelta

from pizzabar.journal import Hop

KEPT = 256


class Moments:
    """The times at which hops began."""

    def __init__(self) -> None:
        self._first: dict[datetime, float] = {}
        """When the first hop of a time began, by the process's counter."""

    def of(self, hop: Hop) -> datetime:
        """Tell when a hop began."""
        first = self._first.get(hop.started)
        if first is None:
            first = self._first[hop.started] = _first_of_its_time(hop).began
            while len(self._first) > KEPT:
                del self._first[next(iter(self._first))]
        return hop.started + timedelta(seconds=max(0.0, hop.began - first))


def _first_of_its_time(hop: Hop) -> Hop:
    first = hop
    while (before := hop.journal.find(first.id - 1)) is not None and before.started == hop.started:
        first = before
    return first
