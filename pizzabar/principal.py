"""
Principals: who asks for an operation, a role that was assumed or a service in its own name.

Whoever is neither (the AWS CLI, a program, pizzabar itself) is the root of the account, and has no principal.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import hashlib
from functools import lru_cache

from pizzabar.arn import parse_arn


class Principal:
    """Who asks. Two are the same only if they are one object, so that looking one up costs nothing."""

    __slots__ = ("role_arn", "service", "session", "source_arn", "text")

    def __init__(self, service: str, role_arn: str | None, session: str, source_arn: str) -> None:
        self.service = service
        """The service that asks, or that assumed the role: ``events.amazonaws.com``."""
        self.role_arn = role_arn
        self.session = session
        self.source_arn = source_arn
        """What the service asks on behalf of: the ARN of a rule, or of a route."""
        self.text = f"{service} for {source_arn}" if role_arn is None else session_arn(role_arn, session)
        """The principal as people read it: of a role, the ARN of its session."""

    def __repr__(self) -> str:
        return f"Principal({self.text})"


@lru_cache(4096)
def role_session(role_arn: str, session: str, service: str, source_arn: str = "") -> Principal:
    """Give a role that a service has assumed under the name of a session."""
    return Principal(service, role_arn, session, source_arn)


@lru_cache(4096)
def service_principal(service: str, source_arn: str) -> Principal:
    """Give a service that asks in its own name, on behalf of a resource."""
    return Principal(service, None, "", source_arn)


def session_arn(role_arn: str, session: str) -> str:
    """Name the session of a role.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    arn = parse_arn(role_arn)
    if arn is None:
        return role_arn
    return f"arn:{arn.partition}:sts::{arn.account}:assumed-role/{arn.resource.rpartition('/')[2]}/{session}"


def unique_id(prefix: str, arn: str) -> str:
    """Make the id that AWS gives a role or a policy: ``AROA`` and ``ANPA`` stand before them.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    return prefix + hashlib.sha256(arn.encode()).hexdigest()[:17].upper()


class AccessKeys:
    """Access keys of principals: whoever signs with one asks in that principal's name."""

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}

    def __bool__(self) -> bool:
        return bool(self._principals)

    def give(self, key_id: str, principal: Principal) -> None:
        """Let an access key stand for a principal."""
        self._principals[key_id] = principal

    def take_back(self, key_id: str) -> None:
        """Let an access key stand for nobody in particular, as all others do."""
        self._principals.pop(key_id, None)

    def find(self, key_id: str | None) -> Principal | None:
        """Give whom an access key stands for; None is the root of the account."""
        return self._principals.get(key_id) if key_id is not None else None
