"""
Targets: what a schedule asks, of which service, as which role.

A templated target is a resource: a function is invoked, a state machine started, an event put on a bus, a message
sent to a queue. A universal one is an API action.

Pure.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b

from pizzabar import documents
from pizzabar.arn import Arn, parse_arn, queue_url
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.record import record
from pizzabar.scheduler.universal import ApiCall, action_of, is_universal
from pizzabar.uuids import uuid_of

DEFAULT_RETRIES = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
MAX_INPUT_BYTES = 256 << 10
_PARAMETERS = {
    "EcsParameters": "ecs",
    "EventBridgeParameters": "events",
    "KinesisParameters": "kinesis",
    "SageMakerPipelineParameters": "sagemaker",
    "SqsParameters": "sqs",
    # Of event buses of version 2, which are not here.
    "EventBridgePutEventsV2Parameters": None,
    "EventBridgePutRawEventsParameters": None,
}
"""Which targets' parameters these are, by the services of their ARNs."""
_KINDS = {"lambda": "function:", "states": "stateMachine:", "events": "event-bus/", "sqs": ""}
"""What the resources of a service that can be targets begin with."""
_ACTIONS = {
    "lambda": ("lambda", "invoke"),
    "states": ("sfn", "startExecution"),
    "events": ("eventbridge", "putEvents"),
    "sqs": ("sqs", "sendMessage"),
}
"""What templated targets come to."""


@record
class Occasion:
    """One attempt at one time of a schedule, as its target may be told of it."""

    schedule_arn: str
    scheduled: datetime
    key: str
    """What names the time, of the schedule as it is."""
    attempt: int

    @property
    def execution_id(self) -> str:
        """The id of the attempt."""
        return blake2b(f"{self.key}#{self.attempt}".encode(), digest_size=8).hexdigest()

    @property
    def time(self) -> str:
        """The time as a text."""
        return self.scheduled.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def fill(self, text: str) -> str:
        """Put values for the context attributes of a text.

        https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
        """
        for name, value in (
            ("schedule-arn", self.schedule_arn),
            ("scheduled-time", self.time),
            ("execution-id", self.execution_id),
            ("attempt-number", str(self.attempt)),
        ):
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text


def check_target(target: JSON) -> None:
    """See whether a target is one, by itself. Raise ``ValidationException``."""
    arn, text = target["Arn"], target.get("Input")
    if text is not None and len(text.encode()) > MAX_INPUT_BYTES:
        raise ValidationException(f"The input for the target has at most {MAX_INPUT_BYTES} bytes.")
    if is_universal(arn):
        action_of(arn)
        if text is None:
            raise ValidationException("You must provide an input to set this target for your schedule.")
        if not isinstance(_parsed(text), dict):
            raise ValidationException("JSON syntax error in input for the target.")
        service = None
    else:
        parsed = parse_arn(arn)
        if parsed is None:
            raise ValidationException("Invalid target ARN provided.")
        service = parsed.service
        if service not in _KINDS or not parsed.resource.startswith(_KINDS[service]):
            raise ValidationException(f"{service} is not a supported service for a target.")
        if service != "sqs" and text is not None:
            _parsed(text)
    for name, owner in _PARAMETERS.items():
        if target.get(name) is not None and (owner is None or owner != service):
            raise ValidationException(f"Parameters {name} not supported for the target.")
    if service == "events" and target.get("EventBridgeParameters") is None:
        raise ValidationException("Parameters EventBridgeParameters must be specified.")
    if service == "sqs":
        _check_queue(arn, target.get("SqsParameters"))


def _check_queue(arn: str, parameters: JSON) -> None:
    group = (parameters or {}).get("MessageGroupId")
    if arn.endswith(".fifo") and group is None:
        raise ValidationException("Parameters SqsParameters must be specified.")
    if group is not None and not arn.endswith(".fifo"):
        raise ValidationException("Parameters MessageGroupId not valid for the target.")


def action_asked(target: JSON) -> tuple[str, str]:
    """Give the API action that a target comes to: service and action. Raise ``ValidationException``."""
    arn = target["Arn"]
    if is_universal(arn):
        return action_of(arn)
    parsed = parse_arn(arn)
    assert parsed is not None
    return _ACTIONS[parsed.service]


def check_region(target: JSON, region: str) -> None:
    """See that a target is of this region. Raise ``ValidationException``."""
    arn = parse_arn(target["Arn"])
    if arn is not None and not is_universal(target["Arn"]) and arn.region != region:
        raise ValidationException(f"The target ARN provided does not match the current region {region}.")


def _parsed(text: str) -> JSON:
    try:
        return documents.parse(text)
    except NotJSON:
        raise ValidationException("JSON syntax error in input for the target.") from None


def call_of(target: JSON, occasion: Occasion) -> ApiCall:
    """Give what a target asks. Raise ``NotJSON`` where a value put into its input makes that no document any more."""
    arn = target["Arn"]
    given = target.get("Input")
    text = None if given is None else occasion.fill(given)
    if is_universal(arn):
        return ApiCall(*action_of(arn), documents.parse(text or "{}"))
    parsed = parse_arn(arn)
    assert parsed is not None
    return _TEMPLATES[parsed.service](target, parsed, text, occasion)


def _invoke(target: JSON, arn: Arn, text: str | None, occasion: Occasion) -> ApiCall:
    payload = _notification(arn, occasion) if text is None else text
    parameters = {"FunctionName": str(arn), "InvocationType": "Event", "Payload": payload}
    return ApiCall(*_ACTIONS["lambda"], parameters)


def _start_execution(target: JSON, arn: Arn, text: str | None, occasion: Occasion) -> ApiCall:
    # The name makes an attempt that is repeated the same execution.
    name = blake2b(occasion.key.encode(), digest_size=16).hexdigest()
    given = _notification(arn, occasion) if text is None else text
    return ApiCall(*_ACTIONS["states"], {"StateMachineArn": str(arn), "Input": given, "Name": name})


def _put_events(target: JSON, arn: Arn, text: str | None, occasion: Occasion) -> ApiCall:
    given = target["EventBridgeParameters"]
    entry = {
        "EventBusName": str(arn),
        "Source": given["Source"],
        "DetailType": given["DetailType"],
        "Detail": "{}" if text is None else text,
        "Resources": [occasion.schedule_arn],
    }
    return ApiCall(*_ACTIONS["events"], {"Entries": [entry]})


def _send_message(target: JSON, arn: Arn, text: str | None, occasion: Occasion) -> ApiCall:
    group = target.get("SqsParameters") or {}
    body = _notification(arn, occasion) if text is None else text
    return ApiCall(*_ACTIONS["sqs"], {"QueueUrl": queue_url(str(arn)), "MessageBody": body, **group})


_TEMPLATES: dict[str, Callable[[JSON, Arn, str | None, Occasion], ApiCall]] = {
    "lambda": _invoke,
    "states": _start_execution,
    "events": _put_events,
    "sqs": _send_message,
}


def _notification(arn: Arn, occasion: Occasion) -> str:
    """Write what a target without an input is told."""
    schedule = parse_arn(occasion.schedule_arn)
    assert schedule is not None
    return documents.write(
        {
            "version": "0",
            "id": uuid_of(occasion.key),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": schedule.account,
            "time": occasion.time,
            "region": schedule.region,
            "resources": [occasion.schedule_arn],
            "detail": "{}",
        }
    )
