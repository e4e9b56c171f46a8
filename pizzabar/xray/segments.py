"""
Segment documents of hops.

Pure. What does work of its own, a function's invocation or an execution, is a segment; what it asks of a service is a
subsegment, in the one that asked. A hop whose cause is not sampled stands for itself.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.journal import Hop
from pizzabar.xray.ending import Ending

SERVICES: Mapping[str, tuple[str, str]] = {
    "apigateway": ("API Gateway", "AWS::ApiGatewayV2::Stage"),
    "apigatewaymanagementapi": ("ApiGatewayManagementApi", "AWS::ApiGatewayManagementApi"),
    "dynamodb": ("DynamoDB", "AWS::DynamoDB::Table"),
    "dynamodbstreams": ("DynamoDBStreams", "AWS::DynamoDBStreams"),
    "events": ("Events", "AWS::Events"),
    "lambda": ("Lambda", "AWS::Lambda"),
    "logs": ("CloudWatchLogs", "AWS::logs"),
    "scheduler": ("Scheduler", "AWS::Scheduler"),
    "sqs": ("SQS", "AWS::SQS::Queue"),
    "stepfunctions": ("StepFunctions", "AWS::StepFunctions::StateMachine"),
}
"""What X-Ray calls a service, and the type of its nodes."""
FUNCTION = "AWS::Lambda::Function"
STATE_MACHINE = "AWS::StepFunctions::StateMachine"
_STARTS = frozenset({"StartExecution", "StartSyncExecution"})


def execution_of(hop: Hop) -> str | None:
    """Give the ARN of the execution that a hop started, if it did."""
    if hop.service != "stepfunctions" or hop.operation not in _STARTS or not isinstance(hop.result, dict):
        return None
    arn = hop.result.get("executionArn")
    return arn if isinstance(arn, str) else None


def segments_of(
    hops: Iterable[Hop], home: Home, endings: Mapping[str, Ending], sent: Collection[str] = ()
) -> list[dict[str, JSON]]:
    """Give the segments of one trace's sampled hops, those that began first first.

    ``endings`` tells how the executions stand that the hops have started, by their ARNs; ``sent`` are the ids of what
    functions have sent themselves: what they asked there is given as a subsegment by itself.
    """
    by_id = {hop.id: hop for hop in hops}
    documents: dict[int, dict[str, JSON]] = {}
    segments = []
    for hop in by_id.values():
        above = by_id.get(hop.parent)
        execution = execution_of(hop)
        is_work = execution is not None or (hop.service, hop.operation) == ("lambda", "Invocation")
        document = documents[hop.id] = {"id": hop.segment_id, **_name(hop, home, is_segment=is_work or above is None)}
        ending = None if execution is None else endings.get(execution)
        document |= _times(hop, ending) | _aws(hop, home)
        caller = _caller_elsewhere(hop)
        if above is not None and not is_work:
            document["namespace"] = "aws"
            if caller not in sent:
                documents[above.id].setdefault("subsegments", []).append(document)
                continue
            document["type"] = "subsegment"
        document["trace_id"] = hop.trace_id
        parent = above.segment_id if above is not None and caller not in sent else caller
        if parent is not None:
            document["parent_id"] = parent
        if not is_work and above is None:
            document["inferred"] = True
        segments.append(document)
    return segments


def _caller_elsewhere(hop: Hop) -> str | None:
    """Give the segment of another's making that the header of a request named, if this hop is that request."""
    above = hop.journal.find(hop.parent)
    if hop.origin is None or (hop.parent != 0 and (above is None or above.origin is hop.origin)):
        return None
    return hop.origin.parent


def _name(hop: Hop, home: Home, *, is_segment: bool) -> dict[str, JSON]:
    """Name a segment after the resource that works, and a subsegment after the service that is asked."""
    name, kind = SERVICES.get(hop.service, (hop.service, f"AWS::{hop.service}"))
    if not is_segment:
        return {"name": name}
    asked = hop.parameters if isinstance(hop.parameters, dict) else {}
    if (hop.service, hop.operation) == ("lambda", "Invocation"):
        function = asked["FunctionName"]
        return {"name": function, "origin": FUNCTION, "resource_arn": home.arn("lambda", f"function:{function}")}
    execution = execution_of(hop)
    if execution is not None:
        machine = execution.split(":")[6]
        arn = home.arn("states", f"stateMachine:{machine}")
        return {"name": machine, "origin": STATE_MACHINE, "resource_arn": arn}
    table = asked.get("TableName")
    return {"name": table if isinstance(table, str) else name, "origin": kind}


def _times(hop: Hop, ending: Ending | None) -> dict[str, JSON]:
    """Tell when a hop began and ended, and with what error."""
    end = None if hop.duration is None else hop.started + timedelta(seconds=hop.duration)
    faults = {} if hop.error is None else _error(hop.segment_id, hop.error)
    if ending is not None:
        end = ending.stopped
        if ending.error is not None:
            faults = {"fault": True, "cause": _cause(hop.segment_id, ending.error, ending.cause or "")}
    times: dict[str, JSON] = {"start_time": hop.started.timestamp()}
    return times | ({"in_progress": True} if end is None else {"end_time": end.timestamp()}) | faults


def _error(id: str, error: BaseException) -> dict[str, JSON]:
    """Tell of an error: the caller's (429 is a throttle as well), or a fault."""
    if not isinstance(error, ServiceError):
        return {"fault": True, "cause": _cause(id, type(error).__name__, str(error))}
    is_throttled = error.status == 429 or "Throttl" in error.code or error.code == "LimitExceededException"
    kinds = {"error": error.status < 500, "fault": error.status >= 500, "throttle": is_throttled}
    return {kind: True for kind, so in kinds.items() if so} | {"cause": _cause(id, error.code, error.message)}


def _cause(id: str, type: str, message: str) -> JSON:
    return {"exceptions": [{"id": id, "type": type, "message": message, "remote": False}]}


def _aws(hop: Hop, home: Home) -> dict[str, JSON]:
    """Tell what was asked of which resource."""
    asked = hop.parameters if isinstance(hop.parameters, dict) else {}
    aws: dict[str, JSON] = {"account_id": home.account, "region": home.region, "operation": hop.operation}
    for name, parameter in (
        ("table_name", "TableName"),
        ("function_name", "FunctionName"),
        ("request_id", "RequestId"),
        ("execution_arn", "executionArn"),
        ("connection_id", "ConnectionId"),
    ):
        if isinstance(asked.get(parameter), str):
            aws[name] = asked[parameter]
    if (execution := execution_of(hop)) is not None:
        aws["execution_arn"] = execution
    status = hop.result.get("StatusCode") if hop.service == "lambda" and isinstance(hop.result, dict) else None
    return {"aws": aws} | ({} if status is None else {"http": {"response": {"status": status}}})


def walk(document: Mapping[str, JSON]) -> Iterator[Mapping[str, JSON]]:
    """Give a segment and all its subsegments, in no order that is promised."""
    waiting = [document]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.get("subsegments") or ()
