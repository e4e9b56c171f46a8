"""
Hops as spans.

https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind, StatusCode

from pizzabar.errors import ValidationException
from pizzabar.journal import Cause, Hop, Journal
from pizzabar.telemetry.spans import attributes_of, has_span, span_of
from pizzabar.trace_header import TraceHeader

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACE = "1-69a42a40-000000000000000000000001"


def hop_of(service: str, operation: str, parameters: Any = None, cause: Cause | None = None, **more: Any) -> Hop:
    hop = Hop(Journal(), cause or Cause(TRACE), service, operation, parameters, NOON.timestamp())
    hop.duration = 0.25
    for name, value in more.items():
        setattr(hop, name, value)
    return hop


def span(hop: Hop) -> ReadableSpan:
    return span_of(hop, NOON, Resource.get_empty(), InstrumentationScope("pizzabar"), "us-east-1")


def test_ids_are_those_of_xray() -> None:
    journal = Journal()
    above = Hop(journal, Cause(TRACE), "apigateway", "$default", {}, NOON.timestamp())
    hop = Hop(journal, above, "stepfunctions", "StartExecution", {}, NOON.timestamp())

    told, root = span(hop), span(above)

    assert told.context is not None
    assert told.parent is not None
    assert f"{told.context.trace_id:032x}" == "69a42a40000000000000000000000001"
    assert f"{told.context.span_id:016x}" == hop.segment_id
    assert f"{told.parent.span_id:016x}" == above.segment_id
    assert root.parent is None


def test_a_caller_elsewhere_is_the_parent() -> None:
    header = TraceHeader(TRACE, "53995c3f42cd8ad8", True)
    told = span(hop_of("dynamodb", "Scan", cause=Cause(TRACE, origin=header)))

    assert told.parent is not None
    assert f"{told.parent.span_id:016x}" == "53995c3f42cd8ad8"


def test_times() -> None:
    told = span(hop_of("dynamodb", "Scan"))

    assert told.start_time == int(NOON.timestamp()) * 10**9
    assert told.end_time == told.start_time + 250_000_000


def test_a_hop_of_no_trace_has_no_span() -> None:
    assert has_span(hop_of("dynamodb", "Scan"))
    assert not has_span(hop_of("dynamodb", "Scan", cause=Cause("")))


@pytest.mark.parametrize(
    ("service", "operation", "name", "kind"),
    [
        ("apigateway", "$default", "$default", SpanKind.SERVER),
        ("lambda", "Invocation", "Tell", SpanKind.SERVER),
        ("lambda", "Invoke", "Lambda.Invoke", SpanKind.CLIENT),
        ("events", "PutEvents", "EventBridge.PutEvents", SpanKind.PRODUCER),
        ("dynamodb", "GetItem", "DynamoDB.GetItem", SpanKind.CLIENT),
        ("oven", "Bake", "oven.Bake", SpanKind.CLIENT),
    ],
)
def test_names_and_kinds(service: str, operation: str, name: str, kind: SpanKind) -> None:
    told = span(hop_of(service, operation, {"FunctionName": "Tell", "RequestId": "r"}))

    assert (told.name, told.kind, told.status.status_code) == (name, kind, StatusCode.UNSET)


BUS = {"messaging.system": "aws_eventbridge", "messaging.operation.name": "PutEvents"}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "told"),
    [
        ("dynamodb", "GetItem", {"TableName": "Orders"}, {"aws.dynamodb.table_names": ["Orders"]}),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"A": {}, "B": {}}}, {"aws.dynamodb.table_names": ["A", "B"]}),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "A"}}, {"Delete": {"TableName": "A"}}]},
            {"aws.dynamodb.table_names": ["A"]},
        ),
        ("dynamodb", "ListTables", {}, {"rpc.service": "DynamoDB", "rpc.method": "ListTables"}),
        (
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "orders"}, {}]},
            BUS | {"messaging.destination.name": "orders,default", "messaging.batch.message_count": 2},
        ),
        ("events", "PutEvents", {"Entries": 7}, {"rpc.method": "PutEvents"}),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:Tell"},
            {"faas.invoked_name": "Tell", "faas.invoked_provider": "aws"},
        ),
        (
            "lambda",
            "Invocation",
            {"FunctionName": "Tell", "RequestId": "r"},
            {"faas.name": "Tell", "faas.invocation_id": "r"},
        ),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/a", "logStreamName": "b"},
            {"aws.log.group.names": ["/a"], "aws.log.stream.names": ["b"]},
        ),
        (
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": "arn:b"},
            {"aws.step_functions.state_machine.arn": "arn:b"},
        ),
        ("apigateway", "$default", {"ConnectionId": "c", "Body": "{}"}, {"pizzabar.connection.id": "c"}),
        ("sts", "GetCallerIdentity", None, {"rpc.system": "aws-api", "cloud.region": "us-east-1"}),
    ],
)
def test_attributes(service: str, operation: str, parameters: Any, told: dict[str, Any]) -> None:
    assert attributes_of(hop_of(service, operation, parameters), "us-east-1").items() >= told.items()


def test_a_frame_is_no_call_of_an_aws_service() -> None:
    assert "rpc.system" not in attributes_of(hop_of("apigateway", "$default", {}), "us-east-1")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ValidationException("no key"), "ValidationException", "ValidationException: no key"),
        (ValueError("half a \ud83c"), "ValueError", "half a ?"),
    ],
)
def test_errors(error: Exception, kind: str, text: str) -> None:
    told = span(hop_of("dynamodb", "GetItem", error=error))

    assert (told.status.status_code, told.status.description) == (StatusCode.ERROR, text)
    assert dict(told.attributes or {})["error.type"] == kind
    [event] = told.events
    assert event.name == "exception"
    assert dict(event.attributes or {}) == {"exception.type": kind, "exception.message": text}
    assert event.timestamp == int((NOON + timedelta(seconds=0.25)).timestamp() * 1000) * 10**6
