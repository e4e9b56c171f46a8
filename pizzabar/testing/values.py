"""
What a test reads, in Python's own values.

Pure.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON


def plain(value: Mapping[str, JSON]) -> Any:
    """Give an attribute value of DynamoDB as what it stands for; a number is an int, or else a ``Decimal``."""
    [(kind, held)] = value.items()
    match kind:
        case "N":
            return _number(held)
        case "NULL":
            return None
        case "L":
            return [plain(each) for each in held]
        case "M":
            return plain_item(held)
        case "SS" | "BS":
            return set(held)
        case "NS":
            return {_number(each) for each in held}
    return held


def plain_item(item: Mapping[str, JSON]) -> dict[str, Any]:
    """Give an item as a dictionary."""
    return {name: plain(value) for name, value in item.items()}


def attribute(value: Any) -> JSON:
    """Give the attribute value that stands for a text, a number, or bytes."""
    if isinstance(value, bool | str | bytes):
        return {{bool: "BOOL", str: "S", bytes: "B"}[type(value)]: value}
    return {"N": str(value)}


def parsed(text: str) -> Any:
    """Give what a text holds if it is JSON, and else the text."""
    try:
        return documents.parse(text)
    except NotJSON:
        return text


def written(message: Any) -> str:
    """Give a message as it is sent: a text as it is, anything else as JSON."""
    return message if isinstance(message, str) else documents.write(message)


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number
