"""Rules and their targets."""

import re
from collections.abc import Callable
from dataclasses import replace

from pizzabar import documents
from pizzabar.arn import parse_arn
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.event import Event
from pizzabar.eventbridge.pattern import Pattern
from pizzabar.eventbridge.schedule import Schedule
from pizzabar.record import record


@record
class Target:
    """Where a rule sends its events, and what of them.

    ``part`` gives the text that the target gets for an event.
    """

    id: str
    arn: str
    part: Callable[[Event], str]
    document: JSON
    maximum_attempts: int = 185
    maximum_age_seconds: int = 86_400
    dead_letter_arn: str | None = None
    role_arn: str | None = None


@record
class Rule:
    """A rule of a bus; ``pattern`` and ``text`` are its event pattern, read and as given.

    A rule has a pattern, a schedule (``expression`` as given), or both.
    """

    name: str
    arn: str
    bus: str
    pattern: Pattern | None
    text: str
    state: str = "ENABLED"
    description: str | None = None
    targets: tuple[Target, ...] = ()
    schedule: Schedule | None = None
    expression: str = ""

    @property
    def is_enabled(self) -> bool:
        """Whether the rule takes events at all."""
        return self.state != "DISABLED"

    def with_target(self, target: Target) -> "Rule":
        """Give the rule a target, in place of one of the same id."""
        return replace(self, targets=(*(known for known in self.targets if known.id != target.id), target))


# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
MAX_TARGETS = 5

TARGET_SERVICES = {"lambda", "logs", "states", "events"}
"""The services whose resources can be targets."""


ASKED_AS_ROLE = {"states", "events"}
"""Those that EventBridge asks as the target's role; functions and log groups let it in by their own policies.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"""


def read_target(document: JSON) -> Target:
    """Read a target as PutTargets takes it. Raise ``ValidationException``.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
    """
    missing = [f"'{name.lower()}'" for name in ("Id", "Arn") if not isinstance(document.get(name), str)]
    if missing:
        raise ValidationException(f"A target needs {' and '.join(missing)}")
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
    known = {"Id", "Arn", "Input", "InputPath", "RetryPolicy", "DeadLetterConfig", "RoleArn"}
    for name in document:
        if name not in known:
            raise ValidationException(f"{name} of target {id_} is not supported")
    policy = document.get("RetryPolicy") or {}
    return Target(
        id_,
        arn,
        _part(document, forms),
        document,
        policy.get("MaximumRetryAttempts", 185),
        policy.get("MaximumEventAgeInSeconds", 86_400),
        (document.get("DeadLetterConfig") or {}).get("Arn"),
        document.get("RoleArn") if parsed.service in ASKED_AS_ROLE else None,
    )


def _part(document: JSON, forms: list[str]) -> Callable[[Event], str]:
    match forms:
        case ["Input"]:
            constant = document["Input"]
            return lambda event: constant
        case ["InputPath"]:
            steps = _steps(document["InputPath"], document["Id"])
            return lambda event: documents.write(_follow(event.document, steps))
        case ["InputTransformer"]:
            raise ValidationException(f"InputTransformer of target {document['Id']} is not supported")
        case _:
            return lambda event: event.text


_PATH = re.compile(r"\$(?:\.[A-Za-z0-9_/-]+|\[\d+\])*")
_STEP = re.compile(r"\.([A-Za-z0-9_/-]+)|\[(\d+)\]")


def _steps(path: str, target_id: str) -> list[str | int]:
    """Read a path of the form that rules know: members by name, elements by number.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    if "*" in path:
        raise ValidationException(f"InputPath of target {target_id}: * is not supported")
    if _PATH.fullmatch(path) is None:
        raise ValidationException(f"Invalid InputPath for target {target_id}.")
    return [int(index) if index else name for name, index in _STEP.findall(path)]


def _follow(value: JSON, steps: list[str | int]) -> JSON:
    for step in steps:
        match value, step:
            case dict(), str():
                value = value.get(step)
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                return None
    return value
