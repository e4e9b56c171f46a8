"""
Requests that wait for something to come, and those who ask and do not wait so long.

A consumer that is stopped, and started again, should not find that its last poll has taken the next message with it.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from pizzabar.documents import JSON
from pizzabar.wire.aws.exchange import Receive

POLLS = frozenset({("sqs", "ReceiveMessage")})
"""The operations that wait, by the call table's names."""


class Gone(Exception):
    """Raised when whoever asked has gone before there was an answer."""


async def unless_gone(asked: Coroutine[Any, Any, JSON], receive: Receive) -> JSON:
    """Give an answer, unless whoever waits for it goes: then give it up, and raise ``Gone``.

    The request must be read to its end. Raise what is raised in place of an answer.
    """
    loop = asyncio.get_running_loop()
    answer, end = loop.create_task(asked), loop.create_task(_gone(receive))
    try:
        await asyncio.wait((answer, end), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() and end.result():
            answer.cancel()
        await asyncio.wait((answer,))
    finally:
        answer.cancel()
        end.cancel()
    if answer.cancelled():
        raise Gone
    return answer.result()


async def _gone(receive: Receive) -> bool:
    """Return when somebody has gone. What a server says else is nothing to go by."""
    return bool((await receive())["type"] == "http.disconnect")
