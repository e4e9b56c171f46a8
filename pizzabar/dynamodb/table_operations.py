"""
The operations on tables themselves.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.documents import JSON
from pizzabar.dynamodb import requests
from pizzabar.dynamodb.definition import INDEXES, definition_faults, is_table_name, read_definition, table_changes
from pizzabar.dynamodb.errors import ResourceNotFoundException
from pizzabar.dynamodb.key_attributes import KeyAttribute
from pizzabar.dynamodb.secondary_index import SecondaryIndex
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.tables import Tables
from pizzabar.errors import ValidationException

MAX_TAGS = 50


async def create_table(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html"""
    parameters = requests.CREATE_TABLE.check(parameters)
    name = parameters["TableName"]
    if not is_table_name(name):
        raise ValidationException(
            "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain "
            "only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
        )
    if faults := definition_faults(parameters):
        raise ValidationException("; ".join(fault.message for fault in faults))
    table = await tables.create(name, read_definition(parameters))
    if parameters.get("Tags"):
        await tables.redefine(table, tags=tuple((tag["Key"], tag["Value"]) for tag in parameters["Tags"]))
    return {"TableDescription": _describe(table, 0, 0)}


NOT_UPDATED = (
    *("DisassociationProtectionEnabled", "GlobalTableSettingsReplicationMode", "GlobalTableWitnessUpdates"),
    *("MultiRegionConsistency", "ReplicaUpdates", "VectorIndexUpdates"),
)
"""What UpdateTable is refused with: there are no replicas here, and no indexes of vectors."""


