"""When hops began, also where the clock stands still."""

from datetime import UTC, datetime, timedelta

from pizzabar.journal import Cause, Hop, Journal
from pizzabar.moments import KEPT, Moments

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACE, OTHER = "1-69a42a40-000000000000000000000000", "1-69a42a40-111111111111111111111111"


def enter(journal: Journal, started: datetime, began: float, trace: str = TRACE) -> Hop:
    hop = Hop(journal, Cause(trace), "events", "PutEvents", {}, started.timestamp())
    hop.began = began
    return hop


def test_what_happens_at_one_time_lies_as_far_apart_as_it_was() -> None:
    journal = Journal()
    stranger = enter(journal, NOON, 3, OTHER)
    first, second = enter(journal, NOON, 7), enter(journal, NOON, 7.25)
    later = enter(journal, NOON + timedelta(seconds=5), 8)

    # Those that ended first are asked for first.
    moments = Moments()
    assert [moments.of(hop) - NOON for hop in (second, first, later, stranger)] == [
        timedelta(seconds=0.25),
        timedelta(0),
        timedelta(seconds=5),
        timedelta(0),
    ]


def test_a_first_hop_that_is_gone_is_not_missed() -> None:
    journal = Journal(size=1)
    hops = [enter(journal, NOON, began) for began in (1, 2)]

    assert Moments().of(hops[-1]) == NOON
    moments = Moments()
    assert moments.of(hops[-1]) == NOON
    # One that is told of late begins no sooner than its time.
    assert moments.of(hops[0]) == NOON


def test_long_ago_is_forgotten() -> None:
    journal = Journal()
    moments = Moments()
    hops = [enter(journal, NOON + timedelta(seconds=number), number) for number in range(2 * KEPT)]

    assert [moments.of(hop) for hop in hops] == [hop.started for hop in hops]
    assert moments.of(hops[0]) == NOON
