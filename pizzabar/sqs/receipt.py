"""
Receipt handles: they name one receipt of one message, and are good for that alone.

Pure. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
"""

import base64
import binascii

from pizzabar import documents
from pizzabar.documents import NotJSON
from pizzabar.record import record
from pizzabar.sqs.errors import ReceiptHandleIsInvalid


@record
class Receipt:
    """The receipt of a message: the message's number in a queue, and how often it had been received then."""

    queue: str
    number: int
    received: int


def write_handle(receipt: Receipt) -> str:
    """Write a handle."""
    return base64.b64encode(documents.encode([receipt.queue, receipt.number, receipt.received])).decode()


def read_handle(handle: str, queue: str) -> Receipt:
    """Read a handle of a message of a queue. Raise ``ReceiptHandleIsInvalid``."""
    try:
        found = documents.parse(base64.b64decode(handle, validate=True))
    except (binascii.Error, ValueError, NotJSON):
        raise ReceiptHandleIsInvalid(handle) from None
    match found:
        case [str(name), int(number), int(received)] if name == queue and 0 < number < 1 << 63:
            return Receipt(name, number, received)
        case _:
            raise ReceiptHandleIsInvalid(handle)
