"""
Input transformers: a template for what a target gets, with values of the event in it.

Pure. A template is JSON (an object, or any other value), or text: strings in quotes, one or a line each.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.event import Event
from pizzabar.eventbridge.event_path import EventPath, read_path

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_KEY = re.compile(r"[A-Za-z0-9_-]{1,256}")
MAX_PATHS = 100
MAX_TEMPLATE = 8192
RESERVED = ("rule-arn", "rule-name", "event", "event.json", "event.ingestion-time")
"""What ``<aws.events. …>`` may name."""


class UndeliverableInput(ValueError):
    """Raised when what a template makes of an event is not JSON."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A literal, and the placeholder after it; ``is_quoted`` when that stands within a string."""

    literal: str
    name: str | None
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class InputTransformer:
    """A template, read."""

    paths: Mapping[str, EventPath]
    parts: tuple[_Part, ...]
    is_text: bool

    def render(self, event: Event, rule_arn: str, rule_name: str) -> str:
        """Make the text that the target gets. Raise ``UndeliverableInput``."""
        written = []
        for part in self.parts:
            written.append(part.literal)
            if part.name is not None:
                value, is_there = self._value(part.name, event, rule_arn, rule_name)
                written.append(self._written(value, is_there, part.is_quoted))
        text = "".join(written)
        if not self.is_text:
            try:
                documents.parse(text)
            except NotJSON as error:
                raise UndeliverableInput(f"the input template makes no JSON of the event: {error}") from None
        return text

    def _value(self, name: str, event: Event, rule_arn: str, rule_name: str) -> tuple[JSON, bool]:
        match name:
            case "aws.events.rule-arn":
                return rule_arn, True
            case "aws.events.rule-name":
                return rule_name, True
            case "aws.events.event.ingestion-time":
                return event.ingested or event.document.get("time", ""), True
            case "aws.events.event":
                return _without_detail(event.document), True
            case "aws.events.event.json":
                return event.document, True
        is_there, value = self.paths[name].find(event.document)
        return value, is_there

    def _written(self, value: JSON, is_there: bool, is_quoted: bool) -> str:
        if not is_there:
            return "" if is_quoted else '""'
        if not is_quoted:
            return documents.write(value)
        if isinstance(value, str):
            # What of it would end the string is escaped; AWS does not say whether it does so.
            return documents.write(value)[1:-1]
        text = documents.write(value)
        return text.replace('"', "") if self.is_text else text


def _without_detail(document: JSON) -> JSON:
    """Give the event as ``<aws.events.event>`` has it: in another order, under other names, as AWS was seen to."""
    known = {"detail-type": "detailType"}
    names = ("id", "account", "detail-type", "time", "source", "region", "resources", "version")
    return {known.get(name, name): document[name] for name in names if name in document}


def read_transformer(document: JSON, target_id: str) -> InputTransformer:
    """Read an input transformer as PutTargets takes it. Raise ``ValidationException``.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
    """
    template = document.get("InputTemplate")
    if not isinstance(template, str) or not 1 <= len(template) <= MAX_TEMPLATE:
        shown = "null" if template is None else f"'{template}'"
        bound = f"less than or equal to {MAX_TEMPLATE}" if template else "greater than or equal to 1"
        why = "Member must not be null" if template is None else f"Member must have length {bound}"
        raise ValidationException(
            f"1 validation error detected: Value {shown} at 'targets.1.member.inputTransformer.inputTemplate' failed"
            f" to satisfy constraint: {why}"
        )
    paths = _read_paths(document.get("InputPathsMap") or {}, target_id)
    parts = tuple(_parts(template))
    known = {*paths, *(f"aws.events.{name}" for name in RESERVED)}
    for part in parts:
        if part.name is not None and part.name not in known:
            raise ValidationException(
                f"InputTemplate for target {target_id} contains invalid placeholder {part.name}."
            )
    is_text = template.lstrip().startswith('"')
    _check_template(template, parts, is_text, target_id)
    return InputTransformer(paths, parts, is_text)


def _read_paths(given: Mapping[str, str], target_id: str) -> dict[str, EventPath]:
    if len(given) > MAX_PATHS:
        raise ValidationException(f"InputPathsMap for target {target_id} has more than {MAX_PATHS} entries.")
    paths = {}
    for key, text in given.items():
        if _KEY.fullmatch(key) is None or key.upper().startswith("AWS"):
            raise ValidationException(
                f"InputPathsMap for target {target_id} contains invalid key {key}: 1 to 256 letters, digits, - and _,"
                " not beginning with AWS."
            )
        path = read_path(text) if len(text) <= 256 else None
        if path is None:
            raise ValidationException(f"InputPathsMap for target {target_id} contains invalid path {text}.")
        paths[key] = path
    return paths


def _parts(template: str) -> list[_Part]:
    """Take a template apart at its placeholders, and see which of them stand in strings."""
    strings = [match.span() for match in _STRING.finditer(template)]
    parts, at = [], 0
    for match in _PLACEHOLDER.finditer(template):
        is_quoted = any(start < match.start() < end for start, end in strings)
        parts.append(_Part(template[at : match.start()], match.group(1), is_quoted))
        at = match.end()
    parts.append(_Part(template[at:], None, False))
    return parts


_MARK = "\ue000"
"""What stands for a placeholder within a string when a template is tried."""


def _check_template(template: str, parts: tuple[_Part, ...], is_text: bool, target_id: str) -> None:
    """See that a template is JSON but for its placeholders, or strings. Raise ``ValidationException``."""
    tried = "".join(
        part.literal + ("" if part.name is None else _MARK if part.is_quoted else "null") for part in parts
    )
    try:
        if is_text:
            # One string, or several with blanks between them.
            if _STRING.sub("", tried).strip():
                raise NotJSON("unexpected text between strings")
            for each in _STRING.findall(tried):
                documents.parse(each)
        else:
            _check_keys(documents.parse(tried))
    except NotJSON as error:
        raise ValidationException(
            f'Invalid InputTemplate for target {target_id} : [Source: (String)"{template}"; {error}].'
        ) from None


def _check_keys(value: JSON) -> None:
    match value:
        case dict():
            for key, member in value.items():
                if _MARK in key:
                    raise NotJSON("a placeholder cannot be used as an object key")
                _check_keys(member)
        case list():
            for member in value:
                _check_keys(member)
