"""
The operations on messages.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.journal import CAUSE, Hop
from pizzabar.principal import Principal, unique_id
from pizzabar.sqs.errors import (
    BatchRequestTooLong,
    InvalidMessageContents,
    InvalidParameterValueException,
    MissingRequiredParameterException,
    invalid_value,
)
from pizzabar.sqs.message_attributes import md5_of, read_attributes, read_system_attributes, selected, size_of
from pizzabar.sqs.messages import MAX_VISIBILITY
from pizzabar.sqs.parameters import compact, entries_of, number_of, queue_of, required
from pizzabar.sqs.queue import MAX_MESSAGE_BYTES, Queue
from pizzabar.sqs.queues import Queues
from pizzabar.sqs.receipt import Receipt, read_handle, write_handle
from pizzabar.sqs.shapes import DELETION, SENDING, VISIBILITY
from pizzabar.sqs.store import Message, Placed, Sending
from pizzabar.uuids import new_uuid

MAX_DELAY = 900
MAX_WAIT = 20
MOST_MESSAGES = 10
_FIRST_SEQUENCE_NUMBER = 18_800_000_000_000_000_000
_has_other_characters = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]").search
_is_id = re.compile(r"[!-~]{1,128}").fullmatch
_NOT_OF_THIS_TYPE = "The request include parameter that is not valid for this queue type."


# Sending.


async def send_message(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
    queue = queue_of(queues, parameters)
    if queue.is_fifo and not parameters.get("MessageGroupId"):
        raise MissingRequiredParameterException("MessageGroupId")
    sending = _sending(queues, queue, parameters)
    [placed] = await queues.messages.send(queue.name, [sending])
    return _sent(queue, sending, placed)


async def send_message_batch(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html"""
    queue = queue_of(queues, parameters)
    entries = entries_of(parameters, "SendMessageBatchRequestEntry", SENDING)
    for entry in entries:
        if queue.is_fifo and not entry.get("MessageGroupId"):
            raise InvalidParameterValueException("The request must contain the parameter MessageGroupId.")
        _check_deduplication(queue, entry)
    sendings: dict[str, Sending] = {}
    failed: list[JSON] = []
    for entry in entries:
        try:
            sendings[entry["Id"]] = _sending(queues, queue, entry)
        except ServiceError as error:
            failed.append(_failure(entry["Id"], error))
    size = sum(_size(sending) for sending in sendings.values())
    if size > MAX_MESSAGE_BYTES:
        raise BatchRequestTooLong(MAX_MESSAGE_BYTES, size)
    placed = await queues.messages.send(queue.name, list(sendings.values())) if sendings else []
    successful = [
        {"Id": id, **_sent(queue, sending, at)} for (id, sending), at in zip(sendings.items(), placed, strict=True)
    ]
    return {"Successful": successful, "Failed": failed}


