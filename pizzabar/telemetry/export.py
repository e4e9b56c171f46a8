"""
The export of spans over OTLP: in the background, in batches, and never in anybody's way.

A thread of its own makes spans of hops and sends them. What a collector does not take in time is dropped; that is
said once, and again only after it took some.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from pizzabar.arn import Home
from pizzabar.journal import Hop, Journal
from pizzabar.moments import Moments
from pizzabar.telemetry.spans import has_span, span_of

log = logging.getLogger("pizzabar")
KEPT = 8192
"""How many hops wait for the collector at most."""
BATCH = 512
PERIOD = 1.0
"""Seconds after which a batch that is not full is sent."""
PATIENCE = 5.0
"""Seconds that a collector has for a batch."""
TRACES_PATH = "/v1/traces"


def exporter_of(address: str) -> SpanExporter:
    """Make the exporter for a collector's address; without a path it is the usual one."""
    endpoint = address if urlsplit(address).path.strip("/") else address.rstrip("/") + TRACES_PATH
    # It would tell of each batch that is not taken; here that is said once.
    logging.getLogger(trace_exporter.__name__).setLevel(logging.CRITICAL)
    return trace_exporter.OTLPSpanExporter(endpoint=endpoint, timeout=PATIENCE)


class SpanExport:
    """Follows a journal, and exports what it hears of."""

    def __init__(self, journal: Journal, exporter: SpanExporter, address: str, home: Home, stack: str) -> None:
        self._exporter = exporter
        self._address = address
        self._region = home.region
        self._resource = Resource.create(
            {
                "service.name": stack,
                "cloud.provider": "aws",
                "cloud.account.id": home.account,
                "cloud.region": home.region,
            }
        )
        self._scope = InstrumentationScope("pizzabar")
        self._moments = Moments()
        self._waiting: deque[tuple[Hop, datetime]] = deque(maxlen=KEPT)
        self._wake = threading.Event()
        self._is_stopping = False
        self._is_away = False
        self._unfollow = journal.follow(self._take)
        self._thread = threading.Thread(target=self._run, name="pizzabar otlp", daemon=True)
        self._thread.start()

    def _take(self, hop: Hop) -> None:
        """Take a hop that has ended, on the event loop; the rest is the thread's."""
        if hop.service == "xray" or not has_span(hop):
            return
        self._waiting.append((hop, self._moments.of(hop)))
        if len(self._waiting) == BATCH:
            self._wake.set()

    def close(self) -> None:
        """Export what is left, and stop; one batch at most waits for a collector, and none for one that is away."""
        self._unfollow()
        self._is_stopping = True
        is_away = self._is_away
        if is_away:
            # It ends the wait before another try.
            self._exporter.shutdown()
        self._wake.set()
        self._thread.join(PATIENCE + PERIOD)
        if not is_away:
            self._exporter.shutdown()

    def _run(self) -> None:
        while True:
            self._wake.wait(PERIOD)
            self._wake.clear()
            is_last = self._is_stopping
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                if not self._export(batch) and is_last:
                    return
            if is_last:
                return

    def _span(self, hop: Hop, began: datetime) -> ReadableSpan:
        return span_of(hop, began, self._resource, self._scope, self._region)

    def _export(self, hops: Sequence[tuple[Hop, datetime]]) -> bool:
        """Export hops, and tell whether they were taken."""
        try:
            is_taken = self._exporter.export([self._span(*each) for each in hops]) is SpanExportResult.SUCCESS
        except Exception:
            # One batch is lost, and not all that come after it.
            log.exception("%d hops could not be exported as spans", len(hops))
            return False
        if not is_taken and not self._is_away:
            log.warning("%s takes no spans: they are dropped until it does", self._address)
        elif is_taken and self._is_away:
            log.warning("%s takes spans again", self._address)
        self._is_away = not is_taken
        return is_taken
