"""
Event source mappings: what a function is to be handed of a stream or a queue, and how; read from a request or a
template.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pizzabar.arn import parse_arn
from pizzabar.documents import JSON
from pizzabar.event_patterns.errors import InvalidEventPatternException
from pizzabar.event_patterns.pattern import read_pattern
from pizzabar.lambda_.errors import InvalidParameterValueException
from pizzabar.lambda_.event_invoke_config import QUEUES, check_destination
from pizzabar.record import record

FOR_EVER = -1
DEFAULTS: Mapping[str, JSON] = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "MaximumRecordAgeInSeconds": FOR_EVER,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": FOR_EVER,
    "FunctionResponseTypes": [],
    "FilterCriteria": {},
    "Enabled": True,
}
"""What a mapping of a stream is unless it is told otherwise; besides, it tells nobody of what it gives up."""
QUEUE_DEFAULTS: Mapping[str, JSON] = {
    "BatchSize": 10,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
    "FilterCriteria": {},
    "ScalingConfig": {},
    "Enabled": True,
}
"""What one of a queue is."""
MOST_WITHOUT_WINDOW = 10
_WITHOUT_EFFECT = frozenset({"Tags", "KMSKeyArn", "KmsKeyArn", "MetricsConfig"})


@record
class EventSourceMapping:
    """A mapping. ``settings`` has the members of the defaults, by AWS's names; only streams have a position."""

    uuid: str
    arn: str
    source_arn: str
    function_arn: str
    starting_position: str
    settings: Mapping[str, JSON]
    modified: datetime

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]

    @property
    def is_of_queue(self) -> bool:
        """Whether its source is a queue."""
        return is_queue(self.source_arn)

    @property
    def on_failure(self) -> str | None:
        """The ARN of the queue that is told of batches which are given up, if one is."""
        destination = (self.settings.get("DestinationConfig", {}).get("OnFailure") or {}).get("Destination")
        return destination or None

    @property
    def patterns(self) -> list[JSON]:
        """The patterns of its filters; a record is handed over if one of them matches, or if there are none."""
        return [each["Pattern"] for each in self["FilterCriteria"].get("Filters", []) if "Pattern" in each]

    def to_json(self) -> JSON:
        """Write it down."""
        return {
            "uuid": self.uuid,
            "arn": self.arn,
            "source_arn": self.source_arn,
            "function_arn": self.function_arn,
            "starting_position": self.starting_position,
            "settings": dict(self.settings),
            "modified": self.modified.timestamp(),
        }

    @classmethod
    def from_json(cls, document: JSON) -> "EventSourceMapping":
        """Read what ``to_json`` wrote."""
        return cls(**(document | {"modified": datetime.fromtimestamp(document["modified"], UTC)}))


def is_queue(arn: str) -> bool:
    """Whether an ARN is that of a queue."""
    parsed = parse_arn(arn)
    return parsed is not None and parsed.service == "sqs"


def read_source(parameters: Mapping[str, JSON]) -> tuple[str, str]:
    """Give the source and the starting position of a new mapping. Raise ``InvalidParameterValueException``."""
    arn = parameters.get("EventSourceArn")
    position = parameters.get("StartingPosition")
    if isinstance(arn, str) and is_queue(arn):
        if position is not None:
            raise _invalid("StartingPosition is not valid for SQS event sources.")
        return arn, ""
    parsed = parse_arn(arn) if isinstance(arn, str) else None
    if parsed is None or parsed.service != "dynamodb" or "/stream/" not in parsed.resource:
        raise _invalid(
            "An event source is the stream of a DynamoDB table or an SQS queue here: EventSourceArn names one"
        )
    if position not in ("TRIM_HORIZON", "LATEST"):
        if position is None:
            raise _invalid("1 validation error detected: StartingPosition is required for DynamoDB streams.")
        raise _invalid(f"Unsupported starting position for DynamoDB streams: {position}")
    return str(arn), position


