"""
The CloudFormation types of SQS.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html
"""

from collections.abc import Iterable, Mapping

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import Fault, ServiceError
from pizzabar.resource import (
    Boolean,
    Document,
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    Resource,
    ResourceType,
    Text,
)
from pizzabar.sqs.attributes import SETTABLE, check_name, read_attributes
from pizzabar.sqs.queue import FIFO, MAX_MESSAGE_BYTES
from pizzabar.sqs.queues import Queues
from pizzabar.uuids import uuid_of


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    suffix = FIFO if properties.get("FifoQueue") else ""
    return str(properties.get("QueueName") or f"{naming.stack}-{logical_id}{suffix}")


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = _name(logical_id, properties, naming)
    url = f"{naming.address}/{naming.home.account}/{name}"
    return Identity(url, {"Arn": naming.home.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    is_fifo = properties.get("FifoQueue") is True
    name = str(properties.get("QueueName") or ("queue.fifo" if is_fifo else "queue"))
    try:
        check_name(name, is_fifo=is_fifo)
    except ServiceError as error:
        yield Fault(("QueueName",), error.message)
        return
    for attribute, value in _attributes(properties).items():
        try:
            read_attributes({attribute: value}, name)
        except ServiceError as error:
            yield Fault((attribute,), error.message)


def _attributes(properties: Mapping[str, JSON]) -> dict[str, str]:
    return {
        name: _text(value)
        for name, value in properties.items()
        # A template may say that a queue is not FIFO; a request may not.
        if name in SETTABLE and not (name == "FifoQueue" and value is False)
    }


def _text(value: JSON) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else documents.write(value)


async def _create(queues: Queues, resource: Resource) -> None:
    name = resource.identity.attributes["QueueName"]
    tags = {each["Key"]: each["Value"] for each in resource.properties.get("Tags", ())}
    queues.ensure(name, read_attributes(_attributes(resource.properties), name), tags)


async def _remove(queues: Queues, resource: Resource) -> None:
    name = resource.identity.attributes["QueueName"]
    if name in queues and (await queues.messages.count(name)).is_nothing:
        queues.discard(name)


def _identify_policy(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    id = uuid_of(f"{naming.stack}/{logical_id}")
    return Identity(id, {"Id": id})


async def _create_policy(queues: Queues, resource: Resource) -> None:
    policy = _text(resource.properties["PolicyDocument"])
    for url in resource.properties["Queues"]:
        queues.declare_policy(url.rpartition("/")[2], policy)


async def _remove_policy(queues: Queues, resource: Resource) -> None:
    for url in resource.properties["Queues"]:
        if (name := url.rpartition("/")[2]) in queues:
            queues.declare_policy(name, None)


RESOURCES: dict[str, ResourceType] = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
    "AWS::SQS::Queue": ResourceType(
        Record(
            {
                "ContentBasedDeduplication": Boolean(),
                "DeduplicationScope": Text(("messageGroup", "queue")),
                "DelaySeconds": Number(0, 900),
                "FifoQueue": Boolean(),
                "FifoThroughputLimit": Text(("perMessageGroupId", "perQueue")),
                "KmsDataKeyReusePeriodSeconds": Number(60, 86_400),
                "KmsMasterKeyId": Text(),
                "MaximumMessageSize": Number(1_024, MAX_MESSAGE_BYTES),
                "MessageRetentionPeriod": Number(60, 1_209_600),
                "QueueName": Text(),
                "ReceiveMessageWaitTimeSeconds": Number(0, 20),
                "RedriveAllowPolicy": Document(),
                "RedrivePolicy": Document(),
                "SqsManagedSseEnabled": Boolean(),
                "Tags": ListOf(Record({"Key": Text(), "Value": Text()}, frozenset({"Key", "Value"}))),
                "VisibilityTimeout": Number(0, 43_200),
            }
        ),
        _identify,
        _create,
        _check,
        remove=_remove,
        unique=("QueueName",),
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queuepolicy.html
    "AWS::SQS::QueuePolicy": ResourceType(
        Record({"PolicyDocument": Document(), "Queues": ListOf(Text())}, frozenset({"PolicyDocument", "Queues"})),
        _identify_policy,
        _create_policy,
        remove=_remove_policy,
        is_replaced=True,
    ),
}
"""The resource types of this room."""
