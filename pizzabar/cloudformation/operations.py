"""
The operations of CloudFormation, by AWS's names: reading the stack that runs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable
from datetime import UTC

from pizzabar.cloudformation.stacks import Stacks
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.resource import Resource


class ValidationError(ValidationException):
    """Raised when a request names no stack, or no resource of it."""


async def describe_stacks(stacks: Stacks, parameters: JSON) -> JSON:
    """Read the stack, with its parameters and outputs."""
    if parameters.get("StackName") is not None:
        _check_name(stacks, parameters)
    stack = stacks.stack
    return {
        "Stacks": [
            {
                **_summary(stacks),
                "Description": stack.description or None,
                "Parameters": [
                    {
                        "ParameterKey": name,
                        "ParameterValue": ",".join(value) if isinstance(value, list) else str(value),
                    }
                    for name, value in stack.parameters.items()
                ],
                "DisableRollback": False,
                "NotificationARNs": [],
                "Capabilities": [],
                "Outputs": [
                    {
                        "OutputKey": name,
                        "OutputValue": output.value,
                        "Description": output.description or None,
                        "ExportName": output.export,
                    }
                    for name, output in stack.outputs.items()
                ],
                "Tags": [],
            }
        ]
    }


async def list_stacks(stacks: Stacks, parameters: JSON) -> JSON:
    """List the stack."""
    return {"StackSummaries": [_summary(stacks)]}


async def list_stack_resources(stacks: Stacks, parameters: JSON) -> JSON:
    """List the resources of the stack."""
    _check_name(stacks, parameters)
    return {"StackResourceSummaries": [_resource(stacks, resource) for resource in stacks.stack.resources]}


async def describe_stack_resources(stacks: Stacks, parameters: JSON) -> JSON:
    """Read the resources of the stack, or one of them: the stack's name, or a physical resource, says of which."""
    wanted, physical = parameters.get("LogicalResourceId"), parameters.get("PhysicalResourceId")
    if physical is None or parameters.get("StackName") is not None:
        _check_name(stacks, parameters)
    elif all(each.identity.ref != physical for each in stacks.stack.resources):
        raise ValidationError(f"Stack for {physical} does not exist")
    found = [each for each in stacks.stack.resources if wanted in (None, each.logical_id)]
    return {
        "StackResources": [
            {
                "StackName": stacks.stack.name,
                "StackId": stacks.id,
                "Timestamp": _created(stacks),
                **_resource(stacks, each),
            }
            for each in found
        ]
    }


async def describe_stack_resource(stacks: Stacks, parameters: JSON) -> JSON:
    """Read a resource of the stack."""
    _check_name(stacks, parameters)
    wanted = parameters.get("LogicalResourceId")
    for each in stacks.stack.resources:
        if each.logical_id == wanted:
            about = {"StackName": stacks.stack.name, "StackId": stacks.id}
            return {"StackResourceDetail": about | _resource(stacks, each)}
    raise ValidationError(f"Resource {wanted} does not exist for stack {stacks.stack.name}")


async def get_template(stacks: Stacks, parameters: JSON) -> JSON:
    """Give the text of the template."""
    _check_name(stacks, parameters)
    return {"TemplateBody": stacks.stack.text, "StagesAvailable": ["Original", "Processed"]}


def _text(value: JSON) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _check_name(stacks: Stacks, parameters: JSON) -> None:
    name = parameters.get("StackName")
    if name not in (stacks.stack.name, stacks.id):
        raise ValidationError(f"Stack with id {name} does not exist")


def _summary(stacks: Stacks) -> dict[str, JSON]:
    return {
        "StackId": stacks.id,
        "StackName": stacks.stack.name,
        "CreationTime": _created(stacks),
        "StackStatus": "CREATE_COMPLETE",
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def _resource(stacks: Stacks, resource: Resource) -> dict[str, JSON]:
    return {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.identity.ref,
        "ResourceType": resource.type,
        "LastUpdatedTimestamp": _created(stacks),
        "ResourceStatus": "CREATE_COMPLETE",
    }


def _created(stacks: Stacks) -> str:
    return stacks.created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


OPERATIONS: dict[str, Callable[[Stacks, JSON], Awaitable[JSON]]] = {
    "DescribeStackResource": describe_stack_resource,
    "DescribeStackResources": describe_stack_resources,
    "DescribeStacks": describe_stacks,
    "GetTemplate": get_template,
    "ListStackResources": list_stack_resources,
    "ListStacks": list_stacks,
}
