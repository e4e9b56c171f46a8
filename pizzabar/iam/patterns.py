"""
Patterns of policies: ``*`` stands for any text, ``?`` for any character, ``${aws:SourceArn}`` for a condition key.

Pure. ``${*}``, ``${?}`` and ``${$}`` stand for the characters themselves; ``${aws:username, 'none'}`` has a default.
A variable that has no value, or several, makes its pattern match nothing.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol


class Keys(Protocol):
    """The condition keys of a request, by their names in any case."""

    def get(self, name: str) -> tuple[str, ...] | None:
        """Give the values of a key; None when the request does not have it."""


Write = Callable[[str], str]
"""Writes a piece of a pattern in another way."""

_VARIABLE = re.compile(r"\$\{\s*([^},]*?)\s*(?:,\s*'([^']*)'\s*)?\}")
_LITERALS = frozenset("*?$")
_SPECIAL = re.compile(r"([*?])")


def matches(pattern: str, value: str, keys: Keys, *, ignores_case: bool = False) -> bool:
    """Whether a text matches a pattern."""
    if "${" not in pattern:
        return _compile(pattern, ignores_case).fullmatch(value) is not None
    written = _with_variables(pattern, keys, _text)
    if written is None:
        return False
    return re.fullmatch(written, value, re.DOTALL | (re.IGNORECASE if ignores_case else 0)) is not None


def matches_resource(pattern: str, resource: str, keys: Keys) -> bool:
    """Whether an ARN matches a pattern.

    A ``*`` within a part of an ARN stays in it; one at the end of a part goes on behind its colon.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    if "${" not in pattern:
        return _compile_resource(pattern).fullmatch(resource) is not None
    written = _with_variables(pattern, keys, _parts)
    return written is not None and re.fullmatch(written, resource, re.DOTALL) is not None


def matches_arn(pattern: str, value: str, keys: Keys) -> bool:
    """Whether an ARN matches that of a condition: each of its six parts does.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    expanded = _with_variables(pattern, keys, _as_pattern) if "${" in pattern else pattern
    wanted = [] if expanded is None else expanded.split(":", 5)
    parts = value.split(":", 5)
    if len(wanted) != 6 or len(parts) != 6:
        return False
    return all(matches(each, part, keys) for each, part in zip(wanted, parts, strict=True))


def substituted(text: str, keys: Keys) -> str | None:
    """Put values in place of the variables of a text that has no wildcards; None if one has no value."""
    return _with_variables(text, keys, str) if "${" in text else text


def _with_variables(pattern: str, keys: Keys, write: Write) -> str | None:
    written = ""
    end = 0
    for variable in _VARIABLE.finditer(pattern):
        written += write(pattern[end : variable.start()])
        name, default = variable[1], variable[2]
        if name in _LITERALS:
            value = name
        else:
            values = keys.get(name)
            if values is None and default is not None:
                values = (default,)
            if values is None or len(values) != 1:
                return None
            value = values[0]
        # What a variable stands for is text, whatever it looks like.
        written += LITERALS[write](value)
        end = variable.end()
    return written + write(pattern[end:])


@lru_cache(4096)
def _compile(pattern: str, ignores_case: bool) -> re.Pattern[str]:
    return re.compile(_text(pattern), re.DOTALL | (re.IGNORECASE if ignores_case else 0))


@lru_cache(4096)
def _compile_resource(pattern: str) -> re.Pattern[str]:
    return re.compile(_parts(pattern), re.DOTALL)


def _text(pattern: str) -> str:
    # A run of * says no more than one, and would take long.
    parts = _SPECIAL.split(re.sub(r"\*+", "*", pattern))
    return "".join(".*" if part == "*" else "." if part == "?" else re.escape(part) for part in parts)


def _parts(pattern: str) -> str:
    written = re.sub(r"\*+", "*", pattern)
    return "".join(
        (".*" if written[place + 1 : place + 2] in ("", ":") else "[^:]*")
        if each == "*"
        else "[^:]"
        if each == "?"
        else re.escape(each)
        for place, each in enumerate(written)
    )


def _as_pattern(piece: str) -> str:
    return piece


LITERALS: dict[Write, Write] = {
    _as_pattern: lambda value: re.sub(r"[*?$]", r"${\g<0>}", value),
    _parts: re.escape,
    _text: re.escape,
    str: str,
}
"""How a text is written that is to match itself, by the way that patterns are written."""
