"""What the operations of Step Functions have in common: how they read parameters and page their lists."""

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.stepfunctions.errors import InvalidToken


def text_of(parameters: JSON, name: str) -> str:
    """Give a parameter that must be there. Raise ``ValidationException``."""
    value = parameters.get(name)
    if not isinstance(value, str):
        raise ValidationException(
            f"1 validation error detected: Value null at '{name}' failed to satisfy constraint:"
            " Member must not be null"
        )
    return value


def tags_in(parameters: JSON) -> dict[str, str]:
    """Give the tags of a request."""
    return {text_of(tag, "key"): tag.get("value") or "" for tag in parameters.get("tags") or ()}


def page_of(parameters: JSON, member: str, found: list[JSON]) -> dict[str, JSON]:
    """Give a page of a list; its token is where the next one begins. Raise ``InvalidToken``."""
    token = parameters.get("nextToken") or "0"
    if not (isinstance(token, str) and token.isascii() and token.isdigit()):
        raise InvalidToken(f"Invalid Token: '{token}'")
    start, size = int(token), parameters.get("maxResults") or 100
    answer: dict[str, JSON] = {member: found[start : start + size]}
    return answer | ({"nextToken": str(start + size)} if start + size < len(found) else {})
