"""
Secondary indexes: which items are in one, under which key, and with which attributes.

An item that lacks an attribute of the index's key is not in it. A key of a global index may have several attributes
on either side.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html
"""

from pizzabar.documents import JSON
from pizzabar.dynamodb.key_attributes import MAX_PARTITION_KEY_SIZE, MAX_SORT_KEY_SIZE, KeyAttribute, encode_key
from pizzabar.dynamodb.keys import Key, join_key
from pizzabar.dynamodb.values import ONE_OR_MORE, Item, type_of
from pizzabar.errors import ValidationException
from pizzabar.record import record

_EMPTY_KINDS = {"S": "string", "B": "binary"}


@record
class SecondaryIndex:
    """An index of a table. ``projection`` is ALL, KEYS_ONLY or INCLUDE, the last with ``included`` attributes."""

    name: str
    is_global: bool
    partitions: tuple[KeyAttribute, ...]
    sorts: tuple[KeyAttribute, ...] = ()
    projection: str = "ALL"
    included: tuple[str, ...] = ()
    read_capacity: int = 0
    write_capacity: int = 0

    @property
    def key_attributes(self) -> tuple[KeyAttribute, ...]:
        """Those of the partition key, then those of the sort key."""
        return (*self.partitions, *self.sorts)

    def check(self, item: Item) -> None:
        """Raise ``ValidationException`` when an item has an attribute of the key that cannot be one."""
        for attribute in self.key_attributes:
            value = item.get(attribute.name)
            if value is None:
                continue
            if attribute.type not in value:
                raise ValidationException(
                    f"{ONE_OR_MORE}Type mismatch for Index Key {attribute.name} Expected: {attribute.type} "
                    f"Actual: {type_of(value)} IndexName: {self.name}"
                )
            if not value[attribute.type]:
                raise ValidationException(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not "
                    "supported. The AttributeValue for a key attribute cannot contain an empty "
                    f"{_EMPTY_KINDS[attribute.type]} value. IndexName: {self.name}, IndexKey: {attribute.name}"
                )
            size, most = len(encode_key(attribute, value[attribute.type])), self._most(attribute)
            if size > most:
                raise ValidationException(
                    f"{ONE_OR_MORE}Size limit exceeded for Index Key {attribute.name} Actual Size: {size} bytes "
                    f"Max Size: {most} bytes IndexName: {self.name}"
                )

    def key_of(self, item: Item) -> Key | None:
        """Give the key under which an item stands in the index; None when it is not in it."""
        sides: list[bytes] = []
        for attributes in (self.partitions, self.sorts):
            encoded = []
            for attribute in attributes:
                content = item.get(attribute.name, {}).get(attribute.type)
                if not content:
                    return None
                encoded.append(encode_key(attribute, content))
                if len(encoded[-1]) > self._most(attribute):
                    return None
            sides.append(join_key(encoded))
        return sides[0], sides[1]

    def _most(self, attribute: KeyAttribute) -> int:
        """Give the bytes that an attribute of the key may have."""
        return MAX_PARTITION_KEY_SIZE if attribute in self.partitions else MAX_SORT_KEY_SIZE

    def projected(self, item: Item, table_keys: tuple[KeyAttribute, ...]) -> Item:
        """Give the attributes of an item that the index has."""
        if self.projection == "ALL":
            return item
        names = self.projected_names(table_keys)
        return {name: value for name, value in item.items() if name in names}

    def projected_names(self, table_keys: tuple[KeyAttribute, ...]) -> frozenset[str]:
        """Give the names of the attributes that an index has, which does not have all."""
        keys = (attribute.name for attribute in (*self.key_attributes, *table_keys))
        return frozenset((*keys, *self.included))

    def to_json(self) -> JSON:
        """Write the index down."""
        return {
            "name": self.name,
            "global": self.is_global,
            "keys": [[attribute.name, attribute.type] for attribute in self.key_attributes],
            "partitions": len(self.partitions),
            "projection": self.projection,
            "included": list(self.included),
            "capacity": [self.read_capacity, self.write_capacity],
        }

    @classmethod
    def from_json(cls, document: JSON) -> "SecondaryIndex":
        """Read what ``to_json`` gave."""
        keys = tuple(KeyAttribute(name, kind) for name, kind in document["keys"])
        partitions = document.get("partitions", 1)
        read_capacity, write_capacity = document["capacity"]
        return cls(
            document["name"],
            document["global"],
            keys[:partitions],
            keys[partitions:],
            document["projection"],
            tuple(document["included"]),
            read_capacity,
            write_capacity,
        )
