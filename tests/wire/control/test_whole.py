"""The control plane as a whole: how it describes itself, and what holds for each of its operations."""

import asyncio
from typing import Any

import httpx
import pytest

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from tests.wire.asgi import guest, http, server
from tests.wire.control.asking import client_of, control, follower

ARN = "arn:aws:states:us-east-1:123456789012:execution:a:b"
NAMES = {
    "{arn}": ARN,
    "{hop}": "1",
    "{id}": "R1kmxc2VNjMCFIA=",
    "{name}": "pizzabar-Sessions",
    "{machine}": ARN.replace("execution:a", "stateMachine"),
}
QUERIES = {"/logs/events": "group=/aws/lambda/a", "/logs/follow": "group=nobody"}
FOLLOWED = {"/events/follow", "/journal/follow", "/live", "/logs/follow"}
"""What does not end by itself."""


async def described() -> JSON:
    async with control() as (client, _emulator):
        return (await client.get("/openapi.json")).json()


async def operations(method: str) -> list[str]:
    """Give the paths of the operations of a method, with names in them."""
    paths = [path for path, of in (await described())["paths"].items() if method in of]
    for place, name in NAMES.items():
        paths = [path.replace(place, name) for path in paths]
    return paths


async def test_the_description_is_whole() -> None:
    """Every operation, parameter and member has a type, and a description or a name that says it."""
    description = await described()

    each = [operation for path in description["paths"].values() for operation in path.items()]
    assert len(each) >= 30
    assert {method for method, _ in each} == {"get", "post"}
    for _, operation in each:
        assert operation["description"]
        assert operation["tags"]
        assert {"400", "403", "404", "422"} <= operation["responses"].keys()
        for status, response in operation["responses"].items():
            if status not in ("200", "204"):
                [content] = response["content"].values()
                name = "Stranger" if status == "403" else "Problem"
                assert content["schema"] == {"$ref": f"#/components/schemas/{name}"}
    for name, schema in description["components"]["schemas"].items():
        assert schema["description"], name
        assert "properties" in schema, name


async def test_the_description_says_where_it_is_true() -> None:
    async with server() as (app, _emulator), client_of(app) as client:
        assert (await client.get("/openapi.json")).json()["servers"] == [{"url": "/_pizzabar"}]


async def test_the_description_says_so_beneath_another_application_too() -> None:
    async with server() as (app, _emulator):

        async def mounted(scope: JSON, receive: Any, send: Any) -> None:
            await app({**scope, "root_path": "/aws", "path": f"/aws{scope['path']}"}, receive, send)

        transport = httpx.ASGITransport(app=mounted)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            assert (await client.get("/_pizzabar/health")).json()["status"] == "ok"
            assert (await client.get("/_pizzabar/openapi.json")).json()["servers"] == [{"url": "/aws/_pizzabar"}]
            assert (await client.get("/_pizzabar")).headers["location"] == "/aws/_pizzabar/docs"


async def test_the_page_lists_every_operation() -> None:
    async with control() as (client, _emulator):
        shown = (await client.get("/docs")).text

        for path in (await client.get("/openapi.json")).json()["paths"]:
            assert f"/_pizzabar{path}<" in shown
        assert (await client.get("/", follow_redirects=True)).text == shown


async def test_a_browser_is_given_the_console_and_others_what_there_is_to_ask() -> None:
    async with server() as (app, _emulator):
        found = await http(app, "GET", "/_pizzabar/", accept="text/html,*/*")
        assert (found.status, b"assets/console/app.js" in found.body) == (200, True)
        assert found.headers["content-security-policy"].startswith("default-src 'self';")
        known = await http(app, "GET", "/_pizzabar/", accept="text/html", if_none_match=found.headers["etag"])
        assert known.status == 304
        # What the page names is beneath it.
        assert (await http(app, "GET", "/_pizzabar", accept="text/html")).headers["location"] == "/_pizzabar/"
        assert (await http(app, "GET", "/_pizzabar", accept="*/*")).headers["location"] == "/_pizzabar/docs"


@pytest.mark.parametrize("origin", ["https://example.com", "null", "http://localhost.example.com"])
async def test_a_page_of_another_site_changes_nothing(origin: str) -> None:
    async with server() as (app, emulator), guest(app):
        before = await state_of(emulator)
        for path in await operations("post"):
            answer = await http(app, "POST", f"/_pizzabar{path}", b'{"seconds":60,"mode":"real"}', origin=origin)
            assert (answer.status, b"Origin" in answer.body) == (403, True), path
        assert await state_of(emulator) == before


async def test_a_foreign_name_of_this_server_changes_nothing() -> None:
    async with server() as (app, emulator):
        before = await state_of(emulator)
        for path in await operations("post"):
            answer = await http(app, "POST", f"/_pizzabar{path}", b'{"seconds":60}', host="example.com")
            assert answer.status == 403, path
        assert await state_of(emulator) == before


async def test_looking_changes_nothing() -> None:
    """Not even the journal, which would soon hold nothing else."""
    async with server() as (app, emulator), client_of(app) as client, guest(app) as customer:
        customer.says('{"type":"margherita"}')
        await emulator.settled()
        before = await state_of(emulator)

        for path in await operations("get"):
            if path not in FOLLOWED:
                answer = await client.get(f"{path}?{QUERIES.get(path, '')}")
                assert answer.status_code in (200, 404, 410), (path, answer.text)
        await emulator.settled()

        assert await state_of(emulator) == before


async def test_what_changes_something_is_not_a_get() -> None:
    async with control() as (client, _emulator):
        readable = await operations("get")
        for path in await operations("post"):
            if path not in readable:
                assert (await client.get(path)).status_code == 405, path


async def state_of(emulator: Emulator) -> JSON:
    """Give all that an operation might change."""
    clock = emulator.clock.current
    tables = [await emulator.tables.statistics(table) for table in emulator.tables.tables()]
    executions = [
        (record.execution.arn, record.execution.to_json())
        for machine in emulator.state_machines
        for record in await emulator.executions.list(machine.arn)
    ]
    connections = [
        (each.id, emulator.runtime.connections.last_active(each.id)) for each in emulator.runtime.connections
    ]
    return [type(clock), clock.now(), clock.next_call(), tables, executions, connections, emulator.journal.last_id]


@pytest.mark.parametrize(
    "entries", [["x"], "x", None, [{"Source": 5}], [{"Source": "\ud800", "Detail": 1 << 70}], [{1: {"\udc00"}}]]
)
async def test_whatever_was_asked_for_can_be_told_of(entries: JSON) -> None:
    """A handler in this process may hand over what no JSON can hold."""
    async with server() as (app, emulator), client_of(app) as client:
        async with follower(app, "/journal/follow") as following:
            await asyncio.gather(emulator.call("events", "PutEvents", {"Entries": entries}), return_exceptions=True)

            assert (await following.hears())[1]["operation"] == "PutEvents"
        assert (await client.get("/journal")).status_code == 200
        assert (await client.get("/events")).status_code == 200
