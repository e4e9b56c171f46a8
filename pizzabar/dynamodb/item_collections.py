"""
Item collections: the items of one partition key, where a table has local indexes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections
"""

from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.values import Item

SIZE_ESTIMATE = (0.0, 1.0)
"""In gigabytes, the least and the most. AWS's is an estimate, too; here no collection is thought to be larger."""


def collection_of(parameters: Mapping[str, JSON], table: Table, item: Item) -> dict[str, JSON]:
    """Tell of the collection that a write of an item, or by a key, was to, if the request asks."""
    if not _asks(parameters) or not table.has_collections:
        return {}
    return {"ItemCollectionMetrics": _metrics(table, item)}


def collections_of(parameters: Mapping[str, JSON], written: Iterable[tuple[Table, Item]]) -> dict[str, JSON]:
    """Tell of the collections that the writes of a request were to, by table, if it asks."""
    if not _asks(parameters):
        return {}
    told: dict[str, list[JSON]] = {}
    for table, item in written:
        metrics = _metrics(table, item)
        if table.has_collections and metrics not in told.setdefault(table.name, []):
            told[table.name].append(metrics)
    return {"ItemCollectionMetrics": {name: metrics for name, metrics in told.items() if metrics}}


def _asks(parameters: Mapping[str, JSON]) -> bool:
    return bool(parameters.get("ReturnItemCollectionMetrics") == "SIZE")


def _metrics(table: Table, item: Item) -> JSON:
    name = table.partition.name
    return {"ItemCollectionKey": {name: item[name]}, "SizeEstimateRangeGB": list(SIZE_ESTIMATE)}
