"""Connections, through the control plane."""

from typing import Any

import pytest

from tests.wire.asgi import guest, server
from tests.wire.control.asking import client_of, control

NOBODY = "R1kmxc2VNjMCFIA="


async def test_connections_are_listed_pushed_to_and_closed() -> None:
    async with server() as (app, emulator), client_of(app) as client, guest(app, user_agent="wscat") as customer:
        [connection] = (await client.get("/connections")).json()
        assert connection == (await client.get(f"/connections/{connection['id']}")).json()
        [api] = emulator.apis
        assert (connection["api"], connection["stage"], connection["user_agent"]) == (api.id, "api", "wscat")
        assert connection["connected_at"] == connection["last_active_at"]

        pushed = await client.post(f"/connections/{connection['id']}/messages", json={"text": "hello"})
        assert pushed.status_code == 204
        assert await customer.hears_text() == "hello"

        closed = await client.post(f"/connections/{connection['id']}/close", json={"code": 4000, "reason": "bye"})
        assert closed.status_code == 204
        assert await customer.hears() == {"type": "websocket.close", "code": 4000, "reason": "bye"}


@pytest.mark.parametrize(
    ("closing", "is_right"),
    [
        ({}, True),
        ({"code": 4999, "reason": "é" * 61}, True),
        ({"code": 3000}, True),
        ({"code": 999}, False),
        ({"code": 1005}, False),
        ({"code": 1006}, False),
        ({"code": 2000}, False),
        ({"code": 5000}, False),
        ({"reason": "é" * 62}, False),
    ],
)
async def test_what_a_close_frame_can_hold(closing: dict[str, Any], is_right: bool) -> None:
    """https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1"""
    async with server() as (app, emulator), client_of(app) as client, guest(app) as customer:
        [connection] = emulator.runtime.connections

        answer = await client.post(f"/connections/{connection.id}/close", json=closing)

        assert answer.status_code == (204 if is_right else 422)
        assert customer.said.empty() is not is_right


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/connections/{NOBODY}", None, 410),
        ("POST", f"/connections/{NOBODY}/messages", {"text": "a"}, 410),
        ("POST", f"/connections/{NOBODY}/close", {}, 410),
        ("POST", "/connections/x/messages", {"text": "a"}, 400),
        ("POST", f"/connections/{NOBODY}/messages", {}, 422),
        ("POST", f"/connections/{NOBODY}/close", {"code": 5}, 422),
        ("POST", f"/connections/{NOBODY}/close", {"reason": "x" * 200}, 422),
        ("GET", f"/connections/{NOBODY}/messages", None, 405),
    ],
)
async def test_what_is_not_there_or_not_well_formed(method: str, path: str, body: object, status: int) -> None:
    async with control() as (client, _emulator):
        answer = await client.request(method, path, json=body)

        assert answer.status_code == status
        if status in (400, 410):
            assert answer.json().keys() == {"detail", "code"}
