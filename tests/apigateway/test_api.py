"""
An API, its stages and deployments.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-stages.html
"""

from dataclasses import replace

from pizzabar.apigateway.api import Route, Stage
from tests.apigateway.service import ApiGateway, api_gateway, proxy


def answer_with(ask: ApiGateway, text: str) -> None:
    """Let $default answer with a text."""
    ask.function(lambda event: {"statusCode": 200, "body": text})


async def test_a_stage_has_the_api_as_it_was_deployed() -> None:
    async with api_gateway() as ask:
        ask.route("$default", proxy(), two_way=True)
        ask.api.deploy("d1")
        ask.api.stages["api"] = Stage("api", ask.api.deployments["d1"])
        answer_with(ask, "hello")

        ask.api.routes["$default"] = Route("$default", "proxy")
        ask.api.routes["order"] = Route("order", "proxy", is_two_way=True)
        assert await ask.frames("{}", '{"action":"order"}') == ["hello", "hello"]

        ask.api.deploy("d2")
        ask.api.stages["api"] = replace(ask.api.stages["api"], deployed=ask.api.deployments["d2"])
        assert await ask.frames("{}", '{"action":"order"}') == ["hello"]


async def test_a_stage_that_is_deployed_automatically_has_the_api_as_it_is() -> None:
    async with api_gateway() as ask:
        answer_with(ask, "hello")
        assert len(await ask.frames("{}")) == 1  # Forbidden

        ask.route("$default", proxy(), two_way=True)

        assert await ask.frames("{}") == ["hello"]


async def test_a_stage_without_a_deployment_is_not_there() -> None:
    async with api_gateway() as ask:
        ask.api.stages["api"] = Stage("api", None)

        assert ask.apis.find_stage("api") is None
        assert ask.apis.find_stage("api", ask.api.id) is None


async def test_a_connection_whose_stage_is_deleted_goes_on() -> None:
    async with api_gateway() as ask:
        ask.route("$default", proxy(), two_way=True)
        answer_with(ask, "hello")
        connection, guest = await ask.guest()
        del ask.api.stages["api"]

        await ask.apis.receive(connection, "{}")
        await ask.apis.disconnect(connection, 1000, "")

        assert guest.frames == ["hello"]


async def test_a_snapshot_stays_as_it_is() -> None:
    async with api_gateway() as ask:
        snapshot = ask.api.snapshot()
        ask.route("$default", proxy())

        assert (snapshot.id, snapshot.routes, snapshot.integrations, snapshot.stages) == (ask.api.id, {}, {}, {})
