"""The CloudFormation types of Step Functions."""

import re
from collections.abc import Iterable, Iterator, Mapping

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import Fault
from pizzabar.resource import (
    Asked,
    Boolean,
    Document,
    Identity,
    ListOf,
    Naming,
    Record,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import InvalidDefinition, InvalidLoggingConfiguration, InvalidName
from pizzabar.stepfunctions.execution_log import LEVELS, read_logging
from pizzabar.stepfunctions.executions import EXPRESS, as_express, revision_of
from pizzabar.stepfunctions.state_machines import StateMachines, check_name
from pizzabar.stepfunctions.task_resource import InvalidResource, read_resource
from pizzabar.stepfunctions.tasks import operation_of
from pizzabar.stepfunctions.version_resources import RESOURCES as VERSION_RESOURCES


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    return str(properties.get("StateMachineName", f"{naming.stack}-{logical_id}"))


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _name(logical_id, properties, naming)
    arn = naming.home.arn("states", f"stateMachine:{name}")
    definition = _definition(properties)
    revision = revision_of(arn, properties.get("RoleArn", ""), "" if definition is None else definition[1])
    return Identity(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": revision})


def _definition(properties: Mapping[str, JSON]) -> tuple[str, str] | None:
    """Give the property that holds the definition, and its text."""
    if "DefinitionString" in properties:
        return "DefinitionString", properties["DefinitionString"]
    if "Definition" in properties:
        return "Definition", documents.write(properties["Definition"])
    return None


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    try:
        read_logging(_logging(properties))
    except InvalidLoggingConfiguration as error:
        yield Fault(("LoggingConfiguration",), error.message)
    found = _definition(properties)
    if found is None:
        yield Fault((), "a state machine needs DefinitionString or Definition")
        return
    try:
        # What is not supported of what AWS has is told as what the machine asks for.
        machine = read_definition(found[1], supports=lambda resource: True)
        if properties.get("StateMachineType") == EXPRESS:
            as_express(machine)
    except InvalidDefinition as error:
        for diagnostic in error.diagnostics:
            yield Fault((found[0], *_path(diagnostic.location)), f"{diagnostic.code}: {diagnostic.message}")


def _asked(properties: Mapping[str, JSON]) -> Iterable[Asked]:
    """Give the operations that Task states will ask for."""
    found = _definition(properties)
    if found is None:
        return
    try:
        definition = documents.parse(found[1])
    except NotJSON:
        return
    for path, resource in _task_resources(definition, (found[0],)):
        if _is_known(resource) and (operation := operation_of(resource)) is not None:
            yield Asked(path, *operation, is_task=True)


def _is_known(resource: str) -> bool:
    """Whether AWS has a resource; that of another is told by the definition's faults."""
    try:
        read_resource(resource)
    except InvalidResource:
        return False
    return True


def _task_resources(machine: JSON, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Go through the resources of a machine's Task states, those of its branches and iterators among them."""
    states = machine.get("States") if isinstance(machine, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        if not isinstance(state, dict):
            continue
        place = (*path, "States", name)
        if state.get("Type") == "Task" and isinstance(state.get("Resource"), str):
            yield (*place, "Resource"), state["Resource"]
        for member in ("ItemProcessor", "Iterator"):
            yield from _task_resources(state.get(member), (*place, member))
        branches = state.get("Branches")
        for index, branch in enumerate(branches if isinstance(branches, list) else ()):
            yield from _task_resources(branch, (*place, "Branches", index))


def _path(location: str | None) -> tuple[str | int, ...]:
    """Read a place in a definition, ``/States/Bake/Choices[0]/Next``, as a path."""
    parts = re.findall(r"/([^/\[]+)|\[(\d+)\]", location or "")
    return tuple(int(index) if index else key for key, index in parts)


async def _remove(machines: StateMachines, resource: Resource) -> None:
    machines.delete(resource.identity.ref)


def _logging(properties: Mapping[str, JSON]) -> JSON:
    """Write a logging configuration as the API has it."""
    given = properties.get("LoggingConfiguration", {})
    destinations = [each.get("CloudWatchLogsLogGroup", {}) for each in given.get("Destinations", ())]
    return {
        "level": given.get("Level"),
        "includeExecutionData": given.get("IncludeExecutionData"),
        "destinations": [
            {"cloudWatchLogsLogGroup": {"logGroupArn": each.get("LogGroupArn")}} for each in destinations
        ],
    }


async def _create(machines: StateMachines, resource: Resource) -> None:
    found = _definition(resource.properties)
    assert found is not None
    machines.create(
        resource.identity.attributes["Name"],
        found[1],
        role_arn=resource.properties.get("RoleArn", ""),
        type=resource.properties.get("StateMachineType", "STANDARD"),
        is_traced=resource.properties.get("TracingConfiguration", {}).get("Enabled", False),
        logging=read_logging(_logging(resource.properties)),
    )


def _identify_activity(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    arn = naming.home.arn("states", f"activity:{properties['Name']}")
    return Identity(arn, {"Arn": arn, "Name": str(properties["Name"])})


def _check_activity(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    try:
        check_name(properties["Name"])
    except InvalidName as error:
        yield Fault(("Name",), error.message)


async def _create_activity(machines: StateMachines, resource: Resource) -> None:
    machines.activities.create(resource.identity.attributes["Name"])


RESOURCES: dict[str, ResourceType] = {
    "AWS::StepFunctions::Activity": ResourceType(
        shape=Record(
            {
                "EncryptionConfiguration": Without("nothing is encrypted"),
                "Name": Text(),
                "Tags": Without("nothing asks for tags"),
            },
            frozenset({"Name"}),
        ),
        identify=_identify_activity,
        create=_create_activity,
        check=_check_activity,
        unique=("Name",),
    ),
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
                "TracingConfiguration": Record({"Enabled": Boolean()}),
                "LoggingConfiguration": Record(
                    {
                        "Destinations": ListOf(Record({"CloudWatchLogsLogGroup": Record({"LogGroupArn": Text()})})),
                        "IncludeExecutionData": Boolean(),
                        "Level": Text(choices=LEVELS),
                    }
                ),
                "Tags": Without(),
            }
        ),
        identify=_identify,
        create=_create,
        remove=_remove,
        unique=("StateMachineName",),
        check=_check,
        asks=_asked,
    ),
    **VERSION_RESOURCES,
}
