"""
The operations on streams.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import timedelta

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.dynamodb import requests
from pizzabar.dynamodb.errors import (
    ExpiredIteratorException,
    ResourceNotFoundException,
    TrimmedDataAccessException,
)
from pizzabar.dynamodb.stream import Stream, read_record, read_sequence_number, sequence_number
from pizzabar.dynamodb.tables import Tables
from pizzabar.errors import ValidationException

ITERATOR_LIFE = timedelta(minutes=15)
MAX_RECORDS = 1000
MAX_PAGE_SIZE = 1024 * 1024


async def list_streams(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_ListStreams.html"""
    parameters = requests.LIST_STREAMS.check(parameters)
    table, start, limit = (
        parameters.get("TableName"),
        parameters.get("ExclusiveStartStreamArn"),
        parameters.get("Limit"),
    )
    streams = [
        stream
        for stream in tables.streams()
        if (table is None or stream.table == table) and (start is None or stream.arn > start)
    ]
    page = streams[: limit or 100]
    result: dict[str, JSON] = {
        "Streams": [
            {"StreamArn": stream.arn, "TableName": stream.table, "StreamLabel": stream.label} for stream in page
        ]
    }
    if len(page) < len(streams):
        result["LastEvaluatedStreamArn"] = page[-1].arn
    return result


async def describe_stream(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html"""
    parameters = requests.DESCRIBE_STREAM.check(parameters)
    stream = tables.stream(parameters["StreamArn"])
    shards: list[JSON] = []
    if parameters.get("ExclusiveStartShardId") is None and parameters.get("ShardFilter") is None:
        first, last = await tables.stream_bounds(stream)
        ending = {} if stream.closed is None else {"EndingSequenceNumber": sequence_number(max(first, last))}
        shards = [
            {
                "ShardId": stream.shard_id,
                "SequenceNumberRange": {"StartingSequenceNumber": sequence_number(first), **ending},
            }
        ]
    return {
        "StreamDescription": {
            "StreamArn": stream.arn,
            "StreamLabel": stream.label,
            "StreamStatus": "ENABLED" if stream.closed is None else "DISABLED",
            "StreamViewType": stream.view_type,
            "CreationRequestDateTime": stream.opened.timestamp(),
            "TableName": stream.table,
            "KeySchema": [
                {"AttributeName": key.name, "KeyType": role}
                for key, role in zip(stream.keys, ("HASH", "RANGE"), strict=False)
            ],
            "Shards": shards,
        }
    }


async def get_shard_iterator(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html"""
    parameters = requests.GET_SHARD_ITERATOR.check(parameters)
    stream = tables.stream(parameters["StreamArn"])
    if parameters["ShardId"] != stream.shard_id:
        raise ResourceNotFoundException(
            f"Requested resource not found: Shard: {parameters['ShardId']} in stream: {stream.arn} not found"
        )
    first, last = await tables.stream_bounds(stream)
    kind, number = parameters["ShardIteratorType"], parameters.get("SequenceNumber")
    if kind in ("TRIM_HORIZON", "LATEST"):
        if number is not None:
            raise ValidationException(f"Invalid combination: SequenceNumber is not allowed with {kind}")
        after = first - 1 if kind == "TRIM_HORIZON" else max(last, first - 1)
    else:
        if number is None:
            raise ValidationException(f"Missing required parameter: SequenceNumber is required with {kind}")
        after = _read_place(number) - (kind == "AT_SEQUENCE_NUMBER")
        if after < first - 1:
            raise TrimmedDataAccessException(
                "The operation attempted to read past the oldest stream record in a shard: the requested sequence "
                f"number {number} is before {sequence_number(first)}"
            )
    return {"ShardIterator": _write_iterator(tables, stream, after)}


async def get_records(tables: Tables, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html"""
    parameters = requests.GET_RECORDS.check(parameters)
    stream, after = _read_iterator(tables, parameters["ShardIterator"])
    limit = parameters.get("Limit", MAX_RECORDS)
    page: list[JSON] = []
    size = 0
    told = await tables.stream_records(stream, after=after, limit=limit)
    for each in told:
        size += len(each.data)
        if page and size > MAX_PAGE_SIZE:
            break
        page.append(read_record(stream, each))
        after = each.sequence
    result: dict[str, JSON] = {"Records": page}
    if stream.closed is None or len(page) < len(told) or len(page) == limit:
        result["NextShardIterator"] = _write_iterator(tables, stream, after)
    return result


def _read_place(number: str) -> int:
    try:
        return read_sequence_number(number)
    except ValueError:
        raise ValidationException(f"Invalid SequenceNumber: {number}") from None


def _write_iterator(tables: Tables, stream: Stream, after: int) -> str:
    place = documents.encode([after, tables.now().timestamp()])
    return f"{stream.arn}|1|{base64.b64encode(place).decode()}"


def _read_iterator(tables: Tables, iterator: str) -> tuple[Stream, int]:
    arn, _, place = iterator.partition("|1|")
    try:
        after, made = documents.parse(base64.b64decode(place, validate=True))
        after, made = int(after), float(made)
    except (binascii.Error, NotJSON, TypeError, ValueError, OverflowError):
        raise ValidationException("Invalid ShardIterator") from None
    stream = tables.stream(arn)
    if not -1 <= after < 1 << 63:
        raise ValidationException("Invalid ShardIterator")
    if tables.now().timestamp() - made > ITERATOR_LIFE.total_seconds():
        raise ExpiredIteratorException("Iterator expired: it was made more than 15 minutes ago")
    return stream, after


OPERATIONS: dict[str, Callable[[Tables, JSON], Awaitable[JSON]]] = {
    "DescribeStream": describe_stream,
    "GetRecords": get_records,
    "GetShardIterator": get_shard_iterator,
    "ListStreams": list_streams,
}
"""The operations of this service by name."""
