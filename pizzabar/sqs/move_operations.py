"""
The operations on tasks that move messages out of dead-letter queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
"""

import base64
import binascii
from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.arn import parse_arn
from pizzabar.documents import JSON, NotJSON
from pizzabar.sqs import move_tasks
from pizzabar.sqs.errors import (
    InvalidParameterValueException,
    QueueDoesNotExist,
    ResourceNotFoundException,
    invalid_value,
)
from pizzabar.sqs.parameters import compact, number_of, required
from pizzabar.sqs.queue import MoveTask, Queue
from pizzabar.sqs.queues import Queues

MOST_PER_SECOND = 500


async def start_message_move_task(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html"""
    source = _queue(queues, parameters, "SourceArn")
    destination = None
    if parameters.get("DestinationArn"):
        target = _queue(queues, parameters, "DestinationArn")
        if target.is_fifo != source.is_fifo or target.name == source.name:
            reason = "The destination must be another queue, of the same type as the source."
            raise invalid_value(parameters["DestinationArn"], "DestinationArn", reason)
        destination = queues.arn(target.name)
    reason = f"Must be between 1 and {MOST_PER_SECOND}, if provided."
    per_second = number_of(parameters, "MaxNumberOfMessagesPerSecond", 1, MOST_PER_SECOND, reason)
    task = await move_tasks.start(queues, source, destination, per_second)
    return {"TaskHandle": _handle(queues, source, task)}


async def cancel_message_move_task(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html"""
    arn, id = _read_handle(required(parameters, "TaskHandle"))
    task = move_tasks.cancel(queues, _queue(queues, {"SourceArn": arn}, "SourceArn"), id)
    return {"ApproximateNumberOfMessagesMoved": task.moved}


async def list_message_move_tasks(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html"""
    source = _queue(queues, parameters, "SourceArn")
    reason = f"Must be between 1 and {move_tasks.KEPT}, if provided."
    most = number_of(parameters, "MaxResults", 1, move_tasks.KEPT, reason) or 1
    return {"Results": [_describe(queues, source, task) for task in source.move_tasks[:most]]}


def _queue(queues: Queues, parameters: JSON, name: str) -> Queue:
    arn = required(parameters, name)
    if parse_arn(arn) is None:
        raise InvalidParameterValueException(f"Value for parameter {name} is invalid.")
    try:
        return queues.by_arn(arn)
    except QueueDoesNotExist:
        message = f"The resource that you specified for the {name} parameter doesn't exist."
        raise ResourceNotFoundException(message) from None


def _handle(queues: Queues, source: Queue, task: MoveTask) -> str:
    document = {"taskId": task.id, "sourceArn": queues.arn(source.name)}
    return base64.b64encode(documents.encode(document)).decode()


def _read_handle(handle: str) -> tuple[str, str]:
    try:
        document = documents.parse(base64.b64decode(handle, validate=True))
    except (binascii.Error, ValueError, NotJSON):
        document = None
    match document:
        case {"taskId": str(id), "sourceArn": str(arn)}:
            return arn, id
        case _:
            raise InvalidParameterValueException("Value for parameter TaskHandle is invalid.")


def _describe(queues: Queues, source: Queue, task: MoveTask) -> JSON:
    is_running = task.status == move_tasks.RUNNING
    described = {
        "TaskHandle": _handle(queues, source, task) if is_running else None,
        "Status": task.status,
        "SourceArn": queues.arn(source.name),
        "DestinationArn": task.destination,
        "MaxNumberOfMessagesPerSecond": task.per_second,
        "FailureReason": task.failure,
    }
    return compact(described) | {
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started,
    }


OPERATIONS: dict[str, Callable[[Queues, JSON], Awaitable[JSON]]] = {
    "CancelMessageMoveTask": cancel_message_move_task,
    "ListMessageMoveTasks": list_message_move_tasks,
    "StartMessageMoveTask": start_message_move_task,
}
"""The operations by name."""
