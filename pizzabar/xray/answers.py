"""
What the operations of X-Ray answer.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pizzabar import documents
from pizzabar.constraints import natural
from pizzabar.documents import JSON
from pizzabar.shapes import checked
from pizzabar.xray.document import BadDocument
from pizzabar.xray.errors import InvalidRequestException
from pizzabar.xray.filter_expression import read_filter
from pizzabar.xray.graph import graph_of
from pizzabar.xray.summary import summary_of, view_of
from pizzabar.xray.traces import Traced, Traces

PAGE = 100
"""Ours: AWS does not say how many summaries it gives at once."""
MAX_IDS = 5
"""How many traces are read at once. The model does not say so; the service is known to refuse more."""


async def put_trace_segments(traces: Traces, parameters: JSON) -> JSON:
    """Take segment documents, and tell of those that are none."""
    unprocessed = []
    for text in _required(parameters, "TraceSegmentDocuments"):
        try:
            traces.put(text)
        except BadDocument as fault:
            known = {} if fault.id is None else {"Id": fault.id}
            unprocessed.append(known | {"ErrorCode": fault.code, "Message": fault.message})
    return {"UnprocessedTraceSegments": unprocessed}


async def batch_get_traces(traces: Traces, parameters: JSON) -> JSON:
    """Read traces by their ids; those of which nothing is kept are left out."""
    found = await traces.find(_ids(parameters))
    return {
        "Traces": [
            {
                "Id": trace.id,
                "Duration": round(trace.end - trace.start, 6),
                "LimitExceeded": False,
                "Segments": [
                    {"Id": segment["id"], "Document": documents.write(segment)} for segment in trace.segments
                ],
            }
            for trace in found
        ],
        "UnprocessedTraceIds": [],
    }


async def get_trace_summaries(traces: Traces, parameters: JSON) -> JSON:
    """Find traces of a time range, by a filter expression; those that began last first."""
    is_wanted = read_filter(parameters.get("FilterExpression") or "")
    kind = parameters.get("TimeRangeType") or "TraceId"
    if kind not in ("TraceId", "Event"):
        raise InvalidRequestException(f"TimeRangeType {kind} is not supported: TraceId and Event are")
    in_range = await _in_range(traces, parameters, by_event=kind == "Event")
    found = [trace for trace in in_range if is_wanted(view_of(trace))]
    first = natural(parameters.get("NextToken") or "0")
    if first is None:
        raise InvalidRequestException("Invalid NextToken")
    answer = {
        "TraceSummaries": [summary_of(trace) for trace in found[first : first + PAGE]],
        "ApproximateTime": traces.now(),
        "TracesProcessedCount": len(in_range),
    }
    return answer | ({"NextToken": str(first + PAGE)} if first + PAGE < len(found) else {})


async def get_trace_graph(traces: Traces, parameters: JSON) -> JSON:
    """Give the service graph of some traces."""
    return {"Services": graph_of(await traces.find(_ids(parameters)))}


async def get_service_graph(traces: Traces, parameters: JSON) -> JSON:
    """Give the service graph of a time range."""
    if (group := parameters.get("GroupName") or parameters.get("GroupARN")) not in (None, "Default"):
        raise InvalidRequestException(f"there is no group {group}: groups are not supported")
    found = await _in_range(traces, parameters, by_event=True)
    return {
        "StartTime": _time(parameters, "StartTime"),
        "EndTime": _time(parameters, "EndTime"),
        "Services": graph_of(found),
        "ContainsOldGroupVersions": False,
    }


async def _in_range(traces: Traces, parameters: JSON, *, by_event: bool) -> list[Traced]:
    """Find the traces that began in a time range: by their ids, to the second, or by their segments."""
    start, end = _time(parameters, "StartTime"), _time(parameters, "EndTime")
    if end < start:
        raise InvalidRequestException("StartTime is after EndTime")
    if by_event:
        return [trace for trace in await traces.all() if trace.start <= end and trace.end >= start]
    return [trace for trace in await traces.all() if int(start) <= int(trace.id.split("-")[1], 16) <= end]


def _time(parameters: JSON, name: str) -> float:
    """Read a time: seconds since 1970, or a ``datetime`` of a caller in process."""
    given = _required(parameters, name)
    if isinstance(given, datetime):
        return given.timestamp()
    time = float(checked(given, float))
    try:
        datetime.fromtimestamp(time, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidRequestException(f"{name} is not a time") from None
    return time


def _ids(parameters: JSON) -> list[str]:
    ids: list[str] = _required(parameters, "TraceIds")
    if not 1 <= len(ids) <= MAX_IDS:
        raise InvalidRequestException(f"TraceIds has 1 to {MAX_IDS} ids")
    return ids


def _required(parameters: JSON, name: str) -> JSON:
    if parameters.get(name) is None:
        raise InvalidRequestException(f"{name} is required")
    return parameters[name]


ANSWERS: dict[str, Callable[[Traces, JSON], Awaitable[JSON]]] = {
    "BatchGetTraces": batch_get_traces,
    "GetServiceGraph": get_service_graph,
    "GetTraceGraph": get_trace_graph,
    "GetTraceSummaries": get_trace_summaries,
    "PutTraceSegments": put_trace_segments,
}
