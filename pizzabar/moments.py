"""
When hops began, to the microsecond, also where the clock stands still.

Under a virtual clock everything up to the next wait happens at one time. What lies between two hops of one time is
what passed in reality. The first of a trace, and the first after a wait, begin at the time itself.
"""

from datetime import datetime, timedelta

from pizzabar.journal import Hop

KEPT = 256


class Moments:
    """The times at which hops began."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, datetime], float] = {}
        """When the first hop of a trace and time began, by the process's counter."""

    def of(self, hop: Hop) -> datetime:
        """Tell when a hop began."""
        key = hop.trace_id, hop.started
        first = self._first.get(key)
        if first is None:
            first = self._first[key] = _first_of_its_time(hop).began
            while len(self._first) > KEPT:
                del self._first[next(iter(self._first))]
        return hop.started + timedelta(seconds=max(0.0, hop.began - first))


def _first_of_its_time(hop: Hop) -> Hop:
    first = before = hop
    while (earlier := hop.journal.find(before.id - 1)) is not None and earlier.started == hop.started:
        before = earlier
        if before.trace_id == hop.trace_id:
            first = before
    return first
