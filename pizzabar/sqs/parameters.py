"""
The parameters of the operations of SQS, and what is wrong in them.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pizzabar.documents import JSON
from pizzabar.shapes import Shape, checked
from pizzabar.sqs.errors import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidAddress,
    InvalidBatchEntryId,
    InvalidParameterValueException,
    MissingRequiredParameterException,
    QueueDoesNotExist,
    TooManyEntriesInBatchRequest,
    invalid_value,
)
from pizzabar.sqs.queue import Queue
from pizzabar.sqs.queues import Queues

MOST_ENTRIES = 10
MAX_PAGE = 1000
_is_entry_id = re.compile(r"[A-Za-z0-9_-]{1,80}").fullmatch
_is_path = re.compile(r"(?:/[^/]+)*/(\d{12})/([^/]+)/?").fullmatch


def required(parameters: JSON, name: str) -> JSON:
    """Give a parameter. Raise ``MissingRequiredParameterException``."""
    value = parameters.get(name)
    if value is None or value == "":
        raise MissingRequiredParameterException(name)
    return value


def queue_of(queues: Queues, parameters: JSON) -> Queue:
    """Give the queue that a request names, by its address at any host.

    Raise ``MissingRequiredParameterException``, ``InvalidAddress`` or ``QueueDoesNotExist``.
    """
    url = required(parameters, "QueueUrl")
    path = _is_path(path_of(url))
    if path is None:
        raise InvalidAddress(url)
    if path[1] != queues.home.account:
        raise QueueDoesNotExist
    return queues.get(path[2])


def path_of(url: str) -> str:
    """Give the path of an address; none of what is no address."""
    try:
        return urlsplit(url).path if "://" in url else ""
    except ValueError:
        return ""


def address_of(parameters: JSON) -> str | None:
    """Give the address that a request came to, which the addresses of queues are at; None for one from inside."""
    host = parameters.get("Host")
    return None if host is None else f"http://{host}"


def number_of(parameters: JSON, name: str, least: int, most: int, reason: str) -> int | None:
    """Give a number within bounds, None if there is none. Raise ``InvalidParameterValueException``."""
    value = parameters.get(name)
    if value is None:
        return None
    if not least <= value <= most:
        raise invalid_value(value, name, reason)
    return int(value)


def entries_of(parameters: JSON, kind: str, shape: Shape) -> list[JSON]:
    """Give the entries of a batch, each of a shape. Raise what is wrong in it as a whole."""
    entries: list[JSON] = checked(parameters.get("Entries") or [], [shape])
    if not entries:
        raise EmptyBatchRequest(kind)
    if len(entries) > MOST_ENTRIES:
        raise TooManyEntriesInBatchRequest(len(entries))
    seen: set[str] = set()
    for entry in entries:
        id = entry.get("Id")
        if id is None:
            raise MissingRequiredParameterException("Id")
        if _is_entry_id(id) is None:
            raise InvalidBatchEntryId
        if id in seen:
            raise BatchEntryIdsNotDistinct(id)
        seen.add(id)
    return entries


def page_of(parameters: JSON, names: list[str]) -> tuple[list[str], str | None]:
    """Give a page of what is in order, and the token of the next. Raise ``InvalidParameterValueException``."""
    most = parameters.get("MaxResults")
    if most is not None and not 1 <= most <= MAX_PAGE:
        raise invalid_value(most, "MaxResults", f"MaxResults must be an integer between 1 and {MAX_PAGE}.")
    token = parameters.get("NextToken")
    if token is not None:
        if most is None:
            raise InvalidParameterValueException("NextToken requires MaxResults to be set.")
        names = [name for name in names if name > token]
    page = names[: most or MAX_PAGE]
    # Without a size the first thousand are all that is told.
    return page, page[-1] if most is not None and len(names) > len(page) else None


def compact(members: Mapping[str, JSON]) -> dict[str, JSON]:
    """Leave out the members that are empty."""
    return {name: value for name, value in members.items() if value not in (None, [], {})}
