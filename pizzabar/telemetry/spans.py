"""
A span for each hop.

Trace and span ids are those of X-Ray: the same trace is found in both, and what a function's own SDK exports finds
its parent. Attributes are those of the semantic conventions for AWS SDKs, messages and functions.
https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.journal import Hop
from pizzabar.trace_header import is_trace_id

Value = str | bool | int | float | list[str]
Attributes = dict[str, Value]
SERVICES = {
    "apigatewaymanagementapi": "ApiGatewayManagementApi",
    "apigatewayv2": "ApiGatewayV2",
    "cloudformation": "CloudFormation",
    "dynamodb": "DynamoDB",
    "dynamodbstreams": "DynamoDB Streams",
    "events": "EventBridge",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "scheduler": "Scheduler",
    "sqs": "SQS",
    "stepfunctions": "SFN",
    "sts": "STS",
    "xray": "XRay",
}
"""Service ids, as the SDKs write them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FLAGS = TraceFlags(TraceFlags.SAMPLED)
_INVOCATION = ("lambda", "Invocation")


def span_of(hop: Hop, began: datetime, resource: Resource, scope: InstrumentationScope, region: str) -> ReadableSpan:
    """Give the span of a hop that has ended, and that belongs to a trace."""
    trace_id = int(hop.trace_id[2:].replace("-", ""), 16)
    parent = _parent(hop)
    start = _nanoseconds(began)
    end = start + int((hop.duration or 0) * 1e9)
    error = hop.error
    return ReadableSpan(
        _text(_name(hop)),
        SpanContext(trace_id, int(hop.segment_id, 16), is_remote=False, trace_flags=_FLAGS),
        None if parent is None else SpanContext(trace_id, int(parent, 16), is_remote=True, trace_flags=_FLAGS),
        resource,
        {name: _clean(value) for name, value in attributes_of(hop, region).items()},
        [] if error is None else [Event("exception", _exception(error), end)],
        kind=_kind(hop),
        status=Status(StatusCode.UNSET) if error is None else Status(StatusCode.ERROR, _text(str(error))),
        start_time=start,
        end_time=end,
        instrumentation_scope=scope,
    )


def has_span(hop: Hop) -> bool:
    """Whether a hop belongs to a trace that has an id."""
    return is_trace_id(hop.trace_id) is not None


def attributes_of(hop: Hop, region: str) -> Attributes:
    """Tell of a hop by the semantic conventions; what they do not know is under ``pizzabar``."""
    asked = hop.parameters if isinstance(hop.parameters, dict) else {}
    attributes: Attributes = {"pizzabar.hop": hop.id}
    if hop.error is not None:
        attributes["error.type"] = hop.error.code if isinstance(hop.error, ServiceError) else type(hop.error).__name__
    if isinstance(asked.get("ConnectionId"), str):
        attributes["pizzabar.connection.id"] = asked["ConnectionId"]
    if (hop.service, hop.operation) == _INVOCATION:
        attributes |= {
            "faas.name": str(asked["FunctionName"]),
            "faas.invocation_id": str(asked["RequestId"]),
            "faas.trigger": "other",
        }
    elif hop.service != "apigateway":
        attributes |= {
            "rpc.system": "aws-api",
            "rpc.service": SERVICES.get(hop.service, hop.service),
            "rpc.method": hop.operation,
            "cloud.region": region,
        }
        attributes |= _OF_SERVICES.get(hop.service, _nothing)(hop.operation, asked)
    return attributes


def _nothing(operation: str, asked: Mapping[str, JSON]) -> Attributes:
    return {}


def _of_dynamodb(operation: str, asked: Mapping[str, JSON]) -> Attributes:
    names = [asked.get("TableName")]
    requests = asked.get("RequestItems")
    if isinstance(requests, dict):
        names += requests
    writes = asked.get("TransactItems")
    for write in writes if isinstance(writes, list) else ():
        names += [each.get("TableName") for each in write.values() if isinstance(each, dict)]
    tables = [name for name in dict.fromkeys(names) if isinstance(name, str)]
    return {"aws.dynamodb.table_names": tables} if tables else {}


def _of_events(operation: str, asked: Mapping[str, JSON]) -> Attributes:
    entries = asked.get("Entries")
    if operation != "PutEvents" or not isinstance(entries, list):
        return {}
    buses = dict.fromkeys(str(each.get("EventBusName") or "default") for each in entries if isinstance(each, dict))
    return {
        "messaging.system": "aws_eventbridge",
        "messaging.operation.name": operation,
        "messaging.operation.type": "send",
        "messaging.destination.name": ",".join(buses),
        "messaging.batch.message_count": len(entries),
    }


def _of_lambda(operation: str, asked: Mapping[str, JSON]) -> Attributes:
    name = asked.get("FunctionName")
    if operation != "Invoke" or not isinstance(name, str):
        return {}
    return {"faas.invoked_name": name.rpartition(":")[2], "faas.invoked_provider": "aws"}


def _of_logs(operation: str, asked: Mapping[str, JSON]) -> Attributes:
    group, stream = asked.get("logGroupName"), asked.get("logStreamName")
    named = {"aws.log.group.names": group, "aws.log.stream.names": stream}
    return {name: [value] for name, value in named.items() if isinstance(value, str)}


def _of_step_functions(operation: str, asked: Mapping[str, JSON]) -> Attributes:
    arn = asked.get("stateMachineArn")
    return {"aws.step_functions.state_machine.arn": arn} if isinstance(arn, str) else {}


_OF_SERVICES: Mapping[str, Callable[[str, Mapping[str, JSON]], Attributes]] = {
    "dynamodb": _of_dynamodb,
    "events": _of_events,
    "lambda": _of_lambda,
    "logs": _of_logs,
    "stepfunctions": _of_step_functions,
}


def _name(hop: Hop) -> str:
    """Name a span: a call by service and operation, a frame by its route, an invocation by its function."""
    if (hop.service, hop.operation) == _INVOCATION:
        return str(hop.parameters["FunctionName"])
    if hop.service == "apigateway":
        return hop.operation
    return f"{SERVICES.get(hop.service, hop.service)}.{hop.operation}"


def _kind(hop: Hop) -> SpanKind:
    if hop.service == "apigateway" or (hop.service, hop.operation) == _INVOCATION:
        return SpanKind.SERVER
    return SpanKind.PRODUCER if (hop.service, hop.operation) == ("events", "PutEvents") else SpanKind.CLIENT


def _parent(hop: Hop) -> str | None:
    """Give the parent's segment: another hop's, or that of a caller elsewhere."""
    if hop.parent:
        return hop.segment_of(hop.parent)
    return None if hop.origin is None else hop.origin.parent


def _exception(error: BaseException) -> Attributes:
    kind = error.code if isinstance(error, ServiceError) else type(error).__name__
    return {"exception.type": kind, "exception.message": _text(str(error))}


def _nanoseconds(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(microseconds=1) * 1000


def _clean(value: Value) -> Value:
    if isinstance(value, list):
        return [_text(each) for each in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    """Put a question mark for half a pair of surrogates, which no span can hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()
