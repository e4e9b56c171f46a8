"""
How a function takes events: how often it is tried, how old an event may get, and who is told how it ended.

Pure.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
"""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from pizzabar.arn import parse_arn
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.lambda_.errors import InvalidParameterValueException
from pizzabar.lambda_.function import LATEST
from pizzabar.record import record

DESTINATIONS = {"events": "event-bus/", "lambda": "function:", "sqs": ""}
"""How the resources begin that can be told, by their services."""
QUEUES = {"sqs": ""}
NOTHING_GIVEN = "You must specify at least one of error handling or destination setting."
_ELSEWHERE = {"s3": "S3 buckets", "sns": "SNS topics"}
_NUMBERS = {"MaximumRetryAttempts": (0, 2), "MaximumEventAgeInSeconds": (60, 21_600)}


@record
class EventInvokeConfig:
    """What is configured; what is None is as by default. Destinations are ARNs, ``modified`` is when it was set."""

    maximum_retry_attempts: int | None = None
    maximum_event_age_seconds: int | None = None
    on_success: str | None = None
    on_failure: str | None = None
    modified: datetime | None = None

    @property
    def retries(self) -> int:
        """How often an event is tried again at most."""
        return 2 if self.maximum_retry_attempts is None else self.maximum_retry_attempts

    @property
    def age(self) -> int:
        """How many seconds an event may get old."""
        return 21_600 if self.maximum_event_age_seconds is None else self.maximum_event_age_seconds

    def describe(self, function_arn: str) -> JSON:
        """Give what the operations answer; ``function_arn`` is with the qualifier."""
        assert self.modified is not None
        numbers = {
            "MaximumRetryAttempts": self.maximum_retry_attempts,
            "MaximumEventAgeInSeconds": self.maximum_event_age_seconds,
        }
        ends = {"OnSuccess": self.on_success, "OnFailure": self.on_failure}
        return {
            "LastModified": self.modified.timestamp(),
            "FunctionArn": function_arn,
            **{name: number for name, number in numbers.items() if number is not None},
            "DestinationConfig": {name: {} if arn is None else {"Destination": arn} for name, arn in ends.items()},
        }


DEFAULT = EventInvokeConfig()


def read_config(
    given: Mapping[str, JSON], function_arn: str, modified: datetime, before: EventInvokeConfig = DEFAULT
) -> EventInvokeConfig:
    """Read the members of ``PutFunctionEventInvokeConfig``; those that are not given stay as they were ``before``.

    Raise ``InvalidParameterValueException`` or ``ValidationException``.
    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """
    retries = _number(given, "MaximumRetryAttempts", before.maximum_retry_attempts)
    age = _number(given, "MaximumEventAgeInSeconds", before.maximum_event_age_seconds)
    asked = given.get("DestinationConfig")
    if retries is None and age is None and asked is None and before is DEFAULT:
        raise _invalid(NOTHING_GIVEN)
    ends: dict[str, str | None] = {"OnSuccess": before.on_success, "OnFailure": before.on_failure}
    for name in ends:
        if asked is not None and name in asked:
            # An empty text takes it away.
            ends[name] = (asked[name] or {}).get("Destination") or None
            check_destination(ends[name], DESTINATIONS)
            if ends[name] in (function_arn, function_arn.removesuffix(f":{LATEST}")):
                raise _invalid("You can't specify the function as a destination for itself.")
    return EventInvokeConfig(retries, age, ends["OnSuccess"], ends["OnFailure"], modified)


def check_destination(arn: JSON, known: Mapping[str, str]) -> None:
    """Raise ``InvalidParameterValueException`` for an ARN that cannot be told; None can, for nobody is."""
    if arn is None:
        return
    parsed = parse_arn(str(arn))
    if parsed is None:
        raise _invalid(f"The destination {arn} is no ARN.")
    if parsed.service in _ELSEWHERE:
        raise _invalid(
            f"The destination {arn} is not supported by pizzabar: there are no {_ELSEWHERE[parsed.service]}."
        )
    if parsed.service not in known or not parsed.resource.startswith(known[parsed.service]):
        raise _invalid(f"The destination {arn} is not one of a kind that can be sent to.")
    if parsed.service == "sqs" and parsed.resource.endswith(".fifo"):
        raise _invalid(f"The destination {arn} is a FIFO queue; only standard queues are supported.")


def _number(given: Mapping[str, JSON], name: str, before: int | None) -> int | None:
    value = given.get(name)
    if value is None:
        return before
    least, most = _NUMBERS[name]
    if not least <= value <= most:
        bound = f"less than or equal to {most}" if value > most else f"greater than or equal to {least}"
        raise ValidationException(
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy "
            f"constraint: Member must have value {bound}"
        )
    return cast(int, value)


def _invalid(message: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(message, Type="User")
