"""Connections: who is connected; pushing to a client, and closing its connection."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, field_validator

from pizzabar.apigateway.connections import Connection as Open
from pizzabar.emulator import Emulator
from pizzabar.wire.control.problem import refused

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

    text: str = Field(description="what the client is sent, as it is")


class Closing(BaseModel):
    """How a connection is to be closed."""

    code: int = Field(1000, ge=1000, le=4999, description="a close code; some may only be told of, and not sent")
    reason: str = Field("Connection Closed Normally", description="at most 123 bytes of it")

    @field_validator("code")
    @classmethod
    def _can_be_sent(cls, code: int) -> int:
        # https://www.rfc-editor.org/rfc/rfc6455#section-7.4
        if code in (1004, 1005, 1006, 1015) or 1016 <= code < 3000:
            raise ValueError(f"the code {code} is not for use in a close frame")
        return code

    @field_validator("reason")
    @classmethod
    def _fits(cls, reason: str) -> str:
        # https://www.rfc-editor.org/rfc/rfc6455#section-5.5
        if len(reason.encode(errors="replace")) > 123:
            raise ValueError("a close frame has room for 123 bytes")
        return reason


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/connections", tags=["connections"])
    connections = emulator.runtime.connections
    gone = refused(410, "The connection is closed")
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
