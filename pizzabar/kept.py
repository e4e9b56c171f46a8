"""
The seam of what was made by API calls: kept in the state, to be there after a restart beside the template's.

A room gives everything of the kind as one document, after each change; what it gave last is what it is given at the
next start. Tables and log groups keep themselves.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from pizzabar.documents import JSON


class Kept(Protocol):
    """Documents, by the names of rooms."""

    async def load(self) -> Mapping[str, JSON]:
        """Give what was kept last."""

    def put(self, room: str, document: JSON) -> None:
        """Keep a document in place of the room's last one. It is durable with whatever is changed now."""


class Changed:
    """The resources of a template that API calls have changed since it made them, of a ``kind``, by their names.

    They are the template's again at the next start: nothing is kept of them but that.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._names: set[str] = set()

    def note(self, name: str) -> None:
        """Note that an API call has changed a resource."""
        self._names.add(name)

    def to_keep(self) -> JSON:
        """Give what is to be told at the next start."""
        return sorted(self._names)

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Tell of what the template has changed back."""
        return [f"the {self._kind} {name} is the template's again" for name in document if name in declared]


class Keeping(Protocol):
    """A room that has resources made by API calls."""

    def to_keep(self) -> JSON:
        """Give what was made by API calls, and changed since the template made it."""

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what was kept, but for what the template ``declared``; tell what that has changed back."""
