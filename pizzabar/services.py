"""
Every service that is here: its resource types, its operations, and what these are asked and change.

A service is told by the emulator's name of what answers for it.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pizzabar.apigateway.configuration import RESOURCES as API_GATEWAY_RESOURCES
from pizzabar.apigateway.configuration_operations import CHANGES as API_GATEWAY_V2_CHANGES
from pizzabar.apigateway.configuration_operations import OPERATIONS as API_GATEWAY_V2_OPERATIONS
from pizzabar.apigateway.operations import OPERATIONS as API_GATEWAY_OPERATIONS
from pizzabar.cloudformation.operations import OPERATIONS as CLOUDFORMATION_OPERATIONS
from pizzabar.cloudformation.resources import RESOURCES as OTHER_RESOURCES
from pizzabar.cloudformation.shapes import SHAPES as CLOUDFORMATION_SHAPES
from pizzabar.cloudformation.unsupported import UNSUPPORTED
from pizzabar.documents import JSON
from pizzabar.dynamodb.operations import CHANGES as DYNAMODB_CHANGES
from pizzabar.dynamodb.operations import OPERATIONS as DYNAMODB_OPERATIONS
from pizzabar.dynamodb.resources import RESOURCES as DYNAMODB_RESOURCES
from pizzabar.dynamodb.stream_operations import OPERATIONS as DYNAMODB_STREAMS_OPERATIONS
from pizzabar.errors import Fault
from pizzabar.eventbridge.archive_operations import CHANGES as ARCHIVE_CHANGES
from pizzabar.eventbridge.archive_operations import OPERATIONS as ARCHIVE_OPERATIONS
from pizzabar.eventbridge.archive_resources import RESOURCES as ARCHIVE_RESOURCES
from pizzabar.eventbridge.destination_operations import CHANGES as DESTINATION_CHANGES
from pizzabar.eventbridge.destination_operations import OPERATIONS as DESTINATION_OPERATIONS
from pizzabar.eventbridge.destination_resources import RESOURCES as DESTINATION_RESOURCES
from pizzabar.eventbridge.operations import CHANGES as EVENTBRIDGE_CHANGES
from pizzabar.eventbridge.operations import OPERATIONS as EVENTBRIDGE_OPERATIONS
from pizzabar.eventbridge.resources import RESOURCES as EVENTBRIDGE_RESOURCES
from pizzabar.eventbridge.secrets import masked
from pizzabar.eventbridge.shapes import SHAPES as EVENTBRIDGE_SHAPES
from pizzabar.iam.operations import OPERATIONS as IAM_OPERATIONS
from pizzabar.iam.resources import CHECKS as POLICY_CHECKS
from pizzabar.iam.resources import RESOURCES as IAM_RESOURCES
from pizzabar.iam.shapes import SHAPES as IAM_SHAPES
from pizzabar.lambda_.event_source_operations import CHANGES as EVENT_SOURCE_CHANGES
from pizzabar.lambda_.event_source_operations import OPERATIONS as EVENT_SOURCE_OPERATIONS
from pizzabar.lambda_.event_source_resources import RESOURCES as EVENT_SOURCE_RESOURCES
from pizzabar.lambda_.operations import CHANGES as LAMBDA_CHANGES
from pizzabar.lambda_.operations import OPERATIONS as LAMBDA_OPERATIONS
from pizzabar.lambda_.permission_operations import CHANGES as PERMISSION_CHANGES
from pizzabar.lambda_.permission_operations import OPERATIONS as PERMISSION_OPERATIONS
from pizzabar.lambda_.resources import RESOURCES as LAMBDA_RESOURCES
from pizzabar.lambda_.shapes import SHAPES as LAMBDA_SHAPES
from pizzabar.lambda_.version_operations import CHANGES as VERSION_CHANGES
from pizzabar.lambda_.version_operations import OPERATIONS as VERSION_OPERATIONS
from pizzabar.logs.operations import CHANGES as LOGS_CHANGES
from pizzabar.logs.operations import OPERATIONS as LOGS_OPERATIONS
from pizzabar.logs.resources import RESOURCES as LOGS_RESOURCES
from pizzabar.resource import ResourceType
from pizzabar.scheduler.operations import OPERATIONS as SCHEDULER_OPERATIONS
from pizzabar.scheduler.resources import RESOURCES as SCHEDULER_RESOURCES
from pizzabar.scheduler.shapes import SHAPES as SCHEDULER_SHAPES
from pizzabar.shapes import Shapes, typed
from pizzabar.sqs.operations import CHANGES as SQS_CHANGES
from pizzabar.sqs.operations import OPERATIONS as SQS_OPERATIONS
from pizzabar.sqs.resources import RESOURCES as SQS_RESOURCES
from pizzabar.sqs.shapes import SHAPES as SQS_SHAPES
from pizzabar.stepfunctions.operations import CHANGES as STEP_FUNCTIONS_CHANGES
from pizzabar.stepfunctions.operations import OPERATIONS as STEP_FUNCTIONS_OPERATIONS
from pizzabar.stepfunctions.resources import RESOURCES as STEP_FUNCTIONS_RESOURCES
from pizzabar.stepfunctions.shapes import SHAPES as STEP_FUNCTIONS_SHAPES
from pizzabar.sts.operations import OPERATIONS as STS_OPERATIONS
from pizzabar.xray.operations import OPERATIONS as XRAY_OPERATIONS
from pizzabar.xray.shapes import SHAPES as XRAY_SHAPES

ROOMS: dict[str, dict[str, ResourceType]] = {
    "api_configuration": API_GATEWAY_RESOURCES,
    "archives": ARCHIVE_RESOURCES,
    "buses": EVENTBRIDGE_RESOURCES,
    "destinations": DESTINATION_RESOURCES,
    "event_sources": EVENT_SOURCE_RESOURCES,
    "functions": LAMBDA_RESOURCES,
    "log_groups": LOGS_RESOURCES,
    "queues": SQS_RESOURCES,
    "roles": IAM_RESOURCES,
    "schedules": SCHEDULER_RESOURCES,
    "state_machines": STEP_FUNCTIONS_RESOURCES,
    "tables": DYNAMODB_RESOURCES,
}
"""The resource types of each room, by the emulator's name of the service that creates them."""

