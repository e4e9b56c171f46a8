"""What the function of the game lobby does."""

import json
from typing import Any

from pizzabar.lambda_.function import Context


async def tell_players(event: dict[str, Any], context: Context) -> None:
    """Push what happened to the players whom it concerns."""
    detail = event["detail"]
    news = {"happened": event["detail-type"], "game": detail["game"]}
    if "seconds" in detail:
        news["seconds"] = detail["seconds"]
    for connection in detail["players"]:
        asked = {"ConnectionId": connection, "Data": json.dumps(news).encode()}
        await context.call("apigatewaymanagementapi", "PostToConnection", asked)
