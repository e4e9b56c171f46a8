"""What the expressions of a state can see: the data, the context object, the variables, the time and the seed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256

from pizzabar.documents import JSON

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Scope:
    """A view for the expressions of one state. ``context`` is asked only when an expression looks at it.

    ``more`` has the members of ``$states`` beside input and context. Randomness is drawn from a seed, so that the
    same scope gives the same values in the same order.
    """

    __slots__ = ("_drawn", "context", "data", "more", "now", "seed", "variables")

    def __init__(
        self,
        data: JSON,
        context: Callable[[], JSON] = dict,
        variables: Mapping[str, JSON] | None = None,
        seed: tuple[str, int] = ("", 0),
        now: datetime = LONG_AGO,
        more: Mapping[str, JSON] | None = None,
    ) -> None:
        self.data = data
        self.context = context
        self.variables = {} if variables is None else variables
        self.seed = seed
        self.now = now
        self.more = more
        self._drawn = 0

    def draw(self) -> bytes:
        """Give 32 bytes that look random."""
        self._drawn += 1
        return sha256(f"{self.seed[0]}/{self.seed[1]}/{self._drawn}".encode()).digest()
