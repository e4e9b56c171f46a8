"""
Destinations and dead-letter queues: who is told how an asynchronous invocation ended, and of what.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pizzabar import documents
from pizzabar.arn import parse_arn, queue_url
from pizzabar.documents import JSON
from pizzabar.lambda_.event_invoke_config import EventInvokeConfig
from pizzabar.lambda_.json_log import timestamp
from pizzabar.record import record

SUCCESS, EXHAUSTED, TOO_OLD, NO_CONCURRENCY = (
    *("Success", "RetriesExhausted", "EventAgeExceeded"),
    "ZeroReservedConcurrency",
)
MOST_BYTES = 1 << 20
"""A record that is larger than what queues and buses take is sent without its payloads."""
_MOST_OF_MESSAGE = 1024


@record
class Ending:
    """How an invocation ended, at a ``time``; ``response`` is the text of the last attempt, if one ran."""

    condition: str
    request_id: str
    function_arn: str
    """With the version that was invoked."""
    version: str
    payload: JSON
    attempts: int
    time: datetime
    response: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the function has done it."""
        return self.condition == SUCCESS


@record
class Telling:
    """A call that tells somebody; ``key`` is the same whenever it is made for the same ending."""

    key: str
    service: str
    operation: str
    parameters: JSON


def tellings(ending: Ending, config: EventInvokeConfig, dead_letter_arn: str | None) -> Iterator[Telling]:
    """Give the calls that tell of an ending."""
    destination = config.on_success if ending.is_success else config.on_failure
    if destination is not None:
        yield _to_destination(ending, destination)
    if dead_letter_arn is not None and not ending.is_success:
        yield Telling(f"{ending.request_id}/dead", "sqs", "SendMessage", _dead_letter(ending, dead_letter_arn))


@record
class GivenUp:
    """A batch of a stream's records that is given up after so many attempts, at a ``time``."""

    condition: str
    request_id: str
    function_arn: str
    version: str
    attempts: int
    time: datetime
    stream_arn: str
    shard_id: str
    batch: Sequence[JSON]
    is_error: bool
    """Whether the last attempt ended in an error, or told which records it could not do."""


RETRIES_EXHAUSTED, RECORDS_TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"


def telling_of_batch(given_up: GivenUp, destination: str) -> Telling:
    """Give the call that tells a queue of a batch: what it was, though not the records themselves.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    first, last = given_up.batch[0]["dynamodb"], given_up.batch[-1]["dynamodb"]
    response: dict[str, JSON] = {"statusCode": 200, "executedVersion": given_up.version}
    told = {
        "requestContext": {
            "requestId": given_up.request_id,
            "functionArn": given_up.function_arn,
            "condition": given_up.condition,
            "approximateInvokeCount": given_up.attempts,
        },
        "responseContext": {**response, "functionError": "Unhandled"} if given_up.is_error else response,
        "version": "1.0",
        "timestamp": timestamp(given_up.time),
        "DDBStreamBatchInfo": {
            "shardId": given_up.shard_id,
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _to_the_second(first["ApproximateCreationDateTime"]),
            "approximateArrivalOfLastRecord": _to_the_second(last["ApproximateCreationDateTime"]),
            "batchSize": len(given_up.batch),
            "streamArn": given_up.stream_arn,
        },
    }
    parameters = {"QueueUrl": queue_url(destination), "MessageBody": documents.write(told)}
    return Telling(f"{given_up.request_id}/{given_up.condition}", "sqs", "SendMessage", parameters)


def _to_the_second(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def invocation_record(ending: Ending) -> JSON:
    """Give what a destination is told.

    What a response that was never given would be told by is not there; AWS's reference shows no such record.
    """
    told: dict[str, JSON] = {
        "version": "1.0",
        "timestamp": timestamp(ending.time),
        "requestContext": {
            "requestId": ending.request_id,
            "functionArn": ending.function_arn,
            "condition": ending.condition,
            "approximateInvokeCount": ending.attempts,
        },
        "requestPayload": ending.payload,
    }
    if ending.response is not None:
        context = {"statusCode": 200, "executedVersion": ending.version}
        told["responseContext"] = context if ending.is_success else {**context, "functionError": "Unhandled"}
        told["responsePayload"] = documents.parse(ending.response)
    return told


def _to_destination(ending: Ending, arn: str) -> Telling:
    told = invocation_record(ending)
    text = documents.write(told)
    if len(text.encode()) > MOST_BYTES:
        text = documents.write({name: told[name] for name in told if not name.endswith("Payload")})
    parsed = parse_arn(arn)
    assert parsed is not None
    key = f"{ending.request_id}/{ending.condition}"
    match parsed.service:
        case "sqs":
            return Telling(key, "sqs", "SendMessage", {"QueueUrl": queue_url(arn), "MessageBody": text})
        case "lambda":
            parameters = {"FunctionName": arn, "InvocationType": "Event", "Payload": text}
            return Telling(key, "lambda", "Invoke", parameters)
        case _:
            entry = {
                "EventBusName": arn,
                "Source": "lambda",
                "DetailType": f"Lambda Function Invocation Result - {'Success' if ending.is_success else 'Failure'}",
                "Detail": text,
                "Resources": [arn, ending.function_arn],
            }
            return Telling(key, "events", "PutEvents", {"Entries": [entry]})


def _dead_letter(ending: Ending, arn: str) -> JSON:
    """Write the message of a dead-letter queue: the event, and why nothing came of it in attributes.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq
    """
    attributes = {"RequestID": ("String", ending.request_id), "ErrorCode": ("Number", "200")}
    if ending.response is None:
        attributes["ErrorCode"] = ("Number", "429")
    message = _error_message(ending.response)
    if message:
        attributes["ErrorMessage"] = ("String", message[:_MOST_OF_MESSAGE])
    return {
        "QueueUrl": queue_url(arn),
        "MessageBody": documents.write(ending.payload),
        "MessageAttributes": {
            name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()
        },
    }


def _error_message(response: str | None) -> str:
    if response is None:
        return ""
    document = documents.parse(response)
    return str(document.get("errorMessage") or "") if isinstance(document, dict) else ""
