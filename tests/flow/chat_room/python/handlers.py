"""What the functions of the chat room do, on boto3: the same as in process."""

import json
import os
from functools import lru_cache
from typing import Any

import boto3

TOKENS = {"t-ada": "Ada", "t-bob": "Bob"}
MEMBERS = os.environ["MEMBERS"]
dynamodb = boto3.client("dynamodb")


@lru_cache
def connections(endpoint: str) -> Any:
    """Give a client for the connections of a stage."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)


def check_token(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Say who a token belongs to."""
    token = event["queryStringParameters"]["token"]
    if token == "stale":
        raise PermissionError("Unauthorized")
    name = TOKENS.get(token)
    effect = "Deny" if name is None else "Allow"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": token,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"name": name or "", "vip": name == "Ada"},
    }


def enter(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Let a guest in."""
    return {"statusCode": 200}


def join(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Note a guest in a room, and tell the room."""
    room, name = json.loads(event["body"])["room"], guest_name(event)
    connection = event["requestContext"]["connectionId"]
    item = {"room": {"S": room}, "connectionId": {"S": connection}, "name": {"S": name}}
    dynamodb.put_item(TableName=MEMBERS, Item=item)
    tell(event, room, {"room": room, "joined": name})
    return {"statusCode": 200}


def say(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Tell a room what a guest says."""
    said = json.loads(event["body"])
    tell(event, said["room"], {"room": said["room"], "from": guest_name(event), "text": said["text"]})
    return {"statusCode": 200}


def leave(event: dict[str, Any], context: Any) -> None:
    """Take a guest out of its rooms, and tell them how it went."""
    gone = event["requestContext"]
    for item in dynamodb.scan(TableName=MEMBERS)["Items"]:
        if item["connectionId"]["S"] == gone["connectionId"]:
            key = {name: item[name] for name in ("room", "connectionId")}
            dynamodb.delete_item(TableName=MEMBERS, Key=key)
            left = {
                "left": guest_name(event),
                "code": gone["disconnectStatusCode"],
                "reason": gone["disconnectReason"],
            }
            tell(event, item["room"]["S"], left)


def explain(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer what is no route."""
    return {"statusCode": 200, "body": f"{os.environ['GREETING']}, {guest_name(event)}: join, say or who"}


def guest_name(event: dict[str, Any]) -> str:
    """Give the name that the authorizer found."""
    return str(event["requestContext"]["authorizer"]["name"])


def tell(event: dict[str, Any], room: str, news: dict[str, Any]) -> None:
    """Push something to everybody in a room; forget those who have gone."""
    at = event["requestContext"]
    client = connections(f"https://{at['domainName']}/{at['stage']}")
    found = dynamodb.query(
        TableName=MEMBERS,
        KeyConditionExpression="room = :room",
        ExpressionAttributeValues={":room": {"S": room}},
    )
    for member in found["Items"]:
        try:
            client.post_to_connection(ConnectionId=member["connectionId"]["S"], Data=json.dumps(news).encode())
        except client.exceptions.GoneException:
            key = {name: member[name] for name in ("room", "connectionId")}
            dynamodb.delete_item(TableName=MEMBERS, Key=key)
