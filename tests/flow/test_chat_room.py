"""A chat room, over real sockets: proxy routes, an authorizer, a model, a query with templates on both ways."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from pizzabar.settings import Settings
from tests.flow.serving import PizzaBar, open_pizza_bar

TEMPLATE = Path(__file__).parent / "chat_room" / "template.yaml"


@asynccontextmanager
async def open_chat_room(**settings: Any) -> AsyncIterator[PizzaBar]:
    async with open_pizza_bar(Settings(state=None, clock="virtual", template=TEMPLATE, **settings)) as room:
        yield room


async def does(guest: ClientConnection, action: str, **more: str) -> None:
    """Send a message."""
    await guest.send(json.dumps({"do": action, **more}))


async def hears(guest: ClientConnection) -> Any:
    """Take a frame."""
    return json.loads(await guest.recv())


async def test_guests_of_a_room_hear_each_other() -> None:
    async with (
        open_chat_room() as chat,
        chat.connect("/live?token=t-ada") as ada,
        chat.connect("/live?token=t-bob") as bob,
    ):
        await does(ada, "join", room="kitchen")
        assert await hears(ada) == {"room": "kitchen", "joined": "Ada"}
        await does(bob, "join", room="kitchen")
        assert await hears(ada) == await hears(bob) == {"room": "kitchen", "joined": "Bob"}

        await does(bob, "say", room="kitchen", text="Is it hot?")

        assert await hears(ada) == await hears(bob) == {"room": "kitchen", "from": "Bob", "text": "Is it hot?"}


async def test_who_is_in_a_room_is_asked_of_the_table() -> None:
    async with (
        open_chat_room() as chat,
        chat.connect("/live?token=t-ada") as ada,
        chat.connect("/live?token=t-bob") as bob,
    ):
        for guest in (ada, bob):
            await does(guest, "join", room="kitchen")
        await hears(ada)
        await hears(ada)

        await does(ada, "who", room="kitchen")

        assert sorted((await hears(ada))["here"]) == ["Ada", "Bob"]
        await does(ada, "who", room="")
        assert list(await hears(ada)) == ["refused"]


async def test_who_leaves_is_missed() -> None:
    async with open_chat_room() as chat, chat.connect("/live?token=t-ada") as ada:
        await does(ada, "join", room="kitchen")
        await hears(ada)
        async with chat.connect("/live?token=t-bob") as bob:
            await does(bob, "join", room="kitchen")
            await hears(ada)
            await bob.close(4001, "dinner")

        assert await hears(ada) == {"left": "Bob", "code": 4001, "reason": "dinner"}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/live", 401), ("/live?token=stale", 401), ("/live?token=t-mallory", 403), ("/other?token=t-ada", 403)],
)
async def test_strangers_stay_outside(path: str, status: int) -> None:
    async with open_chat_room() as chat:
        with pytest.raises(InvalidStatus) as refused:
            await chat.connect(path)

        assert refused.value.response.status_code == status
        assert list(chat.emulator.runtime.connections) == []


@pytest.mark.parametrize(
    "message",
    [
        '{"do":"say"}',
        '{"do":"say","room":"kitchen"}',
        '{"do":"say","room":"Kitchen","text":"a"}',
        '{"do":"say","room":"kitchen","text":""}',
        '{"do":"say","room":"kitchen","text":"%s"}' % ("a" * 201),
        '{"do":"say","room":"kitchen","text":5}',
    ],
)
async def test_what_is_not_as_it_should_be_is_not_said(message: str) -> None:
    async with open_chat_room() as chat, chat.connect("/live?token=t-ada") as ada:
        await does(ada, "join", room="kitchen")
        await hears(ada)
        await ada.send(message)

        frame = str(await ada.recv())

        assert frame.startswith('{"message" : "Bad request body", "connectionId": "')
        assert json.loads(frame).keys() == {"message", "connectionId", "messageId"}
        await ada.send("?")
        assert await ada.recv() == "Welcome, Ada: join, say or who"


async def test_a_language_is_agreed_on() -> None:
    async with open_chat_room() as chat:
        spoken = [Subprotocol("chat.v2"), Subprotocol("chat.v1")]
        async with chat.connect("/live?token=t-ada", subprotocols=spoken) as ada:
            assert ada.subprotocol == "chat.v1"
        async with chat.connect("/live?token=t-ada") as ada:
            assert ada.subprotocol is None


async def test_the_longest_text_is_a_parameter() -> None:
    async with open_chat_room(parameters={"Longest": "3"}) as chat, chat.connect("/live?token=t-ada") as ada:
        await does(ada, "join", room="a")
        await hears(ada)
        await does(ada, "say", room="a", text="abcd")
        assert (await hears(ada))["message"] == "Bad request body"
        await does(ada, "say", room="a", text="abc")
        assert (await hears(ada))["text"] == "abc"
