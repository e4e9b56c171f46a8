"""
The CloudFormation types of Lambda.

A function is run by its own code, in a process of its own. One whose ``Metadata`` names a handler in process,
``{"pizzabar": {"InProcess": "module:function"}}``, is run by that; AWS does not see the difference, for it does not
read the metadata of others.
"""

from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.lambda_.code import Code, code_faults, location_faults
from pizzabar.lambda_.errors import InvalidParameterValueException
from pizzabar.lambda_.event_invoke_config import QUEUES, check_destination
from pizzabar.lambda_.event_invoke_config_resources import RESOURCES as EVENT_INVOKE_CONFIG_RESOURCES
from pizzabar.lambda_.function import Handler, load_handler
from pizzabar.lambda_.functions import Functions
from pizzabar.lambda_.json_log import APPLICATION_LEVELS, SYSTEM_LEVELS, JsonLog
from pizzabar.lambda_.permissions import RESOURCES as PERMISSION_RESOURCES
from pizzabar.lambda_.version_resources import RESOURCES as VERSION_RESOURCES
from pizzabar.resource import (
    Boolean,
    Document,
    Identity,
    ListOf,
    MapOf,
    Naming,
    Needed,
    Number,
    Record,
    Reference,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)

LAYER = "AWS::Lambda::LayerVersion"
RUN = "pizzabar:run"
"""The key in the metadata of all functions, as settings have it, that says how they run: ``child``, or else."""


NO_LEVEL_OF_TEXT = (
    'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the '
    'LogFormat to "Json" and try again.'
)


def in_process_handler(metadata: Mapping[str, JSON]) -> str | Handler | None:
    """Give the handler in process that a function's metadata name, or hold, if they do and it is to be used."""
    if metadata.get(RUN) == "child":
        return None
    ours = metadata.get("pizzabar")
    handler = ours.get("InProcess") if isinstance(ours, dict) else None
    return handler if handler is None or callable(handler) else str(handler)


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    return str(properties.get("FunctionName", f"{naming.stack}-{logical_id}"))


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _name(logical_id, properties, naming)
    return Identity(name, {"Arn": naming.home.arn("lambda", f"function:{name}")})


def _check(resource: Resource) -> Iterable[Fault]:
    try:
        check_destination(resource.properties.get("DeadLetterConfig", {}).get("TargetArn"), QUEUES)
    except InvalidParameterValueException as error:
        yield Fault(("DeadLetterConfig", "TargetArn"), error.message)
    logging = resource.properties.get("LoggingConfig", {})
    for name in ("ApplicationLogLevel", "SystemLogLevel"):
        if name in logging and logging.get("LogFormat") != "JSON":
            yield Fault(("LoggingConfig", name), NO_LEVEL_OF_TEXT)
    handler = in_process_handler(resource.metadata)
    if handler is None:
        yield from code_faults(resource.properties)
        yield from _build_faults(resource)
        return
    try:
        _load(handler)
    except (ImportError, AttributeError) as error:
        yield Fault((), f"the handler {handler} cannot be loaded: {error}")


def _is_built(resource: Resource) -> bool:
    """Tell whether a template is one that ``sam build`` has written."""
    return "SamResourceId" in resource.metadata


def _build_faults(resource: Resource) -> Iterable[Fault]:
    """Refuse what only SAM can build: functions are run from their sources, or as they were built."""
    method = resource.metadata.get("BuildMethod")
    if method is not None and not _is_built(resource) and not str(method).startswith(("nodejs", "python")):
        yield Fault(
            (),
            f"the build method {method} is not supported: run `sam build`, and `pizzabar up` on "
            ".aws-sam/build/template.yaml",
        )


def _files(resource: Resource) -> Iterable[Needed]:
    """Name the code that a function is run by."""
    location = resource.properties.get("Code")
    if isinstance(location, str) and in_process_handler(resource.metadata) is None:
        yield Needed(("Code",), location)


def _files_of_layer(resource: Resource) -> Iterable[Needed]:
    yield Needed(("Content",), str(resource.properties["Content"]))


def _load(handler: str | Handler) -> Handler:
    return load_handler(handler) if isinstance(handler, str) else handler


def _code(functions: Functions, properties: Mapping[str, JSON]) -> Code:
    location = properties["Code"]
    inline = location.get("ZipFile") if isinstance(location, dict) else None
    return Code(
        properties["Runtime"],
        properties["Handler"],
        functions.folder / location if inline is None else None,
        inline,
        # One of another account is not here, and was gone over.
        tuple(functions.layers[arn] for arn in properties.get("Layers", ()) if arn in functions.layers),
    )


