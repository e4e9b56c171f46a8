"""
Plain values as DynamoDB's attribute values, and back.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from typing import Any


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write an object as an item."""
    return {name: {"S": value} if type(value) is str else to_attribute(value) for name, value in values.items()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read an item as an object."""
    return {
        name: attribute["S"] if "S" in attribute else from_attribute(attribute) for name, attribute in item.items()
    }


def to_attribute(value: Any) -> dict[str, Any]:
    """Write a JSON value as an attribute value."""
    match value:
        case str():
            return {"S": value}
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": repr(value)}
        case list():
            return {"L": [to_attribute(member) for member in value]}
        case dict():
            return {"M": to_item(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no attribute value")


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """Read an attribute value as a JSON value."""
    [(kind, value)] = attribute.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return float(value) if "." in value or "e" in value.lower() else int(value)
        case "L":
            return [from_attribute(member) for member in value]
        case "M":
            return from_item(value)
        case _:
            return value
