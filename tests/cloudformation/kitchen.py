"""A small table of types, and the way to load a template and to ask for its faults."""

from collections.abc import Iterable, Mapping

from pizzabar.arn import Home
from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.resources import RESOURCES
from pizzabar.cloudformation.stack import Stack, read_template
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.iam.resources import RESOURCES as IAM_RESOURCES
from pizzabar.lambda_.event_invoke_config_resources import RESOURCES as EVENT_INVOKE_CONFIG_RESOURCES
from pizzabar.lambda_.permissions import RESOURCES as PERMISSION_RESOURCES
from pizzabar.resource import (
    Boolean,
    Document,
    Identity,
    ListOf,
    MapOf,
    Naming,
    Number,
    Record,
    Resource,
    ResourceType,
    Text,
    Without,
)
from pizzabar.sqs.resources import RESOURCES as SQS_RESOURCES

NAMING = Naming(Home("123456789012", "us-east-1"), "pizza")


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = properties.get("Name", f"{naming.stack}-{logical_id}")
    return Identity(name, {"Arn": f"arn:aws:kitchen:::{name}"})


def _check_table(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    for index, attribute in enumerate(properties.get("AttributeDefinitions", [])):
        if attribute["AttributeName"] == "":
            yield Fault(("AttributeDefinitions", index, "AttributeName"), "must not be empty")


def _check_definition(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if "Nowhere" in properties["DefinitionString"]:
        yield Fault(("DefinitionString", "States", "Bake", "Next"), "Nowhere is no state")


def _identify_machine(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(naming.home.arn("states", f"stateMachine:{naming.stack}-{logical_id}"))


TYPES: dict[str, ResourceType] = {
    **RESOURCES,
    **IAM_RESOURCES,
    **EVENT_INVOKE_CONFIG_RESOURCES,
    **PERMISSION_RESOURCES,
    **SQS_RESOURCES,
    "AWS::Kitchen::Oven": ResourceType(
        Record(
            {
                "Name": Text(),
                "Heat": Number(0, 500),
                "IsHot": Boolean(),
                "Fuel": Text(("WOOD", "GAS")),
                "Racks": ListOf(Text()),
                "Labels": MapOf(Text()),
                "Recipe": Document(),
                "Anything": Document(),
                "Colour": Without("nobody looks", Text(("red", "white"))),
                "Door": Record({"Side": Text(), "Width": Number()}, frozenset({"Side"})),
            }
        ),
        _identify,
    ),
    "AWS::DynamoDB::Table": ResourceType(
        Record(
            {
                "AttributeDefinitions": ListOf(
                    Record({"AttributeName": Text(), "AttributeType": Text(("S", "N", "B"))})
                ),
                "BillingMode": Text(("PAY_PER_REQUEST", "PROVISIONED")),
                "KeySchema": ListOf(Record({"AttributeName": Text(), "KeyType": Text()})),
                "TableName": Text(),
                "Tags": Document(),
            },
            frozenset({"KeySchema"}),
        ),
        _identify,
        check=_check_table,
    ),
    "AWS::Events::Rule": ResourceType(
        Record(
            {
                "EventBusName": Text(),
                "ScheduleExpression": Text(),
                "Description": Text(),
                "EventPattern": Document(),
                "Name": Text(),
                "State": Text(("ENABLED", "DISABLED")),
                "Targets": ListOf(
                    Record(
                        {
                            "Arn": Text(),
                            "DeadLetterConfig": Record({"Arn": Text()}),
                            "Id": Text(),
                            "Input": Text(),
                            "RetryPolicy": Document(),
                            "RoleArn": Text(),
                        },
                        frozenset({"Arn", "Id"}),
                    )
                ),
            }
        ),
        _identify,
    ),
    "AWS::Lambda::Function": ResourceType(
        Record(
            {
                "Code": Document(),
                "DeadLetterConfig": Document(),
                "Environment": Record({"Variables": MapOf(Text())}),
                "FunctionName": Text(),
                "Handler": Text(),
                "Layers": ListOf(Text()),
                "MemorySize": Number(128, 10240),
                "Role": Text(),
                "Runtime": Text(),
                "Tags": Document(),
                "Timeout": Number(1, 900),
                "TracingConfig": Document(),
            },
            frozenset({"Code", "Role"}),
        ),
        _identify,
    ),
    "AWS::StepFunctions::StateMachine": ResourceType(
        Record(
            {
                "DefinitionString": Text(),
                "LoggingConfiguration": Document(),
                "RoleArn": Text(),
                "StateMachineName": Text(),
                "StateMachineType": Text(("STANDARD",)),
                "Tags": Document(),
                "TracingConfiguration": Document(),
            },
            frozenset({"RoleArn"}),
        ),
        _identify_machine,
        check=_check_definition,
    ),
}


def load(
    text: str,
    *,
    parameters: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    lenient: bool = False,
) -> Stack:
    """Read a template with the types of the kitchen."""

    def read_file(path: str) -> str:
        if files is None or path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path]

    return read_template(
        text,
        file="template.yaml",
        read_file=read_file,
        types=TYPES,
        naming=NAMING,
        parameters=parameters,
        lenient=lenient,
    )


def resources_of(stack: Stack) -> dict[str, Resource]:
    """Give the resources of a stack by logical ID."""
    return {resource.logical_id: resource for resource in stack.resources}


def faults_of(
    text: str, *, parameters: Mapping[str, str] | None = None, files: Mapping[str, str] | None = None
) -> list[str]:
    """Give the faults of a template as text, without the template's own name."""
    try:
        load(text, parameters=parameters, files=files)
    except FaultyTemplate as faulty:
        return [str(fault).removeprefix("template.yaml:") for fault in faulty.faults]
    return []
