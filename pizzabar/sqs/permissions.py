"""
Permissions of queues: who may do what with one, as statements of its resource policy.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-overview-of-managing-access.html
"""

import re
from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.sqs.errors import OverLimit, invalid_value
from pizzabar.sqs.parameters import queue_of, required
from pizzabar.sqs.queues import Queues

MOST_ACTIONS = 7
SHARED = frozenset(
    {
        *("*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl"),
        *("ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage"),
    }
)
"""The actions that can be permitted to other accounts."""
_is_label = re.compile(r"[A-Za-z0-9_-]{1,80}").fullmatch
_is_account = re.compile(r"\d{12}").fullmatch


async def add_permission(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html"""
    queue = queue_of(queues, parameters)
    label = required(parameters, "Label")
    accounts, actions = required(parameters, "AWSAccountIds"), required(parameters, "Actions")
    if _is_label(label) is None:
        raise invalid_value(label, "Label", "Must be 1 to 80 alphanumeric characters, hyphens and underscores.")
    for account in accounts:
        if _is_account(account) is None:
            raise invalid_value(account, "PrincipalId", "Unable to verify.")
    for action in actions:
        if action not in SHARED:
            names = ", ".join(sorted(SHARED - {"*"}))
            raise invalid_value(f"SQS:{action}", "ActionName", f"Please refer to the appropriate WSDL: {names}.")
    if len(actions) > MOST_ACTIONS:
        raise OverLimit
    policy = queue.policy or {"Version": "2008-10-17", "Id": f"{queues.arn(queue.name)}/SQSDefaultPolicy"}
    statements = _statements(policy)
    if any(each.get("Sid") == label for each in statements):
        raise invalid_value(label, "Label", "Already exists.")
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_all([f"arn:aws:iam::{account}:root" for account in accounts])},
        "Action": _one_or_all([f"SQS:{action}" for action in actions]),
        "Resource": queues.arn(queue.name),
    }
    await _put(queues, queue.name, {**policy, "Statement": [*statements, statement]})
    return {}


async def remove_permission(queues: Queues, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_RemovePermission.html"""
    queue, label = queue_of(queues, parameters), required(parameters, "Label")
    policy = queue.policy or {}
    statements = _statements(policy)
    left = [each for each in statements if each.get("Sid") != label]
    if len(left) == len(statements):
        raise invalid_value(label, "Label", "can't find label.")
    await _put(queues, queue.name, {**policy, "Statement": left} if left else None)
    return {}


async def _put(queues: Queues, name: str, policy: JSON) -> None:
    await queues.set_attributes(name, {"Policy": "" if policy is None else documents.write(policy)})
    queues.changed.note(name)


def _statements(policy: JSON) -> list[JSON]:
    statements = policy.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _one_or_all(texts: list[str]) -> JSON:
    return texts[0] if len(texts) == 1 else texts


OPERATIONS: dict[str, Callable[[Queues, JSON], Awaitable[JSON]]] = {
    "AddPermission": add_permission,
    "RemovePermission": remove_permission,
}
"""The operations by name."""
