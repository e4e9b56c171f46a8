"""Timestamps. https://states-language.net/spec.html#timestamps"""

from datetime import UTC, datetime

import pytest

from pizzabar.documents import JSON
from pizzabar.stepfunctions.timestamp import read_timestamp, write_timestamp


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2016-03-14T01:59:00Z", datetime(2016, 3, 14, 1, 59, tzinfo=UTC)),
        ("2016-03-14T01:59:00.5Z", datetime(2016, 3, 14, 1, 59, 0, 500_000, tzinfo=UTC)),
        ("2016-03-14T01:59:00.123456789Z", datetime(2016, 3, 14, 1, 59, 0, 123_456, tzinfo=UTC)),
        ("2016-03-14T01:59:00+02:00", datetime(2016, 3, 13, 23, 59, tzinfo=UTC)),
        ("2016-03-14T01:59:00-00:30", datetime(2016, 3, 14, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_an_instant(text: str, instant: datetime) -> None:
    assert read_timestamp(text) == instant


@pytest.mark.parametrize(
    "value",
    [
        "2016-03-14t01:59:00Z",
        "2016-03-14T01:59:00z",
        "2016-03-14T01:59:00",
        "2016-03-14 01:59:00Z",
        "2016-03-14",
        "2016-13-14T01:59:00Z",
        "0001-01-01T00:00:00+23:00",
        "2016-03-14T01:59:00+99:00",
        "",
        1457920740,
        None,
    ],
)
def test_anything_else_is_none(value: JSON) -> None:
    assert read_timestamp(value) is None


def test_the_context_object_has_milliseconds() -> None:
    assert write_timestamp(datetime(2026, 1, 1, 12, 0, 0, 7_999, tzinfo=UTC)) == "2026-01-01T12:00:00.007Z"
