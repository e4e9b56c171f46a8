"""How an event is brought to its target, by the service that the target belongs to; and how it ends if it is not."""

import hashlib
from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.arn import queue_url
from pizzabar.clock import Clock
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.eventbridge.api_destination import is_api_destination
from pizzabar.eventbridge.event import Event, entry_of
from pizzabar.eventbridge.transport import DeadLetter, DeliveryFailure, EventDelivery
from pizzabar.journal import CAUSE, Attempt, Cause, new_trace_id, note
from pizzabar.operations import Call, Trace
from pizzabar.principal import role_session, service_principal

SERVICE = "events.amazonaws.com"
"""What EventBridge is called where it asks in its own name, or assumes a role."""

Onward = Callable[[Event, str], Awaitable[None]]
"""Brings an event that came by a rule on to a bus, named by its ARN."""
Invoke = Callable[[EventDelivery], Awaitable[None]]
"""Brings a delivery to its API destination."""

Archive = Callable[[EventDelivery], None]
"""Puts an event into the archive that it is delivered to."""


class Senders:
    """Asks targets to take events, and queues to take dead letters."""

    def __init__(self, call: Call, relay: Trace, clock: Clock, onward: Onward, invoke: Invoke) -> None:
        self._call = call
        self._relay = relay
        self._clock = clock
        self._onward = onward
        self._archive: Archive | None = None
        self._invoke = invoke
        self._log_streams: set[tuple[str, str]] = set()

    def archive_with(self, archive: Archive) -> None:
        """Have archives take their events by a function."""
        self._archive = archive

    async def send(self, delivery: EventDelivery) -> None:
        """Bring a delivery to its target; return when the target has taken it. Raise ``DeliveryFailure``."""
        if delivery.fault is not None:
            raise DeliveryFailure("INVALID_JSON", delivery.fault, is_final=True)
        cause = CAUSE.get() or Cause(new_trace_id(self._clock.timestamp()))
        key = f"{delivery.event_id}/{delivery.rule_arn}/{delivery.target_id}"
        principal = (
            service_principal(SERVICE, delivery.rule_arn)
            if delivery.role_arn is None
            else role_session(delivery.role_arn, "events", SERVICE, source_arn=delivery.rule_arn)
        )
        token = CAUSE.set(cause.within(delivery.lane, Attempt(key), principal))
        try:
            await SENDERS[delivery.target_arn.split(":", 3)[2]](self, delivery)
        except ServiceError as error:
            # What is not there, or lets nobody in, is not tried again.
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
            code = _code_of(error)
            raise DeliveryFailure(code, str(error), is_final=code in ("NO_RESOURCE", "NO_PERMISSIONS")) from error
        except NotJSON as error:
            raise DeliveryFailure(
                "INVALID_JSON", f"what a bus is sent is to be JSON: {error}", is_final=True
            ) from None
        finally:
            CAUSE.reset(token)

    async def bury(self, letter: DeadLetter) -> None:
        """Send a delivery that is given up to its dead-letter queue, if it has one, with what AWS tells of it.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        """
        delivery = letter.delivery
        if delivery.dead_letter_arn is None:
            return
        told = {
            "RULE_ARN": delivery.rule_arn,
            "TARGET_ARN": delivery.target_arn,
            "ERROR_CODE": letter.error_code,
            "ERROR_MESSAGE": letter.error_message,
            "RETRY_ATTEMPTS": str(max(letter.attempts - 1, 0)),
        }
        if letter.exhausted in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"):
            told["EXHAUSTED_RETRY_CONDITION"] = letter.exhausted
        cause = CAUSE.get() or Cause(new_trace_id(self._clock.timestamp()))
        key = f"{delivery.event_id}/{delivery.rule_arn}/{delivery.target_id}/dead"
        token = CAUSE.set(cause.within(delivery.lane, Attempt(key), service_principal(SERVICE, delivery.rule_arn)))
        try:
            await self._call(
                "sqs",
                "SendMessage",
                {
                    "QueueUrl": queue_url(delivery.dead_letter_arn),
                    "MessageBody": delivery.event or delivery.payload,
                    "MessageAttributes": {
                        name: {"DataType": "String", "StringValue": value} for name, value in told.items() if value
                    },
                },
            )
        except ServiceError as error:
            # As on AWS it is lost then; what became of it is among the dead letters that are kept here.
            note("dead_letter", f"the dead-letter queue did not take it: {error}")
        finally:
            CAUSE.reset(token)

    async def _to_function(self, delivery: EventDelivery) -> None:
        parameters = {"FunctionName": delivery.target_arn, "InvocationType": "Event", "Payload": delivery.payload}
        await self._call("lambda", "Invoke", parameters)

    async def _to_log_group(self, delivery: EventDelivery) -> None:
        group = delivery.target_arn.split(":", 6)[6].removesuffix(":*")
        # AWS chooses the stream; here it is named after the rule, so that it is found easily.
        stream = delivery.rule_arn.rsplit("/", 1)[1]
        is_known = (group, stream) in self._log_streams
        if not is_known:
            try:
                await self._call("logs", "CreateLogStream", {"logGroupName": group, "logStreamName": stream})
            except ServiceError as error:
                if error.code != "ResourceAlreadyExistsException":
                    raise
            self._log_streams.add((group, stream))
        timestamp = int(self._clock.timestamp() * 1000)
        log_events = [{"timestamp": timestamp, "message": delivery.payload}]
        try:
            await self._call(
                "logs",
                "PutLogEvents",
                {"logGroupName": group, "logStreamName": stream, "logEvents": log_events},
            )
        except ServiceError:
            if not is_known:
                raise
            # The stream may have gone with its group, which may be there again.
            self._log_streams.discard((group, stream))
            await self._to_log_group(delivery)

    async def _to_state_machine(self, delivery: EventDelivery) -> None:
        # The name makes a repeated delivery the same execution.
        name = hashlib.blake2b(
            f"{delivery.event_id}/{delivery.rule_arn}/{delivery.target_id}".encode(), digest_size=16
        ).hexdigest()
        parameters = {"stateMachineArn": delivery.target_arn, "input": delivery.payload, "name": name}
        try:
            await self._call("stepfunctions", "StartExecution", parameters)
        except ServiceError as error:
            if error.code != "ExecutionAlreadyExists":
                raise

    async def _to_queue(self, delivery: EventDelivery) -> None:
        parameters = {"QueueUrl": queue_url(delivery.target_arn), "MessageBody": delivery.payload}
        if delivery.message_group is not None:
            parameters["MessageGroupId"] = delivery.message_group
        await self._call("sqs", "SendMessage", parameters)

    async def _to_eventbridge(self, delivery: EventDelivery) -> None:
        if is_api_destination(delivery.target_arn):
            await self._invoke(delivery)
        elif ":archive/" in delivery.target_arn and self._archive is not None:
            self._archive(delivery)
        else:
            await self._to_bus(delivery)

    async def _to_bus(self, delivery: EventDelivery) -> None:
        document = documents.parse(delivery.payload)
        id, _, replay = delivery.event_id.partition("/")
        event = Event(id, document, delivery.payload, replay=replay)

        async def put(parameters: JSON) -> JSON:
            await self._onward(event, delivery.target_arn)
            return {"FailedEntryCount": 0, "Entries": [{"EventId": event.id}]}

        told = document if isinstance(document, dict) else {}
        await self._relay("events", "PutEvents", {"Entries": [entry_of(told, delivery.target_arn)]}, put)


SENDERS: dict[str, Callable[[Senders, EventDelivery], Awaitable[None]]] = {
    "lambda": Senders._to_function,
    "logs": Senders._to_log_group,
    "states": Senders._to_state_machine,
    "events": Senders._to_eventbridge,
    "sqs": Senders._to_queue,
}


def _code_of(error: ServiceError) -> str:
    """Give the error code of a dead letter."""
    if "NotFound" in error.code or "DoesNotExist" in error.code or "NonExistent" in error.code:
        return "NO_RESOURCE"
    if "AccessDenied" in error.code:
        return "NO_PERMISSIONS"
    if "Throttl" in error.code or "TooManyRequests" in error.code:
        return "THROTTLING"
    return "ERROR_FROM_TARGET"
