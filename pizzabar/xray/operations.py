"""
The operations of X-Ray, by AWS's names.

What answers them is imported when one is first asked: most servers never are, and none should start later for it.
https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.documents import JSON
from pizzabar.xray.traces import Traces

Operation = Callable[[Traces, JSON], Awaitable[JSON]]


def _answering(name: str) -> Operation:
    async def ask(traces: Traces, parameters: JSON) -> JSON:
        from pizzabar.xray.answers import ANSWERS

        return await ANSWERS[name](traces, parameters)

    return ask


OPERATIONS: dict[str, Operation] = {
    name: _answering(name)
    for name in ("BatchGetTraces", "GetServiceGraph", "GetTraceGraph", "GetTraceSummaries", "PutTraceSegments")
}
