"""
Policies, as authorizers give them: what is allowed, and what is not.

Pure.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from functools import lru_cache

from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError


class MalformedPolicy(PizzabarError):
    """Raised when a policy is not of the form that policies have, or has what is not supported."""


def is_allowed(policy: JSON, action: str, resource: str) -> bool:
    """Whether a policy allows an action on a resource: some statement does, and none denies it.

    Raise ``MalformedPolicy``.
    """
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise MalformedPolicy("a policy has a Statement")
    statements = policy["Statement"]
    allowed = denied = False
    for statement in statements if isinstance(statements, list) else [statements]:
        effect = _effect(statement)
        if _covers(statement, "Action", action, ignores_case=True) and _covers(statement, "Resource", resource):
            allowed = allowed or effect == "Allow"
            denied = denied or effect == "Deny"
    return allowed and not denied


def _effect(statement: JSON) -> str:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("the Effect of a statement is Allow or Deny")
    if "Condition" in statement:
        raise MalformedPolicy("a Condition is not supported")
    return str(statement["Effect"])


def _covers(statement: JSON, name: str, value: str, *, ignores_case: bool = False) -> bool:
    """Whether a statement's patterns match, or, with ``NotAction`` and ``NotResource``, do not."""
    is_positive = name in statement
    patterns = statement.get(name if is_positive else f"Not{name}")
    patterns = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(patterns, list) or not patterns or not all(isinstance(each, str) for each in patterns):
        raise MalformedPolicy(f"a statement has {name} or Not{name}, a text or a list of texts")
    return any(_pattern(each, ignores_case).fullmatch(value) for each in patterns) is is_positive


@lru_cache(1024)
def _pattern(text: str, ignores_case: bool) -> re.Pattern[str]:
    """Compile a pattern in which ``*`` stands for any text and ``?`` for any character."""
    # A run of * says no more than one, and would take long.
    parts = re.split(r"([*?])", re.sub(r"\*+", "*", text))
    written = "".join(".*" if part == "*" else "." if part == "?" else re.escape(part) for part in parts)
    return re.compile(written, re.DOTALL | (re.IGNORECASE if ignores_case else 0))
