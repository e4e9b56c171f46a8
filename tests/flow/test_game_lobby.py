"""A game lobby, over real sockets: keys, HTTP integrations, a mock, a state machine that tells players by events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from pizzabar.clock import VirtualClock
from pizzabar.settings import Settings
from tests.flow.serving import PizzaBar, open_pizza_bar

TEMPLATE = Path(__file__).parent / "game_lobby" / "template.yaml"
KEY = {"x-api-key": "0123456789-open-sesame"}


class ScoreKeeper:
    """The service that keeps scores: what it was asked, line and body, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.answer = (200, {"X-Kind": "list"}, "[]")
        self.was_asked = asyncio.Event()
        self.is_slow = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append((line.removesuffix(" HTTP/1.1"), headers, body.decode()))
        self.was_asked.set()
        if self.is_slow:
            await reader.read()
        else:
            status, given, text = self.answer
            lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(text.encode())}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in given.items()]
            writer.write("\r\n".join([*lines, "", text]).encode())
        writer.close()


@asynccontextmanager
async def open_lobby(**settings: Any) -> AsyncIterator[tuple[PizzaBar, ScoreKeeper]]:
    keeper = ScoreKeeper()
    server = await asyncio.start_server(keeper.serve, "127.0.0.1", 0)
    async with server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        given = Settings(state=None, clock="virtual", template=TEMPLATE, parameters={"ScoresHost": host, **settings})
        async with open_pizza_bar(given) as lobby:
            yield lobby, keeper


async def wants(player: ClientConnection, what: str, **more: Any) -> None:
    """Send a message."""
    await player.send(json.dumps({"want": what, **more}))


async def test_two_players_make_a_match() -> None:
    async with (
        open_lobby() as (lobby, _),
        lobby.connect("/play", additional_headers=KEY) as ada,
        lobby.connect("/play", additional_headers=KEY) as bob,
    ):
        await wants(ada, "match", game="chess")
        await lobby.emulator.settled()
        await wants(bob, "match", game="chess")

        found = {"happened": "Match found", "game": "chess", "seconds": 3}
        assert [json.loads(await player.recv()) for player in (ada, bob)] == [found, found]
        await lobby.pass_time(3)
        started = {"happened": "Match started", "game": "chess"}
        assert [json.loads(await player.recv()) for player in (ada, bob)] == [started, started]
        await lobby.emulator.settled()
        assert await lobby.items("Players") == []


async def test_scores_are_asked_of_the_service_that_keeps_them() -> None:
    async with open_lobby() as (lobby, keeper), lobby.connect("/play", additional_headers=KEY) as ada:
        keeper.answer = (200, {"X-Kind": "list"}, '[{"name":"Ada","points":9},{"name":"Bob","points":7}]')

        await wants(ada, "scores", game="go & co")

        assert await ada.recv() == '{"scores":["Ada: 9","Bob: 7"]}\n'
        [(line, headers, body)] = keeper.asked
        assert line == "GET /games/go%20%26%20co/scores?top=2"
        [connection] = lobby.emulator.runtime.connections
        assert headers["x-player"] == connection.id
        assert headers["user-agent"] == f"AmazonAPIGateway_{connection.api_id}"
        assert json.loads(body) == {"want": "scores", "game": "go & co"}


async def test_an_answer_of_another_status_has_another_template() -> None:
    async with open_lobby() as (lobby, keeper), lobby.connect("/play", additional_headers=KEY) as ada:
        keeper.answer = (404, {}, 'no "such" game')
        await wants(ada, "scores", game="go")
        assert json.loads(await ada.recv()) == {"scores": None, "because": 'no "such" game'}

        keeper.answer = (500, {}, "broken")
        await wants(ada, "scores", game="go")
        assert json.loads(await ada.recv())["message"] == "Internal server error"


async def test_a_report_is_passed_through_and_so_is_its_answer() -> None:
    async with open_lobby() as (lobby, keeper), lobby.connect("/play", additional_headers=KEY) as ada:
        keeper.answer = (201, {}, "noted")

        await ada.send('{"want":"report", "name":"Ada", "points": 9}')

        assert await ada.recv() == "noted"
        [(line, headers, body)] = keeper.asked
        assert (line, body) == ("POST /results", '{"want":"report", "name":"Ada", "points": 9}')
        assert headers["content-type"] == "application/json"


async def test_a_report_of_another_form_is_not_sent() -> None:
    async with open_lobby() as (lobby, keeper), lobby.connect("/play", additional_headers=KEY) as ada:
        await wants(ada, "report", name="Ada", points=-1)

        assert json.loads(await ada.recv())["message"] == "Bad request body"
        assert keeper.asked == []


async def test_a_service_that_takes_too_long() -> None:
    async with open_lobby() as (lobby, keeper), lobby.connect("/play", additional_headers=KEY) as ada:
        keeper.is_slow = True
        await wants(ada, "scores", game="go")
        await keeper.was_asked.wait()

        # Nothing settles while it is waited for: the clock is moved by hand.
        clock = lobby.emulator.clock.current
        assert isinstance(clock, VirtualClock)
        clock.move(clock.now() + timedelta(seconds=5))

        assert json.loads(await ada.recv())["message"] == "Endpoint request timed out"


async def test_a_mock_answers_by_itself() -> None:
    async with open_lobby() as (lobby, _), lobby.connect("/play", additional_headers=KEY) as ada:
        await wants(ada, "ping")

        now = int(lobby.emulator.clock.now().timestamp() * 1000)
        assert await ada.recv() == f"pong on play at {now}"


async def test_what_nobody_wants_is_forbidden() -> None:
    async with open_lobby() as (lobby, _), lobby.connect("/play", additional_headers=KEY) as ada:
        for message in ('{"want":"chips"}', "hello", "[]", '{"want":["ping"]}', '{"want":"$connect"}'):
            await ada.send(message)
            assert json.loads(await ada.recv())["message"] == "Forbidden"


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}])
async def test_without_a_key_nobody_comes_in(headers: dict[str, str]) -> None:
    async with open_lobby() as (lobby, _):
        with pytest.raises(InvalidStatus) as refused:
            await lobby.connect("/play", additional_headers=headers)

        assert refused.value.response.status_code == 403
