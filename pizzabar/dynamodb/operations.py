"""
The DynamoDB API: operations by name, from the service's parameters to its results.

Checks come in AWS's order: JSON types, members, combinations and expressions, then the table, its keys, and the
item itself.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from collections.abc import Awaitable, Callable, Mapping

from pizzabar.documents import JSON
from pizzabar.dynamodb import requests
from pizzabar.dynamodb.batches import batch_get_item, batch_write_item
from pizzabar.dynamodb.capacity import Capacity
from pizzabar.dynamodb.document_paths import PathTree, project
from pizzabar.dynamodb.expressions import CONDITION, EXPRESSED, VALUES, Expressions, requirement_of
from pizzabar.dynamodb.item_collections import collection_of
from pizzabar.dynamodb.items import RETURNS
from pizzabar.dynamodb.legacy import PARAMETERS, with_expressions
from pizzabar.dynamodb.partiql_operations import OPERATIONS as PARTIQL_OPERATIONS
from pizzabar.dynamodb.search import query, scan
from pizzabar.dynamodb.store import Written
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.table_operations import OPERATIONS as TABLE_OPERATIONS
from pizzabar.dynamodb.tables import Tables
from pizzabar.dynamodb.transactions import transact_get_items, transact_write_items
from pizzabar.dynamodb.values import read_item, size_of_item
from pizzabar.errors import ValidationException

_UPDATE_AND_CONDITION = ("UpdateExpression", "ConditionExpression")
_PROJECTION = ("ProjectionExpression",)
LEGACY = frozenset(PARAMETERS)
_PLAIN_GET = {"TableName", "Key"}
_PLAIN_PUT = {"TableName", "Item"}
_CONDITIONAL_PUT = {"TableName", "Item", CONDITION}
_CONDITIONAL_PUT_WITH_VALUES = {"TableName", "Item", CONDITION, VALUES}


async def get_item(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html"""
    table = tables.find(parameters)
    if table is not None and parameters.keys() == _PLAIN_GET:
        # The most common request, without all that it does not have.
        plain = table.plain_key_of(parameters["Key"])
        if plain is not None:
            item = await tables.get(table, plain)
            return {} if item is None else {"Item": item}
    parameters = requests.GET_ITEM.check(parameters)
    key, _ = read_item(parameters["Key"])
    if not LEGACY.isdisjoint(parameters):
        parameters = with_expressions(parameters)
    projection = None
    if not EXPRESSED.isdisjoint(parameters):
        expressions = Expressions(parameters, _PROJECTION)
        projection = expressions.projection()
        expressions.finish()
    table = tables.table(parameters["TableName"])
    item = await tables.get(table, table.key_of(key))
    result: dict[str, JSON] = {}
    if item is not None:
        result["Item"] = item if projection is None else project(item, projection)
    if "ReturnConsumedCapacity" in parameters:
        capacity = Capacity(parameters)
        capacity.read(table, 0 if item is None else size_of_item(item), parameters.get("ConsistentRead"))
        result.update(capacity.of_one())
    return result


async def put_item(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html"""
    table = tables.find(parameters)
    if table is not None and parameters.keys() == _PLAIN_PUT and type(parameters["Item"]) is dict:
        await tables.put(table, *read_item(parameters["Item"]))
        return {}
    if table is not None and _is_conditional_put(parameters):
        # The next most common one.
        item, size = read_item(parameters["Item"])
        await tables.put(table, item, size, requirement=requirement_of(parameters))
        return {}
    parameters = requests.PUT_ITEM.check(parameters)
    item, size = read_item(parameters["Item"])
    if not LEGACY.isdisjoint(parameters):
        parameters = with_expressions(parameters)
    returns = _all_old_or_none(parameters)
    requirement = requirement_of(parameters)
    table = tables.table(parameters["TableName"])
    reads = returns != "NONE" or "ReturnConsumedCapacity" in parameters
    written = await tables.put(table, item, size, requirement=requirement, reads=reads)
    return _write_result(parameters, table, written, returns)


async def delete_item(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html"""
    parameters = requests.DELETE_ITEM.check(parameters)
    key, _ = read_item(parameters["Key"])
    if not LEGACY.isdisjoint(parameters):
        parameters = with_expressions(parameters)
    returns = _all_old_or_none(parameters)
    requirement = requirement_of(parameters)
    table = tables.table(parameters["TableName"])
    reads = returns != "NONE" or "ReturnConsumedCapacity" in parameters
    written = await tables.delete_item(table, table.key_of(key), requirement=requirement, reads=reads)
    return _write_result(parameters, table, written, returns)


async def update_item(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html"""
    parameters = requests.UPDATE_ITEM.check(parameters)
    key, _ = read_item(parameters["Key"])
    if not LEGACY.isdisjoint(parameters):
        parameters = with_expressions(parameters)
    expressions = Expressions(parameters, _UPDATE_AND_CONDITION)
    update = expressions.update()
    requirement = expressions.requirement()
    expressions.finish()
    table = tables.table(parameters["TableName"])
    written = await tables.update(table, key, update, expressions.values, requirement=requirement)
    return _write_result(parameters, table, written, parameters.get("ReturnValues", "NONE"), update.paths)


def _is_conditional_put(parameters: JSON) -> bool:
    """Whether parameters are an item, a condition, and perhaps values, at a glance."""
    has_values = len(parameters) == 4
    return (
        parameters.keys() == (_CONDITIONAL_PUT_WITH_VALUES if has_values else _CONDITIONAL_PUT)
        and type(parameters["Item"]) is dict
        and type(parameters[CONDITION]) is str
        and (not has_values or type(parameters[VALUES]) is dict)
    )


def _all_old_or_none(parameters: Mapping[str, JSON]) -> str:
    returns: str = parameters.get("ReturnValues", "NONE")
    if returns not in ("ALL_OLD", "NONE"):
        raise ValidationException("ReturnValues can only be ALL_OLD or NONE")
    return returns


def _write_result(
    parameters: Mapping[str, JSON], table: Table, written: Written, returns: str, paths: PathTree | None = None
) -> dict[str, JSON]:
    result: dict[str, JSON] = {}
    if returns != "NONE" and (attributes := RETURNS[returns](written, paths or {})):
        result["Attributes"] = attributes
    if "ReturnConsumedCapacity" in parameters:
        capacity = Capacity(parameters)
        capacity.wrote(table, written)
        result.update(capacity.of_one())
    if "ReturnItemCollectionMetrics" in parameters:
        result.update(collection_of(parameters, table, parameters.get("Item") or parameters["Key"]))
    return result


OPERATIONS: dict[str, Callable[[Tables, JSON], Awaitable[JSON]]] = {
    "BatchGetItem": batch_get_item,
    "BatchWriteItem": batch_write_item,
    **PARTIQL_OPERATIONS,
    **TABLE_OPERATIONS,
    "DeleteItem": delete_item,
    "GetItem": get_item,
    "PutItem": put_item,
    "Query": query,
    "Scan": scan,
    "TransactGetItems": transact_get_items,
    "TransactWriteItems": transact_write_items,
    "UpdateItem": update_item,
}
"""The operations of the service ``dynamodb``."""

CHANGES = frozenset({"DeleteTable", "UpdateTable", "UpdateTimeToLive"})
"""The operations after which what API calls have changed of a template's tables is another thing."""
