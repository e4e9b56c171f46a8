"""Recordings, through the control plane."""

from pathlib import Path

import pytest

from pizzabar.testing.recording import Message, write_test
from pizzabar.testing.world import World
from tests.flow.serving import ORDER
from tests.wire.asgi import server
from tests.wire.control.asking import client_of, control

SILENT = """
Resources:
  Silent:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: silent, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Silent, StageName: quiet, AutoDeploy: true}
"""


async def test_a_session_becomes_the_test_that_the_command_writes() -> None:
    async with control() as (client, _):
        session = {"messages": [{"text": ORDER}, {"text": ORDER, "after": 12}], "stage": "api"}
        answer = await client.post("/recordings", json=session)
    assert answer.status_code == 200, answer.text
    assert answer.json()["test"] == write_test([Message(ORDER), Message(ORDER, 12)], World, stage=None, opens="")


async def test_a_test_names_the_template_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    template = tmp_path / "silent.yaml"
    template.write_text(SILENT)
    async with server(template=template) as (app, _), client_of(app) as client:
        answer = await client.post(
            "/recordings", json={"messages": [{"text": '{"action": "sing"}'}], "stage": "quiet"}
        )
    assert answer.status_code == 200, answer.text
    # API Gateway itself answers what no route takes.
    assert "pizzabar_template('silent.yaml')" in answer.json()["test"].replace('"', "'")
    assert "Forbidden" in answer.json()["test"]


async def test_what_says_nothing_is_no_test() -> None:
    async with control() as (client, _):
        nothing = await client.post("/recordings", json={"messages": []})
        assert nothing.status_code == 422


async def test_half_a_character_is_refused() -> None:
    async with control() as (client, _):
        given = '{"messages":[{"text":"\\ud800"}]}'
        answer = await client.post("/recordings", content=given, headers={"Content-Type": "application/json"})

        assert answer.status_code == 422
        [fault] = answer.json()["detail"]
        assert fault["loc"] == ["body"]
        assert "surrogate" in fault["msg"]