SERVICES: tuple[tuple[str, Mapping[str, Callable[[Any, JSON], Awaitable[JSON]]], str], ...] = (
    ("apigatewaymanagementapi", API_GATEWAY_OPERATIONS, "apis"),
    ("apigatewayv2", API_GATEWAY_V2_OPERATIONS, "api_configuration"),
    ("cloudformation", CLOUDFORMATION_OPERATIONS, "stacks"),
    ("dynamodb", DYNAMODB_OPERATIONS, "tables"),
    ("dynamodbstreams", DYNAMODB_STREAMS_OPERATIONS, "tables"),
    ("events", EVENTBRIDGE_OPERATIONS, "buses"),
    ("events", ARCHIVE_OPERATIONS, "archives"),
    ("events", DESTINATION_OPERATIONS, "destinations"),
    ("iam", IAM_OPERATIONS, "authorization"),
    ("lambda", LAMBDA_OPERATIONS, "functions"),
    ("lambda", PERMISSION_OPERATIONS, "functions"),
    ("lambda", VERSION_OPERATIONS, "functions"),
    ("lambda", EVENT_SOURCE_OPERATIONS, "event_sources"),
    ("logs", LOGS_OPERATIONS, "log_groups"),
    ("scheduler", SCHEDULER_OPERATIONS, "schedules"),
    ("sqs", SQS_OPERATIONS, "queues"),
    ("stepfunctions", STEP_FUNCTIONS_OPERATIONS, "state_machines"),
    ("sts", STS_OPERATIONS, "home"),
    ("xray", XRAY_OPERATIONS, "traces"),
)
"""Services, their operations, and the emulator's name of what answers these."""

TRACED = (
    ("events", "AuthorizeConnection"),
    ("events", "InvokeApiDestination"),
    ("lambda", "Invocation"),
    ("scheduler", "InvokeTarget"),
)
"""Hops of services that nobody asks for; those of ``apigateway``, whose names are the keys of routes, apart."""

SHAPES: dict[str, Shapes] = {
    "cloudformation": CLOUDFORMATION_SHAPES,
    "events": EVENTBRIDGE_SHAPES,
    "iam": IAM_SHAPES,
    "lambda": LAMBDA_SHAPES,
    "scheduler": SCHEDULER_SHAPES,
    "sqs": SQS_SHAPES,
    "stepfunctions": STEP_FUNCTIONS_SHAPES,
    "sts": {},
    "xray": XRAY_SHAPES,
}
"""What is looked at before an operation of these services is asked; the others look at everything themselves."""
CHECKED_THEMSELVES = frozenset({"Invoke", "PutEvents", "StartExecution"})
"""Operations that every order asks for: they look at what they need."""

CHANGES: dict[str, frozenset[str]] = {
    "api_configuration": API_GATEWAY_V2_CHANGES,
    "archives": ARCHIVE_CHANGES,
    "buses": EVENTBRIDGE_CHANGES,
    "destinations": DESTINATION_CHANGES,
    "event_sources": EVENT_SOURCE_CHANGES,
    "functions": LAMBDA_CHANGES | PERMISSION_CHANGES | VERSION_CHANGES,
    "log_groups": LOGS_CHANGES,
    "queues": SQS_CHANGES,
    "state_machines": STEP_FUNCTIONS_CHANGES,
    "tables": DYNAMODB_CHANGES,
}
"""The operations that make what is kept, by the emulator's name of what answers them."""

MASKS: dict[tuple[str, str], Callable[[JSON], JSON]] = {
    ("events", name): masked for name in ("CreateConnection", "UpdateConnection")
}
"""What takes the secrets out of the parameters of operations."""


def typed_operations(
    service: str, operations: Mapping[str, Callable[[Any, JSON], Awaitable[JSON]]]
) -> Mapping[str, Callable[[Any, JSON], Awaitable[JSON]]]:
    """Have operations be asked with parameters of the right types alone."""
    shapes = SHAPES.get(service)
    if shapes is None:
        return operations
    return {name: each if name in CHECKED_THEMSELVES else typed(each, shapes) for name, each in operations.items()}


def resource_types() -> Mapping[str, ResourceType]:
    """Give every resource type that a template may have."""
    types = {**OTHER_RESOURCES, **UNSUPPORTED}
    for room in ROOMS.values():
        types |= room
    for name, check in POLICY_CHECKS.items():
        types[name] = replace(types[name], check=_both(types[name].check, check))
    return types


Check = Callable[[Mapping[str, JSON]], Iterable[Fault]]


def _both(first: Check, second: Check) -> Check:
    return lambda properties: (*first(properties), *second(properties))


def has_operation(service: str, operation: str) -> bool:
    """Whether a service has an operation here."""
    return any(each == service and operation in operations for each, operations, _ in SERVICES)
