"""
The operations of the API Gateway management API, by AWS's names.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from pizzabar.apigateway.apis import WebSocketApis
from pizzabar.apigateway.connections import PushKey, is_connection_id
from pizzabar.apigateway.errors import BadRequestException, LimitExceededException, PayloadTooLargeException
from pizzabar.documents import JSON
from pizzabar.journal import CAUSE, Hop


async def post_to_connection(apis: WebSocketApis, parameters: JSON) -> JSON:
    """Push a message to a client. ``Data`` is bytes, or text."""
    connection_id = _connection_id(apis, parameters)
    data = parameters.get("Data") or ""
    if not isinstance(data, str | bytes | bytearray):
        raise BadRequestException("Data is bytes, or text")
    text = data if isinstance(data, str) else bytes(data).decode(errors="replace")
    most = apis.quotas.message_bytes
    if len(text) > most or (not text.isascii() and len(text.encode()) > most):
        raise PayloadTooLargeException
    cause = CAUSE.get()
    key = None
    if cause is not None and cause.attempt is not None:
        # The hop that pushes is the work's own; its parent is the attempt.
        key = PushKey(cause.attempt.key, cause.parent if isinstance(cause, Hop) else 0)
    await apis.connections.push(connection_id, text, key)
    return {}


async def get_connection(apis: WebSocketApis, parameters: JSON) -> JSON:
    """Tell about a connection."""
    connection_id = _connection_id(apis, parameters)
    connection = apis.connections.get(connection_id)
    user_agent = {} if connection.user_agent is None else {"userAgent": connection.user_agent}
    return {
        "connectedAt": _timestamp(connection.connected_at),
        "identity": {"sourceIp": connection.source_ip} | user_agent,
        "lastActiveAt": _timestamp(apis.connections.last_active(connection_id)),
    }


async def delete_connection(apis: WebSocketApis, parameters: JSON) -> JSON:
    """Close a connection."""
    await apis.connections.close(_connection_id(apis, parameters), 1000, "Connection Closed Normally")
    return {}


def _connection_id(apis: WebSocketApis, parameters: JSON) -> str:
    """Read the id of a request that may pass."""
    connection_id = parameters.get("ConnectionId") or ""
    if type(connection_id) is not str or not is_connection_id(connection_id):
        raise BadRequestException(f"Invalid connectionId: {connection_id}")
    if not apis.admits_request():
        raise LimitExceededException("Rate exceeded")
    return str(connection_id)


def _timestamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


OPERATIONS: dict[str, Callable[[WebSocketApis, JSON], Awaitable[JSON]]] = {
    "DeleteConnection": delete_connection,
    "GetConnection": get_connection,
    "PostToConnection": post_to_connection,
}
