"""
The secrets of connections, and how they are kept out of what is told.

Pure. Passwords, keys and secrets of clients are always secret; an additional parameter is if it says so.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateConnection.html
"""

from collections.abc import Iterable, Iterator

from pizzabar.documents import JSON

MASK = "***"
DEEPEST = 16
"""Levels of parameters that are looked into: a connection's are seven. What is deeper is secret as a whole."""
SECRETS = frozenset({"ApiKeyValue", "ClientSecret", "Password"})


def masked(value: JSON) -> JSON:
    """Give parameters, or properties, with a mask in the place of every secret."""
    return _with(value, MASK)


def without_secrets(value: JSON) -> JSON:
    """Give parameters without the members that are secret."""
    return _with(value, None)


def secrets_of(value: JSON) -> Iterator[str]:
    """Give all that is secret in parameters."""
    match value:
        case dict():
            for name, member in value.items():
                if _is_secret(name, value) and isinstance(member, str):
                    yield member
                else:
                    yield from secrets_of(member)
        case list():
            for member in value:
                yield from secrets_of(member)


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Give a text with a mask in the place of every secret that it repeats."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _with(value: JSON, mask: str | None, level: int = 0) -> JSON:
    if level > DEEPEST:
        return mask
    match value:
        case dict():
            return {
                name: mask if _is_secret(name, value) else _with(member, mask, level + 1)
                for name, member in value.items()
                if mask is not None or not _is_secret(name, value)
            }
        case list():
            return [_with(member, mask, level + 1) for member in value]
    return value


def _is_secret(name: str, owner: dict[str, JSON]) -> bool:
    # In a template, true may be a text.
    return name in SECRETS or (name == "Value" and owner.get("IsValueSecret") not in (None, False, "false"))