def _json_log(given: Mapping[str, JSON]) -> JsonLog | None:
    if given.get("LogFormat") != "JSON":
        return None
    return JsonLog(given.get("ApplicationLogLevel", "INFO"), given.get("SystemLogLevel", "INFO"))


async def _create(functions: Functions, resource: Resource) -> None:
    handler = in_process_handler(resource.metadata)
    properties = resource.properties
    functions.create(
        resource.identity.ref,
        _code(functions, properties) if handler is None else _load(handler),
        environment=properties.get("Environment", {}).get("Variables"),
        timeout=properties.get("Timeout", 3),
        memory_size=properties.get("MemorySize", 128),
        description=properties.get("Description", ""),
        log_group=properties.get("LoggingConfig", {}).get("LogGroup"),
        reserved_concurrency=properties.get("ReservedConcurrentExecutions"),
        is_traced=properties.get("TracingConfig", {}).get("Mode") == "Active",
        role=properties.get("Role"),
        dead_letter_arn=properties.get("DeadLetterConfig", {}).get("TargetArn"),
        json_log=_json_log(properties.get("LoggingConfig", {})),
    )


async def _remove(functions: Functions, resource: Resource) -> None:
    functions.remove(resource.identity.ref)


def _identify_layer(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = properties.get("LayerName", f"{naming.stack}-{logical_id}")
    arn = naming.home.arn("lambda", f"layer:{name}:1")
    return Identity(arn, {"LayerVersionArn": arn})


def _check_layer(resource: Resource) -> Iterable[Fault]:
    yield from location_faults(resource.properties.get("Content"), "Content")
    if "BuildMethod" in resource.metadata and not _is_built(resource):
        yield Fault(
            (), "layers are used as they are: run `sam build`, and `pizzabar up` on .aws-sam/build/template.yaml"
        )


async def _create_layer(functions: Functions, resource: Resource) -> None:
    functions.layers[resource.identity.ref] = functions.folder / resource.properties["Content"]


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
                "ReservedConcurrentExecutions": Number(0),
                "LoggingConfig": Record(
                    {
                        "ApplicationLogLevel": Text(choices=APPLICATION_LEVELS),
                        "LogFormat": Text(choices=("Text", "JSON")),
                        "LogGroup": Text(),
                        "SystemLogLevel": Text(choices=SYSTEM_LEVELS),
                    }
                ),
                "Architectures": Without("functions run on the architecture of this machine"),
                "CapacityProviderConfig": Unsupported(),
                "CodeSigningConfigArn": Without("code is not signed here"),
                "DeadLetterConfig": Record({"TargetArn": Text()}),
                "DurableConfig": Unsupported(),
                "EphemeralStorage": Without("files are those of the machine"),
                "FileSystemConfigs": Unsupported(),
                "FunctionScalingConfig": Unsupported(),
                "ImageConfig": Unsupported(),
                "KmsKeyArn": Without("nothing is encrypted"),
                "Layers": ListOf(Text()),
                "PackageType": Text(choices=("Zip", "Image")),
                "PublishToLatestPublished": Unsupported(),
                "RecursiveLoop": Without("loops are not looked for"),
                "RuntimeManagementConfig": Without("functions run on what is installed here"),
                "SnapStart": Without("there are no snapshots"),
                "TenancyConfig": Unsupported(),
                "VpcConfig": Without("the network is that of the machine"),
                "TracingConfig": Record({"Mode": Text(choices=("Active", "PassThrough"))}),
                "Tags": Without(),
                "Publish": Boolean(),
            }
        ),
        identify=_identify,
        create=_create,
        remove=_remove,
        unique=("FunctionName",),
        check_resource=_check,
        files=_files,
        references={"Layers": Reference(LAYER, may_be_elsewhere=True)},
    ),
    LAYER: ResourceType(
        shape=Record(
            {
                "LayerName": Text(),
                "Content": Document(),
                "Description": Without(),
                "LicenseInfo": Without(),
                "CompatibleArchitectures": Without("functions run on the architecture of this machine"),
                "CompatibleRuntimes": Without("it is for any function that names it"),
            },
            frozenset({"Content"}),
        ),
        identify=_identify_layer,
        create=_create_layer,
        check_resource=_check_layer,
        files=_files_of_layer,
    ),
    **EVENT_INVOKE_CONFIG_RESOURCES,
    **PERMISSION_RESOURCES,
    **VERSION_RESOURCES,
}
