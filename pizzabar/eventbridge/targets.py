"""
Targets: where a rule sends its events, and what of them.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
"""

import re
from collections.abc import Callable, Iterator

from pizzabar import documents
from pizzabar.arn import parse_arn
from pizzabar.constraints import Constraint, violations
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.event_patterns.tokens import fault_in
from pizzabar.eventbridge.api_destination import is_api_destination
from pizzabar.eventbridge.event import Event
from pizzabar.eventbridge.event_path import read_path
from pizzabar.eventbridge.http_parameters import HttpParameters, http_parameter_faults, read_http_parameters
from pizzabar.eventbridge.input_transformer import read_transformer
from pizzabar.record import record

Part = Callable[[Event, str, str], str]
"""Gives the text that a target gets for an event of a rule, of an ARN and a name. Raises ``UndeliverableInput``."""


@record
class Target:
    """Where a rule sends its events, and what of them."""

    id: str
    arn: str
    part: Part
    document: JSON
    maximum_attempts: int = 185
    maximum_age_seconds: int = 86_400
    dead_letter_arn: str | None = None
    role_arn: str | None = None
    message_group: str | None = None
    is_whole: bool = True
    """Whether the target gets the event as it is."""
    http: HttpParameters | None = None
    """What the request has besides, when the target is an API destination."""


# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
MAX_TARGETS = 5

TARGET_SERVICES = {"lambda", "logs", "states", "events", "sqs"}
"""The services whose resources can be targets."""


ASKED_AS_ROLE = {"states", "events"}
"""Those that EventBridge asks as the target's role; functions, log groups and queues let it in by their own policies.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"""


def read_target(document: JSON, number: int = 1) -> Target:
    """Read a target as PutTargets takes it, the one of that number in its request. Raise ``ValidationException``."""
    faults = list(_faults(document, f"targets.{number}.member"))
    if faults:
        plural = "s" if len(faults) > 1 else ""
        raise ValidationException(f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}")
    id_, arn = document["Id"], document["Arn"]
    parsed = parse_arn(arn)
    if parsed is None:
        raise ValidationException(f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")
    if parsed.service not in TARGET_SERVICES:
        raise ValidationException(f"Targets of the service {parsed.service} are not supported: {arn}")
    forms = [name for name in ("Input", "InputPath", "InputTransformer") if document.get(name) is not None]
    if len(forms) > 1:
        raise ValidationException(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {id_}."
        )
    is_over_http = parsed.service == "events" and is_api_destination(arn)
    if (is_over_http or parsed.service == "states") and not document.get("RoleArn"):
        # Seen on AWS, of targets that are asked as a role.
        raise ValidationException(f"RoleArn is required for target {arn}.")
    if document.get("Input") is not None and (place := fault_in(document["Input"])) is not None:
        raise ValidationException(f"JSON syntax error in input for target {id_}: {place}")
    for name in document:
        if name not in _KNOWN and not (name == "HttpParameters" and is_over_http):
            raise ValidationException(f"{name} of target {id_} is not supported")
    group = (document.get("SqsParameters") or {}).get("MessageGroupId")
    if parsed.service == "sqs" and arn.endswith(".fifo") and not group:
        raise ValidationException(f"Parameter(s) SqsParameters must be specified for target: {id_}.")
    dead_letters = (document.get("DeadLetterConfig") or {}).get("Arn")
    if dead_letters is not None:
        _check_dead_letters(dead_letters, id_)
    policy = document.get("RetryPolicy") or {}
    return Target(
        id_,
        arn,
        _part(document, forms),
        document,
        policy.get("MaximumRetryAttempts", 185),
        policy.get("MaximumEventAgeInSeconds", 86_400),
        dead_letters,
        document.get("RoleArn") if parsed.service in ASKED_AS_ROLE else None,
        group,
        is_whole=not forms,
        http=read_http_parameters(document.get("HttpParameters") or {}, id_) if is_over_http else None,
    )


_KNOWN = {
    *("Id", "Arn", "Input", "InputPath", "InputTransformer"),
    *("RetryPolicy", "DeadLetterConfig", "RoleArn", "SqsParameters"),
}
_ID = r"[\.\-_A-Za-z0-9]+"
_LENGTHS = (("Id", 1, 64), ("Arn", 1, 1600), ("Input", 0, 8192), ("InputPath", 0, 256), ("RoleArn", 1, 1600))
_RANGES = (("MaximumRetryAttempts", 0, 185), ("MaximumEventAgeInSeconds", 60, 86_400))


_GROUP = Constraint(str, 0, 100)


def _faults(document: JSON, at: str) -> Iterator[str]:
    """Say which constraints of the service model a target does not keep, as AWS says it."""
    for name, least, most in _LENGTHS:
        value, place = document.get(name), f"{at}.{name[0].lower()}{name[1:]}"
        if value is None:
            if name in ("Id", "Arn"):
                yield f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
            continue
        failed = f"Value '{value}' at '{place}' failed to satisfy constraint: Member must"
        if name == "Id" and re.fullmatch(_ID, value) is None:
            yield f"{failed} satisfy regular expression pattern: {_ID}"
        if len(value) > most:
            yield f"{failed} have length less than or equal to {most}"
        if len(value) < least:
            yield f"{failed} have length greater than or equal to {least}"
    for name, least, most in _RANGES:
        value = (document.get("RetryPolicy") or {}).get(name)
        place = f"{at}.retryPolicy.{name[0].lower()}{name[1:]}"
        if value is not None and not least <= value <= most:
            bound = f"less than or equal to {most}" if value > most else f"greater than or equal to {least}"
            yield f"Value '{value}' at '{place}' failed to satisfy constraint: Member must have value {bound}"
    group = (document.get("SqsParameters") or {}).get("MessageGroupId")
    if group is not None:
        yield from violations(f"{at}.sqsParameters.messageGroupId", group, _GROUP)
    yield from http_parameter_faults(document.get("HttpParameters") or {}, f"{at}.httpParameters")


def _check_dead_letters(arn: str, target_id: str) -> None:
    """See that dead letters go to a standard queue. Raise ``ValidationException``.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "sqs":
        raise ValidationException(f"Parameter DeadLetterConfig.Arn of target {target_id} is not valid: {arn}")
    if arn.endswith(".fifo"):
        raise ValidationException(
            f"The dead-letter queue of target {target_id} must be a standard queue, not a FIFO queue: {arn}"
        )


def _part(document: JSON, forms: list[str]) -> Part:
    match forms:
        case ["Input"]:
            constant = document["Input"]
            return lambda event, rule_arn, rule_name: constant
        case ["InputPath"]:
            path = read_path(document["InputPath"])
            if path is None:
                raise ValidationException(f"Invalid InputPath for target {document['Id']}.")
            return lambda event, rule_arn, rule_name: documents.write(path.find(event.document)[1])
        case ["InputTransformer"]:
            return read_transformer(document["InputTransformer"], document["Id"]).render
        case _:
            return lambda event, rule_arn, rule_name: event.text
