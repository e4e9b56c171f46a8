"""The handler of status changes, in process: it reads, has ``orders`` decide, writes, and pushes."""

from typing import Any

from pizzabar.errors import ServiceError
from pizzabar.lambda_.function import Context
from pizzabar.pizzeria.attribute_values import from_item, to_item
from pizzabar.pizzeria.orders import UNCHANGED, InvalidOrder, connection_of, decide, read_change


async def handle(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Handle an OrderStatusChangedEvent.

    An order that cannot be told to anybody any more, because its guest has gone, is answered, not raised: to try
    again would not help.
    """
    sessions, orders = context.environment["SESSION_TABLE"], context.environment["ORDER_TABLE"]
    try:
        change = read_change(event)
        order = await _get(context, orders, "orderId", change.order_id)
        session = await _get(context, sessions, "connectionId", connection_of(change, order))
        decision = decide(change, session, order)
        if decision.session is not None:
            # Unless the guest has left in the meantime: a session that is gone must not come back.
            await context.call(
                "dynamodb",
                "PutItem",
                {
                    "TableName": sessions,
                    "Item": to_item(decision.session),
                    "ConditionExpression": "attribute_exists(connectionId)",
                },
            )
        await context.call(
            "dynamodb",
            "PutItem",
            {
                "TableName": orders,
                "Item": to_item(decision.order),
                "ConditionExpression": UNCHANGED,
                "ExpressionAttributeValues": {":connectionId": {"S": decision.order["connectionId"]}},
            },
        )
        if decision.connection_id is not None:
            await context.call(
                "apigatewaymanagementapi",
                "PostToConnection",
                {"ConnectionId": decision.connection_id, "Data": decision.frame},
            )
    except InvalidOrder as error:
        return _invalid_order(context, str(error))
    except ServiceError as error:
        match error.code:
            case "ConditionalCheckFailedException":
                # The guest has left or come back in the meantime: decide anew.
                return await handle(event, context)
            case "GoneException" | "ValidationException":
                # The guest has gone, or has ordered what no table holds.
                return _invalid_order(context, f"connection {change.connection_id}: {error}")
            case _:
                raise
    context.log(f"{change.order_id}: {change.status}")
    return {"statusCode": 200, "body": decision.frame}


async def _get(context: Context, table: str, key: str, value: str) -> dict[str, Any] | None:
    answer = await context.call("dynamodb", "GetItem", {"TableName": table, "Key": {key: {"S": value}}})
    return from_item(answer["Item"]) if "Item" in answer else None


def _invalid_order(context: Context, reason: str) -> dict[str, Any]:
    context.log(f"invalid order: {reason}")
    return {"statusCode": 404, "body": "invalid order"}
