"""
The lines that Lambda itself writes about an invocation.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
"""

import math
from datetime import datetime

from pizzabar.lambda_.function import LATEST, Function
from pizzabar.lambda_.json_log import timestamp


def start_line(function: Function, request_id: str) -> str:
    """Begin an invocation."""
    return f"START RequestId: {request_id} Version: {function.version}"


def end_line(request_id: str) -> str:
    """End an invocation."""
    return f"END RequestId: {request_id}"


def report_line(
    function: Function,
    request_id: str,
    milliseconds: float,
    *,
    memory_used: int | None = None,
    init: float | None = None,
) -> str:
    """Tell how long an invocation took, the most memory used in MB, and how long its cold start took before it."""
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {math.floor(milliseconds) + 1} ms",
        f"Memory Size: {function.memory_size} MB",
    ]
    if memory_used is not None:
        fields.append(f"Max Memory Used: {memory_used} MB")
    if init is not None:
        fields.append(f"Init Duration: {init:.2f} ms")
    return "\t".join(fields)


def fault_line(when: datetime, request_id: str, message: str) -> str:
    """Tell of a run that did not come to its end."""
    return f"{timestamp(when)} {request_id} {message}"


def log_stream_name(when: datetime, id: str, version: str = LATEST) -> str:
    """Name the log stream of an execution environment."""
    return f"{when:%Y/%m/%d}/[{version}]{id}"


def log_stream_of(stream: str, version: str) -> str:
    """Name the log stream of an execution environment as that of a version."""
    return stream if version == LATEST else stream.replace(f"[{LATEST}]", f"[{version}]")
