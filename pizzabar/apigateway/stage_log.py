"""
What a stage writes to CloudWatch Logs: a line of a format of its author's for each request (access log), and what was
done for it (execution log).

Pure. The execution log has the words that API Gateway was seen to use, as far as they are known; others are ours.
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pizzabar import documents
from pizzabar.apigateway.integration import Answer
from pizzabar.apigateway.request import Request
from pizzabar.arn import log_group_of
from pizzabar.documents import JSON
from pizzabar.record import record

LEVELS = ("OFF", "ERROR", "INFO")
NOTHING = "-"
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)")


@dataclass(slots=True)
class Course:
    """What became of a request."""

    log: "StageLog"
    status: int = 200
    error: str | None = None
    """What the client was told instead of an answer."""
    integration_error: str | None = None
    answer: Answer | None = None
    latency: float = 0.0
    """How long the integration took, in milliseconds."""

    def refuse(self, status: int, error: str) -> None:
        """Note that the client was told of an error."""
        self.status, self.error = status, error


@record
class Verbosity:
    """How much of a route's requests is written: ``level``, and whether with what was sent and came back."""

    level: str = "OFF"
    traces_data: bool = False


@record
class StageLog:
    """What a stage writes, and where: ``group`` is the log group of the access log."""

    group: str | None = None
    format: str = ""
    verbosity: Verbosity = Verbosity()
    of_routes: Mapping[str, Verbosity] = field(default_factory=dict)

    def verbosity_of(self, route_key: str) -> Verbosity:
        """Give how much is written of a route's requests."""
        return self.of_routes.get(route_key, self.verbosity)


def read_stage_log(properties: Mapping[str, JSON]) -> StageLog | None:
    """Read what the properties of a stage say; None if nothing is to be written."""
    access = properties.get("AccessLogSettings") or {}
    verbosity = _verbosity(properties.get("DefaultRouteSettings") or {}, Verbosity())
    of_routes = {key: _verbosity(each, verbosity) for key, each in (properties.get("RouteSettings") or {}).items()}
    log = StageLog(log_group_of(access.get("DestinationArn", "")), access.get("Format", ""), verbosity, of_routes)
    is_silent = all(each.level == "OFF" for each in (verbosity, *of_routes.values()))
    return None if is_silent and (log.group is None or not log.format) else log


def _verbosity(settings: Mapping[str, JSON], default: Verbosity) -> Verbosity:
    return Verbosity(
        settings.get("LoggingLevel", default.level), settings.get("DataTraceEnabled", default.traces_data)
    )


def format_fault(format: str) -> str | None:
    """Tell what is wrong with the format of an access log.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    if not {"requestId", "extendedRequestId"} & set(_VARIABLE.findall(format)):
        return "Access log format must contain at least $context.requestId or $context.extendedRequestId"
    if "\n" in format.rstrip("\n"):
        return "Access Log format must be single line, new line character is allowed only at end of the format"
    return None


def access_line(request: Request, course: Course) -> str:
    """Write the line of the access log; what a variable has no value for is a hyphen."""
    context = request.context() | _of_course(course)

    def value(found: re.Match[str]) -> str:
        each: JSON = context
        for name in found[1].split("."):
            each = each.get(name) if isinstance(each, dict) else None
        if each is None or each == "":
            return NOTHING
        return each if isinstance(each, str) else documents.write(each)

    return _VARIABLE.sub(value, course.log.format.rstrip("\n"))


def _of_course(course: Course) -> dict[str, JSON]:
    latency = str(round(course.latency)) if course.answer is not None else None
    status = str(course.answer.status) if course.answer is not None else None
    error = {} if course.error is None else {"message": course.error, "messageString": documents.write(course.error)}
    return {
        "status": str(course.status),
        "error": error,
        "integrationErrorMessage": course.integration_error,
        "integrationLatency": latency,
        "integrationStatus": status,
        "integration": {
            "error": course.integration_error,
            "integrationStatus": status,
            "latency": latency,
            "status": status,
        },
    }


def execution_lines(request: Request, course: Course) -> Iterator[str]:
    """Write the lines of the execution log."""
    verbosity = course.log.verbosity_of(request.route_key)
    failure = course.integration_error or course.error
    for line in _told(request, course, verbosity) if verbosity.level == "INFO" else ():
        yield f"({request.request_id}) {line}"
    if failure is not None and verbosity.level != "OFF":
        yield f"({request.request_id}) Execution failed due to configuration error: {failure}"
    if verbosity.level == "INFO" or (failure is not None and verbosity.level == "ERROR"):
        yield f"({request.request_id}) Method completed with status: {course.status}"


def _told(request: Request, course: Course, verbosity: Verbosity) -> Iterator[str]:
    connection = request.connection
    yield f"Extended Request Id: {request.request_id}"
    client = f"[UserAgent: {connection.user_agent}, SourceIp: {connection.source_ip}]"
    match request.event_type:
        case "CONNECT":
            yield f"Client {client} is connecting to WebSocket API [{connection.api_id}]."
        case "DISCONNECT":
            yield f"Client {client} has disconnected from WebSocket API [{connection.api_id}]."
    yield f"WebSocket Request Route: [{request.route_key}]"
    if verbosity.traces_data and request.event_type == "MESSAGE":
        yield f"Request body before transformations: {request.body}"
    if course.answer is not None:
        yield f"Received response. Status: {course.answer.status}, Integration latency: {round(course.latency)} ms"
        if verbosity.traces_data:
            yield f"Endpoint response body before transformations: {course.answer.body or ''}"
