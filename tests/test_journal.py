"""The journal of hops."""

import re
from datetime import UTC, datetime

from pizzabar.errors import ValidationException
from pizzabar.journal import CAUSE, HEAVY, MOST, Attempt, Cause, Hop, Journal, new_trace_id, note

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def enter(journal: Journal, operation: str = "PutItem", cause: Cause | None = None) -> Hop:
    cause = cause or Cause(new_trace_id(NOON.timestamp()))
    return Hop(journal, cause, "dynamodb", operation, {"TableName": "Orders"}, NOON.timestamp())


def test_a_hop_without_a_cause_begins_a_trace() -> None:
    journal = Journal()

    first, second = enter(journal), enter(journal)

    assert first.parent == 0
    assert first.trace_id != second.trace_id
    assert (first.id, second.id) == (1, 2)


def test_a_hop_goes_on_with_the_trace_the_lane_and_the_key_of_its_cause() -> None:
    journal = Journal()
    cause = Cause("1-69a42c40-000000000000000000000000", 7, "order-1", Attempt("order-1/3"))

    hop = enter(journal, cause=cause)
    below = enter(journal, cause=hop)

    assert (hop.trace_id, hop.parent, hop.lane, hop.attempt) == (cause.trace_id, 7, "order-1", Attempt("order-1/3"))
    assert (below.trace_id, below.parent, below.lane, below.attempt) == (
        cause.trace_id,
        hop.id,
        "order-1",
        cause.attempt,
    )


def test_a_trace_id_has_the_form_of_xray() -> None:
    """Version, eight hexadecimal digits of the epoch second, 24 of chance.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids
    """
    assert re.fullmatch(rf"1-{int(NOON.timestamp()):08x}-[0-9a-f]{{24}}", new_trace_id(NOON.timestamp()))


def test_the_journal_keeps_the_last_hops() -> None:
    journal = Journal(size=3)
    for number in range(5):
        enter(journal, f"Operation{number}")

    assert [hop.operation for hop in journal] == ["Operation2", "Operation3", "Operation4"]


def test_hops_may_be_entered_while_the_journal_is_read() -> None:
    journal = Journal()
    enter(journal)

    assert [enter(journal, "GetItem").id for _ in journal] == [2]


def test_a_note_is_added_to_the_hop_at_hand() -> None:
    hop = enter(Journal())
    token = CAUSE.set(hop)
    try:
        note("matched", ["Baked"])
        note("dropped", 1)
    finally:
        CAUSE.reset(token)

    assert hop.notes == {"matched": ["Baked"], "dropped": 1}


def test_a_note_outside_of_a_hop_goes_nowhere() -> None:
    token = CAUSE.set(Cause("1-0-0"))
    try:
        note("matched", [])
    finally:
        CAUSE.reset(token)
    note("matched", [])


def test_followers_are_told_of_each_hop_that_ends_until_they_stop() -> None:
    journal = Journal()
    seen: list[int] = []
    stop = journal.follow(lambda hop: seen.append(hop.id))
    journal.close(enter(journal))

    stop()
    stop()
    journal.close(enter(journal))

    assert seen == [1]


def test_a_follower_that_stops_while_it_is_told_costs_no_other_one() -> None:
    journal = Journal()
    seen: list[str] = []

    def once(hop: Hop) -> None:
        seen.append("once")
        stop()

    stop = journal.follow(once)
    journal.follow(lambda hop: seen.append("always"))
    journal.close(enter(journal))
    journal.close(enter(journal))

    assert seen == ["once", "always", "always"]


def test_a_hop_is_rendered_for_a_reader() -> None:
    cause = Cause("1-69a42c40-000000000000000000000000", 4)
    hop = Hop(Journal(), cause, "lambda", "Invoke", {"Payload": b'{"a": 1}', 2: (1,)}, NOON.timestamp())
    hop.result = {"when": NOON}
    hop.error = ValidationException("no cheese")
    hop.duration = 0.0123456
    hop.notes = {"matched": ["Baked"]}

    assert hop.as_json() == {
        "id": 1,
        "trace": "1-69a42c40-000000000000000000000000",
        "parent": 4,
        "service": "lambda",
        "operation": "Invoke",
        "time": "2026-03-01T12:00:00.000000Z",
        "milliseconds": 12.346,
        "parameters": {"Payload": '{"a": 1}', "2": [1]},
        "result": {"when": str(NOON)},
        "error": "ValidationException: no cheese",
        "notes": {"matched": ["Baked"]},
    }


def test_a_hop_under_way_has_no_duration() -> None:
    rendered = enter(Journal()).as_json()

    assert rendered["milliseconds"] is None
    assert rendered["parent"] is None
    assert rendered["error"] is None


def test_what_is_heavy_makes_room_for_what_is_heavy_and_later() -> None:
    journal = Journal()
    for _ in range(3):
        enter(journal)
    journal.weigh(MOST)
    enter(journal)
    journal.weigh(HEAVY - 1)
    enter(journal)
    assert [hop.id for hop in journal] == [1, 2, 3, 4, 5]

    journal.weigh(HEAVY)

    assert [hop.id for hop in journal] == [4, 5]
    assert (journal.find(3), getattr(journal.find(4), "id", None)) == (None, 4)
    assert [hop.id for hop in journal.after(4)] == [5]


def test_what_has_gone_weighs_nothing() -> None:
    journal = Journal(2)
    enter(journal)
    journal.weigh(MOST)
    for _ in range(4):
        enter(journal)

    journal.weigh(MOST)

    assert [hop.id for hop in journal] == [4, 5]
