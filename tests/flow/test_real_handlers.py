"""The chat room and the game lobby with real functions: on boto3, and on the AWS SDK for JavaScript."""

import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pizzabar.settings import Settings
from tests.flow.serving import PizzaBar, open_pizza_bar
from tests.running import free_port

HERE = Path(__file__).parent
RUNTIMES = {"python": f"python{sys.version_info.major}.{sys.version_info.minor}", "node": "nodejs20.x"}
KEY = {"x-api-key": "0123456789-open-sesame"}


@pytest.fixture(scope="module", name="cache")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@asynccontextmanager
async def open_stack(
    name: str, language: str, folder: Path, cache: Path, *, endpoint: str = "", **settings: Any
) -> AsyncIterator[PizzaBar]:
    """Open one of the stacks with the functions of a language, in processes of their own."""
    place = shutil.copytree(HERE / name, folder / name)
    template = place / "template.yaml"
    text = template.read_text()
    for old, new in (
        ("Runtime: python3.13", f"Runtime: {RUNTIMES[language]}"),
        ("CodeUri: .", f"CodeUri: {language}"),
    ):
        assert old in text
        text = text.replace(old, new)
    if endpoint:
        text = text.replace("Handler:", f"Environment: {{Variables: {{ENDPOINT: '{endpoint}'}}}}\n      Handler:")
    template.write_text(text)
    given = {"state": None, "clock": "virtual", "port": 0, "run_functions": "child", "cache": cache, **settings}
    async with open_pizza_bar(Settings(template=template, **given)) as bar:
        yield bar


@pytest.mark.parametrize("language", RUNTIMES)
async def test_guests_of_a_chat_room_hear_each_other(language: str, tmp_path: Path, cache: Path) -> None:
    async with open_stack("chat_room", language, tmp_path, cache) as chat, chat.connect("/live?token=t-ada") as ada:

        async def hears(guest: Any) -> Any:
            return json.loads(await guest.recv())

        async with chat.connect("/live?token=t-bob") as bob:
            await ada.send('{"do":"join","room":"kitchen"}')
            assert await hears(ada) == {"room": "kitchen", "joined": "Ada"}
            await bob.send('{"do":"join","room":"kitchen"}')
            assert await hears(ada) == await hears(bob) == {"room": "kitchen", "joined": "Bob"}
            await bob.send('{"do":"say","room":"kitchen","text":"Is it hot?"}')
            assert await hears(ada) == await hears(bob) == {"room": "kitchen", "from": "Bob", "text": "Is it hot?"}
            await bob.send('{"do":"dance"}')
            assert str(await bob.recv()).endswith(", Bob: join, say or who")
        assert (await hears(ada))["left"] == "Bob"
        await chat.emulator.settled()
        [left] = await chat.items("Members")
        assert left["name"] == {"S": "Ada"}


@pytest.mark.parametrize("language", RUNTIMES)
async def test_two_players_of_a_game_lobby_make_a_match(language: str, tmp_path: Path, cache: Path) -> None:
    port = free_port()
    lobby_settings = {"tls_port": str(port), "parameters": {"ScoresHost": "127.0.0.1:9"}}
    endpoint = f"https://localhost:{port}/play"
    async with (
        open_stack("game_lobby", language, tmp_path, cache, endpoint=endpoint, **lobby_settings) as lobby,
        lobby.connect("/play", additional_headers=KEY) as ada,
        lobby.connect("/play", additional_headers=KEY) as bob,
    ):
        await ada.send('{"want":"match","game":"chess"}')
        await lobby.emulator.settled()
        await bob.send('{"want":"match","game":"chess"}')

        found = {"happened": "Match found", "game": "chess", "seconds": 3}
        assert [json.loads(await player.recv()) for player in (ada, bob)] == [found, found]
        await lobby.pass_time(3)
        started = {"happened": "Match started", "game": "chess"}
        assert [json.loads(await player.recv()) for player in (ada, bob)] == [started, started]
