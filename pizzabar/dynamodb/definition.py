"""
Definitions of tables, as CreateTable and templates give them; every fault of one is told.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

import re
from collections.abc import Iterator, Mapping

from pizzabar.documents import JSON
from pizzabar.dynamodb.table import KeyAttribute
from pizzabar.dynamodb.values import ONE_OR_MORE
from pizzabar.errors import Fault
from pizzabar.record import record

NOT_SUPPORTED = (
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
    "VectorIndexes",
    "GlobalTableSourceArn",
    "GlobalTableSettingsReplicationMode",
)
"""What a table may have on AWS and not here yet."""

is_table_name = re.compile(r"[a-zA-Z0-9_.-]{3,255}").fullmatch


@record
class Definition:
    """What a table shall be."""

    partition: KeyAttribute
    sort: KeyAttribute | None = None
    billing_mode: str = "PROVISIONED"
    read_capacity: int = 0
    write_capacity: int = 0
    table_class: str | None = None
    stream_view_type: str | None = None
    is_deletion_protected: bool = False


def read_definition(definition: Mapping[str, JSON]) -> Definition:
    """Read a definition without faults."""
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in _attributes(definition)}
    partition, *sort = [
        KeyAttribute(element["AttributeName"], types[element["AttributeName"]]) for element in definition["KeySchema"]
    ]
    throughput = definition.get("ProvisionedThroughput") or {}
    stream = definition.get("StreamSpecification") or {}
    return Definition(
        partition,
        sort[0] if sort else None,
        billing_mode=definition.get("BillingMode") or "PROVISIONED",
        read_capacity=int(throughput.get("ReadCapacityUnits", 0)),
        write_capacity=int(throughput.get("WriteCapacityUnits", 0)),
        table_class=definition.get("TableClass"),
        # A template gives a view type alone.
        stream_view_type=stream.get("StreamViewType") if stream.get("StreamEnabled", True) else None,
        is_deletion_protected=bool(definition.get("DeletionProtectionEnabled")),
    )


def definition_faults(definition: Mapping[str, JSON]) -> list[Fault]:
    """Find what is wrong in a definition whose members have the right JSON types."""
    return [
        *(_refusals(definition)),
        *(_key_schema_faults(definition)),
        *(_attribute_faults(definition)),
        *(_capacity_faults(definition)),
        *(_stream_faults(definition)),
    ]


def _attributes(definition: Mapping[str, JSON]) -> list[dict[str, JSON]]:
    return definition.get("AttributeDefinitions") or []


def _refusals(definition: Mapping[str, JSON]) -> Iterator[Fault]:
    for name in NOT_SUPPORTED:
        if definition.get(name):
            yield Fault((name,), f"{name} is not supported")


def _key_schema_faults(definition: Mapping[str, JSON]) -> Iterator[Fault]:
    schema = definition.get("KeySchema") or []
    path = ("KeySchema",)
    if not schema:
        yield Fault(path, f"{ONE_OR_MORE}No KeySchema provided")
        return
    if len(schema) > 2:
        yield Fault(path, f"{ONE_OR_MORE}A key schema has at most one HASH and one RANGE element")
        return
    if schema[0]["KeyType"] != "HASH":
        yield Fault((*path, 0), "Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) == 2:
        if schema[0]["AttributeName"] == schema[1]["AttributeName"]:
            yield Fault((*path, 1), "Both the Hash Key and the Range Key element in the KeySchema have the same name")
        if schema[1]["KeyType"] != "RANGE":
            yield Fault((*path, 1), "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def _attribute_faults(definition: Mapping[str, JSON]) -> Iterator[Fault]:
    defined = [attribute["AttributeName"] for attribute in _attributes(definition)]
    used = [element["AttributeName"] for element in definition.get("KeySchema") or []]
    path = ("AttributeDefinitions",)
    if len(set(defined)) < len(defined):
        yield Fault(path, "Cannot have two attributes with the same name")
    missing = [name for name in dict.fromkeys(used) if name not in defined]
    if missing:
        yield Fault(
            path,
            f"{ONE_OR_MORE}Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(used)}], AttributeDefinitions: [{', '.join(defined)}]",
        )
    elif len(set(defined)) > len(set(used)) and not any(definition.get(name) for name in NOT_SUPPORTED):
        yield Fault(
            path,
            f"{ONE_OR_MORE}Number of attributes in KeySchema does not exactly match number of attributes "
            "defined in AttributeDefinitions",
        )


def _capacity_faults(definition: Mapping[str, JSON]) -> Iterator[Fault]:
    mode = definition.get("BillingMode") or "PROVISIONED"
    is_given = definition.get("ProvisionedThroughput") is not None
    if mode == "PROVISIONED" and not is_given:
        yield Fault(
            ("ProvisionedThroughput",),
            "No provisioned throughput specified for the table",
        )
    elif mode == "PAY_PER_REQUEST" and is_given:
        yield Fault(
            ("ProvisionedThroughput",),
            f"{ONE_OR_MORE}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
            "PAY_PER_REQUEST",
        )


def _stream_faults(definition: Mapping[str, JSON]) -> Iterator[Fault]:
    stream = definition.get("StreamSpecification")
    if not stream:
        return
    is_enabled, view_type = stream.get("StreamEnabled", True), stream.get("StreamViewType")
    if is_enabled and view_type is None:
        yield Fault(
            ("StreamSpecification",),
            f"{ONE_OR_MORE}StreamViewType is required when StreamSpecification is enabled",
        )
    elif not is_enabled and view_type is not None:
        yield Fault(
            ("StreamSpecification",),
            f"{ONE_OR_MORE}Table is being created with a stream disabled, UpdateStreamSpecification cannot have "
            "StreamViewType",
        )
