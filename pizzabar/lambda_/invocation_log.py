"""What is written to a function's log about an execution environment and its invocations, in the log's own format."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.lambda_ import json_log
from pizzabar.lambda_.function import Function, RuntimeFault
from pizzabar.lambda_.log_lines import end_line, fault_line, report_line, start_line

TIMED_OUT = "Sandbox.Timedout"


def init_start_lines(function: Function, when: datetime) -> list[str]:
    """Begin an execution environment."""
    return [] if function.json_log is None else function.json_log.init_start(when)


def init_end_lines(function: Function, when: datetime, milliseconds: float, status: str) -> list[str]:
    """Tell how long an execution environment took to load its handler; text tells it only where it failed."""
    if function.json_log is not None:
        return function.json_log.init_end(when, milliseconds, status)
    if status == json_log.SUCCESS:
        return []
    return [f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: init\tStatus: {status}"]


def start_lines(function: Function, request_id: str, when: datetime) -> list[str]:
    """Begin an invocation."""
    if function.json_log is not None:
        return function.json_log.start(when, request_id, function.version)
    return [start_line(function, request_id)]


def application_lines(function: Function, request_id: str, lines: Sequence[str], when: datetime) -> Sequence[str]:
    """Give the lines of a handler in process as they are written."""
    return lines if function.json_log is None else function.json_log.application(lines, when, request_id)


def error_lines(function: Function, document: Mapping[str, JSON], when: datetime) -> list[str]:
    """Write what a handler in process raised, as the Python runtime does."""
    if function.json_log is not None:
        return [json_log.error(document, when)]
    return [f"[ERROR] {document['errorType']}: {document['errorMessage']}", *document["stackTrace"]]


def end_lines(
    function: Function,
    request_id: str,
    when: datetime,
    milliseconds: float,
    *,
    fault: RuntimeFault | None = None,
    error_type: str | None = None,
    memory_used: int | None = None,
    init: float | None = None,
) -> list[str]:
    """End an invocation: with a fault of its run, an error of its handler's, or without either."""
    if function.json_log is None:
        told = [] if fault is None else [fault_line(when, request_id, fault.message)]
        report = report_line(function, request_id, milliseconds, memory_used=memory_used, init=init)
        return [*told, end_line(request_id), report]
    if fault is not None and fault.type == TIMED_OUT:
        status, error_type = "timeout", None
    else:
        error_type = error_type if fault is None else fault.type
        status = json_log.SUCCESS if error_type is None else "error"
    return function.json_log.end(
        when,
        request_id,
        milliseconds,
        status=status,
        error_type=error_type,
        memory_size=function.memory_size,
        memory_used=memory_used,
        init=init,
    )


def error_type_of(payload: str) -> str:
    """Give the type that an error object tells."""
    try:
        document = documents.parse(payload)
    except NotJSON:
        document = None
    return str(document.get("errorType")) if isinstance(document, dict) else "Runtime.Unknown"
