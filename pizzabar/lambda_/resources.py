"""
The CloudFormation types of Lambda.

A function whose ``Metadata`` names a handler in process, ``{"pizzabar": {"InProcess": "module:function"}}``, is run
by that; AWS does not see the difference, for it does not read the metadata of others.
"""

from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.lambda_.function import Handler, load_handler
from pizzabar.lambda_.functions import Functions
from pizzabar.lambda_.permissions import RESOURCES as PERMISSION_RESOURCES
from pizzabar.resource import (
    Boolean,
    Document,
    Identity,
    MapOf,
    Naming,
    Number,
    Record,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)


def in_process_handler(metadata: Mapping[str, JSON]) -> str | Handler | None:
    """Give the handler in process that a function's metadata name, or hold, if they do."""
    ours = metadata.get("pizzabar")
    handler = ours.get("InProcess") if isinstance(ours, dict) else None
    return handler if handler is None or callable(handler) else str(handler)


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    return str(properties.get("FunctionName", f"{naming.stack}-{logical_id}"))


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _name(logical_id, properties, naming)
    return Identity(name, {"Arn": naming.home.arn("lambda", f"function:{name}")})


def _check(resource: Resource) -> Iterable[Fault]:
    handler = in_process_handler(resource.metadata)
    if handler is None:
        yield Fault(
            ("Runtime",),
            f"functions of the runtime {resource.properties.get('Runtime', '?')} do not run yet: give it a Python "
            f"handler with --function {resource.logical_id}=module:function (PIZZABAR_FUNCTIONS), or in the "
            "function's Metadata, as pizzabar: {InProcess: module:function}",
        )
        return
    try:
        _load(handler)
    except (ImportError, AttributeError) as error:
        yield Fault((), f"the handler {handler} cannot be loaded: {error}")


def _load(handler: str | Handler) -> Handler:
    return load_handler(handler) if isinstance(handler, str) else handler


async def _create(functions: Functions, resource: Resource) -> None:
    handler = in_process_handler(resource.metadata)
    assert handler is not None
    properties = resource.properties
    invoke_config = properties.get("EventInvokeConfig", {})
    functions.create(
        resource.identity.ref,
        _load(handler),
        environment=properties.get("Environment", {}).get("Variables"),
        timeout=properties.get("Timeout", 3),
        memory_size=properties.get("MemorySize", 128),
        description=properties.get("Description", ""),
        log_group=properties.get("LoggingConfig", {}).get("LogGroup"),
        maximum_retry_attempts=invoke_config.get("MaximumRetryAttempts", 2),
        maximum_event_age_seconds=invoke_config.get("MaximumEventAgeInSeconds", 21_600),
        reserved_concurrency=properties.get("ReservedConcurrentExecutions"),
        role=properties.get("Role"),
    )


RESOURCES: dict[str, ResourceType] = {
    "AWS::Lambda::Function": ResourceType(
        shape=Record(
            {
                "FunctionName": Text(),
                "Description": Text(),
                "Code": Document(),
                "CodeUri": Document(),
                "Handler": Text(),
                "Runtime": Text(),
                "Timeout": Number(1, 900),
                "MemorySize": Number(128, 10_240),
                "Role": Text(),
                "Environment": Record({"Variables": MapOf(Text())}),
                "EventInvokeConfig": Record(
                    {"MaximumRetryAttempts": Number(0, 2), "MaximumEventAgeInSeconds": Number(60, 21_600)}
                ),
                "ReservedConcurrentExecutions": Number(0),
                "LoggingConfig": Record({"LogGroup": Text(), "LogFormat": Text(choices=("Text",))}),
                "Architectures": Without("a handler in process runs where pizzabar does"),
                "CapacityProviderConfig": Unsupported(),
                "CodeSigningConfigArn": Without("code is not signed here"),
                "DeadLetterConfig": Unsupported(),
                "DurableConfig": Unsupported(),
                "EphemeralStorage": Without("files are those of the machine"),
                "FileSystemConfigs": Unsupported(),
                "FunctionScalingConfig": Unsupported(),
                "ImageConfig": Unsupported(),
                "KmsKeyArn": Without("nothing is encrypted"),
                "Layers": Unsupported(),
                "PackageType": Text(choices=("Zip", "Image")),
                "PublishToLatestPublished": Unsupported(),
                "RecursiveLoop": Without("loops are not looked for"),
                "RuntimeManagementConfig": Without("a handler in process runs in pizzabar's Python"),
                "SnapStart": Without("a handler in process is started already"),
                "TenancyConfig": Unsupported(),
                "VpcConfig": Without("the network is that of the machine"),
                "TracingConfig": Without("traces are always kept in the journal"),
                "Tags": Without(),
                "Publish": Boolean(),
            }
        ),
        identify=_identify,
        create=_create,
        unique=("FunctionName",),
        check_resource=_check,
    ),
    **PERMISSION_RESOURCES,
}
