"""
The handler of status changes on Lambda: the same decisions as in process, with boto3.

It runs on AWS as it is, and here in a process of its own (``pizzabar up --functions child``). It is deployed with the
folder that it stands in, whose other modules it finds beside it.
"""

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from pizzabar.pizzeria.attribute_values import from_item, to_item
    from pizzabar.pizzeria.orders import UNCHANGED, InvalidOrder, connection_of, decide, read_change
else:
    from attribute_values import from_item, to_item
    from orders import UNCHANGED, InvalidOrder, connection_of, decide, read_change

dynamodb = boto3.client("dynamodb")


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle an OrderStatusChangedEvent.

    An order that cannot be told to anybody any more, because its guest has gone, is answered, not raised: to try
    again would not help.
    """
    sessions, orders = os.environ["SESSION_TABLE"], os.environ["ORDER_TABLE"]
    try:
        change = read_change(event)
        order = _get(orders, "orderId", change.order_id)
        session = _get(sessions, "connectionId", connection_of(change, order))
        decision = decide(change, session, order)
        if decision.session is not None:
            # Unless the guest has left in the meantime: a session that is gone must not come back.
            dynamodb.put_item(
                TableName=sessions,
                Item=to_item(decision.session),
                ConditionExpression="attribute_exists(connectionId)",
            )
        dynamodb.put_item(
            TableName=orders,
            Item=to_item(decision.order),
            ConditionExpression=UNCHANGED,
            ExpressionAttributeValues={":connectionId": {"S": decision.order["connectionId"]}},
        )
        if session is not None:
            _connections(f"https://{session['domainName']}/{session['stage']}").post_to_connection(
                ConnectionId=decision.connection_id, Data=decision.frame.encode()
            )
    except InvalidOrder as error:
        return _invalid_order(str(error))
    except ClientError as error:
        match error.response["Error"]["Code"]:
            case "ConditionalCheckFailedException":
                # The guest has left or come back in the meantime: decide anew.
                return handle(event, context)
            case "GoneException" | "ValidationException":
                # The guest has gone, or has ordered what no table holds.
                return _invalid_order(f"connection {change.connection_id}: {error}")
            case _:
                raise
    print(f"{change.order_id}: {change.status}")  # noqa: T201 - it is the function's log
    return {"statusCode": 200, "body": decision.frame}


def _get(table: str, key: str, value: str) -> dict[str, Any] | None:
    answer = dynamodb.get_item(TableName=table, Key={key: {"S": value}})
    return from_item(answer["Item"]) if "Item" in answer else None


@lru_cache(maxsize=8)
def _connections(endpoint: str) -> Any:
    """Give a client for the connections of a stage."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)


def _invalid_order(reason: str) -> dict[str, Any]:
    print(f"invalid order: {reason}")  # noqa: T201
    return {"statusCode": 404, "body": "invalid order"}
