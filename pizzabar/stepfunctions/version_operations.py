"""
The operations on versions and aliases of state machines.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from collections.abc import Awaitable, Callable, Sequence

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.stepfunctions.parameters import hold, page_of, text_of
from pizzabar.stepfunctions.state_machines import StateMachines
from pizzabar.stepfunctions.versions import Alias, Route


async def publish_state_machine_version(machines: StateMachines, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html"""
    hold(parameters, "description")
    version = machines.versions.publish(
        machines.get(text_of(parameters, "stateMachineArn")),
        revision=parameters.get("revisionId"),
        description=parameters.get("description"),
    )
    return {"stateMachineVersionArn": version.version_arn, "creationDate": version.created.timestamp()}


async def list_state_machine_versions(machines: StateMachines, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineVersions.html"""
    machine = machines.get(text_of(parameters, "stateMachineArn"))
    found: list[JSON] = [
        {"stateMachineVersionArn": each.version_arn, "creationDate": each.created.timestamp()}
        for each in machines.versions.of(machine.arn)
    ]
    return page_of(parameters, "stateMachineVersions", found)


async def delete_state_machine_version(machines: StateMachines, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineVersion.html"""
    machines.versions.delete(text_of(parameters, "stateMachineVersionArn"))
    return {}


async def create_state_machine_alias(machines: StateMachines, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html"""
    hold(parameters, "description")
    routes = _routes(parameters.get("routingConfiguration"))
    alias = machines.versions.create_alias(text_of(parameters, "name"), routes, parameters.get("description") or "")
    return {"stateMachineAliasArn": alias.arn, "creationDate": alias.created.timestamp()}


async def describe_state_machine_alias(machines: StateMachines, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineAlias.html"""
    alias = machines.versions.alias(text_of(parameters, "stateMachineAliasArn"))
    return {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "description": alias.description,
        "routingConfiguration": [
            {"stateMachineVersionArn": route.version_arn, "weight": route.weight} for route in alias.routes
        ],
        "creationDate": alias.created.timestamp(),
        "updateDate": alias.updated.timestamp(),
    }


async def list_state_machine_aliases(machines: StateMachines, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineAliases.html"""
    arn = text_of(parameters, "stateMachineArn")
    machines.describe(arn)
    found: list[JSON] = [_summary(alias) for alias in machines.versions.aliases_of(arn)]
    return page_of(parameters, "stateMachineAliases", found)


async def update_state_machine_alias(machines: StateMachines, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachineAlias.html"""
    hold(parameters, "description")
    given, description = parameters.get("routingConfiguration"), parameters.get("description")
    if given is None and description is None:
        raise ValidationException("At least one of description and routingConfiguration must be specified")
    routes = None if given is None else _routes(given)
    alias = machines.versions.update_alias(text_of(parameters, "stateMachineAliasArn"), routes, description)
    return {"updateDate": alias.updated.timestamp()}


async def delete_state_machine_alias(machines: StateMachines, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineAlias.html"""
    machines.versions.delete_alias(text_of(parameters, "stateMachineAliasArn"))
    return {}


def _summary(alias: Alias) -> JSON:
    return {"stateMachineAliasArn": alias.arn, "creationDate": alias.created.timestamp()}


def _routes(given: JSON) -> Sequence[Route]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ValidationException("routingConfiguration is a list of versions with their weights")
    routes = []
    for each in given:
        weight = each.get("weight")
        if type(weight) is not int:
            raise ValidationException("Each version of a routing configuration has a weight, from 0 to 100")
        routes.append(Route(text_of(each, "stateMachineVersionArn"), weight))
    return routes


OPERATIONS: dict[str, Callable[[StateMachines, JSON], Awaitable[JSON]]] = {
    "CreateStateMachineAlias": create_state_machine_alias,
    "DeleteStateMachineAlias": delete_state_machine_alias,
    "DeleteStateMachineVersion": delete_state_machine_version,
    "DescribeStateMachineAlias": describe_state_machine_alias,
    "ListStateMachineAliases": list_state_machine_aliases,
    "ListStateMachineVersions": list_state_machine_versions,
    "PublishStateMachineVersion": publish_state_machine_version,
    "UpdateStateMachineAlias": update_state_machine_alias,
}
"""The operations by name."""
