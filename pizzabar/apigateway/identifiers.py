"""Ids of API Gateway's resources: the same at each start, of the form that AWS's have."""

import hashlib
from base64 import b32encode
from collections.abc import Callable, Mapping

from pizzabar.documents import JSON
from pizzabar.resource import Identity, Naming


def make_id(naming: Naming, logical_id: str, length: int) -> str:
    """Make the id of a resource of a stack, of so many characters."""
    digest = hashlib.blake2b(f"{naming.stack}/{logical_id}".encode(), digest_size=10).digest()
    return b32encode(digest).decode().lower()[:length]


def part_known_as(attribute: str) -> Callable[[str, Mapping[str, JSON], Naming], Identity]:
    """Identify a part of an API by an id, which ``Fn::GetAtt`` gives as an attribute, too."""

    def identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
        id_ = make_id(naming, logical_id, 7)
        return Identity(id_, {attribute: id_})

    return identify
