"""
A function's log in JSON: what is written of an invocation, and which levels are.

- Events of the platform have a level each; what has succeeded on its way is for those who debug.
- A line of the handler's that tells no level is of INFO.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.record import record

APPLICATION_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
SYSTEM_LEVELS = ("DEBUG", "INFO", "WARN")
_RANKS = {level: rank for rank, level in enumerate(APPLICATION_LEVELS)}
_ALIASES = {"WARNING": "WARN", "CRITICAL": "FATAL"}
"""Python's own names."""
SUCCESS = "success"
_INIT = {"initializationType": "on-demand", "phase": "init"}


@record
class JsonLog:
    """The least levels that are written: of the handler's lines, and of the platform's events."""

    application_level: str = "INFO"
    system_level: str = "INFO"

    def keeps(self, line: str) -> bool:
        """Tell whether a line of the handler's is written."""
        least = _RANKS[self.application_level]
        return least == 0 or _rank_of(line) >= least

    def application(self, lines: Iterable[str], when: datetime, request_id: str) -> list[str]:
        """Give the lines of a handler as they are written: one that is no JSON object becomes the message of one."""
        written = (line if _object_in(line) is not None else message(line, when, request_id) for line in lines)
        return [line for line in written if self.keeps(line)]

    def init_start(self, when: datetime) -> list[str]:
        """Begin an execution environment. Of a runtime without a version it is for those who debug."""
        return self._event("initStart", "DEBUG", when, _INIT)

    def init_end(self, when: datetime, milliseconds: float, status: str) -> list[str]:
        """Tell how it came to its handler, or that it did not."""
        level = "DEBUG" if status == SUCCESS else "WARN"
        ended = {**_INIT, "status": status}
        report = {**ended, "metrics": {"durationMs": round(milliseconds, 3)}}
        return [*self._event("initRuntimeDone", level, when, ended), *self._event("initReport", level, when, report)]

    def start(self, when: datetime, request_id: str, version: str) -> list[str]:
        """Begin an invocation."""
        return self._event("start", "INFO", when, {"requestId": request_id, "version": version})

    def end(
        self,
        when: datetime,
        request_id: str,
        milliseconds: float,
        *,
        status: str,
        error_type: str | None,
        memory_size: int,
        memory_used: int | None,
        init: float | None,
    ) -> list[str]:
        """End an invocation, and report it; sizes are in MB, ``init`` is how long its cold start took before it."""
        ended = {"status": status} if error_type is None else {"status": status, "errorType": error_type}
        duration = round(milliseconds, 3)
        metrics = {
            "durationMs": duration,
            "billedDurationMs": math.floor(milliseconds) + 1,
            "memorySizeMB": memory_size,
            "maxMemoryUsedMB": memory_used,
            "initDurationMs": None if init is None else round(init, 3),
        }
        known = {name: value for name, value in metrics.items() if value is not None}
        done = {"requestId": request_id, **ended, "metrics": {"durationMs": duration}}
        report = {"requestId": request_id, "metrics": known, **ended}
        has_failed = status != SUCCESS
        return [
            *self._event("runtimeDone", "WARN" if has_failed else "DEBUG", when, done),
            *self._event("report", "WARN" if has_failed else "INFO", when, report),
        ]

    def _event(self, type: str, level: str, when: datetime, record: Mapping[str, JSON]) -> list[str]:
        if _RANKS[level] < _RANKS[self.system_level]:
            return []
        return [documents.write({"time": timestamp(when), "type": f"platform.{type}", "record": dict(record)})]


def message(text: str, when: datetime, request_id: str) -> str:
    """Write a line of a handler's that tells no level."""
    return documents.write({"timestamp": timestamp(when), "level": "INFO", "message": text, "requestId": request_id})


def error(document: Mapping[str, JSON], when: datetime) -> str:
    """Write an error of a handler's."""
    return documents.write({"timestamp": timestamp(when), "level": "ERROR", **document})


def _rank_of(line: str) -> int:
    found = _object_in(line)
    level = "" if found is None else str(found.get("level", "")).upper()
    return _RANKS.get(_ALIASES.get(level, level), _RANKS["INFO"])


def _object_in(line: str) -> dict[str, JSON] | None:
    """Read a line that is a JSON object."""
    if not line.startswith("{"):
        return None
    try:
        found = documents.parse(line)
    except NotJSON:
        return None
    return found if isinstance(found, dict) else None


def timestamp(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S.}{when.microsecond // 1000:03}Z"
