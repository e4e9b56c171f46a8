"""
Tokens of transactions, by which a client may send one again without having it done twice.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.dynamodb.errors import IdempotentParameterMismatchException

TOKENS_LAST = timedelta(minutes=10)


class Tokens:
    """The tokens by which clients repeat a transaction. They last ten minutes, and as long as the process."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, datetime]] = {}

    def is_repeated(self, token: str, parameters: Mapping[str, JSON], now: datetime) -> bool:
        """Whether a transaction of that token was done. Raise ``IdempotentParameterMismatchException``."""
        for known, (_, until) in list(self._known.items()):
            # The oldest stand first.
            if until > now:
                break
            del self._known[known]
        if token not in self._known:
            return False
        if self._known[token][0] != _digest(parameters):
            raise IdempotentParameterMismatchException
        return True

    def note(self, token: str, parameters: Mapping[str, JSON], now: datetime) -> None:
        """Note a transaction that was done."""
        self._known[token] = _digest(parameters), now + TOKENS_LAST


def _digest(parameters: Mapping[str, JSON]) -> bytes:
    return blake2b(
        documents.encode(parameters.get("TransactItems") or parameters["TransactStatements"]), digest_size=16
    ).digest()
