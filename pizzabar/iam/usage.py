"""
Usage: what each role has used of what it may do, what it asked for in vain, and the smallest policy that covers it.

Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pizzabar.documents import JSON
from pizzabar.iam.policy import Policy, Statement
from pizzabar.record import record

_ONE_OF_MANY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(:execute-api:.*/@connections/).*"), r"\1*"),
    (re.compile(r"(:log-group:[^:]*):log-stream:.*"), r"\1:*"),
    (re.compile(r"(:(?:execution|express):[^:]+:).*"), r"\1*"),
    (re.compile(r"(:dynamodb:.*/stream/).*"), r"\1*"),
)
"""ARNs of things that come and go, and what stands for all of their kind in a policy."""


def generalised(arn: str) -> str:
    """Give the ARN that a policy would have for one of a connection, a log stream, an execution or a stream."""
    for pattern, wider in _ONE_OF_MANY:
        if pattern.search(arn) is not None:
            return pattern.sub(wider, arn)
    return arn


@record
class Refusal:
    """Why something is refused."""

    principal: str
    action: str
    resource: str
    decision: str
    """``implicitDeny`` or ``explicitDeny``."""
    why: str
    message: str
    """What AWS answers."""

    def as_json(self) -> dict[str, JSON]:
        """Write it for a reader."""
        return {
            "principal": self.principal,
            "action": self.action,
            "resource": self.resource,
            "decision": self.decision,
            "why": self.why,
        }


@dataclass(slots=True)
class Use:
    """An action on a resource, as often as it was asked for; ``allowed_by`` names statements and their actions."""

    action: str
    resource: str
    count: int = 0
    refusal: Refusal | None = None
    allowed_by: set[tuple[str, int, str]] = field(default_factory=set)


@record
class NeverUsed:
    """Actions of a statement that nobody has asked for."""

    policy: Policy
    statement: Statement
    actions: tuple[str, ...]


def never_used(policies: Iterable[Policy], uses: Iterable[Use]) -> list[NeverUsed]:
    """Find what policies allow and nobody has used."""
    used = {each for use in uses for each in use.allowed_by}
    found = []
    for policy in policies:
        for number, statement in enumerate(policy.statements):
            if statement.effect != "Allow":
                continue
            # What excludes actions allows too many to name.
            actions = ("*",) if statement.excludes_actions else statement.actions
            left = tuple(each for each in actions if (policy.name, number, each) not in used)
            if left:
                found.append(NeverUsed(policy, statement, left))
    return found


def smallest_policy(uses: Iterable[Use]) -> JSON:
    """Write the policy that allows what was asked for, and nothing else; None if nothing was."""
    actions: dict[str, set[str]] = {}
    for use in uses:
        actions.setdefault(use.resource, set()).add(use.action)
    resources: dict[tuple[str, ...], list[str]] = {}
    for resource, asked in actions.items():
        resources.setdefault(tuple(sorted(asked)), []).append(resource)
    if not resources:
        return None
    statements = [
        {"Effect": "Allow", "Action": _one_or_all(names), "Resource": _one_or_all(sorted(arns))}
        for names, arns in sorted(resources.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _one_or_all(texts: Iterable[str]) -> JSON:
    listed = list(texts)
    return listed[0] if len(listed) == 1 else listed
