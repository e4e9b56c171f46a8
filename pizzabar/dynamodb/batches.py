"""
BatchGetItem and BatchWriteItem: many items of many tables in one request, each for itself.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.BatchOperations
"""

from collections.abc import Iterator, Mapping

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.dynamodb import requests
from pizzabar.dynamodb.capacity import Capacity
from pizzabar.dynamodb.document_paths import project
from pizzabar.dynamodb.expressions import Expressions
from pizzabar.dynamodb.item_collections import collections_of
from pizzabar.dynamodb.keys import Key
from pizzabar.dynamodb.legacy import with_expressions
from pizzabar.dynamodb.store import Change
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.tables import Tables
from pizzabar.dynamodb.values import Item, read_item, size_of_item
from pizzabar.errors import ValidationException

MAX_KEYS = 100
MAX_WRITES = 25
MAX_RESPONSE_SIZE = 16 * 1024 * 1024
DUPLICATES = "Provided list of item keys contains duplicates"


async def batch_get_item(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
    parameters = requests.BATCH_GET_ITEM.check(parameters)
    asked: dict[str, JSON] = parameters["RequestItems"]
    _check_sizes(asked, lambda request: request["Keys"], "requestItems", MAX_KEYS, "keys")
    if sum(len(request["Keys"]) for request in asked.values()) > MAX_KEYS:
        raise ValidationException("Too many items requested for the BatchGetItem call")
    prepared = []
    for name, request in asked.items():
        modern = with_expressions({name: value for name, value in request.items() if value is not None})
        expressions = Expressions(modern, ("ProjectionExpression",))
        projection = expressions.projection()
        expressions.finish()
        prepared.append((name, request, projection, [read_item(key)[0] for key in request["Keys"]]))
    responses: dict[str, list[Item]] = {}
    left: dict[str, JSON] = {}
    capacity = Capacity(parameters)
    size = 0
    found = [(*each, tables.table(each[0])) for each in prepared]
    keyed = [(*each, _distinct(each[4], each[3])) for each in found]
    for name, request, projection, wire, table, keys in keyed:
        items = responses.setdefault(name, [])
        for number, key in enumerate(keys):
            if size > MAX_RESPONSE_SIZE:
                left[name] = request | {"Keys": wire[number:]}
                break
            item = await tables.get(table, key)
            item_size = 0 if item is None else size_of_item(item)
            capacity.read(table, item_size, request.get("ConsistentRead"))
            size += item_size
            if item is not None:
                items.append(item if projection is None else project(item, projection))
    return {"Responses": responses, "UnprocessedKeys": left, **capacity.of_several()}


async def batch_write_item(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
    parameters = requests.BATCH_WRITE_ITEM.check(parameters)
    asked: dict[str, JSON] = parameters["RequestItems"]
    _check_sizes(asked, lambda writes: writes, "requestItems", MAX_WRITES, None)
    if sum(map(len, asked.values())) > MAX_WRITES:
        raise ValidationException("Too many items requested for the BatchWriteItem call")
    read = [(name, list(_read_writes(writes))) for name, writes in asked.items()]
    changes: list[Change] = []
    owners: list[Table] = []
    items: list[tuple[Table, Item]] = []
    capacity = Capacity(parameters)
    for name, writes in read:
        table = tables.table(name)
        for item, size in writes:
            if size is None:
                changes.append(tables.delete_change(table, table.key_of(item), reads=capacity.is_wanted))
            else:
                changes.append(tables.put_change(table, item, size, reads=capacity.is_wanted))
            owners.append(table)
            items.append((table, item))
    if len({(change.table, change.key) for change in changes}) < len(changes):
        raise ValidationException(DUPLICATES)
    for table, change in zip(owners, changes, strict=True):
        [written] = await tables.write([change])
        capacity.wrote(table, written)
    return {
        "UnprocessedItems": {},
        **capacity.of_several(),
        **collections_of(parameters, items),
    }


def _read_writes(writes: JSON) -> Iterator[tuple[Item, int | None]]:
    """Give the items that are to be put, with their sizes, and the keys of those that are to be deleted."""
    for write in writes:
        kinds = [name for name in ("PutRequest", "DeleteRequest") if write.get(name) is not None]
        if len(kinds) != 1:
            raise ValidationException(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
                "datatypes"
                if kinds
                else "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            )
        if kinds == ["PutRequest"]:
            yield read_item(write["PutRequest"]["Item"])
        else:
            yield read_item(write["DeleteRequest"]["Key"])[0], None


def _check_sizes(asked: Mapping[str, JSON], part: JSON, path: str, most: int, member: str | None) -> None:
    """Raise ``ValidationException`` for a request of nothing, or of too many of one table's items."""
    if not asked:
        raise ValidationException(
            f"1 validation error detected: Value '{{}}' at '{path}' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1"
        )
    for name, request in asked.items():
        count = len(part(request))
        if 1 <= count <= most:
            continue
        if member is None:
            shown = documents.write({name: request})
            constraint = (
                f"Map value must satisfy constraint: [Member must have length less than or equal to {most}, "
                "Member must have length greater than or equal to 1]"
            )
            where = path
        else:
            shown = documents.write(part(request))
            less = f"less than or equal to {most}" if count else "greater than or equal to 1"
            constraint = f"Member must have length {less}"
            where = f"{path}.{name}.member.{member}"
        raise ValidationException(
            f"1 validation error detected: Value '{shown}' at '{where}' failed to satisfy constraint: {constraint}"
        )


def _distinct(table: Table, keys: list[Item]) -> list[Key]:
    encoded = [table.key_of(key) for key in keys]
    if len(set(encoded)) < len(encoded):
        raise ValidationException(DUPLICATES)
    return encoded
