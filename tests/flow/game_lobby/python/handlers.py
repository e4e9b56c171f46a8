"""What the function of the game lobby does, on boto3."""

import json
import os
from typing import Any

import boto3

client = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["ENDPOINT"])


def tell_players(event: dict[str, Any], context: Any) -> None:
    """Push what happened to the players whom it concerns."""
    detail = event["detail"]
    news = {"happened": event["detail-type"], "game": detail["game"]}
    if "seconds" in detail:
        news["seconds"] = detail["seconds"]
    for connection in detail["players"]:
        client.post_to_connection(ConnectionId=connection, Data=json.dumps(news).encode())
