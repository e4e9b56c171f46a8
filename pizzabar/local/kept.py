"""The local store of what was made by API calls: a row for each room."""

import sqlite3
from collections.abc import Mapping

from pizzabar.documents import JSON, encode, parse
from pizzabar.local.database import Database

SELECT = "SELECT room, document FROM kept"
PUT = "REPLACE INTO kept (room, document) VALUES (?, ?)"


class LocalKept:
    """See ``Kept``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Mapping[str, JSON]:
        """Give what was kept last."""
        rows = await self._database.read(lambda connection: connection.execute(SELECT).fetchall())
        return {room: parse(document) for room, document in rows}

    def put(self, room: str, document: JSON) -> None:
        """Keep a document in place of the room's last one."""
        row = (room, encode(document))

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(PUT, row)

        self._database.write_soon(put)
