"""Retry and Catch. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""

from datetime import timedelta

import pytest

from pizzabar.stepfunctions.retry import Catcher, Retrier, find_catcher, find_retrier, matches


@pytest.mark.parametrize(
    ("named", "error", "does_match"),
    [
        ("Oven.Cold", "Oven.Cold", True),
        ("Oven.Cold", "oven.cold", False),
        ("States.ALL", "Oven.Cold", True),
        ("States.ALL", "States.Timeout", True),
        ("States.ALL", "States.HeartbeatTimeout", True),
        ("States.ALL", "States.ResultPathMatchFailure", True),
        ("States.ALL", "States.Runtime", False),
        ("States.ALL", "States.DataLimitExceeded", False),
        ("States.TaskFailed", "Oven.Cold", True),
        ("States.TaskFailed", "States.Timeout", False),
        ("States.TaskFailed", "States.HeartbeatTimeout", False),
        ("States.TaskFailed", "States.Runtime", False),
        ("States.Timeout", "States.HeartbeatTimeout", True),
        ("States.HeartbeatTimeout", "States.HeartbeatTimeout", True),
        ("States.HeartbeatTimeout", "States.Timeout", False),
        ("States.Runtime", "States.Runtime", True),
        ("States.DataLimitExceeded", "States.DataLimitExceeded", True),
    ],
)
def test_an_error_is_matched_by_name(named: str, error: str, does_match: bool) -> None:
    assert matches((named,), error) is does_match


def test_delays_grow_by_the_rate() -> None:
    retrier = Retrier(("States.ALL",), interval=3, backoff_rate=1.5)

    assert [retrier.delay(attempt, 0) for attempt in range(3)] == [
        timedelta(seconds=3),
        timedelta(seconds=4.5),
        timedelta(seconds=6.75),
    ]


def test_no_delay_exceeds_the_longest() -> None:
    assert Retrier(("X",), interval=3, max_delay=5).delay(4, 0) == timedelta(seconds=5)
    assert Retrier(("X",), backoff_rate=10.0).delay(9999, 0) == timedelta(seconds=31_622_400)


def test_jitter_takes_a_part_of_the_delay() -> None:
    assert Retrier(("X",), interval=4, has_jitter=True).delay(1, 0.25) == timedelta(seconds=2)


def test_the_first_that_matches_handles_an_error() -> None:
    retriers = (Retrier(("A", "B")), Retrier(("B",)), Retrier(("States.ALL",)))
    catchers = (Catcher(("A",), "X", None), Catcher(("States.ALL",), "Y", None))

    assert [find_retrier(retriers, error) for error in ("A", "B", "C")] == [0, 0, 2]
    assert find_catcher(catchers, "C") == catchers[1]
    assert find_catcher(catchers, "States.Runtime") is None


def test_a_runtime_error_is_never_retried() -> None:
    assert find_retrier((Retrier(("States.Runtime",)),), "States.Runtime") is None
