"""
DynamoDB over HTTP: requests of one item by 32 clients at once, each durable before it is answered.

Run with ``python -m tests.benchmarks.dynamodb``, or with a number of items that the table is filled with first:
``python -m tests.benchmarks.dynamodb 1000000``. Beside pizzabar, in the same run, a bare uvicorn server that answers
``{}``, and with ``--dynalite node_modules/dynalite/cli.js`` the dynalite that ``npm install dynalite`` has put there
(its LevelDB does not wait for the disk).
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.servers import Measured, bare, dynalite, pizzabar

AT_ONCE = 32
EACH = 300
TABLE = "Benchmark"
ITEM_ATTRIBUTES = {"type": {"S": "margherita"}, "size": {"S": "L"}, "n": {"N": "1"}}
PER_PARTITION = 10


def request(operation: str, parameters: dict[str, Any]) -> bytes:
    """Write a request as an SDK does."""
    body = json.dumps({"TableName": TABLE, **parameters} if operation != "BatchWriteItem" else parameters).encode()
    signature = (
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
    )
    head = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"X-Amz-Target: DynamoDB_20120810.{operation}\r\nAuthorization: {signature}\r\n"
        f"X-Amz-Date: 20260101T000000Z\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def key(number: int) -> dict[str, Any]:
    """Give the key of an item: ten of them have one partition."""
    return {"pk": {"S": str(number // PER_PARTITION)}, "sk": {"N": str(number % PER_PARTITION)}}


class Caller:
    """A client that keeps its connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, sent: bytes) -> None:
        """Send a request and read its answer, which has to be a success."""
        self._writer.write(sent)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(body.decode())


async def at_once(port: int, make: Callable[[int], bytes], each: int) -> None:
    """Send requests from every client, one after the other."""

    async def go(number: int) -> None:
        caller = Caller(*await asyncio.open_connection("127.0.0.1", port))
        for index in range(each):
            await caller.ask(make(number * each + index))

    await asyncio.gather(*(go(number) for number in range(AT_ONCE)))


async def measure(name: str, server: Measured, make: Callable[[int], bytes]) -> None:
    """Print what an operation costs."""
    cpu, began = server.cpu_seconds, time.perf_counter()
    await at_once(server.port, make, EACH)
    used, seconds = server.cpu_seconds - cpu, time.perf_counter() - began
    print(f"{name:>24} {AT_ONCE * EACH / used:>10.0f} {AT_ONCE * EACH / seconds:>10.0f}", flush=True)


async def fill(server: Measured, count: int) -> None:
    """Make the table, with so many items."""
    caller = Caller(*await asyncio.open_connection("127.0.0.1", server.port))
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    types = [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}]
    await caller.ask(
        request("CreateTable", {"KeySchema": keys, "AttributeDefinitions": types, "BillingMode": "PAY_PER_REQUEST"})
    )

    def batch(number: int) -> bytes:
        items = [{**key(number * 25 + index), **ITEM_ATTRIBUTES} for index in range(25)]
        return request(
            "BatchWriteItem", {"RequestItems": {TABLE: [{"PutRequest": {"Item": each}} for each in items]}}
        )

    await at_once(server.port, batch, max(1, count // (25 * AT_ONCE)))


async def run(server: Measured, count: int) -> None:
    """Print what each operation costs in a table of so many items."""
    await fill(server, count)
    spread = max(1, count // (AT_ONCE * EACH))

    def at(number: int) -> dict[str, Any]:
        return key(number * spread % max(count, 1))

    condition = {"ConditionExpression": "attribute_exists(pk)", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    update = {"UpdateExpression": "SET n = if_not_exists(n, :one) + :one", **condition}
    query = {"KeyConditionExpression": "pk = :pk"}
    await measure("PutItem", server, lambda number: request("PutItem", {"Item": {**at(number), **ITEM_ATTRIBUTES}}))
    await measure("GetItem", server, lambda number: request("GetItem", {"Key": at(number)}))
    await measure(
        "UpdateItem, condition", server, lambda number: request("UpdateItem", {"Key": at(number), **update})
    )
    await measure(
        "Query of 10",
        server,
        lambda number: request("Query", {**query, "ExpressionAttributeValues": {":pk": at(number)["pk"]}}),
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("items", type=int, nargs="?", default=1_000)
    parser.add_argument("--dynalite", type=Path)
    arguments = parser.parse_args()
    count = arguments.items
    print(f"{'':>24} {'per CPU s':>10} {'per s':>10}   ({AT_ONCE} at once, {count} items)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        with bare(path) as server:
            asyncio.run(measure("bare", server, lambda number: request("GetItem", {"Key": key(number)})))
        if arguments.dynalite is not None:
            print("dynalite")
            with dynalite(arguments.dynalite, path / "leveldb") as server:
                asyncio.run(run(server, count))
        print("pizzabar")
        with pizzabar(path / "state.db") as server:
            asyncio.run(run(server, count))


if __name__ == "__main__":
    main()
