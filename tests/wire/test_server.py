"""The greeting: where the stack is, what it gives, and what of it does nothing here."""

from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from pizzabar.wire.server import greeting
from tests.running import SECONDS, free_port, pizzabar, wait_for

TEMPLATE = """
Resources:
  Kitchen:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: x, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  KitchenStage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Kitchen, StageName: prod}}
  Bar:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: x, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  BarStage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Bar, StageName: prod}}
  Orders:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      BillingMode: PAY_PER_REQUEST
      Tags: [{Key: a, Value: b}]
  Guests:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      BillingMode: PAY_PER_REQUEST
      Tags: [{Key: a, Value: b}]
Outputs:
  Endpoint: {Value: !Sub "wss://${Kitchen}.execute-api.${AWS::Region}.amazonaws.com/prod"}
  T: {Value: !Ref Orders}
"""


async def test_the_greeting_names_addresses_first_and_leaves_nothing_out(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    emulator = await Emulator.open(Settings(state=None, template=tmp_path / "template.yaml"))

    first, second = [api.id for api in emulator.apis]
    title, *lines = greeting(emulator, "localhost", 8000)
    await emulator.close()

    assert "pizzabar is open" in title
    assert lines == [
        "  connect   wscat -c ws://localhost:8000/prod",
        f"  connect   wscat -c ws://{second}.execute-api.localhost:8000/prod",
        f"  output    Endpoint  wss://{first}.execute-api.us-east-1.amazonaws.com/prod",
        "  output    T         pizzabar-Orders",
        "  watch     pizzabar watch",
        "  control   http://localhost:8000/_pizzabar/docs",
        "  state     in memory",
        "  no effect Orders.DeletionPolicy: data lives as long as the state that pizzabar keeps",
        "  no effect Orders.Tags and 1 more: nothing asks for tags",
    ]


def test_a_refused_handshake_is_nothing_to_complain_of() -> None:
    """uvicorn's word for it, which is about servers that answer nothing, comes with each answer that refuses."""
    port = free_port()
    process = pizzabar("up", state=":memory:", port=port)
    try:
        wait_for(process, port)
        for path in ("nowhere", "api/more"):
            with pytest.raises(InvalidStatus) as refused, connect(f"ws://localhost:{port}/{path}"):
                pass
            assert refused.value.response.status_code == 403
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=SECONDS)
    assert "pizzabar is open" in output
    assert "handshake" not in output
