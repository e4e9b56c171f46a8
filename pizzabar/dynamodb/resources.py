"""
The CloudFormation types of DynamoDB.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.dynamodb.definition import definition_faults, is_table_name, read_definition
from pizzabar.dynamodb.requests import STREAM_VIEW_TYPES
from pizzabar.dynamodb.stream import declared_label
from pizzabar.dynamodb.tables import Tables
from pizzabar.errors import Fault
from pizzabar.resource import (
    Boolean,
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    Resource,
    ResourceType,
    Shape,
    Text,
    Unsupported,
    Without,
)

_THROUGHPUT = Record(
    {"ReadCapacityUnits": Number(1), "WriteCapacityUnits": Number(1)},
    frozenset({"ReadCapacityUnits", "WriteCapacityUnits"}),
)
_KEY_SCHEMA = ListOf(
    Record({"AttributeName": Text(), "KeyType": Text(("HASH", "RANGE"))}, frozenset({"AttributeName", "KeyType"}))
)
_INDEX: dict[str, Shape] = {
    "IndexName": Text(),
    "KeySchema": _KEY_SCHEMA,
    "Projection": Record(
        {"ProjectionType": Text(("ALL", "KEYS_ONLY", "INCLUDE")), "NonKeyAttributes": ListOf(Text())}
    ),
}
_OF_GLOBAL_INDEX: dict[str, Shape] = {
    "ProvisionedThroughput": _THROUGHPUT,
    "ContributorInsightsSpecification": Without("there are no contributor insights"),
    "OnDemandThroughput": Without("throughput is not limited"),
    "WarmThroughput": Without("throughput is not limited"),
}
_REQUIRED_OF_INDEX = frozenset({"IndexName", "KeySchema", "Projection"})

_TABLE = Record(
    {
        "TableName": Text(),
        "AttributeDefinitions": ListOf(
            Record(
                {"AttributeName": Text(), "AttributeType": Text(("S", "N", "B"))},
                frozenset({"AttributeName", "AttributeType"}),
            )
        ),
        "KeySchema": _KEY_SCHEMA,
        "BillingMode": Text(("PROVISIONED", "PAY_PER_REQUEST")),
        "ProvisionedThroughput": _THROUGHPUT,
        "TimeToLiveSpecification": Record({"AttributeName": Text(), "Enabled": Boolean()}, frozenset({"Enabled"})),
        "StreamSpecification": Record(
            {"StreamViewType": Text(STREAM_VIEW_TYPES), "ResourcePolicy": Without("access is not checked")},
            frozenset({"StreamViewType"}),
        ),
        "TableClass": Text(("STANDARD", "STANDARD_INFREQUENT_ACCESS")),
        "DeletionProtectionEnabled": Boolean(),
        "ImportSourceSpecification": Unsupported(),
        "KinesisStreamSpecification": Unsupported(),
        "LocalSecondaryIndexes": ListOf(Record(_INDEX, _REQUIRED_OF_INDEX)),
        "GlobalSecondaryIndexes": ListOf(Record(_INDEX | _OF_GLOBAL_INDEX, _REQUIRED_OF_INDEX)),
        "ContributorInsightsSpecification": Without("there are no contributor insights"),
        "OnDemandThroughput": Without("throughput is not limited"),
        "PointInTimeRecoverySpecification": Without("there are no backups"),
        "ResourcePolicy": Without("access is not checked"),
        "SSESpecification": Without("the state file is not encrypted"),
        "Tags": Without("nothing asks for tags"),
        "WarmThroughput": Without("throughput is not limited"),
    },
    frozenset({"KeySchema"}),
)


def table_name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> str:
    """Give the name of a table: the template's, or one made from stack and logical ID."""
    name: str = properties.get("TableName") or f"{naming.stack}-{logical_id}"
    return name


def _identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = table_name(logical_id, properties, naming)
    attributes = {"Arn": naming.home.arn("dynamodb", f"table/{name}")}
    view_type = (properties.get("StreamSpecification") or {}).get("StreamViewType")
    if isinstance(view_type, str):
        attributes["StreamArn"] = f"{attributes['Arn']}/stream/{declared_label(name, view_type)}"
    return Identity(name, attributes)


def _check(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    name = properties.get("TableName")
    if name is not None and not is_table_name(name):
        yield Fault(("TableName",), "a table name has 3 to 255 characters, of a-z, A-Z, 0-9, '_', '-' and '.' alone")
    yield from definition_faults(properties)
    ttl = properties.get("TimeToLiveSpecification") or {}
    if ttl.get("Enabled") and not ttl.get("AttributeName"):
        yield Fault(("TimeToLiveSpecification",), "AttributeName is required when TTL is enabled")


async def _create(tables: Tables, resource: Resource) -> None:
    ttl = resource.properties.get("TimeToLiveSpecification") or {}
    await tables.ensure(
        resource.identity.ref,
        read_definition(resource.properties),
        ttl["AttributeName"] if ttl.get("Enabled") else None,
    )


RESOURCES: dict[str, ResourceType] = {
    "AWS::DynamoDB::Table": ResourceType(_TABLE, _identify, _create, _check, unique=("TableName",)),
}
"""The resource types of this room."""
