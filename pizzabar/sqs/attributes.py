"""
The attributes of queues: which there are, and what they can be.

Pure. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

import re
from collections.abc import Callable, Mapping

from pizzabar import documents
from pizzabar.arn import parse_arn
from pizzabar.documents import JSON, NotJSON
from pizzabar.sqs.errors import (
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidParameterValueException,
    invalid_value,
)
from pizzabar.sqs.queue import FIFO, FIFO_DEFAULTS, MAX_MESSAGE_BYTES

_is_name = re.compile(r"[a-zA-Z0-9_-]{1,80}").fullmatch
_is_fifo_name = re.compile(r"[a-zA-Z0-9_-]{1,75}\.fifo").fullmatch
_is_number = re.compile(r"[0-9]{1,9}").fullmatch
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
READ_ONLY = (*COUNTS, "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn")
MAX_SOURCES = 10


def check_name(name: str, *, is_fifo: bool) -> None:
    """Raise ``InvalidParameterValueException`` for what no queue of a kind is named."""
    if is_fifo:
        if _is_fifo_name(name) is None:
            raise InvalidParameterValueException(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
                "must end with .fifo suffix and be 1 to 80 in length."
            )
    elif _is_name(name) is None:
        raise InvalidParameterValueException(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )


def read_attributes(given: Mapping[str, str], name: str) -> dict[str, str]:
    """Give the attributes that are set on a queue of a name; one that is empty is taken away.

    Raise ``InvalidAttributeName``, ``InvalidAttributeValue`` or ``InvalidParameterValueException``.
    """
    is_fifo = name.endswith(FIFO)
    for attribute, value in given.items():
        check = _CHECKS.get(attribute)
        if check is None or (attribute in FIFO_DEFAULTS and not is_fifo):
            raise InvalidAttributeName(f"Unknown Attribute {attribute}.")
        if value == "" and attribute in _REMOVABLE:
            continue
        check(attribute, value)
    if given.get("KmsMasterKeyId") and given.get("SqsManagedSseEnabled") == "true":
        raise InvalidAttributeName(
            "You can use one type of server-side encryption (SSE) at one time. "
            "You can either enable KMS SSE or SQS SSE."
        )
    return dict(given)


def changed(standing: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Give attributes as they are once others are set. Raise ``InvalidAttributeValue``."""
    attributes = {**standing, **given}
    if given.get("KmsMasterKeyId"):
        attributes["SqsManagedSseEnabled"] = "false"
    elif given.get("SqsManagedSseEnabled") == "true":
        attributes.pop("KmsMasterKeyId", None)
    if (
        attributes.get("FifoThroughputLimit") == "perMessageGroupId"
        and attributes.get("DeduplicationScope") != "messageGroup"
    ):
        raise InvalidAttributeValue(
            "FifoThroughputLimit", "perMessageGroupId is allowed only when DeduplicationScope is messageGroup."
        )
    return {name: value for name, value in attributes.items() if value != "" or name not in _REMOVABLE}


_REMOVABLE = frozenset(
    {"KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy"}
)


def _between(least: int, most: int) -> Callable[[str, str], None]:
    def check(name: str, value: str) -> None:
        if _is_number(value) is None or not least <= int(value) <= most:
            raise InvalidAttributeValue(name)

    return check


def _one_of(*values: str) -> Callable[[str, str], None]:
    def check(name: str, value: str) -> None:
        if value not in values:
            raise InvalidAttributeValue(name)

    return check


def _is_type(name: str, value: str) -> None:
    if value != "true":
        raise InvalidAttributeValue(name, "Modifying queue type is not supported.")


def _any(name: str, value: str) -> None:
    """A key of KMS: nothing is encrypted here."""


def _object(value: str) -> JSON:
    """Read an object; None for what is none."""
    try:
        document = documents.parse(value)
    except NotJSON:
        return None
    return document if isinstance(document, dict) else None


def _policy(name: str, value: str) -> None:
    document = _object(value)
    statements = None if document is None else document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
        raise InvalidAttributeValue(name)


def _redrive_policy(name: str, value: str) -> None:
    policy = _object(value)
    if policy is None:
        raise invalid_value(value, name, "Redrive policy is not a valid JSON map.")
    for member in ("deadLetterTargetArn", "maxReceiveCount"):
        if policy.get(member) is None:
            raise invalid_value(value, name, f"Redrive policy does not contain mandatory attribute: {member}.")
    arn = policy["deadLetterTargetArn"]
    if not isinstance(arn, str) or (parsed := parse_arn(arn)) is None or parsed.service != "sqs":
        raise invalid_value(value, name, "Invalid value for deadLetterTargetArn.")
    most = policy["maxReceiveCount"]
    if isinstance(most, bool) or _is_number(str(most)) is None or not 1 <= int(most) <= 1000:
        reason = f"Invalid value for maxReceiveCount: {most}, valid values are from 1 to 1000 both inclusive."
        raise invalid_value(value, name, reason)


def _redrive_allow_policy(name: str, value: str) -> None:
    policy = _object(value)
    if policy is None:
        raise invalid_value(value, name, "Redrive allow policy is not a valid JSON map.")
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in ("allowAll", "byQueue", "denyAll"):
        raise invalid_value(value, name, "Invalid value for redrivePermission.")
    if permission != "byQueue":
        if sources is not None:
            raise invalid_value(value, name, "sourceQueueArns is allowed only when redrivePermission is byQueue.")
        return
    if not isinstance(sources, list) or not 1 <= len(sources) <= MAX_SOURCES:
        raise invalid_value(value, name, f"sourceQueueArns must have 1 to {MAX_SOURCES} ARNs.")
    for arn in sources:
        if not isinstance(arn, str) or (parsed := parse_arn(arn)) is None or parsed.service != "sqs":
            raise invalid_value(value, name, "Invalid value for sourceQueueArns.")


_CHECKS: Mapping[str, Callable[[str, str], None]] = {
    "ContentBasedDeduplication": _one_of("true", "false"),
    "DeduplicationScope": _one_of("messageGroup", "queue"),
    "DelaySeconds": _between(0, 900),
    "FifoQueue": _is_type,
    "FifoThroughputLimit": _one_of("perMessageGroupId", "perQueue"),
    "KmsDataKeyReusePeriodSeconds": _between(60, 86_400),
    "KmsMasterKeyId": _any,
    "MaximumMessageSize": _between(1_024, MAX_MESSAGE_BYTES),
    "MessageRetentionPeriod": _between(60, 1_209_600),
    "Policy": _policy,
    "ReceiveMessageWaitTimeSeconds": _between(0, 20),
    "RedriveAllowPolicy": _redrive_allow_policy,
    "RedrivePolicy": _redrive_policy,
    "SqsManagedSseEnabled": _one_of("true", "false"),
    "VisibilityTimeout": _between(0, 43_200),
}
SETTABLE = frozenset(_CHECKS)
"""The attributes that can be set."""


def check_readable(names: list[str]) -> None:
    """Raise ``InvalidAttributeName`` for the first of what are names of no attributes."""
    for name in names:
        if name not in SETTABLE and name not in READ_ONLY and name != "All":
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
