"""
Events, as PutEvents makes them.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import SerializationException
from pizzabar.eventbridge.event import (
    EntryError,
    Event,
    check_entry,
    entry_size,
    make_event,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 987_654, tzinfo=UTC)
ENTRY = {"Source": "pizza", "DetailType": "Order", "Detail": '{"size": "L"}'}


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the test run on a machine in Tokyo."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def make(**members: JSON) -> Event | EntryError:
    return make_event(ENTRY | members, id="an-id", home=Home(), now=NOON)


def test_an_event_is_written_in_the_order_of_its_members() -> None:
    event = make(Resources=["arn:aws:a:::b", "c"])

    assert isinstance(event, Event)
    assert event.id == "an-id"
    assert event.text == (
        '{"version":"0","id":"an-id","detail-type":"Order","source":"pizza","account":"123456789012",'
        '"time":"2026-03-01T12:00:00Z","region":"us-east-1","resources":["arn:aws:a:::b","c"],"detail":{"size":"L"}}'
    )


def test_an_event_without_resources_has_an_empty_list_of_them() -> None:
    event = make()

    assert isinstance(event, Event)
    assert event.document["resources"] == []


@pytest.mark.parametrize(
    "given",
    [
        1_772_200_000,  # as JSON protocols carry it
        1_772_200_000.5,
        "2026-02-27T13:46:40Z",
        "2026-02-27T14:46:40+01:00",
        "2026-02-27T13:46:40",  # no zone is UTC, wherever this runs
        datetime(2026, 2, 27, 13, 46, 40, tzinfo=UTC),
        datetime(2026, 2, 27, 13, 46, 40),
        datetime(2026, 2, 27, 14, 46, 40, tzinfo=timezone(timedelta(hours=1))),
    ],
)
@pytest.mark.usefixtures("tokyo")
def test_the_time_of_an_entry_is_written_in_utc_in_whole_seconds(given: JSON) -> None:
    event = make(Time=given)

    assert isinstance(event, Event)
    assert event.document["time"] == "2026-02-27T13:46:40Z"


@pytest.mark.parametrize("given", ["yesterday", "", {}, 1e300, "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_a_fault_of_the_request(given: JSON) -> None:
    with pytest.raises(SerializationException):
        make(Time=given)


@pytest.mark.parametrize(
    "entry",
    [
        "an entry",
        ENTRY | {"Source": 5},
        ENTRY | {"Detail": {"size": "L"}},
        ENTRY | {"DetailType": ["Order"]},
        ENTRY | {"EventBusName": 5},
        ENTRY | {"Resources": "arn"},
        ENTRY | {"Resources": [5]},
    ],
)
def test_members_of_another_type_are_a_fault_of_the_request(entry: JSON) -> None:
    """A request that does not fit AWS's model does not come to be an entry that fails alone."""
    with pytest.raises(SerializationException):
        check_entry(entry)


@pytest.mark.parametrize("name", ["Source", "DetailType", "Detail"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_an_entry_needs(name: str, value: JSON) -> None:
    """Recorded on AWS."""
    assert make(**{name: value}) == EntryError(
        "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    )


@pytest.mark.parametrize("detail", ["no JSON", '"text"', "[1]", "5", "null", "{", '{"a":1}{', '{"a":NaN}', "\ud800"])
def test_a_detail_is_an_object(detail: str) -> None:
    """Recorded on AWS."""
    assert make(Detail=detail) == EntryError("MalformedDetail", "Detail is malformed.")


def test_a_source_of_aws_is_reserved() -> None:
    assert make(Source="aws.ec2") == EntryError("NotAuthorizedForSourceException", "Not authorized for the source.")
    assert isinstance(make(Source="awsome"), Event)


def test_a_detail_keeps_its_values() -> None:
    event = make(Detail='{"b":1.0,"a":[null,true,"\\u00e9"],"big":9223372036854775807}')

    assert isinstance(event, Event)
    assert event.text.endswith('"detail":{"b":1.0,"a":[null,true,"é"],"big":9223372036854775807}}')


@pytest.mark.parametrize(
    ("entry", "size"),
    [
        ({"Source": "ab", "DetailType": "cde", "Detail": "{}"}, 7),
        ({"Source": "ab", "DetailType": "cde", "Detail": "{}", "Time": 0.5}, 21),
        ({"Source": "é", "DetailType": "", "Detail": None}, 2),
        ({"Source": "a", "Resources": ["bc", "é"]}, 5),
        ({"Source": "a", "EventBusName": "is not counted"}, 1),
    ],
)
def test_the_size_of_an_entry(entry: JSON, size: int) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html"""
    assert entry_size(entry) == size
