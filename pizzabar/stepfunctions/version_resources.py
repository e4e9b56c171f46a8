"""
The CloudFormation types of versions and aliases of state machines.

A version is of a revision: while a state machine has not changed, its version is the same. When a stack is read anew,
a state machine has one revision, and its version is number 1.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachineversion.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachinealias.html
"""

from collections.abc import Iterable, Mapping, Sequence

from pizzabar.documents import JSON
from pizzabar.errors import Fault, ValidationException
from pizzabar.resource import (
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    Reference,
    Resource,
    ResourceType,
    Text,
    Without,
)
from pizzabar.stepfunctions.state_machines import StateMachines
from pizzabar.stepfunctions.versions import Route, check_alias_name, check_weights

GRADUALLY = "an update leads all executions to the new version at once"


# Versions.


def _identify_version(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    arn = str(properties["StateMachineArn"])
    version = f"{arn}:{naming.numbers.of(arn, str(properties.get('StateMachineRevisionId', '')))}"
    return Identity(version, {"Arn": version})


async def _create_version(machines: StateMachines, resource: Resource) -> None:
    properties = resource.properties
    machines.versions.declare(
        machines.get(properties["StateMachineArn"]),
        int(resource.identity.ref.rpartition(":")[2]),
        revision=properties.get("StateMachineRevisionId"),
        description=properties.get("Description"),
    )


async def _let_go(machines: StateMachines, resource: Resource) -> None:
    # It is kept, as SAM has it; without SAM's DeletionPolicy, AWS deletes it.
    properties = resource.properties
    machines.versions.let_go(properties["StateMachineArn"], properties.get("StateMachineRevisionId"))


# Aliases.


def _routes(properties: Mapping[str, JSON]) -> Sequence[Route]:
    """Give where an alias leads: as it says, or to the version that is deployed."""
    if (preference := properties.get("DeploymentPreference")) is not None:
        return [Route(preference["StateMachineVersionArn"], 100)]
    given = properties.get("RoutingConfiguration", ())
    return [Route(each["StateMachineVersionArn"], each["Weight"]) for each in given]


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    return str(properties.get("Name") or f"{naming.stack}-{logical_id}")


def _identify_alias(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    routes = _routes(properties)
    machine = routes[0].version_arn.rpartition(":")[0] if routes else properties.get("StateMachineArn", "")
    arn = f"{machine}:{_name(logical_id, properties, naming)}"
    return Identity(arn, {"Arn": arn})


def _check_alias(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if ("DeploymentPreference" in properties) == ("RoutingConfiguration" in properties):
        yield Fault((), "an alias needs one of DeploymentPreference and RoutingConfiguration")
        return
    try:
        if "Name" in properties:
            check_alias_name(properties["Name"])
    except ValidationException as error:
        yield Fault(("Name",), error.message)
    routes = _routes(properties)
    try:
        check_weights(routes)
    except ValidationException as error:
        yield Fault(("RoutingConfiguration",), error.message)
    machines = {route.version_arn.rpartition(":")[0] for route in routes}
    machines |= {properties["StateMachineArn"]} if "StateMachineArn" in properties else set()
    if len(machines) > 1:
        yield Fault((), "The versions of a routing configuration must be of one state machine.")


async def _create_alias(machines: StateMachines, resource: Resource) -> None:
    name = resource.identity.ref.rpartition(":")[2]
    machines.versions.declare_alias(name, _routes(resource.properties), resource.properties.get("Description", ""))


async def _remove_alias(machines: StateMachines, resource: Resource) -> None:
    machines.versions.take_out_alias(resource.identity.ref)


RESOURCES: dict[str, ResourceType] = {
    "AWS::StepFunctions::StateMachineAlias": ResourceType(
        Record(
            {
                "DeploymentPreference": Record(
                    {
                        "Alarms": Without("there are no alarms"),
                        "Interval": Without(GRADUALLY),
                        "Percentage": Without(GRADUALLY),
                        "StateMachineVersionArn": Text(),
                        "Type": Text(("ALL_AT_ONCE", "CANARY", "LINEAR"), {"CANARY": GRADUALLY, "LINEAR": GRADUALLY}),
                    },
                    frozenset({"StateMachineVersionArn", "Type"}),
                ),
                "Description": Text(),
                "Name": Text(),
                "RoutingConfiguration": ListOf(
                    Record(
                        {"StateMachineVersionArn": Text(), "Weight": Number(0, 100)},
                        frozenset({"StateMachineVersionArn", "Weight"}),
                    )
                ),
                "StateMachineArn": Text(),
            }
        ),
        _identify_alias,
        _create_alias,
        _check_alias,
        remove=_remove_alias,
    ),
    "AWS::StepFunctions::StateMachineVersion": ResourceType(
        Record(
            {"Description": Text(), "StateMachineArn": Text(), "StateMachineRevisionId": Text()},
            frozenset({"StateMachineArn"}),
        ),
        _identify_version,
        _create_version,
        references={"StateMachineArn": Reference("AWS::StepFunctions::StateMachine")},
        remove=_let_go,
    ),
}
"""The resource types by name."""
