"""The CloudFormation type of archives."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.eventbridge.archives import Archives
from pizzabar.eventbridge.buses import bus_name
from pizzabar.eventbridge.errors import ResourceNotFoundException
from pizzabar.eventbridge.resources import BUS, faults_of_pattern, made_bus
from pizzabar.resource import (
    Document,
    Identity,
    Naming,
    Number,
    Record,
    Resource,
    ResourceType,
    Text,
    Without,
)


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = str(properties.get("ArchiveName", f"{naming.stack}-{logical_id}"))
    return Identity(name, {"Arn": naming.home.arn("events", f"archive/{name}"), "ArchiveName": name})


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if "EventPattern" in properties:
        yield from faults_of_pattern(properties["EventPattern"])


async def _create(archives: Archives, resource: Resource) -> None:
    properties = resource.properties
    pattern = properties.get("EventPattern")
    made_bus(archives.buses, bus_name(properties["SourceArn"]))
    archives.declare(
        resource.identity.ref,
        properties["SourceArn"],
        pattern=pattern if pattern is None or isinstance(pattern, str) else documents.write(pattern),
        description=properties.get("Description"),
        retention_days=properties.get("RetentionDays", 0),
    )


async def _remove(archives: Archives, resource: Resource) -> None:
    with suppress(ResourceNotFoundException):
        archives.discard(resource.identity.ref)


RESOURCES: dict[str, ResourceType] = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html
    "AWS::Events::Archive": ResourceType(
        shape=Record(
            {
                "ArchiveName": Text(),
                "Description": Text(),
                "EventPattern": Document(),
                "KmsKeyIdentifier": Without("nothing is encrypted"),
                "RetentionDays": Number(0),
                "SourceArn": Text(),
            },
            required=frozenset({"SourceArn"}),
        ),
        identify=_identify,
        create=_create,
        remove=_remove,
        check=_check,
        references={"SourceArn": BUS},
        unique=("ArchiveName",),
    ),
}
