"""The CloudFormation types of Step Functions."""

import re
from collections.abc import Iterable, Mapping

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.resource import (
    Document,
    Identity,
    Naming,
    Record,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import InvalidDefinition
from pizzabar.stepfunctions.state_machines import StateMachines
from pizzabar.stepfunctions.tasks import integration_of


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    return str(properties.get("StateMachineName", f"{naming.stack}-{logical_id}"))


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _name(logical_id, properties, naming)
    arn = naming.home.arn("states", f"stateMachine:{name}")
    return Identity(arn, {"Arn": arn, "Name": name})


def _definition(properties: Mapping[str, JSON]) -> tuple[str, str] | None:
    """Give the property that holds the definition, and its text."""
    if "DefinitionString" in properties:
        return "DefinitionString", properties["DefinitionString"]
    if "Definition" in properties:
        return "Definition", documents.write(properties["Definition"])
    return None


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if properties.get("StateMachineType") == "EXPRESS":
        yield Fault(("StateMachineType",), "EXPRESS state machines are not supported")
    found = _definition(properties)
    if found is None:
        yield Fault((), "a state machine needs DefinitionString or Definition")
        return
    try:
        read_definition(found[1], supports=lambda resource: integration_of(resource) is not None)
    except InvalidDefinition as error:
        for diagnostic in error.diagnostics:
            yield Fault((found[0], *_path(diagnostic.location)), f"{diagnostic.code}: {diagnostic.message}")


def _path(location: str | None) -> tuple[str | int, ...]:
    """Read a place in a definition, ``/States/Bake/Choices[0]/Next``, as a path."""
    parts = re.findall(r"/([^/\[]+)|\[(\d+)\]", location or "")
    return tuple(int(index) if index else key for key, index in parts)


async def _create(machines: StateMachines, resource: Resource) -> None:
    found = _definition(resource.properties)
    assert found is not None
    machines.create(
        resource.identity.attributes["Name"],
        found[1],
        role_arn=resource.properties.get("RoleArn", ""),
        type=resource.properties.get("StateMachineType", "STANDARD"),
    )


RESOURCES: dict[str, ResourceType] = {
    "AWS::StepFunctions::StateMachine": ResourceType(
        shape=Record(
            {
                "StateMachineName": Text(),
                "StateMachineType": Text(choices=("STANDARD", "EXPRESS")),
                "DefinitionS3Location": Unsupported(),
                "DefinitionString": Text(),
                "EncryptionConfiguration": Without("nothing is encrypted"),
                "Definition": Document(),
                "RoleArn": Text(),
                "TracingConfiguration": Without("traces are always kept in the journal"),
                "LoggingConfiguration": Without("executions keep their history"),
                "Tags": Without(),
            }
        ),
        identify=_identify,
        create=_create,
        check=_check,
    ),
}
