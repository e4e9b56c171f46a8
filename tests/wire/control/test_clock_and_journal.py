"""The control plane: what a person or a test asks of the emulator itself."""

from datetime import datetime, timedelta

import httpx
import pytest

from pizzabar import __version__
from pizzabar.documents import JSON
from tests.wire.asgi import guest, server
from tests.wire.control.asking import control


async def test_health() -> None:
    async with control(stack_name="Bar") as (client, _emulator):
        answer = await client.get("/health")

        assert answer.json() == {"status": "ok", "version": __version__, "stack": "Bar", "connections": 0}


async def test_health_counts_the_connections() -> None:
    async with server() as (app, _emulator), guest(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000/_pizzabar") as client:
            assert (await client.get("/health")).json()["connections"] == 1


@pytest.mark.parametrize(
    ("settings", "mode", "speed"),
    [
        ({"clock": "virtual"}, "virtual", None),
        ({"clock": "auto"}, "auto", None),
        ({"clock": "real", "speed": 60.0}, "real", 60.0),
    ],
)
async def test_the_clock_is_read(settings: JSON, mode: str, speed: float | None) -> None:
    async with control(**settings) as (client, _emulator):
        answer = (await client.get("/clock")).json()

        assert (answer["mode"], answer["speed"]) == (mode, speed)
        assert datetime.fromisoformat(answer["now"]).utcoffset() == timedelta(0)


@pytest.mark.parametrize("mode", ["real", "virtual", "auto"])
async def test_the_clock_is_set(mode: str) -> None:
    async with control() as (client, _emulator):
        answer = await client.post("/clock", json={"mode": mode, "speed": 5})

        assert (answer.status_code, answer.json()["mode"]) == (200, mode)
        assert answer.json()["speed"] == (5 if mode == "real" else None)
        assert (await client.get("/clock")).json()["mode"] == mode


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"mode":"slow"}',
        b'{"mode":"real","speed":0}',
        b'{"mode":"real","speed":-1}',
        b'{"mode":"real","speed":1e999}',
        b"hello",
    ],
)
async def test_a_clock_that_there_is_not(body: bytes) -> None:
    async with control() as (client, _emulator):
        answer = await client.post("/clock", content=body, headers={"content-type": "application/json"})

        assert answer.status_code == 422
        assert (await client.get("/clock")).json()["mode"] == "virtual"


async def test_virtual_time_is_advanced() -> None:
    async with control() as (client, _emulator):
        before = datetime.fromisoformat((await client.get("/clock")).json()["now"])

        answer = await client.post("/clock/advance", json={"seconds": 90.5})

        assert datetime.fromisoformat(answer.json()["now"]) - before == timedelta(seconds=90.5)


async def test_real_time_is_not_advanced() -> None:
    async with control(clock="real") as (client, _emulator):
        answer = await client.post("/clock/advance", json={"seconds": 1})

        assert answer.status_code == 409
        assert answer.json() == {"detail": "only a virtual clock can be advanced: start with PIZZABAR_CLOCK=virtual"}


@pytest.mark.parametrize("seconds", [-1, 1e12, "soon", None])
async def test_time_does_not_go_back_or_too_far(seconds: JSON) -> None:
    async with control() as (client, _emulator):
        assert (await client.post("/clock/advance", json={"seconds": seconds})).status_code == 422


async def test_an_order_advances_with_the_clock() -> None:
    async with server() as (app, _emulator), guest(app) as customer:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000/_pizzabar") as client:
            customer.says('{"type":"margherita"}')
            assert "order accepted" in await customer.hears_text()
            clock = (await client.post("/settled")).json()
            wait = datetime.fromisoformat(clock["next_call"]) - datetime.fromisoformat(clock["now"])
            assert wait == timedelta(seconds=5)
            assert customer.said.empty()

            await client.post("/clock/advance", json={"seconds": 4.9})
            assert customer.said.empty()
            await client.post("/clock/advance", json={"seconds": 0.1})
            assert "being prepared" in await customer.hears_text()


