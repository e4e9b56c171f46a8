"""
Definitions of tables, as CreateTable and templates give them; every fault of one is told.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pizzabar.documents import JSON
from pizzabar.dynamodb.errors import LimitExceededException, ResourceNotFoundException
from pizzabar.dynamodb.key_attributes import KeyAttribute
from pizzabar.dynamodb.secondary_index import SecondaryIndex
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.values import ONE_OR_MORE
from pizzabar.errors import Fault, ValidationException
from pizzabar.record import record

NOT_SUPPORTED = (
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
    indexes: tuple[SecondaryIndex, ...] = ()


def read_definition(definition: Mapping[str, JSON]) -> Definition:
    """Read a definition without faults."""
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in _attributes(definition)}
    partition, *sort = [
        KeyAttribute(element["AttributeName"], types[element["AttributeName"]]) for element in definition["KeySchema"]
    ]
    read_capacity, write_capacity = _capacity(definition)
    stream = definition.get("StreamSpecification") or {}
    return Definition(
        partition,
        sort[0] if sort else None,
        billing_mode=definition.get("BillingMode") or "PROVISIONED",
        read_capacity=read_capacity,
        write_capacity=write_capacity,
        table_class=definition.get("TableClass"),
        # A template gives a view type alone.
        stream_view_type=stream.get("StreamViewType") if stream.get("StreamEnabled", True) else None,
        is_deletion_protected=bool(definition.get("DeletionProtectionEnabled")),
        indexes=tuple(
            read_index(index, types, is_global=is_global)
            for member, is_global in INDEXES.items()
            for index in definition.get(member) or []
        ),
    )


INDEXES = {"LocalSecondaryIndexes": False, "GlobalSecondaryIndexes": True}
"""The members that define indexes, and whether these are global."""


def read_index(index: Mapping[str, JSON], types: Mapping[str, str], *, is_global: bool) -> SecondaryIndex:
    """Read the definition of an index without faults; ``types`` are those of the table's attributes."""
    sides: dict[str, list[KeyAttribute]] = {"HASH": [], "RANGE": []}
    for element in index["KeySchema"]:
        sides[element["KeyType"]].append(KeyAttribute(element["AttributeName"], types[element["AttributeName"]]))
    projection = index["Projection"]
    read_capacity, write_capacity = _capacity(index)
    return SecondaryIndex(
        index["IndexName"],
        is_global,
        tuple(sides["HASH"]),
        tuple(sides["RANGE"]),
        projection["ProjectionType"],
        tuple(projection.get("NonKeyAttributes") or ()),
        read_capacity,
        write_capacity,
    )


def _capacity(definition: Mapping[str, JSON]) -> tuple[int, int]:
    throughput = definition.get("ProvisionedThroughput") or {}
    return int(throughput.get("ReadCapacityUnits", 0)), int(throughput.get("WriteCapacityUnits", 0))


def table_changes(table: Table, update: Mapping[str, JSON]) -> dict[str, JSON]:
    """Give what an update changes of a table, by the names of its attributes. Raise ``ValidationException``.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """
    changes: dict[str, JSON] = {}
    mode = update.get("BillingMode") or table.billing_mode
    if mode != table.billing_mode:
        changes["billing_mode"] = mode
    if update.get("ProvisionedThroughput") is not None:
        if mode == "PAY_PER_REQUEST":
            raise ValidationException(
                f"{ONE_OR_MORE}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
                "PAY_PER_REQUEST"
            )
        changes["read_capacity"], changes["write_capacity"] = _capacity(update)
    elif "billing_mode" in changes:
        if mode == "PROVISIONED":
            raise ValidationException(
                f"{ONE_OR_MORE}ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
            )
        changes["read_capacity"] = changes["write_capacity"] = 0
    if (stream := update.get("StreamSpecification")) is not None:
        if faults := list(_stream_faults(update)):
            raise ValidationException("; ".join(fault.message for fault in faults))
        is_enabled = stream["StreamEnabled"]
        if is_enabled and table.stream is not None:
            raise ValidationException(f"{ONE_OR_MORE}Table already has an enabled stream: TableName: {table.name}")
        if not is_enabled and table.stream is None:
            raise ValidationException(f"{ONE_OR_MORE}Table is already disabled for streams: TableName: {table.name}")
        changes["stream_view_type"] = stream.get("StreamViewType") if is_enabled else None
    for member, name in (("TableClass", "table_class"), ("DeletionProtectionEnabled", "is_deletion_protected")):
        if update.get(member) is not None:
            changes[name] = update[member]
    if update.get("GlobalSecondaryIndexUpdates"):
        changes["indexes"] = _updated_indexes(table, update, mode)
    return changes


