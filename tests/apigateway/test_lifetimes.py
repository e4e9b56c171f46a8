"""
Connections that nobody uses, and old ones.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from dataclasses import replace
from datetime import timedelta

from pizzabar.apigateway.api import Stage
from pizzabar.apigateway.apis import Admission, Refusal
from pizzabar.apigateway.quotas import Quotas, Rate
from tests.apigateway.service import api_gateway, proxy
from tests.apigateway.test_apis import is_error

AWAY = (1001, "Going away")


async def test_a_connection_that_nobody_uses_ends_after_ten_minutes() -> None:
    async with api_gateway() as ask:
        _connection, guest = await ask.guest()

        await ask.world.advance(seconds=599)
        assert guest.closed == []
        await ask.world.advance(seconds=1)

        assert guest.closed == [AWAY]


async def test_messages_in_either_direction_keep_a_connection() -> None:
    """https://www.hotsock.io/docs/connections/keep-alive/"""
    async with api_gateway() as ask:
        ask.route("$default", proxy())
        ask.function(lambda event: {"statusCode": 200})
        (sends, sender), (hears, hearer) = await ask.guest(), await ask.guest()

        for _ in range(3):
            await ask.world.advance(minutes=9)
            await ask.apis.receive(sends, "hello")
            await ask.apis.connections.push(hears.id, "hello")
        await ask.world.advance(minutes=9, seconds=59)
        assert sender.closed == hearer.closed == []
        await ask.world.advance(seconds=1)

        assert sender.closed == hearer.closed == [AWAY]


async def test_no_connection_lasts_longer_than_two_hours() -> None:
    async with api_gateway() as ask:
        connection, guest = await ask.guest()
        for _ in range(23):
            await ask.world.advance(minutes=5)
            await ask.apis.connections.push(connection.id, "still there?")
        await ask.world.advance(minutes=4, seconds=59)
        assert guest.closed == []

        await ask.world.advance(seconds=1)

        assert guest.closed == [AWAY]


async def test_quotas_can_be_set() -> None:
    quotas = Quotas(idle=timedelta(seconds=5), life=timedelta(seconds=12))
    async with api_gateway(quotas=quotas) as ask:
        idle, used = await ask.guest(), await ask.guest()
        for _ in range(3):
            await ask.world.advance(seconds=3)
            await ask.apis.connections.push(used[0].id, "hello")

        assert (idle[1].closed, used[1].closed) == ([AWAY], [])
        await ask.world.advance(seconds=3)
        assert used[1].closed == [AWAY]


async def test_a_connection_that_has_gone_is_not_closed() -> None:
    async with api_gateway() as ask:
        connection, guest = await ask.guest()
        await ask.apis.disconnect(connection, 1000, "")

        await ask.world.advance(hours=3)

        assert guest.closed == []


async def test_those_who_came_and_went_are_forgotten() -> None:
    async with api_gateway() as ask:
        for _ in range(3000):
            connection, _guest = await ask.guest()
            await ask.apis.disconnect(connection, 1000, "")
        staying, guest = await ask.guest()

        assert len(ask.apis._lifetimes._entries) < 2000
        await ask.world.advance(minutes=10)
        assert guest.closed == [AWAY]
        assert staying.id


# Throttling


async def test_a_message_beyond_the_rate_is_told() -> None:
    async with api_gateway(quotas=Quotas(requests=Rate(1, 2))) as ask:
        ask.route("$default", proxy(), two_way=True)
        ask.function(lambda event: {"statusCode": 200, "body": "taken"})

        *taken, refused = await ask.frames("1", "2", "3")

        assert taken == ["taken", "taken"]
        assert is_error(refused, "Too Many Requests")
        await ask.world.advance(seconds=1)
        assert await ask.frames("4") == ["taken"]


async def test_a_stage_or_a_route_may_have_a_rate_of_its_own() -> None:
    async with api_gateway() as ask:
        ask.route("$default", proxy(), two_way=True)
        ask.route("fast", proxy(), two_way=True)
        ask.function(lambda event: {"statusCode": 200, "body": "taken"})
        ask.api.stages["api"] = Stage("api", ask.api, rate=Rate(0, 1), rates={"fast": Rate(0, 2)})

        frames = await ask.frames(*['{"action":"fast"}'] * 3, *["slow"] * 2)

        assert [frame == "taken" for frame in frames] == [True, True, False, True, False]


async def test_too_many_new_connections_are_refused_with_429() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html"""
    async with api_gateway(quotas=Quotas(connections=Rate(1, 1))) as ask:
        assert isinstance(await ask.connect(), Admission)
        assert await ask.connect() == Refusal(429, "Too Many Requests")
        await ask.world.advance(seconds=1)
        assert isinstance(await ask.connect(), Admission)


async def test_a_rate_of_the_stage_survives_a_deployment() -> None:
    async with api_gateway() as ask:
        stage = Stage("api", ask.api, rate=Rate(0, 1))

        assert replace(stage, deployed=ask.api.snapshot()).rate_of("any") == Rate(0, 1)
