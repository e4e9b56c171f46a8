"""An X-Ray for one test, with a journal of hops to be read."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.journal import Cause, Hop, Journal
from pizzabar.trace_header import TraceHeader
from pizzabar.xray.ending import Ending
from pizzabar.xray.operations import OPERATIONS
from pizzabar.xray.traces import Traces
from tests.world import NOON, World, world

START = NOON.timestamp()
TRACE = f"1-{int(START):08x}-000000000000000000000000"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Bake:order-1"
SAMPLED = Cause(TRACE, origin=TraceHeader(TRACE, None, True))


@dataclass
class XRay:
    """Asks operations as a client does. ``endings`` are those of executions; hops go into a journal of their own."""

    world: World
    journal: Journal
    endings: dict[str, Ending] = field(default_factory=dict)

    async def __call__(self, operation: str, **parameters: JSON) -> JSON:
        return await self.world.call("xray", operation, parameters)

    async def fails(self, operation: str, **parameters: JSON) -> str:
        """Give the code and text of the error that an operation answers with."""
        with pytest.raises(ServiceError) as raised:
            await self(operation, **parameters)
        return str(raised.value)

    def hop(self, service: str, operation: str, cause: Cause = SAMPLED, **more: Any) -> Hop:
        """Enter a hop that took a millisecond, unless more is said of it."""
        started = more.pop("started", NOON).timestamp()
        hop = Hop(self.journal, cause, service, operation, more.pop("parameters", {}), started)
        hop.duration = more.pop("duration", 0.001)
        for name, value in more.items():
            setattr(hop, name, value)
        return hop

    async def put(self, **document: Any) -> JSON:
        """Send a segment of a second, unless more is said of it; give those that were not taken."""
        whole = {"name": "oven", "id": "70de5b6f19ff9a0a", "trace_id": TRACE, "start_time": START}
        whole |= {} if "in_progress" in document else {"end_time": START + 1}
        answer = await self("PutTraceSegments", TraceSegmentDocuments=[json.dumps(whole | document)])
        return answer["UnprocessedTraceSegments"]

    async def segments(self, id: str = TRACE) -> list[JSON]:
        """Read the documents of a trace."""
        traces = (await self("BatchGetTraces", TraceIds=[id]))["Traces"]
        return [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]

    async def summaries(self, expression: str = "", **more: Any) -> list[JSON]:
        """Find traces of the minute after noon, or of another time range."""
        asked = {"StartTime": START, "EndTime": START + 60, "FilterExpression": expression} | more
        answer: list[JSON] = (await self("GetTraceSummaries", **asked))["TraceSummaries"]
        return answer


@asynccontextmanager
async def xray(size: int = 4096) -> AsyncIterator[XRay]:
    """Open an X-Ray."""
    async with world() as around:
        ask = XRay(around, Journal())

        async def find_ending(arn: str) -> Ending | None:
            return ask.endings.get(arn)

        traces = Traces(ask.journal, around.clock, around.home, find_ending, size=size)
        around.call.add("xray", OPERATIONS, traces)
        yield ask