def _updated_indexes(table: Table, update: Mapping[str, JSON], mode: str) -> tuple[SecondaryIndex, ...]:
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in _attributes(update)}
    types |= {attribute.name: attribute.type for attribute in table.key_attributes}
    indexes = {index.name: index for index in table.indexes}
    updates = update["GlobalSecondaryIndexUpdates"]
    if sum(each.get(kind) is not None for each in updates for kind in ("Create", "Delete")) > 1:
        raise LimitExceededException(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        )
    for each in updates:
        kinds = [name for name in ("Create", "Update", "Delete") if each.get(name) is not None]
        if len(kinds) != 1:
            raise ValidationException(
                f"{ONE_OR_MORE}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        [kind] = kinds
        given = each[kind]
        name = given["IndexName"]
        known = indexes.get(name)
        if kind == "Create":
            if known is not None:
                raise ValidationException(f"{ONE_OR_MORE}Duplicate index name: {name}")
            faults = [*index_faults(given, is_global=True)]
            missing = [key["AttributeName"] for key in given["KeySchema"] if key["AttributeName"] not in types]
            if missing:
                faults.append(
                    f"{ONE_OR_MORE}Some index key attributes are not defined in AttributeDefinitions. "
                    f"Keys: [{', '.join(missing)}], AttributeDefinitions: [{', '.join(types)}]"
                )
            if mode == "PROVISIONED" and given.get("ProvisionedThroughput") is None:
                faults.append(f"{ONE_OR_MORE}ProvisionedThroughput is not specified for index: {name}")
            if faults:
                raise ValidationException("; ".join(faults))
            indexes[name] = read_index(given, types, is_global=True)
        elif known is None or not known.is_global:
            raise ResourceNotFoundException("Requested resource not found")
        elif kind == "Delete":
            del indexes[name]
        else:
            read_capacity, write_capacity = _capacity(given)
            indexes[name] = replace(known, read_capacity=read_capacity, write_capacity=write_capacity)
    return tuple(indexes.values())


def definition_faults(definition: Mapping[str, JSON]) -> list[Fault]:
    """Find what is wrong in a definition whose members have the right JSON types."""
    return [
        *(_refusals(definition)),
        *(key_schema_faults(definition)),
        *(_index_faults(definition)),
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


def key_schema_faults(definition: Mapping[str, JSON]) -> Iterator[Fault]:
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


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
_MOST_INDEXES = {"LocalSecondaryIndexes": 5, "GlobalSecondaryIndexes": 20}


def _index_faults(definition: Mapping[str, JSON]) -> Iterator[Fault]:
    table_keys = [element["AttributeName"] for element in definition.get("KeySchema") or []]
    names: set[str] = set()
    for member, is_global in INDEXES.items():
        indexes = definition.get(member)
        if indexes is None:
            continue
        if not indexes:
            yield Fault((member,), f"{ONE_OR_MORE}List of {member} is empty")
        if len(indexes) > (most := _MOST_INDEXES[member]):
            yield Fault((member,), f"{ONE_OR_MORE}Number of {member} exceeds per-table limit of {most}")
        if not is_global and len(table_keys) < 2:
            yield Fault(
                (member,),
                f"{ONE_OR_MORE}Table KeySchema does not have a range key, which is required when specifying a "
                "LocalSecondaryIndex",
            )
            continue
        for number, index in enumerate(indexes):
            path = (member, number)
            if index["IndexName"] in names:
                yield Fault(path, f"{ONE_OR_MORE}Duplicate index name: {index['IndexName']}")
            names.add(index["IndexName"])
            for message in index_faults(index, is_global=is_global):
                yield Fault(path, message)
            if not is_global:
                yield from _local_index_faults(index, table_keys, path)
            elif (definition.get("BillingMode") or "PROVISIONED") == "PROVISIONED":
                if index.get("ProvisionedThroughput") is None:
                    yield Fault(
                        path, f"{ONE_OR_MORE}ProvisionedThroughput is not specified for index: {index['IndexName']}"
                    )
            elif index.get("ProvisionedThroughput") is not None:
                yield Fault(
                    path,
                    f"{ONE_OR_MORE}ProvisionedThroughput should not be specified for index: "
                    f"{index['IndexName']} when BillingMode is PAY_PER_REQUEST",
                )


MOST_OF_A_SIDE = 4
"""The attributes that either side of a global index's key may have."""


def _global_key_schema_faults(index: Mapping[str, JSON]) -> Iterator[str]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html"""
    schema = index["KeySchema"]
    roles, names = [each["KeyType"] for each in schema], [each["AttributeName"] for each in schema]
    if roles != sorted(roles):
        yield "Invalid KeySchema: All HASH KeySchemaElements must come before the RANGE KeySchemaElements"
    if max(roles.count("HASH"), roles.count("RANGE")) > MOST_OF_A_SIDE:
        yield f"{ONE_OR_MORE}A key schema has at most {MOST_OF_A_SIDE} HASH and {MOST_OF_A_SIDE} RANGE elements"
    if len(set(names)) < len(names):
        yield "Invalid KeySchema: Some index key attribute have duplicates"


def index_faults(index: Mapping[str, JSON], *, is_global: bool) -> Iterator[str]:
    """Find what is wrong in the definition of an index, beside its table."""
    schema = index.get("KeySchema") or []
    if is_global and len(schema) >= 2 and schema[0]["KeyType"] == "HASH" and _has_many(schema):
        yield from _global_key_schema_faults(index)
    else:
        for fault in key_schema_faults(index):
            yield fault.message
    projection = index.get("Projection") or {}
    kind, included = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
    if kind is None:
        yield f"{ONE_OR_MORE}Unknown ProjectionType: null"
    elif kind == "INCLUDE" and not included:
        yield f"{ONE_OR_MORE}ProjectionType is INCLUDE, but NonKeyAttributes is not specified"
    elif kind != "INCLUDE" and included:
        yield f"{ONE_OR_MORE}ProjectionType is {kind}, but NonKeyAttributes is specified"


def _has_many(schema: list[dict[str, JSON]]) -> bool:
    """Whether a key has several attributes on a side."""
    return len(schema) > 2 or schema[1]["KeyType"] == "HASH"


def _local_index_faults(
    index: Mapping[str, JSON], table_keys: list[str], path: tuple[str | int, ...]
) -> Iterator[Fault]:
    keys = [element["AttributeName"] for element in index.get("KeySchema") or []]
    if keys and keys[0] != table_keys[0]:
        yield Fault(
            path,
            f"{ONE_OR_MORE}Index KeySchema does not have the same leading hash key as table KeySchema for index: "
            f"{index['IndexName']}. index hash key: {keys[0]}, table hash key: {table_keys[0]}",
        )
    if len(keys) == 1:
        yield Fault(path, f"{ONE_OR_MORE}Index KeySchema does not have a range key for index: {index['IndexName']}")


def _attribute_faults(definition: Mapping[str, JSON]) -> Iterator[Fault]:
    defined = [attribute["AttributeName"] for attribute in _attributes(definition)]
    keyed = [definition, *(index for member in INDEXES for index in definition.get(member) or [])]
    used = [element["AttributeName"] for each in keyed for element in each.get("KeySchema") or []]
    path = ("AttributeDefinitions",)
    if len(set(defined)) < len(defined):
        yield Fault(path, "Cannot have two attributes with the same name")
    missing = [name for name in dict.fromkeys(used) if name not in defined]
    if missing:
        yield Fault(
            path,
            f"{ONE_OR_MORE}Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(dict.fromkeys(used))}], AttributeDefinitions: [{', '.join(defined)}]",
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