async def test_the_journal_is_read_by_trace_and_from_a_hop_on() -> None:
    async with control() as (client, emulator):
        for table in ("pizzabar-Orders", "pizzabar-Sessions"):
            await emulator.call("dynamodb", "Scan", {"TableName": table})

        hops = (await client.get("/journal")).json()
        first, second = [hop for hop in hops if hop["operation"] == "Scan"]
        assert (first["service"], first["parameters"]) == ("dynamodb", {"TableName": "pizzabar-Orders"})
        assert first["result"]["Count"] == 0
        assert first["error"] is None
        assert (await client.get("/journal", params={"trace": second["trace"]})).json() == [second]
        assert (await client.get("/journal", params={"after": first["id"]})).json() == [second]
        assert (await client.get("/journal", params={"trace": "1-0-0"})).json() == []


async def test_the_journal_tells_of_errors() -> None:
    async with control() as (client, emulator):
        with pytest.raises(Exception, match="ResourceNotFoundException"):
            await emulator.call("dynamodb", "Scan", {"TableName": "nowhere"})

        hop = (await client.get("/journal")).json()[-1]
        assert hop["error"].startswith("ResourceNotFoundException: ")
        assert hop["result"] is None


async def test_dead_letters_are_read() -> None:
    missing = "arn:aws:lambda:us-east-1:123456789012:function:Nobody"
    async with control() as (client, emulator):
        assert (await client.get("/dead-letters")).json() == []
        await emulator.call("events", "PutRule", {"Name": "r", "EventPattern": '{"source":["pizza"]}'})
        target = {"Id": "t", "Arn": missing, "Input": '"it"'}
        await emulator.call("events", "PutTargets", {"Rule": "r", "Targets": [target]})
        entry = {"Source": "pizza", "DetailType": "d", "Detail": "{}"}
        await emulator.call("events", "PutEvents", {"Entries": [entry]})
        await emulator.settled()

        [letter] = (await client.get("/dead-letters")).json()

        assert datetime.fromisoformat(letter.pop("time")) == emulator.clock.now()
        assert letter == {
            "rule": "arn:aws:events:us-east-1:123456789012:rule/r",
            "target": missing,
            "code": "NO_RESOURCE",
            "message": f"ResourceNotFoundException: Function not found: {missing}",
            "attempts": 1,
            "exhausted": "NotRetryable",
            "payload": '"it"',
        }


async def test_the_control_plane_describes_itself() -> None:
    async with control() as (client, _emulator):
        paths = (await client.get("/openapi.json")).json()["paths"]

        assert {"/health", "/clock", "/clock/advance", "/settled", "/journal", "/dead-letters"} <= set(paths)


async def test_the_clock_goes_on_to_the_next_call() -> None:
    async with control() as (client, emulator):
        called: list[datetime] = []
        due = emulator.clock.now() + timedelta(hours=1)
        emulator.clock.call_at(due, lambda: called.append(emulator.clock.now()))

        answer = await client.post("/clock/next")

        assert datetime.fromisoformat(answer.json()["now"]) == due
        assert called == [due]
        assert (await client.post("/clock/next")).status_code == 200


async def test_the_speed_is_set_alone() -> None:
    async with control(clock="real") as (client, _emulator):
        assert (await client.post("/clock/speed", json={"speed": 60})).json()["speed"] == 60
        assert (await client.post("/clock/next")).status_code == 409
        for wrong in (0, -1, "many"):
            assert (await client.post("/clock/speed", json={"speed": wrong})).status_code == 422


async def test_the_journal_is_filtered() -> None:
    async with server(clock="auto") as (app, emulator), guest(app) as one, guest(app) as other:
        for customer in (one, other):
            customer.says('{"type":"margherita"}')
            for _ in range(6):
                await customer.hears_text()
        await emulator.settled()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000/_pizzabar") as client:

            async def hops(**query: JSON) -> list[JSON]:
                return list((await client.get("/journal", params=query)).json())

            assert {hop["service"] for hop in await hops(service="dynamodb")} == {"dynamodb"}
            pushes = await hops(operation="PostToConnection")
            assert len(pushes) == 12
            first, second = emulator.runtime.connections
            of_first = await hops(connection=first.id)
            assert {hop["parameters"]["ConnectionId"] for hop in of_first if hop["operation"] == "$default"} == {
                first.id
            }
            assert not {hop["id"] for hop in of_first} & {hop["id"] for hop in await hops(connection=second.id)}
            assert await hops(errors=True) == []
            assert len(await hops(limit=3)) == 3
