"""
The items of a distributed Map state that lie in a bucket: what they are, from the bytes of an object.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pizzabar.documents import JSON, NotJSON, parse
from pizzabar.errors import PizzabarError
from pizzabar.record import record

GET_OBJECT = "arn:aws:states:::s3:getObject"
LIST_OBJECTS = "arn:aws:states:::s3:listObjectsV2"
LOAD_AND_FLATTEN = "LOAD_AND_FLATTEN"
"""The transformation that gives what is in the objects of a listing, for their descriptions."""
INPUT_TYPES = ("CSV", "JSON", "JSONL")
DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
MOST_ITEMS = 100_000_000


class CannotRead(PizzabarError):
    """Raised when there are no items to be had; its text is the cause of ``States.ItemReaderFailed``."""


@record
class StoredObject:
    """An object as a listing tells it."""

    key: str
    size: int
    modified: datetime
    etag: str


def listed(objects: Iterable[StoredObject]) -> list[JSON]:
    """Give the items of a listing.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    return [
        {
            "Etag": f'"{each.etag}"',
            "Key": each.key,
            "LastModified": int(each.modified.timestamp()),
            "Size": each.size,
            "StorageClass": "STANDARD",
        }
        for each in objects
    ]


def items_in(data: bytes, key: str, config: Mapping[str, JSON]) -> list[JSON]:
    """Give the items in an object, as a ``ReaderConfig`` says. Raise ``CannotRead``."""
    if key.endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError):
            raise CannotRead(f"The object {key} is not valid gzip.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CannotRead(f"The object {key} is not valid UTF-8.") from None
    kind = config.get("InputType", "JSON")
    if kind == "CSV":
        return _csv(text, config)
    try:
        if kind == "JSONL":
            return [parse(line) for line in text.splitlines() if line.strip()]
        return items_of(_at(parse(text), config.get("ItemsPointer")))
    except NotJSON as error:
        raise CannotRead(f"Attempting to read the object {key} as {kind} failed: {error}") from None


def items_of(value: JSON) -> list[JSON]:
    """Give the items of an array, or the members of an object. Raise ``CannotRead``."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [{"Key": key, "Value": each} for key, each in value.items()]
    raise CannotRead("Attempting to map over non-iterable node.")


def _at(document: JSON, pointer: str | None) -> JSON:
    """Give what a JSON Pointer points at (RFC 6901)."""
    for part in (pointer or "").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(name)] if isinstance(document, list) else document[name]
        except (LookupError, TypeError, ValueError):
            raise CannotRead(f"The ItemsPointer {pointer} points at nothing.") from None
    return document


def _csv(text: str, config: Mapping[str, JSON]) -> list[JSON]:
    rows: Iterable[Sequence[str]] = csv.reader(
        io.StringIO(text, newline=""), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    )
    try:
        table = [row for row in rows if row]
    except csv.Error as error:
        raise CannotRead(f"The CSV is not valid: {error}") from None
    if config.get("CSVHeaderLocation") == "GIVEN":
        headers = config.get("CSVHeaders") or []
    else:
        if not table:
            raise CannotRead("The CSV has no header.")
        headers, table = table[0], table[1:]
    # What a row lacks is empty, and what it has too much is dropped.
    return [{name: row[at] if at < len(row) else "" for at, name in enumerate(headers)} for row in table]
