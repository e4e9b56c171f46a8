"""Pages of lists, as Lambda gives them: the marker of a page is where it begins."""

from collections.abc import Sequence

from pizzabar.constraints import natural
from pizzabar.documents import JSON
from pizzabar.lambda_.errors import InvalidParameterValueException


def page_of(parameters: JSON, member: str, found: Sequence[JSON], largest: int) -> dict[str, JSON]:
    """Give a page of what there is, of ``MaxItems`` or as many as a page has at most, and the marker of the next.

    Raise ``InvalidParameterValueException``.
    https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
    """
    start, most = (_number(parameters, name, usual) for name, usual in (("Marker", 0), ("MaxItems", largest)))
    end = start + max(1, min(most, largest))
    page: dict[str, JSON] = {member: list(found[start:end])}
    return page | ({"NextMarker": str(end)} if end < len(found) else {})


def _number(parameters: JSON, name: str, usual: int) -> int:
    """Read a number that comes in the address, as text."""
    given = parameters.get(name) or usual
    number = natural(given)
    if number is None:
        raise InvalidParameterValueException(f"Invalid {name}: {given}", Type="User")
    return number
