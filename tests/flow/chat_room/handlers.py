"""What the functions of the chat room do."""

import json
from collections.abc import Iterator
from typing import Any

from pizzabar.errors import ServiceError
from pizzabar.lambda_.function import Context

Event = dict[str, Any]
TOKENS = {"t-ada": "Ada", "t-bob": "Bob"}


async def check_token(event: Event, context: Context) -> dict[str, Any]:
    """Say who a token belongs to."""
    token = event["queryStringParameters"]["token"]
    if token == "stale":
        raise PermissionError("Unauthorized")
    name = TOKENS.get(token)
    return {
        "principalId": token,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Deny" if name is None else "Allow",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": {"name": name or "", "vip": name == "Ada"},
    }


async def enter(event: Event, context: Context) -> dict[str, Any]:
    """Let a guest in, in the language that it asks for if we speak it."""
    offered = event["headers"].get("Sec-WebSocket-Protocol", "")
    if "chat.v1" in offered:
        return {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "chat.v1"}}
    return {"statusCode": 200}


async def join(event: Event, context: Context) -> dict[str, Any]:
    """Note a guest in a room, and tell the room."""
    room, name = json.loads(event["body"])["room"], guest_name(event)
    connection = event["requestContext"]["connectionId"]
    item = {"room": {"S": room}, "connectionId": {"S": connection}, "name": {"S": name}}
    await context.call("dynamodb", "PutItem", {"TableName": context.environment["MEMBERS"], "Item": item})
    await tell(context, room, {"room": room, "joined": name})
    return {"statusCode": 200}


async def say(event: Event, context: Context) -> dict[str, Any]:
    """Tell a room what a guest says."""
    said = json.loads(event["body"])
    await tell(context, said["room"], {"room": said["room"], "from": guest_name(event), "text": said["text"]})
    return {"statusCode": 200}


async def leave(event: Event, context: Context) -> None:
    """Take a guest out of its rooms, and tell them how it went."""
    gone = event["requestContext"]
    answer = await context.call("dynamodb", "Scan", {"TableName": context.environment["MEMBERS"]})
    for item in answer["Items"]:
        if item["connectionId"]["S"] != gone["connectionId"]:
            continue
        key = {name: item[name] for name in ("room", "connectionId")}
        await context.call("dynamodb", "DeleteItem", {"TableName": context.environment["MEMBERS"], "Key": key})
        left = {"left": guest_name(event), "code": gone["disconnectStatusCode"], "reason": gone["disconnectReason"]}
        await tell(context, item["room"]["S"], left)


async def explain(event: Event, context: Context) -> dict[str, Any]:
    """Answer what is no route."""
    return {"statusCode": 200, "body": f"{context.environment['GREETING']}, {guest_name(event)}: join, say or who"}


def guest_name(event: Event) -> str:
    """Give the name that the authorizer found."""
    return str(event["requestContext"]["authorizer"]["name"])


async def tell(context: Context, room: str, news: dict[str, Any]) -> None:
    """Push something to everybody in a room; forget those who have gone."""
    table = context.environment["MEMBERS"]
    values = {":room": {"S": room}}
    query = {"TableName": table, "KeyConditionExpression": "room = :room", "ExpressionAttributeValues": values}
    for connection in connections((await context.call("dynamodb", "Query", query))["Items"]):
        data = json.dumps(news).encode()
        try:
            asked = {"ConnectionId": connection, "Data": data}
            await context.call("apigatewaymanagementapi", "PostToConnection", asked)
        except ServiceError as error:
            if error.code != "GoneException":
                raise
            key = {"room": {"S": room}, "connectionId": {"S": connection}}
            await context.call("dynamodb", "DeleteItem", {"TableName": table, "Key": key})


def connections(items: list[dict[str, Any]]) -> Iterator[str]:
    """Give the connections of a room's members."""
    return (item["connectionId"]["S"] for item in items)
