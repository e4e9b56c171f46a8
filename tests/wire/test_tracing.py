"""Requests that name a trace by ``X-Amzn-Trace-Id``, whatever their protocol."""

from datetime import timedelta
from typing import Any

import pytest

from pizzabar.documents import JSON
from tests.wire.asgi import guest, http, server
from tests.wire.aws.asking import Client, aws

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
HEADER = f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"


async def ask_json(client: Client, **headers: str) -> None:
    answer = await client.json("DynamoDB_20120810.ListTables", {}, **headers)
    assert answer.status == 200


async def ask_rest(client: Client, **headers: str) -> None:
    answer = await client.rest("GET", "/2015-03-31/functions", b"", **headers)
    assert answer.status == 200


async def ask_form(client: Client, **headers: str) -> None:
    answer = await client.form("Action=GetCallerIdentity&Version=2011-06-15", **headers)
    assert answer.status == 200


@pytest.mark.parametrize("ask", [ask_json, ask_rest, ask_form])
async def test_a_request_belongs_to_the_trace_that_it_names(ask: Any) -> None:
    async with aws() as client:
        await ask(client)
        await ask(client, **{"x-amzn-trace-id": HEADER})
        await ask(client, **{"x-amzn-trace-id": "Root=nonsense"})

        alone, named, ignored = client.emulator.journal
        assert (named.trace_id, named.parent, named.sampled) == (TRACE, 0, True)
        assert len({alone.trace_id, named.trace_id, ignored.trace_id}) == 3
        assert (alone.sampled, ignored.sampled) == (None, None)


async def test_a_request_is_below_the_hop_that_it_names() -> None:
    async with aws() as client:
        await ask_json(client)
        [first] = client.emulator.journal

        await ask_json(client, **{"x-amzn-trace-id": str(first.header())})

        [_, second] = client.emulator.journal
        assert (second.trace_id, second.parent) == (first.trace_id, first.id)


async def test_what_a_request_in_a_trace_is_told_is_durable() -> None:
    async with aws() as client:
        commits = []
        durable = client.emulator.runtime.durable

        async def counted() -> None:
            commits.append(1)
            await durable()

        client.emulator.runtime.durable = counted  # type: ignore[method-assign]
        item = {"TableName": "pizzabar-Orders", "Item": {"orderId": {"S": "1"}}}
        answer = await client.json("DynamoDB_20120810.PutItem", item, **{"x-amzn-trace-id": HEADER})

        assert (answer.status, commits) == (200, [1])


async def test_a_function_elsewhere_pushes_once_for_one_attempt() -> None:
    """A function's requests name its invocation, and have what its ``context.call`` would have."""
    async with server() as (app, emulator), guest(app) as client:
        [connection] = emulator.runtime.connections
        path = f"/api/@connections/{connection.id}"
        attempts = []

        async def handler(event: JSON, context: Any) -> JSON:
            attempts.append(context.aws_request_id)
            for text in (b"one", b"two"):
                answer = await http(app, "POST", path, text, **{"x-amzn-trace-id": context.trace_header})
                assert answer.status == 200
            if len(attempts) == 1:
                raise ValueError("after both were pushed")
            return None

        emulator.functions.create("Tell", handler)
        accepted = {"FunctionName": "Tell", "InvocationType": "Event", "Payload": b"{}"}
        await emulator.call("lambda", "Invoke", accepted)
        await emulator.settled()
        await emulator.advance(timedelta(minutes=1))

        assert len(attempts) == 2
        assert [await client.hears_text(), await client.hears_text()] == ["one", "two"]
        assert client.said.empty()
        pushes = [hop for hop in emulator.journal if hop.operation == "PostToConnection"]
        invocations = [hop for hop in emulator.journal if hop.operation == "Invocation"]
        assert [hop.parent for hop in pushes] == [hop.id for hop in invocations for _ in range(2)]