def _sending(queues: Queues, queue: Queue, given: JSON) -> Sending:
    body = given.get("MessageBody")
    if not body:
        raise MissingRequiredParameterException("MessageBody")
    if _has_other_characters(body) is not None:
        raise InvalidMessageContents
    attributes = read_attributes(given.get("MessageAttributes") or {})
    system_attributes = read_system_attributes(given.get("MessageSystemAttributes") or {})
    reason = f"DelaySeconds must be >= 0 and <= {MAX_DELAY}."
    delay = number_of(given, "DelaySeconds", 0, MAX_DELAY, reason)
    if delay and queue.is_fifo:
        raise invalid_value(delay, "DelaySeconds", _NOT_OF_THIS_TYPE)
    group = given.get("MessageGroupId")
    if group is not None and _is_id(group) is None:
        reason = "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise invalid_value(group, "MessageGroupId", reason)
    deduplication_id = _check_deduplication(queue, given)
    if queue.is_fifo and deduplication_id is None:
        deduplication_id = hashlib.sha256(body.encode()).hexdigest()
    now = queues.now()
    sending = Sending(
        new_uuid(),
        body,
        _sender(queues),
        now,
        now + (delay if delay and not queue.is_fifo else queue["DelaySeconds"] if delay is None else 0),
        attributes,
        system_attributes,
        group,
        deduplication_id,
        group if group is not None and queue.standing.get("DeduplicationScope") == "messageGroup" else "",
    )
    most = queue["MaximumMessageSize"]
    if _size(sending) > most:
        raise InvalidParameterValueException(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    return sending


def _check_deduplication(queue: Queue, given: JSON) -> str | None:
    """Give the deduplication id of a message, if it has one. Raise ``InvalidParameterValueException``."""
    id: str | None = given.get("MessageDeduplicationId")
    if id is None:
        if queue.is_fifo and queue.standing["ContentBasedDeduplication"] != "true":
            raise InvalidParameterValueException(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
                "explicitly"
            )
        return None
    if not queue.is_fifo:
        raise invalid_value(id, "MessageDeduplicationId", _NOT_OF_THIS_TYPE)
    if _is_id(id) is None:
        reason = (
            "MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length."
        )
        raise invalid_value(id, "MessageDeduplicationId", reason)
    return id


def _size(sending: Sending) -> int:
    return len(sending.body.encode()) + size_of(sending.attributes)


def _sender(queues: Queues) -> str:
    """Name who sends, as messages tell it: a role and its session, a service, or the account."""
    cause = CAUSE.get()
    principal: Principal | None = cause.asked_by if isinstance(cause, Hop) else None
    if principal is None:
        return queues.home.account
    if principal.role_arn is None:
        return unique_id("AIDA", principal.service)
    return f"{unique_id('AROA', principal.role_arn)}:{principal.session}"


def _sent(queue: Queue, sending: Sending, placed: Placed) -> dict[str, JSON]:
    answer: dict[str, JSON] = {"MD5OfMessageBody": _md5(sending.body), "MessageId": placed.id}
    if sending.attributes:
        answer["MD5OfMessageAttributes"] = md5_of(sending.attributes)
    if sending.system_attributes:
        answer["MD5OfMessageSystemAttributes"] = md5_of(sending.system_attributes)
    if queue.is_fifo:
        answer["SequenceNumber"] = _sequence_number(placed.number)
    return answer


def _md5(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def _sequence_number(number: int) -> str:
    """Write a sequence number: of 20 digits, larger from message to message, and not one after another."""
    return str(_FIRST_SEQUENCE_NUMBER + number * 256)


# Receiving.


async def receive_message(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""
    queue = queue_of(queues, parameters)
    reason = f"Must be between 1 and {MOST_MESSAGES}, if provided."
    most = number_of(parameters, "MaxNumberOfMessages", 1, MOST_MESSAGES, reason) or 1
    visibility = _visibility(parameters)
    wait = number_of(parameters, "WaitTimeSeconds", 0, MAX_WAIT, f"Must be >= 0 and <= {MAX_WAIT}, if provided.")
    attempt = parameters.get("ReceiveRequestAttemptId")
    if attempt is not None:
        if not queue.is_fifo:
            raise invalid_value(attempt, "ReceiveRequestAttemptId", _NOT_OF_THIS_TYPE)
        if _is_id(attempt) is None:
            reason = (
                "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. "
                "1 to 128 in length."
            )
            raise invalid_value(attempt, "ReceiveRequestAttemptId", reason)
    system_names = [
        *(parameters.get("AttributeNames") or []),
        *(parameters.get("MessageSystemAttributeNames") or []),
    ]
    names = parameters.get("MessageAttributeNames") or []
    messages = await queues.messages.receive(queue.name, most=most, visibility=visibility, wait=wait, attempt=attempt)
    return compact({"Messages": [_received(queue, each, system_names, names) for each in messages]})


def _visibility(parameters: JSON) -> int | None:
    reason = f"Must be between 0 and {MAX_VISIBILITY}, if provided."
    return number_of(parameters, "VisibilityTimeout", 0, MAX_VISIBILITY, reason)


def _received(queue: Queue, message: Message, system_names: Sequence[str], names: Sequence[str]) -> JSON:
    sending = message.sending
    answer: dict[str, JSON] = {
        "MessageId": sending.id,
        "ReceiptHandle": write_handle(Receipt(queue.name, message.number, message.received)),
        "MD5OfBody": _md5(sending.body),
        "Body": sending.body,
    }
    is_all = "All" in system_names
    system = {name: value for name, value in _system(queue, message).items() if is_all or name in system_names}
    if system:
        answer["Attributes"] = system
    attributes = selected(sending.attributes, names)
    if attributes:
        answer["MD5OfMessageAttributes"] = md5_of(attributes)
        answer["MessageAttributes"] = attributes
    return answer


def _system(queue: Queue, message: Message) -> dict[str, str]:
    sending = message.sending
    first = message.first_received if message.first_received is not None else sending.sent
    attributes = {
        "SenderId": sending.sender,
        "SentTimestamp": str(round(sending.sent * 1000)),
        "ApproximateReceiveCount": str(message.received),
        "ApproximateFirstReceiveTimestamp": str(round(first * 1000)),
    }
    if sending.group is not None:
        attributes["MessageGroupId"] = sending.group
    if queue.is_fifo:
        attributes["MessageDeduplicationId"] = str(sending.deduplication_id)
        attributes["SequenceNumber"] = _sequence_number(message.number)
    if sending.source_arn is not None:
        attributes["DeadLetterQueueSourceArn"] = sending.source_arn
    return attributes | {name: value["StringValue"] for name, value in sending.system_attributes.items()}


# What is done with messages that are received.


async def delete_message(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html"""
    await _delete(queues, queue_of(queues, parameters), parameters)
    return {}


async def delete_message_batch(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html"""
    entries = entries_of(parameters, "DeleteMessageBatchRequestEntry", DELETION)
    return await _each(queues, queue_of(queues, parameters), entries, _delete)


async def change_message_visibility(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html"""
    await _change_visibility(queues, queue_of(queues, parameters), parameters)
    return {}


async def change_message_visibility_batch(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html"""
    entries = entries_of(parameters, "ChangeMessageVisibilityBatchRequestEntry", VISIBILITY)
    return await _each(queues, queue_of(queues, parameters), entries, _change_visibility)


async def _delete(queues: Queues, queue: Queue, given: JSON) -> None:
    await queues.messages.delete(read_handle(required(given, "ReceiptHandle"), queue.name))


async def _change_visibility(queues: Queues, queue: Queue, given: JSON) -> None:
    receipt = read_handle(required(given, "ReceiptHandle"), queue.name)
    seconds = _visibility(given)
    if seconds is None:
        raise MissingRequiredParameterException("VisibilityTimeout")
    await queues.messages.change_visibility(receipt, seconds)


async def _each(
    queues: Queues, queue: Queue, entries: Sequence[JSON], act: Callable[[Queues, Queue, JSON], Awaitable[None]]
) -> JSON:
    """Do something for each entry of a batch, and tell how each went."""
    successful: list[JSON] = []
    failed: list[JSON] = []
    for entry in entries:
        try:
            await act(queues, queue, entry)
        except ServiceError as error:
            failed.append(_failure(entry["Id"], error))
        else:
            successful.append({"Id": entry["Id"]})
    return {"Successful": successful, "Failed": failed}


def _failure(id: str, error: ServiceError) -> JSON:
    return {
        "Id": id,
        "SenderFault": error.status < 500,
        "Code": error.query_code or error.code,
        "Message": error.message,
    }


OPERATIONS: dict[str, Callable[[Queues, JSON], Awaitable[JSON]]] = {
    "ChangeMessageVisibility": change_message_visibility,
    "ChangeMessageVisibilityBatch": change_message_visibility_batch,
    "DeleteMessage": delete_message,
    "DeleteMessageBatch": delete_message_batch,
    "ReceiveMessage": receive_message,
    "SendMessage": send_message,
    "SendMessageBatch": send_message_batch,
}
"""The operations by name."""
