"""
The CloudFormation type of event source mappings.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
"""

from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.errors import Fault, ServiceError
from pizzabar.lambda_.event_source_mapping import (
    QUEUE_DEFAULTS,
    check_queue_settings,
    is_queue,
    read_settings,
    read_source,
)
from pizzabar.lambda_.event_sources import EventSources, declared_uuid
from pizzabar.lambda_.functions import function_name
from pizzabar.resource import (
    Boolean,
    Document,
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    Reference,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    uuid = declared_uuid(naming.stack, logical_id)
    arn = naming.home.arn("lambda", f"event-source-mapping:{uuid}")
    return Identity(uuid, {"Id": uuid, "EventSourceMappingArn": arn})


def _read_settings(properties: Mapping[str, JSON]) -> None:
    arn = str(properties.get("EventSourceArn"))
    settings = read_settings(properties, arn)
    if is_queue(arn):
        check_queue_settings({**QUEUE_DEFAULTS, **settings}, arn)


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    for read in (read_source, _read_settings):
        try:
            read(properties)
        except ServiceError as error:
            yield Fault((), error.message)


async def _create(sources: EventSources, resource: Resource) -> None:
    await sources.create(resource.properties, uuid=resource.identity.ref)


async def _remove(sources: EventSources, resource: Resource) -> None:
    sources.take_out(resource.identity.ref)


RESOURCES: dict[str, ResourceType] = {
    "AWS::Lambda::EventSourceMapping": ResourceType(
        shape=Record(
            {
                "AmazonManagedKafkaEventSourceConfig": Unsupported(),
                "BatchSize": Number(1, 10_000),
                "BisectBatchOnFunctionError": Boolean(),
                "DestinationConfig": Record(
                    {"OnFailure": Record({"Destination": Text()}, frozenset({"Destination"}))}
                ),
                "DocumentDBEventSourceConfig": Unsupported(),
                "Enabled": Boolean(),
                "EventSourceArn": Text(),
                "FilterCriteria": Record({"Filters": ListOf(Record({"Pattern": Document()}))}),
                "FunctionName": Text(),
                "FunctionResponseTypes": ListOf(Text(("ReportBatchItemFailures",))),
                "KmsKeyArn": Without("nothing is encrypted"),
                "LoggingConfig": Without("the journal tells of every batch"),
                "MaximumBatchingWindowInSeconds": Number(0, 300),
                "MaximumRecordAgeInSeconds": Number(-1, 604_800),
                "MaximumRetryAttempts": Number(-1, 10_000),
                "MetricsConfig": Without("there are no metrics"),
                "ParallelizationFactor": Number(1, 10),
                "ProvisionedPollerConfig": Unsupported(),
                "Queues": Unsupported(),
                "ScalingConfig": Record({"MaximumConcurrency": Number(2, 1000)}),
                "SelfManagedEventSource": Unsupported(),
                "SelfManagedKafkaEventSourceConfig": Unsupported(),
                "SourceAccessConfigurations": Unsupported(),
                "StartingPosition": Text(("AT_TIMESTAMP", "LATEST", "TRIM_HORIZON")),
                "StartingPositionTimestamp": Unsupported(),
                "Tags": Without("nothing asks for tags"),
                "Topics": Unsupported(),
                "TumblingWindowInSeconds": Unsupported(),
            },
            frozenset({"FunctionName"}),
        ),
        identify=_identify,
        create=_create,
        remove=_remove,
        check=_check,
        references={"FunctionName": Reference("AWS::Lambda::Function", name_of=function_name)},
        comes_last=True,
    ),
}
"""The resource types of this room."""
