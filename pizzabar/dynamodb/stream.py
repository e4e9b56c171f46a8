"""
Streams: what a table tells of the changes to its items.

A stream has one shard, which is closed with the stream itself; what it has told can be read for a day.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from pizzabar.documents import JSON, encode, parse
from pizzabar.dynamodb.key_attributes import KeyAttribute
from pizzabar.dynamodb.values import Item, size_of_item
from pizzabar.record import record

KEPT_FOR = timedelta(hours=24)
_FIRST_SEQUENCE_NUMBER = 10**20
"""AWS's have 21 digits at least."""
_LAST_SEQUENCE = (1 << 62) - 1
_OF_TTL = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


@record
class Stream:
    """A stream of a table, open as long as ``closed`` does not say when it ended."""

    table: str
    table_arn: str
    label: str
    view_type: str
    keys: tuple[KeyAttribute, ...]
    opened: datetime
    closed: datetime | None = None

    @property
    def arn(self) -> str:
        """What names it."""
        return f"{self.table_arn}/stream/{self.label}"

    @property
    def shard_id(self) -> str:
        """What names its only shard."""
        mark = blake2b(self.arn.encode(), digest_size=4).hexdigest()
        return f"shardId-{int(self.opened.timestamp() * 1000):020}-{mark}"

    def to_json(self) -> JSON:
        """Write a stream down for a store."""
        return {
            "table": self.table,
            "table_arn": self.table_arn,
            "label": self.label,
            "view_type": self.view_type,
            "keys": [[key.name, key.type] for key in self.keys],
            "opened": self.opened.timestamp(),
            "closed": None if self.closed is None else self.closed.timestamp(),
        }

    @classmethod
    def from_json(cls, document: JSON) -> "Stream":
        """Read what ``to_json`` wrote."""
        closed = document["closed"]
        return cls(
            document["table"],
            document["table_arn"],
            document["label"],
            document["view_type"],
            tuple(KeyAttribute(name, type_) for name, type_ in document["keys"]),
            datetime.fromtimestamp(document["opened"], UTC),
            None if closed is None else datetime.fromtimestamp(closed, UTC),
        )


@record
class StreamRecord:
    """A change that a stream tells of: its place, and what ``tell`` has written."""

    sequence: int
    data: bytes


def label_of(now: datetime) -> str:
    """Make a label: the time, to the millisecond."""
    return now.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")


def declared_label(table: str, view_type: str) -> str:
    """Make the label of a stream that a template declares: one that can be told before there is a table."""
    seed = int.from_bytes(blake2b(f"{table} {view_type}".encode(), digest_size=8).digest(), "big")
    return label_of(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=seed % (365 * 86_400_000)))


def sequence_number(sequence: int) -> str:
    """Write a place in a stream as AWS does."""
    return str(_FIRST_SEQUENCE_NUMBER + sequence)


def read_sequence_number(text: str) -> int:
    """Read what ``sequence_number`` wrote; below 0 is none of a stream's. Raise ``ValueError``."""
    sequence = int(text) - _FIRST_SEQUENCE_NUMBER
    if sequence > _LAST_SEQUENCE:
        raise ValueError(f"no stream comes to {text}")
    return sequence


def tell(stream: Stream, old: Item | None, new: Item | None, now: datetime, *, is_expired: bool = False) -> bytes:
    """Write what a stream tells of a change, but for its place; nothing if an item is what it was.

    ``is_expired`` says that TTL has deleted the item.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
    """
    item = new if new is not None else old
    if item is None or old == new:
        return b""
    keys = {key.name: item[key.name] for key in stream.keys}
    change: dict[str, JSON] = {
        "ApproximateCreationDateTime": int(now.timestamp()),
        "Keys": keys,
        "SizeBytes": size_of_item(keys),
        "StreamViewType": stream.view_type,
    }
    for member, image, views in (
        ("NewImage", new, ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")),
        ("OldImage", old, ("OLD_IMAGE", "NEW_AND_OLD_IMAGES")),
    ):
        if image is not None and stream.view_type in views:
            change[member] = image
            change["SizeBytes"] += size_of_item(image)
    name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    told = {"eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb", "dynamodb": change}
    return encode(told | ({"userIdentity": _OF_TTL} if is_expired else {}))


def read_record(stream: Stream, told: StreamRecord) -> JSON:
    """Give a record as GetRecords does.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
    """
    document = parse(told.data)
    document["eventID"] = blake2b(f"{stream.arn} {told.sequence}".encode(), digest_size=16).hexdigest()
    document["awsRegion"] = stream.table_arn.split(":")[3]
    document["dynamodb"]["SequenceNumber"] = sequence_number(told.sequence)
    return document
