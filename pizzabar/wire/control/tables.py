"""Tables and their items."""

from typing import Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.dynamodb.search import scan
from pizzabar.emulator import Emulator


class Table(BaseModel):
    """A table, in short."""

    name: str
    arn: str
    key: dict[str, str] = Field(description="the attributes of its key and their types, the hash key first")
    ttl: str | None = Field(description="the attribute by which items expire")
    items: int


class Page(BaseModel):
    """Items, each attribute with its type as DynamoDB writes it, or plain."""

    items: list[dict[str, Any]]
    next: dict[str, Any] | None = Field(default=None, description="the key after which the next page begins")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/tables", tags=["tables"])

    @routes.get("")
    async def list_tables() -> list[Table]:
        """List the tables."""
        found = []
        for table in emulator.tables.tables():
            count, _size = await emulator.tables.statistics(table)
            found.append(
                Table(
                    name=table.name,
                    arn=table.arn,
                    key={each.name: each.type for each in table.key_attributes},
                    ttl=table.ttl,
                    items=count,
                )
            )
        return found

    @routes.get("/{name}/items")
    async def items(
        name: str,
        plain: bool = Query(True, description="whether values are told without their types"),
        after: str | None = Query(None, description="the key after which the page begins, as JSON"),
        limit: int = Query(100, ge=1, le=1000),
    ) -> Page:
        """Read the items of a table, a page at a time."""
        asked: dict[str, JSON] = {"TableName": name, "Limit": limit}
        if after is not None:
            try:
                asked["ExclusiveStartKey"] = documents.parse(after)
            except NotJSON as error:
                raise HTTPException(422, f"after is not JSON: {error}") from None
        # Not by the call table: who looks leaves no hop in the journal.
        answer = await scan(emulator.tables, asked)
        found = answer["Items"]
        shown = [{key: _plain(value) for key, value in item.items()} for item in found] if plain else found
        return Page(items=shown, next=answer.get("LastEvaluatedKey"))

    return routes


def _plain(value: JSON) -> JSON:
    """Write an attribute value without its types; numbers that JSON cannot hold exactly stay text."""
    [(type_, content)] = value.items()
    match type_:
        case "N":
            return _number(content)
        case "NULL":
            return None
        case "L":
            return [_plain(member) for member in content]
        case "M":
            return {name: _plain(member) for name, member in content.items()}
        case "NS":
            return [_number(member) for member in content]
        case _:
            return content


def _number(text: str) -> JSON:
    try:
        number: int | float = int(text)
    except ValueError:
        number = float(text)
    return number if abs(number) < 2**53 and (isinstance(number, int) or repr(number) == text) else text
