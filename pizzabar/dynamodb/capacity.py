"""
Capacity units that operations consume.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from collections.abc import Mapping

from pizzabar.documents import JSON
from pizzabar.dynamodb.store import Written
from pizzabar.dynamodb.table import Table

_READ_UNIT = 4096
_WRITE_UNIT = 1024


def read_capacity(parameters: Mapping[str, JSON], table: Table, size: int) -> dict[str, JSON]:
    """Tell what a read of so many bytes consumed, if the request asks."""
    return _consumed(parameters, table, read_units(size, parameters.get("ConsistentRead")))


def write_capacity(parameters: Mapping[str, JSON], table: Table, written: Written) -> dict[str, JSON]:
    """Tell what a write consumed, if the request asks: the greater of the item before and after counts."""
    return _consumed(parameters, table, write_units(written))


def read_units(size: int, is_consistent: bool | None) -> float:
    """Count the units of a read of so many bytes."""
    units = max(1, -(-size // _READ_UNIT))
    return float(units) if is_consistent else units / 2


def write_units(written: Written) -> float:
    """Count the units of a write: the greater of the item before and after counts."""
    size = max([image.size for image in (written.old, written.new) if image is not None], default=0)
    return float(max(1, -(-size // _WRITE_UNIT)))


def total_consumed(parameters: Mapping[str, JSON], units: Mapping[str, float]) -> dict[str, JSON]:
    """Tell what a request on several tables consumed, if it asks."""
    wanted = parameters.get("ReturnConsumedCapacity", "NONE")
    if wanted == "NONE":
        return {}
    return {
        "ConsumedCapacity": [
            {"TableName": name, "CapacityUnits": count}
            | ({"Table": {"CapacityUnits": count}} if wanted == "INDEXES" else {})
            for name, count in units.items()
        ]
    }


def _consumed(parameters: Mapping[str, JSON], table: Table, units: float) -> dict[str, JSON]:
    wanted = parameters.get("ReturnConsumedCapacity", "NONE")
    if wanted == "NONE":
        return {}
    consumed: dict[str, JSON] = {"TableName": table.name, "CapacityUnits": float(units)}
    if wanted == "INDEXES":
        consumed["Table"] = {"CapacityUnits": float(units)}
    return {"ConsumedCapacity": consumed}
