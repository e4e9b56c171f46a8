"""Spans on their way to a collector."""

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from pizzabar.arn import Home
from pizzabar.emulator import Emulator, NoTelemetry
from pizzabar.journal import Cause, Hop, Journal
from pizzabar.settings import Settings, SettingsError
from pizzabar.telemetry.export import BATCH, KEPT, SpanExport, exporter_of
from tests.flow.serving import ORDER, open_pizza_bar, receive
from tests.telemetry.collector import attributes, collecting

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACE = "1-69a42a40-000000000000000000000001"


class Sink(SpanExporter):
    """Takes batches when it is let to, and answers as told."""

    def __init__(self) -> None:
        self.batches: list[Sequence[ReadableSpan]] = []
        self.answers: list[SpanExportResult | Exception] = []
        self.may_take = threading.Event()
        self.may_take.set()
        self.has_taken = threading.Semaphore(0)
        self.is_shut_down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.has_taken.release()
        assert self.may_take.wait(10)
        self.batches.append(spans)
        answer = self.answers.pop(0) if self.answers else SpanExportResult.SUCCESS
        if isinstance(answer, Exception):
            raise answer
        return answer

    def shutdown(self) -> None:
        self.is_shut_down = True


@contextmanager
def exporting(sink: Sink) -> Iterator[Journal]:
    """Export a journal's hops to a sink; at the end, what is left."""
    journal = Journal()
    export = SpanExport(journal, sink, "http://collector", Home(), "bar")
    try:
        yield journal
    finally:
        sink.may_take.set()
        export.close()


def hops(journal: Journal, count: int, service: str = "dynamodb") -> None:
    for _ in range(count):
        hop = Hop(journal, Cause(TRACE), service, "GetItem", {}, NOON.timestamp())
        hop.duration = 0.001
        journal.close(hop)


def test_a_full_batch_is_sent_at_once_and_the_rest_at_the_end() -> None:
    sink = Sink()
    with exporting(sink) as journal:
        hops(journal, BATCH)
        assert sink.has_taken.acquire(timeout=10)
        hops(journal, 3)

    assert sum(len(batch) for batch in sink.batches) == BATCH + 3
    assert sink.is_shut_down
    assert not journal.followers


def test_a_collector_that_is_slow_keeps_nobody_waiting() -> None:
    sink = Sink()
    sink.may_take.clear()
    with exporting(sink) as journal:
        hops(journal, BATCH)
        assert sink.has_taken.acquire(timeout=10)
        # The thread waits for the collector; whoever makes hops does not.
        hops(journal, 2 * KEPT)

    taken = sum(len(batch) for batch in sink.batches)
    assert KEPT < taken <= KEPT + BATCH


def test_a_collector_that_is_away_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    sink = Sink()
    sink.answers = [SpanExportResult.FAILURE] * 3
    with caplog.at_level(logging.WARNING, "pizzabar"), exporting(sink) as journal:
        for _ in range(5):
            hops(journal, BATCH)
            assert sink.has_taken.acquire(timeout=10)

    assert caplog.messages == [
        "http://collector takes no spans: they are dropped until it does",
        "http://collector takes spans again",
    ]


def test_a_fault_costs_one_batch(caplog: pytest.LogCaptureFixture) -> None:
    sink = Sink()
    sink.answers = [ValueError("a fault of the exporter's")]
    with exporting(sink) as journal:
        for _ in range(2):
            hops(journal, BATCH)
            assert sink.has_taken.acquire(timeout=10)

    assert len(sink.batches) == 2
    assert f"{BATCH} hops could not be exported" in caplog.text


def test_reading_traces_makes_no_spans() -> None:
    sink = Sink()
    with exporting(sink) as journal:
        hops(journal, 1, "xray")

    assert sink.batches == []


@pytest.mark.parametrize(
    ("path", "asked"), [("", "/v1/traces"), ("/", "/v1/traces"), ("/otlp/v1/traces", "/otlp/v1/traces")]
)
def test_where_spans_are_sent(path: str, asked: str) -> None:
    with collecting() as collector:
        exporter = exporter_of(collector.address + path)
        assert exporter.export([]) is SpanExportResult.SUCCESS
        exporter.shutdown()

    assert collector.paths == [asked]


async def test_an_order_is_exported() -> None:
    with collecting() as collector:
        settings = Settings(state=None, clock="virtual", otlp=collector.address)
        async with open_pizza_bar(settings) as bar, bar.connect() as guest:
            await guest.send(ORDER)
            await receive(guest, 1)
            await bar.pass_time(25)
            [frame] = [hop for hop in bar.emulator.journal if hop.operation == "$default"]
            trace = [hop for hop in bar.emulator.journal if hop.trace_id == frame.trace_id]

    wanted = bytes.fromhex(frame.trace_id[2:].replace("-", ""))
    spans = {span.span_id.hex(): span for span in collector.spans if span.trace_id == wanted}
    assert set(spans) == {hop.segment_id for hop in trace}
    # Each has its parent, up to the frame.
    assert [span.name for span in spans.values() if span.parent_span_id.hex() not in spans] == ["$default"]
    pushes = [span for span in spans.values() if span.name == "ApiGatewayManagementApi.PostToConnection"]
    assert len(pushes) == 6
    [resource] = {str(each.resource) for request in collector.requests for each in request.resource_spans}
    told = attributes(collector.requests[0].resource_spans[0].resource)
    assert (told["service.name"], told["cloud.account.id"]) == ("pizzabar", "123456789012"), resource
    last = max(span.end_time_unix_nano for span in pushes) - spans[frame.segment_id].start_time_unix_nano
    assert 25 <= last / 1e9 < 26


async def test_an_emulator_stops_though_its_collector_is_away(caplog: pytest.LogCaptureFixture) -> None:
    with collecting() as collector:
        collector.status = 400
        emulator = await Emulator.open(Settings(state=None, otlp=collector.address))
        await emulator.call("dynamodb", "ListTables", {})
        async with asyncio.timeout(10):
            await emulator.close()

    assert caplog.messages == [f"{collector.address} takes no spans: they are dropped until it does"]


async def test_what_exports_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    for name in [each for each in sys.modules if each.startswith("pizzabar.telemetry.")]:
        monkeypatch.delitem(sys.modules, name)

    with pytest.raises(NoTelemetry, match=r"--otlp needs OpenTelemetry \(.*\): pip install 'pizzabar\[otel\]'"):
        await Emulator.open(Settings(state=None, otlp="http://localhost:4318"))


def test_an_address_that_is_none_is_refused() -> None:
    for address in ("localhost:4318", "grpc://localhost:4317", "http://"):
        with pytest.raises(SettingsError, match="should be an address, http:// or https://"):
            Settings.from_environment({"PIZZABAR_OTLP": address})
    assert Settings.from_environment({"PIZZABAR_OTLP": "http://localhost:4318"}).otlp == "http://localhost:4318"