async def update_table(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html"""
    for name in NOT_UPDATED:
        if parameters.get(name):
            raise ValidationException(f"{name} is not supported")
    parameters = requests.UPDATE_TABLE.check(parameters)
    if not parameters.keys() - {"TableName", "AttributeDefinitions"}:
        raise ValidationException(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    table = _table(tables, parameters["TableName"])
    changes = table_changes(table, parameters)
    if changes:
        table = await tables.redefine(table, **changes)
        tables.changed.note(table.name)
    return {"TableDescription": await _describe_all(tables, table)}


async def delete_table(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html"""
    table = _table(tables, requests.ONE_TABLE.check(parameters)["TableName"])
    await tables.delete(table)
    tables.changed.note(table.name)
    description = _describe(table, 0, 0) | {"TableStatus": "DELETING"}
    for name in ("AttributeDefinitions", "KeySchema", "CreationDateTime"):
        del description[name]
    return {"TableDescription": description}


async def describe_table(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html"""
    table = _table(tables, requests.ONE_TABLE.check(parameters)["TableName"])
    return {"Table": await _describe_all(tables, table)}


async def list_tables(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html"""
    parameters = requests.LIST_TABLES.check(parameters)
    start, limit = parameters.get("ExclusiveStartTableName", ""), parameters.get("Limit", 100)
    names = [table.name for table in tables.tables() if table.name > start]
    result: dict[str, JSON] = {"TableNames": names[:limit]}
    if len(names) > limit:
        result["LastEvaluatedTableName"] = names[limit - 1]
    return result


async def update_time_to_live(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""
    parameters = requests.UPDATE_TIME_TO_LIVE.check(parameters)
    specification = parameters["TimeToLiveSpecification"]
    attribute, is_enabled = specification["AttributeName"], specification["Enabled"]
    table = _table(tables, parameters["TableName"])
    await tables.update_time_to_live(table, attribute, is_enabled=is_enabled)
    tables.changed.note(table.name)
    return {"TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": is_enabled}}


async def describe_time_to_live(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTimeToLive.html"""
    table = _table(tables, requests.ONE_TABLE.check(parameters)["TableName"])
    if table.ttl is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl}}


async def tag_resource(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html"""
    parameters = requests.TAG_RESOURCE.check(parameters)
    table = _resource(tables, parameters)
    tags = dict(table.tags) | {tag["Key"]: tag["Value"] for tag in parameters["Tags"]}
    if len(tags) > MAX_TAGS:
        raise ValidationException("One or more parameter values were invalid: Too many tags: a table has at most 50")
    await tables.redefine(table, tags=tuple(tags.items()))
    return {}


async def untag_resource(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UntagResource.html"""
    parameters = requests.UNTAG_RESOURCE.check(parameters)
    table = _resource(tables, parameters)
    left = tuple((key, value) for key, value in table.tags if key not in parameters["TagKeys"])
    await tables.redefine(table, tags=left)
    return {}


async def list_tags_of_resource(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTagsOfResource.html"""
    table = _resource(tables, requests.RESOURCE.check(parameters))
    return {"Tags": [{"Key": key, "Value": value} for key, value in table.tags]}


async def describe_continuous_backups(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContinuousBackups.html"""
    _table(tables, requests.ONE_TABLE.check(parameters)["TableName"])
    # As of every table for which nobody has asked for more. There are no backups here.
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
        }
    }


async def describe_endpoints(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeEndpoints.html

    The ``Host`` that was asked is the one to ask again: whoever takes the request notes it.
    """
    host = parameters.get("Host") or f"dynamodb.{tables.home.region}.amazonaws.com"
    return {"Endpoints": [{"Address": str(host), "CachePeriodInMinutes": 1440}]}


async def describe_limits(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeLimits.html"""
    return {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


def _resource(tables: Tables, parameters: JSON) -> Table:
    arn = parameters["ResourceArn"]
    for table in tables.tables():
        if table.arn == arn:
            return table
    raise ResourceNotFoundException(f"Requested resource not found: ResourcArn: {arn} not found")


def _table(tables: Tables, name: str) -> Table:
    try:
        return tables.table(name)
    except ResourceNotFoundException:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {name} not found") from None


async def _describe_all(tables: Tables, table: Table) -> dict[str, JSON]:
    """Describe a table with the sizes of it and of its indexes."""
    description = _describe(table, *await tables.statistics(table))
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for told in description.get(member, []):
            count, size = await tables.index_statistics(table, table.index(told["IndexName"]))
            told |= {"ItemCount": count, "IndexSizeBytes": size}
    return description


def _describe(table: Table, count: int, size: int) -> dict[str, JSON]:
    described = {attribute.name: attribute.type for attribute in table.key_attributes}
    described |= {attribute.name: attribute.type for index in table.indexes for attribute in index.key_attributes}
    description: dict[str, JSON] = {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": type} for name, type in described.items()],
        "TableName": table.name,
        "KeySchema": _key_schema(table.key_attributes),
        "TableStatus": "ACTIVE",
        "CreationDateTime": table.created.timestamp(),
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": table.read_capacity,
            "WriteCapacityUnits": table.write_capacity,
        },
        "TableSizeBytes": size,
        "ItemCount": count,
        "TableArn": table.arn,
        "TableId": table.id,
        "DeletionProtectionEnabled": table.is_deletion_protected,
    }
    if table.billing_mode == "PAY_PER_REQUEST":
        description["BillingModeSummary"] = {
            "BillingMode": table.billing_mode,
            "LastUpdateToPayPerRequestDateTime": table.created.timestamp(),
        }
    if table.table_class is not None:
        description["TableClassSummary"] = {"TableClass": table.table_class}
    if (stream := table.stream) is not None:
        description |= {
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": stream.view_type},
            "LatestStreamLabel": stream.label,
            "LatestStreamArn": stream.arn,
        }
    for member, is_global in INDEXES.items():
        if indexes := [_describe_index(table, index) for index in table.indexes if index.is_global == is_global]:
            description[member] = indexes
    return description


def _describe_index(table: Table, index: SecondaryIndex) -> dict[str, JSON]:
    included = {"NonKeyAttributes": list(index.included)} if index.included else {}
    description: dict[str, JSON] = {
        "IndexName": index.name,
        "KeySchema": [
            {"AttributeName": attribute.name, "KeyType": role}
            for attributes, role in ((index.partitions, "HASH"), (index.sorts, "RANGE"))
            for attribute in attributes
        ],
        "Projection": {"ProjectionType": index.projection, **included},
        "IndexSizeBytes": 0,
        "ItemCount": 0,
        "IndexArn": f"{table.arn}/index/{index.name}",
    }
    if index.is_global:
        description["IndexStatus"] = "ACTIVE"
        description["ProvisionedThroughput"] = {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": index.read_capacity,
            "WriteCapacityUnits": index.write_capacity,
        }
    return description


def _key_schema(attributes: tuple[KeyAttribute, ...]) -> list[JSON]:
    return [
        {"AttributeName": attribute.name, "KeyType": role}
        for attribute, role in zip(attributes, ("HASH", "RANGE"), strict=False)
    ]


OPERATIONS: dict[str, Callable[[Tables, JSON], Awaitable[JSON]]] = {
    "CreateTable": create_table,
    "DeleteTable": delete_table,
    "DescribeContinuousBackups": describe_continuous_backups,
    "DescribeEndpoints": describe_endpoints,
    "DescribeLimits": describe_limits,
    "DescribeTable": describe_table,
    "DescribeTimeToLive": describe_time_to_live,
    "ListTables": list_tables,
    "ListTagsOfResource": list_tags_of_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateTable": update_table,
    "UpdateTimeToLive": update_time_to_live,
}
