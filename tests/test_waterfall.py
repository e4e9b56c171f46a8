"""The waterfall of a trace, in a terminal."""

from itertools import pairwise
from typing import Any

import click
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.cli.waterfall import bar_of, duration, stretches_of, tree_of, waterfall

WIDTH = 40
times = st.floats(0, 1000, allow_nan=False)
intervals = st.lists(st.tuples(times, st.floats(0, 10)).map(lambda pair: (pair[0], pair[0] + pair[1])), min_size=1)


def span(id: int, parent: int | None, start: float, seconds: float | None, **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "parent": parent,
        "service": "events",
        "operation": f"Operation{id}",
        "about": "",
        "start": start,
        "seconds": seconds,
        "error": None,
        **more,
    }


def lines(*spans: dict[str, Any], width: int = 80, **more: Any) -> list[str]:
    trace = {
        "id": "1-69a42a40-000000000000000000000000",
        "began": "2026-03-01T12:00:00.123456Z",
        "hops": len(spans),
        "errors": sum(each["error"] is not None for each in spans),
        "seconds": max(each["start"] + (each["seconds"] or 0) for each in spans),
        "is_whole": True,
        "spans": spans,
        **more,
    }
    return [click.unstyle(line).rstrip() for line in waterfall(trace, width, {"events": "blue"})]


def test_a_wait_is_folded() -> None:
    order = [span(1, None, 0, 0.002), span(2, 1, 0.001, 0.001), span(3, 1, 5.002, 0.002)]

    assert lines(*order, width=59) == [
        "trace 1-69a42a40-000000000000000000000000  12:00:00.123  3 hops, 5.004 s, 4.00 ms with a hop",
        "   0.00 ms  Operation1       2.00 ms  ██████████┊",
        "   1.00 ms  ├ Operation2     1.00 ms       █████┊",
        "            ┊ 5.000 s without a hop",
        "   5.002 s  └ Operation3     2.00 ms            ┊██████████",
    ]


def test_short_pauses_stay_to_scale() -> None:
    first, second = stretches_of([(0, 4), (5, 9), (100, 101)], WIDTH)

    assert (first.start, first.end, first.gap) == (0, 9, 0)
    assert (second.start, second.end, second.gap) == (100, 101, 91)
    assert (first.columns + second.columns, second.column) == (WIDTH - 1, first.columns + 1)


def test_a_hop_stands_below_the_one_that_caused_it() -> None:
    spans = [span(1, None, 0, 1), span(2, 1, 0, 1), span(3, 1, 0, 1), span(4, 2, 2, 1), span(5, 4, 2, 1)]

    assert [(each["id"], lines) for each, lines in tree_of(spans)] == [
        (1, ""),
        (2, "├ "),
        (4, "│ └ "),
        (5, "│   └ "),
        (3, "└ "),
    ]


def test_errors_and_what_is_under_way_are_told() -> None:
    head, failed, running = lines(
        span(1, None, 0, 0.5, error="Cold: no fire", about="oven"), span(2, None, 0.25, None), is_whole=False
    )

    assert "2 hops, 1 failed" in head
    assert head.endswith("(its beginning is no longer kept)")
    assert failed.endswith("█  Cold: no fire")
    assert "Operation1 oven" in failed
    assert "under way" in running


def test_a_long_name_is_cut() -> None:
    _, line = lines(span(1, None, 0, 1, about="x" * 100))
    assert f"{'x' * 40}…" in line


def test_a_duration_is_written_in_the_unit_that_suits_it() -> None:
    assert [duration(seconds) for seconds in (0, 0.000_05, 0.999, 1, 61.5)] == [
        "0.00 ms",
        "0.05 ms",
        "999.00 ms",
        "1.000 s",
        "61.500 s",
    ]


@given(intervals)
def test_an_axis_holds_every_hop_in_order(spans: list[tuple[float, float]]) -> None:
    stretches = stretches_of(spans, WIDTH)

    assert all(before.end < after.start for before, after in pairwise(stretches))
    assert all(any(each.start <= start and end <= each.end for each in stretches) for start, end in spans)
    assert sum(each.columns for each in stretches) <= WIDTH + 1e-6


@given(intervals)
def test_every_bar_is_seen_and_later_ones_do_not_begin_before(spans: list[tuple[float, float]]) -> None:
    stretches = stretches_of(spans, WIDTH)
    bars = [bar_of(stretches, start, end, WIDTH) for start, end in sorted(spans)]

    assert all("█" in bar and len(bar) <= WIDTH for bar in bars)
    begins = [bar.index("█") for bar in bars]
    assert begins == sorted(begins)
