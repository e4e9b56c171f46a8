"""
Capacity units that requests consume, of tables and of their indexes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from collections.abc import Mapping

from pizzabar.documents import JSON, parse
from pizzabar.dynamodb.secondary_index import SecondaryIndex
from pizzabar.dynamodb.store import Image, Written
from pizzabar.dynamodb.table import Table
from pizzabar.dynamodb.values import size_of_item

_READ_UNIT = 4096
_WRITE_UNIT = 1024
_TABLE = ("Table", "")
_Part = tuple[str, str]
"""The member that tells of a table or of indexes of one kind, and the index's name."""


class Capacity:
    """What one request consumes. It is counted only if the request asks for it (``ReturnConsumedCapacity``)."""

    def __init__(self, parameters: Mapping[str, JSON]) -> None:
        self._told = parameters.get("ReturnConsumedCapacity", "NONE")
        self._units: dict[str, dict[_Part, float]] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether the request asks."""
        return bool(self._told != "NONE")

    def read(
        self,
        table: Table,
        size: int,
        is_consistent: bool | None,
        *,
        index: SecondaryIndex | None = None,
        times: int = 1,
    ) -> None:
        """Count a read of so many bytes; those of a transaction count twice."""
        units = max(1, -(-size // _READ_UNIT))
        self._add(table, _part(index), times * (float(units) if is_consistent else units / 2))

    def wrote(self, table: Table, written: Written, *, times: int = 1) -> None:
        """Count a write: the greater of the item before and after counts, and what it changes in each index.

        Those of a transaction count twice. AWS does not say whether what follows in global indexes does; here it
        does not, for it is no part of the transaction.
        """
        if not self.is_wanted:
            return
        images = [image for image in (written.old, written.new) if image is not None]
        self._add(table, _TABLE, times * _write_units(max((image.size for image in images), default=0)))
        for index in table.indexes:
            units = _index_units(table, index, written)
            if units:
                self._add(table, _part(index), units if index.is_global else times * units)

    def nothing(self, table: Table) -> None:
        """Count nothing for a table, which is told of even so."""
        self._add(table, _TABLE, 0.0)

    def of_one(self) -> dict[str, JSON]:
        """Tell what a request on one table consumed, if it asks."""
        return {"ConsumedCapacity": self._list()[0]} if self.is_wanted else {}

    def of_several(self) -> dict[str, JSON]:
        """Tell what a request on several tables consumed, if it asks."""
        return {"ConsumedCapacity": self._list()} if self.is_wanted else {}

    def _add(self, table: Table, part: _Part, units: float) -> None:
        if self.is_wanted:
            parts = self._units.setdefault(table.name, {_TABLE: 0.0})
            parts[part] = parts.get(part, 0.0) + units

    def _list(self) -> list[JSON]:
        told: list[JSON] = []
        for name, parts in self._units.items():
            one: dict[str, JSON] = {"TableName": name, "CapacityUnits": sum(parts.values())}
            if self._told == "INDEXES":
                for (member, index), units in parts.items():
                    if index:
                        one.setdefault(member, {})[index] = {"CapacityUnits": units}
                    else:
                        one[member] = {"CapacityUnits": units}
            told.append(one)
        return told


def _part(index: SecondaryIndex | None) -> _Part:
    if index is None:
        return _TABLE
    return ("GlobalSecondaryIndexes" if index.is_global else "LocalSecondaryIndexes", index.name)


def _write_units(size: int) -> float:
    return float(max(1, -(-size // _WRITE_UNIT)))


def _index_units(table: Table, index: SecondaryIndex, written: Written) -> float:
    """Count what a write changes in an index: an entry that is there, was there, moves, or is another.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
    """
    old, new = (_entry(table, index, image) for image in (written.old, written.new))
    if old == new:
        return 0.0
    sizes = [(None, 0) if entry is None else (entry[0], size_of_item(entry[1])) for entry in (old, new)]
    (old_key, old_size), (new_key, new_size) = sizes
    if old_key == new_key:
        return _write_units(max(old_size, new_size))
    # One is deleted, and another put.
    return sum(_write_units(size) for key, size in sizes if key is not None)


def _entry(table: Table, index: SecondaryIndex, image: Image | None) -> tuple[JSON, JSON] | None:
    if image is None:
        return None
    item = parse(image.data)
    key = index.key_of(item)
    return None if key is None else (key, index.projected(item, table.key_attributes))
