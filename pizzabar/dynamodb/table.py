"""
Tables: their definition, and what follows from it for items and keys.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html
"""

from dataclasses import field, replace
from datetime import UTC, datetime

from pizzabar.documents import JSON
from pizzabar.dynamodb.key_attributes import MAX_PARTITION_KEY_SIZE, MAX_SORT_KEY_SIZE, KeyAttribute, encode_key
from pizzabar.dynamodb.keys import Key
from pizzabar.dynamodb.secondary_index import SecondaryIndex
from pizzabar.dynamodb.stream import Stream, label_of
from pizzabar.dynamodb.values import ONE_OR_MORE, Item, type_of
from pizzabar.errors import ValidationException
from pizzabar.record import record


@record
class Table:
    """A table: key schema, capacity, stream, TTL attribute."""

    name: str
    arn: str
    id: str
    created: datetime
    partition: KeyAttribute
    sort: KeyAttribute | None = None
    billing_mode: str = "PROVISIONED"
    read_capacity: int = 0
    write_capacity: int = 0
    table_class: str | None = None
    stream: Stream | None = None
    is_deletion_protected: bool = False
    ttl: str | None = None
    """The attribute that says when an item expires, while TTL is enabled."""
    indexes: tuple[SecondaryIndex, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    key_attributes: tuple[KeyAttribute, ...] = field(init=False, compare=False)
    """The partition key and, if there is one, the sort key."""
    partitions: tuple[KeyAttribute, ...] = field(init=False, compare=False)
    sorts: tuple[KeyAttribute, ...] = field(init=False, compare=False)
    """The same by their sides, as indexes have them."""

    def __post_init__(self) -> None:
        sorts = () if self.sort is None else (self.sort,)
        object.__setattr__(self, "partitions", (self.partition,))
        object.__setattr__(self, "sorts", sorts)
        object.__setattr__(self, "key_attributes", (self.partition, *sorts))

    def index(self, name: str) -> SecondaryIndex:
        """Find an index. Raise ``ValidationException``."""
        for index in self.indexes:
            if index.name == name:
                return index
        raise ValidationException(f"The table does not have the specified index: {name}")

    @property
    def has_collections(self) -> bool:
        """Whether the items of one partition key are a collection, as local indexes make them."""
        return any(not index.is_global for index in self.indexes)

    def key_of_item(self, item: Item) -> Key:
        """Give the key of an item to be put. Raise ``ValidationException`` when it is missing or of a wrong type."""
        for attribute in self.key_attributes:
            value = item.get(attribute.name)
            if value is None:
                raise ValidationException(f"{ONE_OR_MORE}Missing the key {attribute.name} in the item")
            if attribute.type not in value:
                raise ValidationException(
                    f"{ONE_OR_MORE}Type mismatch for key {attribute.name} "
                    f"expected: {attribute.type} actual: {type_of(value)}"
                )
        return self._encode(item)

    def plain_key_of(self, key: JSON) -> Key | None:
        """Encode a key argument that is right at a glance, one short ASCII string; None for any other."""
        partition = self.partition
        if type(key) is dict and len(key) == 1 and self.sort is None and partition.type == "S":
            value = key.get(partition.name)
            if type(value) is dict and len(value) == 1:
                text = value.get("S")
                if type(text) is str and 0 < len(text) <= MAX_PARTITION_KEY_SIZE and text.isascii():
                    return text.encode(), b""
        return None

    def key_of(self, key: Item) -> Key:
        """Encode a key argument. Raise ``ValidationException`` when it is not just the key of this table."""
        attributes = self.key_attributes
        if len(key) > len(attributes):
            raise ValidationException("The number of conditions on the keys is invalid")
        for attribute in attributes:
            value = key.get(attribute.name)
            if value is None or attribute.type not in value:
                raise ValidationException("The provided key element does not match the schema")
        return self._encode(key)

    def key_item(self, item: Item) -> Item:
        """Give the key attributes of an item alone."""
        return {attribute.name: item[attribute.name] for attribute in self.key_attributes}

    def expiry(self, item: Item) -> float | None:
        """Give the TTL value of an item in epoch seconds, or None when it has none that counts.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
        """
        if self.ttl is None:
            return None
        value = item.get(self.ttl)
        return float(value["N"]) if value is not None and "N" in value else None

    def _encode(self, item: Item) -> Key:
        partition = self.partition
        content = item[partition.name][partition.type]
        first = content.encode() if content and partition.type == "S" else encode_key(partition, content)
        if len(first) > MAX_PARTITION_KEY_SIZE:
            # The words, and the missing blank, are AWS's.
            raise ValidationException(
                f"{ONE_OR_MORE}Size of hashkey has exceeded the maximum size limit of{MAX_PARTITION_KEY_SIZE} bytes"
            )
        if (sort := self.sort) is None:
            return first, b""
        second = encode_key(sort, item[sort.name][sort.type])
        if len(second) > MAX_SORT_KEY_SIZE:
            raise ValidationException(
                f"{ONE_OR_MORE}Aggregated size of all range keys has exceeded the size limit of "
                f"{MAX_SORT_KEY_SIZE} bytes"
            )
        return first, second


def table_as_json(table: Table) -> dict[str, JSON]:
    """Write a definition down for a store."""
    return {
        "name": table.name,
        "arn": table.arn,
        "id": table.id,
        "created": table.created.timestamp(),
        "keys": [[attribute.name, attribute.type] for attribute in table.key_attributes],
        "billing_mode": table.billing_mode,
        "capacity": [table.read_capacity, table.write_capacity],
        "table_class": table.table_class,
        "stream": None if table.stream is None else table.stream.to_json(),
        "is_deletion_protected": table.is_deletion_protected,
        "ttl": table.ttl,
        "indexes": [index.to_json() for index in table.indexes],
        "tags": [list(tag) for tag in table.tags],
    }


def table_from_json(document: JSON) -> Table:
    """Read a definition that ``table_as_json`` wrote."""
    partition, *sort = [KeyAttribute(name, kind) for name, kind in document["keys"]]
    read_capacity, write_capacity = document["capacity"]
    name, arn, created = document["name"], document["arn"], datetime.fromtimestamp(document["created"], UTC)
    stream = document.get("stream")
    table = Table(
        name=name,
        arn=arn,
        id=document["id"],
        created=created,
        partition=partition,
        sort=sort[0] if sort else None,
        billing_mode=document["billing_mode"],
        read_capacity=read_capacity,
        write_capacity=write_capacity,
        table_class=document["table_class"],
        stream=None if stream is None else Stream.from_json(stream),
        is_deletion_protected=document["is_deletion_protected"],
        ttl=document["ttl"],
        indexes=tuple(SecondaryIndex.from_json(index) for index in document.get("indexes", [])),
        tags=tuple((key, value) for key, value in document.get("tags", [])),
    )
    view_type = document.get("stream_view_type")
    if view_type is None:
        return table
    # Earlier versions noted what a stream would tell, and had none.
    return replace(table, stream=Stream(name, arn, label_of(created), view_type, table.key_attributes, created))
