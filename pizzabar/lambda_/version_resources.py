"""
The CloudFormation types of versions and aliases of functions.

A version that a template declares is published when its resource is made, and once: what has changed of the function
since then needs a resource of another logical ID or description. When a stack is read anew, its first version of a
function is number 1.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-alias.html
"""

from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.lambda_.function import LATEST
from pizzabar.lambda_.functions import Functions, function_name
from pizzabar.resource import (
    Document,
    Identity,
    ListOf,
    Naming,
    Record,
    Reference,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)

OF_FUNCTION = Reference("AWS::Lambda::Function", name_of=function_name)
PROVISIONED = Without("execution environments are kept from their first use on, and none is made ready before")


def _function_arn(properties: Mapping[str, JSON], naming: Naming) -> str:
    return naming.home.arn("lambda", f"function:{function_name(properties['FunctionName'])}")


# Versions.


def _mark(logical_id: str, properties: Mapping[str, JSON]) -> str:
    """Tell one version from another: a changed description replaces it."""
    return f"{logical_id} {properties.get('Description', '')}"


def _identify_version(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    arn = _function_arn(properties, naming)
    number = naming.numbers.of(arn, _mark(logical_id, properties))
    return Identity(f"{arn}:{number}", {"FunctionArn": f"{arn}:{number}", "Version": str(number)})


async def _create_version(functions: Functions, resource: Resource) -> None:
    properties = resource.properties
    functions.versions.declare(
        functions.latest(properties["FunctionName"]),
        resource.identity.attributes["Version"],
        _mark(resource.logical_id, properties),
        properties.get("Description"),
    )


async def _let_go(functions: Functions, resource: Resource) -> None:
    # It is kept, as SAM has it; without SAM's DeletionPolicy, AWS deletes it.
    properties = resource.properties
    functions.versions.let_go(function_name(properties["FunctionName"]), _mark(resource.logical_id, properties))


# Aliases.


def _identify_alias(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    arn = f"{_function_arn(properties, naming)}:{properties['Name']}"
    return Identity(arn, {"AliasArn": arn})


def _weights(properties: Mapping[str, JSON]) -> dict[str, float]:
    given = properties.get("RoutingConfig", {}).get("AdditionalVersionWeights", ())
    return {each["FunctionVersion"]: float(each["FunctionWeight"]) for each in given}


def _check_alias(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    given = properties.get("RoutingConfig", {}).get("AdditionalVersionWeights", ())
    for index, each in enumerate(given):
        try:
            is_weight = 0 <= float(each["FunctionWeight"]) <= 1
        except (TypeError, ValueError):
            is_weight = False
        if not is_weight:
            path = ("RoutingConfig", "AdditionalVersionWeights", index, "FunctionWeight")
            yield Fault(path, "a weight is a number from 0 to 1")
    if len(given) > 1:
        yield Fault(("RoutingConfig",), "Number of items in AdditionalVersionWeights cannot be greater than 1")


async def _create_alias(functions: Functions, resource: Resource) -> None:
    properties = resource.properties
    functions.versions.declare_alias(
        functions.latest(properties["FunctionName"]),
        properties["Name"],
        properties["FunctionVersion"],
        _weights(properties),
        properties.get("Description", ""),
    )


async def _remove_alias(functions: Functions, resource: Resource) -> None:
    properties = resource.properties
    functions.versions.take_out_alias(function_name(properties["FunctionName"]), properties["Name"])


RESOURCES: dict[str, ResourceType] = {
    "AWS::Lambda::Alias": ResourceType(
        Record(
            {
                "Description": Text(),
                "FunctionName": Text(),
                "FunctionVersion": Text(),
                "Name": Text(),
                "ProvisionedConcurrencyConfig": PROVISIONED,
                "RoutingConfig": Record(
                    {
                        "AdditionalVersionWeights": ListOf(
                            Record(
                                {"FunctionVersion": Text(), "FunctionWeight": Document()},
                                frozenset({"FunctionVersion", "FunctionWeight"}),
                            )
                        )
                    }
                ),
            },
            frozenset({"FunctionName", "FunctionVersion", "Name"}),
        ),
        _identify_alias,
        _create_alias,
        _check_alias,
        references={
            "FunctionName": OF_FUNCTION,
            "FunctionVersion": Reference("AWS::Lambda::Version", name="Version", standing=LATEST),
        },
        unique=("FunctionName", "Name"),
        remove=_remove_alias,
    ),
    "AWS::Lambda::Version": ResourceType(
        Record(
            {
                "CodeSha256": Without("the code is what stands in its folder"),
                "Description": Text(),
                "FunctionName": Text(),
                "FunctionScalingConfig": Unsupported(),
                "ProvisionedConcurrencyConfig": PROVISIONED,
                "RuntimePolicy": Without("functions run on what is installed here"),
            },
            frozenset({"FunctionName"}),
        ),
        _identify_version,
        _create_version,
        references={"FunctionName": OF_FUNCTION},
        remove=_let_go,
    ),
}
"""The resource types by name."""
