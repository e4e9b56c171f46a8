"""
Service graphs: which services were at work in some traces, and which asked which.

Pure. https://docs.aws.amazon.com/xray/latest/api/API_Service.html
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from pizzabar.documents import JSON
from pizzabar.xray.nodes import Node
from pizzabar.xray.summary import service_id
from pizzabar.xray.traces import Traced


def graph_of(traces: Iterable[Traced]) -> list[JSON]:
    """Give the services of traces, each with its edges to those that it asked.

    The client that X-Ray draws before the first service is left out: a frame has none of HTTP's marks.
    """
    services: dict[tuple[str, str], list[Node]] = {}
    for trace in traces:
        for node in trace.nodes:
            services.setdefault(node.key, []).append(node)
    numbers = {key: number for number, key in enumerate(services)}
    return [
        {
            "ReferenceId": numbers[key],
            **service_id(nodes[0]),
            "Root": any(node.parent is None for node in nodes),
            "State": "active",
            "StartTime": min(node.start for node in nodes),
            "EndTime": max(node.end for node in nodes),
            "Edges": [
                {
                    "ReferenceId": numbers[callee],
                    "StartTime": min(node.start for node in called),
                    "EndTime": max(node.end for node in called),
                    "SummaryStatistics": _statistics(called),
                    "ResponseTimeHistogram": _histogram(called),
                    "Aliases": [],
                }
                for callee, called in _callees(key, services).items()
            ],
            "SummaryStatistics": _statistics(nodes),
            "DurationHistogram": _histogram(nodes),
            "ResponseTimeHistogram": _histogram(nodes),
        }
        for key, nodes in services.items()
    ]


def _callees(
    key: tuple[str, str], services: dict[tuple[str, str], list[Node]]
) -> dict[tuple[str, str], Sequence[Node]]:
    """Give what a service asked of others, by those."""
    callees: dict[tuple[str, str], Sequence[Node]] = {}
    for other, nodes in services.items():
        called = [node for node in nodes if node.parent is not None and node.parent.key == key]
        if called:
            callees[other] = called
    return callees


def _statistics(nodes: Sequence[Node]) -> JSON:
    throttles = sum(node.is_so("throttle") for node in nodes)
    errors = sum(node.is_so("error") for node in nodes)
    faults = sum(node.is_so("fault") for node in nodes)
    done = [node for node in nodes if not node.is_so("in_progress")]
    bad = ("error", "fault", "throttle")
    return {
        "OkCount": sum(not any(node.is_so(flag) for flag in bad) for node in done),
        "ErrorStatistics": {
            "ThrottleCount": throttles,
            "OtherCount": max(0, errors - throttles),
            "TotalCount": max(errors, throttles),
        },
        "FaultStatistics": {"OtherCount": faults, "TotalCount": faults},
        "TotalCount": len(nodes),
        "TotalResponseTime": round(sum(node.seconds for node in done), 6),
    }


def _histogram(nodes: Sequence[Node]) -> JSON:
    """Count how often it took how many seconds, to the millisecond."""
    counts = Counter(round(node.seconds, 3) for node in nodes if not node.is_so("in_progress"))
    return [{"Value": value, "Count": count} for value, count in sorted(counts.items())]
