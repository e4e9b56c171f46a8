"""
Tokens of transactions, by which a client may send one again without having it done twice.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.dynamodb.errors import IdempotentParameterMismatchException
from pizzabar.record import record

TOKENS_LAST = timedelta(minutes=10)


@record
class Token:
    """A token, what it was sent with, and until when it is remembered."""

    text: str
    digest: bytes
    until: datetime

    @classmethod
    def of(cls, text: str | None, statements: JSON, now: datetime) -> "Token | None":
        """Give the token of a request, if it has one."""
        if text is None:
            return None
        digest = blake2b(documents.encode(statements), digest_size=16).digest()
        return cls(text, digest, now.astimezone(UTC) + TOKENS_LAST)


class Tokens:
    """The tokens of the transactions that were done. A store keeps them with what those changed."""

    def __init__(self) -> None:
        self._known: dict[str, Token] = {}

    def restore(self, tokens: Iterable[Token]) -> None:
        """Remember those of an earlier process, the oldest first."""
        self._known |= {token.text: token for token in tokens}

    def is_repeated(self, token: Token, now: datetime) -> bool:
        """Whether a transaction of that token was done. Raise ``IdempotentParameterMismatchException``."""
        for text, known in list(self._known.items()):
            # The oldest stand first.
            if known.until > now:
                break
            del self._known[text]
        same = self._known.get(token.text)
        if same is not None and same.digest != token.digest:
            raise IdempotentParameterMismatchException
        return same is not None

    def note(self, token: Token) -> None:
        """Remember a transaction that was done."""
        self._known[token.text] = token
