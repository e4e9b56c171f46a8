"""The trace of a hop: its segment, its header, and the cause that a header names."""

from datetime import UTC, datetime

from pizzabar.journal import CAUSE, Attempt, Cause, Hop, Journal, adopt, cause_of_text, sample, trace_header
from pizzabar.trace_header import TraceHeader, read_trace_header

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACE = "1-69a42c40-000000000000000000000000"
OTHER = "1-69a42c41-111111111111111111111111"
FOREIGN = "53995c3f42cd8ad8"


def enter(journal: Journal, cause: Cause | None = None) -> Hop:
    return Hop(journal, cause or Cause(TRACE), "lambda", "Invocation", {}, NOON.timestamp())


def test_a_segment_leads_to_its_hop() -> None:
    journal = Journal()
    first, second = enter(journal), enter(journal)

    assert journal.id_of(first.segment_id) == 1
    assert journal.id_of(second.segment_id) == 2
    assert journal.find(2) is second
    assert journal.id_of(f"{journal.mark:08x}00000003") is None
    assert journal.id_of(f"{journal.mark ^ 1:08x}00000001") is None


def test_a_hop_is_found_as_long_as_it_is_kept() -> None:
    journal = Journal(size=2)
    assert journal.find(1) is None
    hops = [enter(journal) for _ in range(3)]

    assert [journal.find(number) for number in range(5)] == [None, None, hops[1], hops[2], None]


def test_a_request_is_part_of_what_its_header_names() -> None:
    journal = Journal()
    hop = enter(journal, Cause(TRACE, 0, "order-1", Attempt("order-1/3")))

    cause = journal.cause_of(TraceHeader(TRACE, hop.segment_id))

    assert (cause.trace_id, cause.id, cause.lane, cause.origin) == (TRACE, hop.id, "order-1", None)
    # Its invocation is over: what comes late is no part of the attempt.
    assert cause.attempt is None


def test_an_invocation_under_way_lends_its_attempt_however_far_the_ring_has_turned() -> None:
    journal = Journal(size=1)
    invocation = enter(journal, Cause(TRACE, 0, "order-1", Attempt("order-1/3")))
    journal.invocations[invocation.id] = invocation
    enter(journal)

    for parent in (invocation.segment_id, FOREIGN):
        cause = journal.cause_of(TraceHeader(TRACE, parent))
        assert (cause.id, cause.lane, cause.attempt) == (invocation.id, "order-1", invocation.attempt)
        # What the function calls a subsegment of its own stays the parent that X-Ray is told of.
        assert cause.segment_id == (None if parent == invocation.segment_id else FOREIGN)


def test_a_trace_of_somebody_elses_is_taken_over() -> None:
    journal = Journal()
    hop = enter(journal)

    for header in (TraceHeader(OTHER, FOREIGN, True), TraceHeader(OTHER, hop.segment_id, True)):
        cause = journal.cause_of(header)
        assert (cause.trace_id, cause.id, cause.sampled) == (OTHER, 0, True)
        assert enter(journal, cause).header().root == OTHER


def test_what_is_not_decided_may_be_decided_by_the_request() -> None:
    journal = Journal()
    hop = enter(journal)

    # A function is handed Sampled=0 where nothing is decided, and hands it on.
    assert journal.cause_of(TraceHeader(TRACE, hop.segment_id, False)).sampled is None
    assert journal.cause_of(TraceHeader(TRACE, hop.segment_id, True)).sampled is True


def test_what_is_sampled_from_a_hop_on() -> None:
    journal = Journal()
    above = enter(journal)
    hop = enter(journal, above)
    token = CAUSE.set(hop)
    try:
        assert trace_header() == f"Root={TRACE};Parent={hop.segment_id};Sampled=0"
        sample()
        assert trace_header() == f"Root={TRACE};Parent={hop.segment_id};Sampled=1"
    finally:
        CAUSE.reset(token)
    assert (above.sampled, enter(journal, hop).sampled) == (None, True)
    assert trace_header() == ""


def test_a_request_from_elsewhere_keeps_its_caller_when_it_is_sampled() -> None:
    hop = enter(Journal(), Cause(TRACE, origin=TraceHeader(TRACE, FOREIGN)))
    token = CAUSE.set(hop)
    try:
        sample()
    finally:
        CAUSE.reset(token)
    assert hop.origin == TraceHeader(TRACE, FOREIGN, True)


def test_upstream_has_decided() -> None:
    header = TraceHeader(TRACE, FOREIGN, False, (("Lineage", "1:a87bd80c:0"),))
    hop = enter(Journal(), Cause(TRACE, origin=header))
    token = CAUSE.set(hop)
    try:
        sample()
        assert trace_header() == f"Root={TRACE};Parent={hop.segment_id};Sampled=0;Lineage=1:a87bd80c:0"
    finally:
        CAUSE.reset(token)


def test_a_header_among_the_parameters_counts_where_there_is_no_other() -> None:
    journal = Journal()
    for cause, trace in (
        (Cause(TRACE), OTHER),
        (Cause(TRACE, 7), TRACE),
        (Cause(TRACE, origin=TraceHeader(TRACE)), TRACE),
    ):
        hop = enter(journal, cause)
        token = CAUSE.set(hop)
        try:
            adopt("nonsense")
            adopt(f"Root={OTHER};Parent={FOREIGN};Sampled=1")
        finally:
            CAUSE.reset(token)
        assert hop.trace_id == trace
        assert (hop.sampled is True) == (trace == OTHER)


def test_a_cause_is_written_down_and_read_again() -> None:
    hop = enter(Journal(), Cause(TRACE, origin=TraceHeader(TRACE, None, True)))

    cause = cause_of_text(str(hop.header()))

    assert (cause.trace_id, cause.id, cause.sampled, cause.segment_id) == (TRACE, 0, True, hop.segment_id)
    assert read_trace_header(str(cause.header())) == hop.header()
    # As state files of older versions have it.
    assert cause_of_text(TRACE).header() == TraceHeader(TRACE)
