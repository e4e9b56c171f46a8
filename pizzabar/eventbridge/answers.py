"""
What operations of EventBridge answer: lists in pages, and members that are given.

Pure.
"""

from pizzabar.constraints import natural
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException


def page(parameters: JSON, member: str, found: list[JSON]) -> dict[str, JSON]:
    """Give a page of a list; its token is where the next one begins."""
    start, size = natural(parameters.get("NextToken") or "0"), parameters.get("Limit") or 100
    if start is None:
        raise ValidationException("Parameter NextToken is not valid.")
    answer: dict[str, JSON] = {member: found[start : start + size]}
    return answer | ({"NextToken": str(start + size)} if start + size < len(found) else {})


def given(**members: JSON) -> dict[str, JSON]:
    """Give the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}
