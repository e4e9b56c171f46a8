"""
The operations on queues; those on messages, permissions and tasks that move messages stand in modules of their own.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from pizzabar.documents import JSON
from pizzabar.sqs.attributes import COUNTS, check_name, check_readable, read_attributes
from pizzabar.sqs.errors import InvalidAttributeName, InvalidParameterValueException, QueueDoesNotExist
from pizzabar.sqs.message_operations import OPERATIONS as MESSAGE_OPERATIONS
from pizzabar.sqs.move_operations import OPERATIONS as MOVE_OPERATIONS
from pizzabar.sqs.parameters import address_of, page_of, queue_of, required
from pizzabar.sqs.permissions import OPERATIONS as PERMISSION_OPERATIONS
from pizzabar.sqs.queue import FIFO
from pizzabar.sqs.queues import Queues

MOST_TAGS = 50


async def create_queue(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""
    name, given = required(parameters, "QueueName"), parameters.get("Attributes") or {}
    check_name(name, is_fifo=given.get("FifoQueue") == "true")
    attributes = read_attributes(given, name)
    tags = parameters.get("tags") or {}
    _check_tags(tags)
    queues.create(name, attributes, tags)
    return {"QueueUrl": queues.url(name, address_of(parameters))}


async def delete_queue(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html"""
    queue = queue_of(queues, parameters)
    queues.delete(queue.name)
    # One of the template's is there again at the next start.
    queues.changed.note(queue.name)
    return {}


async def get_queue_url(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html"""
    name = required(parameters, "QueueName")
    if parameters.get("QueueOwnerAWSAccountId") not in (None, queues.home.account):
        raise QueueDoesNotExist
    queues.get(name)
    return {"QueueUrl": queues.url(name, address_of(parameters))}


async def list_queues(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html"""
    prefix = parameters.get("QueueNamePrefix") or ""
    return _page(queues, parameters, [each.name for each in queues if each.name.startswith(prefix)], "QueueUrls")


async def list_dead_letter_source_queues(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html"""
    queue = queue_of(queues, parameters)
    names = [each.name for each in queues.sources_of(queue.name)]
    return {"queueUrls": [], **_page(queues, parameters, names, "queueUrls")}


def _page(queues: Queues, parameters: JSON, names: list[str], member: str) -> dict[str, JSON]:
    page, token = page_of(parameters, names)
    address = address_of(parameters)
    answer: dict[str, JSON] = {member: [queues.url(name, address) for name in page]} if page else {}
    return answer if token is None else {**answer, "NextToken": token}


async def get_queue_attributes(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html"""
    queue = queue_of(queues, parameters)
    names = parameters.get("AttributeNames") or []
    check_readable(names)
    if not names:
        return {}
    is_all = "All" in names
    attributes = {
        "QueueArn": queues.arn(queue.name),
        "CreatedTimestamp": str(int(queue.created)),
        "LastModifiedTimestamp": str(int(queue.modified)),
        **queue.standing,
    }
    if is_all or any(name in COUNTS for name in names):
        counts = await queues.messages.count(queue.name)
        found = map(str, (counts.visible, counts.in_flight, counts.delayed))
        attributes |= dict(zip(COUNTS, found, strict=True))
    return {"Attributes": {name: value for name, value in attributes.items() if is_all or name in names}}


async def set_queue_attributes(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""
    queue = queue_of(queues, parameters)
    given = required(parameters, "Attributes")
    if "FifoQueue" in given and not queue.name.endswith(FIFO):
        raise InvalidAttributeName("Unknown Attribute FifoQueue.")
    await queues.set_attributes(queue.name, read_attributes(given, queue.name))
    queues.changed.note(queue.name)
    return {}


async def purge_queue(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html"""
    await queues.purge(queue_of(queues, parameters).name)
    return {}


async def tag_queue(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_TagQueue.html"""
    queue = queue_of(queues, parameters)
    tags = {**queue.tags, **required(parameters, "Tags")}
    _check_tags(tags)
    queues.put(replace(queue, tags=tags))
    queues.changed.note(queue.name)
    return {}


async def untag_queue(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_UntagQueue.html"""
    queue = queue_of(queues, parameters)
    keys = required(parameters, "TagKeys")
    queues.put(replace(queue, tags={key: value for key, value in queue.tags.items() if key not in keys}))
    queues.changed.note(queue.name)
    return {}


async def list_queue_tags(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueueTags.html"""
    return {"Tags": dict(queue_of(queues, parameters).tags)}


def _check_tags(tags: JSON) -> None:
    if len(tags) > MOST_TAGS:
        raise InvalidParameterValueException(f"Too many tags added for queue: a queue can have {MOST_TAGS}.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise InvalidParameterValueException(
                "Tag keys must be between 1 and 128 characters in length, tag values at most 256."
            )


OPERATIONS: dict[str, Callable[[Queues, JSON], Awaitable[JSON]]] = {
    "CreateQueue": create_queue,
    "DeleteQueue": delete_queue,
    "GetQueueAttributes": get_queue_attributes,
    "GetQueueUrl": get_queue_url,
    "ListDeadLetterSourceQueues": list_dead_letter_source_queues,
    "ListQueueTags": list_queue_tags,
    "ListQueues": list_queues,
    "PurgeQueue": purge_queue,
    "SetQueueAttributes": set_queue_attributes,
    "TagQueue": tag_queue,
    "UntagQueue": untag_queue,
    **MESSAGE_OPERATIONS,
    **MOVE_OPERATIONS,
    **PERMISSION_OPERATIONS,
}
"""The operations by name."""
CHANGES = frozenset(
    {
        *("AddPermission", "CreateQueue", "DeleteQueue", "RemovePermission", "SetQueueAttributes", "TagQueue"),
        "UntagQueue",
    }
)
"""Those of which something is kept."""
