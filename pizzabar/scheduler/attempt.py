"""
What becomes of an attempt that failed: another one, or a dead letter.

Pure. AWS does not say which errors are for good. Here it is those that would come again: what is not there, is not
allowed or is asked wrongly, which are all errors of status 4xx but for throttling.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
"""

from datetime import datetime, timedelta
from hashlib import blake2b

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.scheduler.target import Occasion
from pizzabar.scheduler.universal import ApiCall

LONGEST_BACK_OFF = timedelta(minutes=10)
MAX_MESSAGE_BYTES = 256 << 10
OWN_FAULT = ("AWS.Scheduler.InternalServerError", "Unexpected error occurred while processing the request")
"""Code and message where it was not the target that failed."""
_THROTTLING = ("Throttl", "TooManyRequests", "LimitExceeded", "ThroughputExceeded", "RequestLimit", "SlowDown")


def is_permanent(error: ServiceError) -> bool:
    """Whether another attempt would fail the same way."""
    return error.status < 500 and error.status != 429 and not any(each in error.code for each in _THROTTLING)


def next_attempt(retries: JSON, key: str, attempts: int, due: datetime, now: datetime) -> datetime | str:
    """Tell when to try again after so many attempts, or which condition says not to.

    AWS backs off exponentially; the base and the longest back-off are ours.
    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
    """
    if attempts > retries["MaximumRetryAttempts"]:
        return "MaximumRetryAttempts"
    jitter = blake2b(f"{key}{attempts}".encode(), digest_size=1).digest()[0] / 255
    when = now + min(timedelta(seconds=2.0 ** min(attempts - 1, 16)), LONGEST_BACK_OFF) * (0.5 + jitter / 2)
    return "MaximumEventAgeInSeconds" if when > due + age_of(retries) else when


def age_of(retries: JSON) -> timedelta:
    """Give how old an event may become."""
    return timedelta(seconds=retries["MaximumEventAgeInSeconds"])


def dead_letter(
    queue: str, call: ApiCall, occasion: Occasion, code: str, message: str, exhausted: str | None
) -> ApiCall:
    """Give the message that tells a queue, by its URL, of a call that was given up."""
    attributes = {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
        "EXECUTION_ID": occasion.execution_id,
        "EXHAUSTED_RETRY_CONDITION": exhausted,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(max(occasion.attempt - 1, 0)),
        "SCHEDULED_TIME": occasion.time,
        "SCHEDULE_ARN": occasion.schedule_arn,
        "TARGET_ARN": call.arn,
    }
    body = documents.encode(call.parameters)
    # Attributes count as well: by name, type and value.
    room = MAX_MESSAGE_BYTES - sum(
        len(name) + len("String") + len(value.encode()) for name, value in attributes.items() if value
    )
    if len(body) > room:
        body, attributes["IS_PAYLOAD_TRUNCATED"] = body[:room], "true"
    return ApiCall(
        "sqs",
        "sendMessage",
        {
            "QueueUrl": queue,
            "MessageBody": body.decode(errors="ignore"),
            "MessageAttributes": {
                # An attribute without a value is none.
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if value
            },
        },
    )
