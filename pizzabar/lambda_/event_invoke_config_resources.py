"""
The CloudFormation type of how functions take events.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventinvokeconfig.html
"""

from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.lambda_.errors import InvalidParameterValueException
from pizzabar.lambda_.event_invoke_config import DESTINATIONS, NOTHING_GIVEN, check_destination, read_config
from pizzabar.lambda_.functions import Functions, function_name, split_name
from pizzabar.resource import Identity, Naming, Number, Record, Reference, Resource, ResourceType, Text


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(f"{function_name(properties['FunctionName'])}|{properties['Qualifier']}")


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if not properties.keys() & {"DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"}:
        yield Fault((), NOTHING_GIVEN)
    for name, end in properties.get("DestinationConfig", {}).items():
        try:
            check_destination(end["Destination"], DESTINATIONS)
        except InvalidParameterValueException as error:
            yield Fault(("DestinationConfig", name, "Destination"), error.message)


def _arn(functions: Functions, resource: Resource) -> str:
    name, _ = split_name(resource.properties["FunctionName"])
    return f"{functions.arn_of(name)}:{resource.properties['Qualifier']}"


async def _create(functions: Functions, resource: Resource) -> None:
    arn = _arn(functions, resource)
    functions.event_invoke_configs[arn] = read_config(resource.properties, arn, functions.now())


async def _remove(functions: Functions, resource: Resource) -> None:
    functions.event_invoke_configs.pop(_arn(functions, resource), None)


_DESTINATION = Record({"Destination": Text()}, frozenset({"Destination"}))
RESOURCES: dict[str, ResourceType] = {
    "AWS::Lambda::EventInvokeConfig": ResourceType(
        Record(
            {
                "DestinationConfig": Record({"OnSuccess": _DESTINATION, "OnFailure": _DESTINATION}),
                "FunctionName": Text(),
                "MaximumEventAgeInSeconds": Number(60, 21_600),
                "MaximumRetryAttempts": Number(0, 2),
                "Qualifier": Text(),
            },
            frozenset({"FunctionName", "Qualifier"}),
        ),
        _identify,
        _create,
        _check,
        remove=_remove,
        references={"FunctionName": Reference("AWS::Lambda::Function", name_of=function_name)},
        is_replaced=True,
    ),
}
"""The resource types by name."""
