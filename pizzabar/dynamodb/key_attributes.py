"""
Attributes that keys are made of, and how they are encoded.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html#HowItWorks.CoreComponents.PrimaryKey
"""

from pizzabar.dynamodb.keys import ENCODINGS
from pizzabar.errors import ValidationException
from pizzabar.record import record

MAX_PARTITION_KEY_SIZE = 2048
MAX_SORT_KEY_SIZE = 1024
_EMPTY_KINDS = {"S": "string", "B": "binary"}


@record
class KeyAttribute:
    """An attribute of a key schema and its type: S, N or B."""

    name: str
    type: str


def encode_key(attribute: KeyAttribute, content: str) -> bytes:
    """Encode the content of a key attribute. Raise ``ValidationException`` when it is empty."""
    if not content:
        raise ValidationException(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty {_EMPTY_KINDS[attribute.type]} value. Key: {attribute.name}"
        )
    return ENCODINGS[attribute.type](content)
