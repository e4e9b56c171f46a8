"""
The seam of schedules: what is kept of each schedule and group, by its ARN, and of client tokens.

What is put or deleted is durable with whatever is changed in the same turn: a schedule's place moves on together with
what its time has set off.
"""

from collections.abc import Mapping
from typing import Protocol

from pizzabar.documents import JSON


class ScheduleStore(Protocol):
    """Documents, by key."""

    async def load(self) -> Mapping[str, JSON]:
        """Give all of them."""

    def put(self, key: str, document: JSON) -> None:
        """Keep a document in place of the key's last one."""

    def delete(self, key: str) -> None:
        """Keep nothing of a key."""