def read_settings(parameters: Mapping[str, JSON], source_arn: str) -> dict[str, JSON]:
    """Give the settings that a request has for a source.

    Raise ``InvalidParameterValueException`` for the first that is wrong.
    """
    settings: dict[str, JSON] = {}
    checks = _QUEUE_CHECKS if is_queue(source_arn) else _CHECKS
    for name, value in parameters.items():
        if value is None or name in _READ_ELSEWHERE or name in _WITHOUT_EFFECT:
            continue
        check = checks.get(name)
        if check is None:
            # What is empty asks for nothing.
            if value and value != {"OnFailure": {}}:
                raise _invalid(f"{name} is not supported by pizzabar")
            continue
        if (fault := check(value)) is not None:
            raise _invalid(
                f"1 validation error detected: Value '{value}' at '{_camel(name)}' failed to satisfy "
                f"constraint: {fault}"
            )
        settings[name] = value
    for each in settings.get("FilterCriteria", {}).get("Filters", []):
        try:
            read_pattern(each.get("Pattern"))
        except InvalidEventPatternException as error:
            raise _invalid(f"Invalid filter pattern definition. ({error})") from None
    return settings


def check_queue_settings(settings: Mapping[str, JSON], source_arn: str) -> None:
    """Raise ``InvalidParameterValueException`` for settings that do not go together.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
    """
    size, seconds = settings["BatchSize"], settings["MaximumBatchingWindowInSeconds"]
    if source_arn.endswith(".fifo"):
        if seconds:
            raise _invalid("Batching window is not supported for FIFO queues")
        if size > MOST_WITHOUT_WINDOW:
            raise _invalid(f"BatchSize must be at most {MOST_WITHOUT_WINDOW} for FIFO queues")
    elif size > MOST_WITHOUT_WINDOW and not seconds:
        raise _invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )


_READ_ELSEWHERE = frozenset({"EventSourceArn", "FunctionName", "StartingPosition", "UUID"})


def _between(least: int, most: int, *, for_ever: bool = False) -> Callable[[JSON], str | None]:
    def check(value: JSON) -> str | None:
        if type(value) is int and (least <= value <= most or (for_ever and value == FOR_EVER)):
            return None
        if type(value) is int and value > most:
            return f"Member must have value less than or equal to {most}"
        return f"Member must have value greater than or equal to {least}"

    return check


def _flag(value: JSON) -> str | None:
    return None if isinstance(value, bool) else "Member must be true or false"


def _response_types(value: JSON) -> str | None:
    if isinstance(value, list) and all(each == "ReportBatchItemFailures" for each in value) and len(value) <= 1:
        return None
    return "Member must satisfy enum value set: [ReportBatchItemFailures]"


def _filters(value: JSON) -> str | None:
    filters = value.get("Filters", []) if isinstance(value, dict) else None
    if not isinstance(filters, list) or not all(isinstance(each, dict) for each in filters):
        return "Member must have Filters, each with a Pattern"
    return None if len(filters) <= 5 else "Member must have length less than or equal to 5"


def _on_failure(value: JSON) -> str | None:
    if not isinstance(value, dict) or not value.keys() <= {"OnFailure"}:
        return "Member must have OnFailure alone"
    destination = (value.get("OnFailure") or {}).get("Destination") or None
    check_destination(destination, QUEUES)
    return None


# https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
_CHECKS: Mapping[str, Callable[[JSON], str | None]] = {
    "BatchSize": _between(1, 10_000),
    "MaximumBatchingWindowInSeconds": _between(0, 300),
    "ParallelizationFactor": _between(1, 10),
    "MaximumRecordAgeInSeconds": _between(60, 604_800, for_ever=True),
    "BisectBatchOnFunctionError": _flag,
    "MaximumRetryAttempts": _between(0, 10_000, for_ever=True),
    "FunctionResponseTypes": _response_types,
    "FilterCriteria": _filters,
    "DestinationConfig": _on_failure,
    "Enabled": _flag,
}


def _scaling(value: JSON) -> str | None:
    if not isinstance(value, dict) or not value.keys() <= {"MaximumConcurrency"}:
        return "Member must have MaximumConcurrency alone"
    most = value.get("MaximumConcurrency")
    return None if most is None else _between(2, 1000)(most)


# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
_QUEUE_CHECKS: Mapping[str, Callable[[JSON], str | None]] = {
    **{
        name: _CHECKS[name]
        for name in (
            *("BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "FilterCriteria"),
            "Enabled",
        )
    },
    "ScalingConfig": _scaling,
}


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _invalid(message: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(message, Type="User")
