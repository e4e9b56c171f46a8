"""Traces over the control plane."""

from typing import Any

import httpx

from pizzabar.emulator import Emulator
from pizzabar.wire.http import Server
from tests.wire.asgi import guest, server
from tests.wire.control.asking import client_of

ORDER = '{"type":"funghi"}'


async def order(app: Server, emulator: Emulator) -> str:
    """Have a guest order, and give the id of the connection."""
    async with guest(app) as client:
        [connection] = emulator.runtime.connections
        client.says(ORDER)
        await client.hears_text()
        await emulator.settled()
    await emulator.settled()
    return str(connection.id)


async def told(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_trace_is_read_by_whatever_names_it() -> None:
    async with server() as (app, emulator), client_of(app) as client:
        first, last = await order(app, emulator), await order(app, emulator)

        trace = await told(client, "/traces/last")
        assert trace["connection"] == last
        assert trace["first"] == "apigateway:$default"
        [execution] = [span["about"] for span in trace["spans"] if span["operation"] == "StartExecution"]
        name = execution.partition(":")[2]
        arn = f"arn:aws:states:us-east-1:123456789012:execution:{execution}"
        for each in (trace["id"], trace["id"].upper(), last, name, arn):
            assert await told(client, f"/traces/{each}") == trace
        other = await told(client, f"/traces/{first}")
        assert (other["connection"], other["id"] == trace["id"]) == (first, False)


async def test_a_trace_is_told_from_its_frame_to_its_push() -> None:
    async with server() as (app, emulator), client_of(app) as client:
        await order(app, emulator)

        trace = await told(client, "/traces/last")

    spans = trace["spans"]
    assert (trace["is_whole"], trace["hops"], trace["errors"]) == (True, len(spans), 0)
    by_id = {span["id"]: span for span in spans}
    [push] = [span for span in spans if span["operation"] == "PostToConnection"]
    above = []
    while push["parent"] is not None:
        push = by_id[push["parent"]]
        above.append(f"{push['operation']} {push['about'].partition(':')[0]}")
    assert above == [
        "Invocation pizzabar-StatusFunction",
        "Invoke pizzabar-StatusFunction",
        "PutEvents OrderStatusChangedEvent",
        "StartExecution pizzabar-OrderFlow",
        f"$default {trace['connection']}",
    ]
    # Time stands still, and yet they follow one another.
    starts = [span["start"] for span in spans]
    assert starts == sorted(starts)
    assert len(set(starts)) > len(spans) // 2
    assert trace["seconds"] >= max(starts)


async def test_traces_are_listed_the_last_first() -> None:
    async with server() as (app, emulator), client_of(app) as client:
        await order(app, emulator)

        listed = await told(client, "/traces")
        assert [trace["first"] for trace in listed] == [
            f"apigateway:{route}" for route in ("$disconnect", "$default", "$connect")
        ]
        assert await told(client, "/traces?limit=1") == listed[:1]


async def test_what_is_no_longer_kept_is_told() -> None:
    async with server(journal_size=4) as (app, emulator), client_of(app) as client:
        answer = await client.get("/traces/last")
        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            "no client has sent a message yet, or none is kept",
        )
        await order(app, emulator)
        machine, _manual = emulator.state_machines
        listed = await emulator.executions.list(machine.arn)
        # Its execution still knows the trace.
        answer = await client.get(f"/traces/{listed[0].execution.name}")
        assert answer.status_code == 404 or answer.json()["is_whole"] is False
        assert (await client.get("/traces/nobody")).json()["detail"].startswith("nobody is no trace, no connection")
        gone = (await client.get("/traces/1-69a42c40-000000000000000000000000")).json()["detail"]
        assert gone.endswith("the journal keeps the last 4 hops (--journal-size)")
