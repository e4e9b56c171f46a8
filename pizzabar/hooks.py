"""Hooks of routes: handlers whose results are written as those of proxy integrations."""

import functools
from collections.abc import Callable
from typing import Any

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.lambda_.function import is_coroutine_handler

Handler = Callable[[Any, Any], Any]
PROXY_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


def hook(handler: Handler) -> Handler:
    """Make a handler one of a proxy integration: what it returns is written as such a result."""
    if is_coroutine_handler(handler):

        @functools.wraps(handler)
        async def answer(event: Any, context: Any) -> Any:
            return _proxy_result(await handler(event, context))

        return answer

    @functools.wraps(handler)
    def answer_plainly(event: Any, context: Any) -> Any:
        return _proxy_result(handler(event, context))

    return answer_plainly


def _proxy_result(returned: JSON) -> JSON:
    """Write what a hook returns as a proxy integration takes it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    match returned:
        case None | True:
            return {"statusCode": 200}
        case False:
            return {"statusCode": 403}
        case {"statusCode": _} if returned.keys() <= PROXY_MEMBERS:
            return returned
        case str():
            return {"statusCode": 200, "body": returned}
        case _:
            return {"statusCode": 200, "body": documents.write(returned)}
