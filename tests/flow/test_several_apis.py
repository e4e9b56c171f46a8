"""Several APIs and stages at once, over real sockets: each has its own address."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from pizzabar.settings import Settings
from tests.flow.serving import open_pizza_bar

API = """
  %(name)s:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: %(name)s, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  %(name)sMock:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref %(name)s, IntegrationType: MOCK, RequestTemplates: {$default: '{"statusCode":200}'}}
  %(name)sAnswer:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref %(name)s
      IntegrationId: !Ref %(name)sMock
      IntegrationResponseKey: $default
      ResponseTemplates: {$default: '["%(name)s", "$context.stage", "$stageVariables.oven", "$context.domainName"]'}
  %(name)sRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref %(name)s, RouteKey: $default, Target: !Sub "integrations/${%(name)sMock}"}
  %(name)sResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref %(name)s, RouteId: !Ref %(name)sRoute, RouteResponseKey: $default}
  %(name)sLive:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref %(name)s, StageName: live, AutoDeploy: true, StageVariables: {oven: hot}}
  %(name)sTest:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref %(name)s, StageName: %(name)sTest, AutoDeploy: true, StageVariables: {oven: cold}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "template.yaml").write_text("Resources:" + API % {"name": "One"} + API % {"name": "Two"})
    return Settings(state=None, clock="virtual", template=tmp_path / "template.yaml")


async def test_each_api_and_stage_has_its_own_address(settings: Settings) -> None:
    async with open_pizza_bar(settings) as bar:
        one, two = bar.emulator.apis

        async def answer(host: str, stage: str) -> Any:
            address = f"ws://{host}:{bar.port}/{stage}"
            async with connect(address, host="localhost", compression=None, proxy=None) as guest:
                await guest.send("hello")
                return json.loads(await guest.recv())

        def host_of(api: str) -> str:
            return f"{api}.execute-api.localhost"

        port = bar.port
        assert await answer("localhost", "live") == ["One", "live", "hot", f"localhost:{port}"]
        assert await answer("localhost", "OneTest") == ["One", "OneTest", "cold", f"localhost:{port}"]
        assert await answer("localhost", "TwoTest") == ["Two", "TwoTest", "cold", f"localhost:{port}"]
        assert await answer(host_of(one.id), "live") == ["One", "live", "hot", f"{host_of(one.id)}:{port}"]
        assert await answer(host_of(two.id), "live") == ["Two", "live", "hot", f"{host_of(two.id)}:{port}"]
        for host, stage in ((host_of(one.id), "TwoTest"), (host_of("other"), "live"), ("localhost", "nowhere")):
            with pytest.raises(InvalidStatus) as refused:
                await answer(host, stage)
            assert refused.value.response.status_code == 403


async def test_a_connection_of_any_api_is_pushed_to_through_its_own_addresses(settings: Settings) -> None:
    async with open_pizza_bar(settings) as bar, httpx.AsyncClient(trust_env=False) as client:
        one, two = bar.emulator.apis
        address = f"ws://{two.id}.execute-api.localhost:{bar.port}/live"
        async with connect(address, host="localhost", compression=None, proxy=None) as guest:
            [connection] = bar.emulator.runtime.connections

            async def post(host: str, stage: str) -> int:
                path = f"http://localhost:{bar.port}/{stage}/%40connections/{connection.id.replace('=', '%3D')}"
                answer = await client.post(path, content=host, headers={"host": host})
                return answer.status_code

            # The first API has a stage of that name, too; the id says whose the connection is.
            for host in ("localhost", f"{two.id}.execute-api.localhost"):
                assert await post(host, "live") == 200
                assert await guest.recv() == host
            assert await post(f"{one.id}.execute-api.localhost", "live") == 410
            assert await post("localhost", "TwoTest") == 410
            assert await post("localhost", "nowhere") == 403
