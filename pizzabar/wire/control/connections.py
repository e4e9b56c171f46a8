"""Connections: who is connected; pushing to a client, and closing its connection."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from pizzabar.apigateway.connections import Connection as Open
from pizzabar.emulator import Emulator

SERVICE = "apigatewaymanagementapi"


class Connection(BaseModel):
    """A connection that is open."""

    id: str
    api: str = Field(description="the id of its API")
    stage: str
    domain_name: str
    connected_at: datetime
    last_active_at: datetime = Field(description="when something last went over it, in either direction")
    source_ip: str
    user_agent: str | None
    authorizer: dict[str, Any] | None = Field(description="what its authorizer said")


class Message(BaseModel):
    """What is to be pushed."""

    text: str


class Closing(BaseModel):
    """How a connection is to be closed."""

    code: int = Field(1000, ge=1000, le=4999)
    reason: str = Field("Connection Closed Normally", max_length=123)


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/connections", tags=["connections"])
    connections = emulator.runtime.connections
    gone: dict[int | str, dict[str, Any]] = {410: {"description": "The connection is closed"}}
    id_ = Path(description="the id of the connection")

    @routes.get("")
    async def list_connections() -> list[Connection]:
        """List the connections that are open, the oldest first."""
        return [_read(each, connections.last_active(each.id)) for each in connections]

    @routes.get("/{id}", responses=gone)
    async def get_connection(id: str = id_) -> Connection:
        """Read a connection."""
        return _read(connections.get(id), connections.last_active(id))

    @routes.post("/{id}/messages", status_code=204, responses=gone)
    async def push(message: Message, id: str = id_) -> None:
        """Push a text frame to a client, as a function would."""
        await emulator.call(SERVICE, "PostToConnection", {"ConnectionId": id, "Data": message.text})

    @routes.post("/{id}/close", status_code=204, responses=gone)
    async def close(closing: Closing, id: str = id_) -> None:
        """Close a connection, with a code and a reason of one's own."""
        await connections.close(id, closing.code, closing.reason)

    return routes


def _read(connection: Open, last_active: datetime) -> Connection:
    return Connection(
        id=connection.id,
        api=connection.api_id,
        stage=connection.stage,
        domain_name=connection.domain_name,
        connected_at=connection.connected_at,
        last_active_at=last_active,
        source_ip=connection.source_ip,
        user_agent=connection.user_agent,
        authorizer=None if connection.authorizer is None else dict(connection.authorizer),
    )
