"""
Roles, and the policies that belong to them.

A role is known by its ARN; what is not of this account's template is not known, and nobody can say what it may do.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.iam.errors import NoSuchEntityException
from pizzabar.iam.managed_policies import managed_policy
from pizzabar.iam.policy import Policy, read_policy
from pizzabar.record import record


@record
class Role:
    """A role as it was configured; its policies are asked of ``Roles``."""

    name: str
    arn: str
    id: str
    path: str
    trust: Policy
    created: datetime
    description: str = ""
    boundary_arn: str | None = None
    maximum_session: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict)


@record
class Permissions:
    """What a role may do: its policies and its boundary, and what it has that nobody here knows."""

    policies: tuple[Policy, ...]
    boundary: Policy | None = None
    unknown: tuple[str, ...] = ()
    unknown_boundary: str | None = None


class Roles:
    """The roles of one account."""

    def __init__(self, clock: Clock, home: Home) -> None:
        self.home = home
        self._clock = clock
        self._roles: dict[str, Role] = {}
        self._by_arn: dict[str, Role] = {}
        self._inline: dict[str, dict[str, Policy]] = {}
        self._attached: dict[str, list[str]] = {}
        self._managed: dict[str, Policy] = {}

    def __iter__(self) -> Iterator[Role]:
        return iter(self._roles.values())

    def create(
        self,
        name: str,
        arn: str,
        id: str,
        trust: JSON,
        *,
        path: str = "/",
        description: str = "",
        boundary_arn: str | None = None,
        maximum_session: int = 3600,
        tags: Mapping[str, str] | None = None,
    ) -> Role:
        """Make a role. Raise ``MalformedPolicyDocument`` for the trust policy."""
        read = read_policy(f"the trust policy of {name}", trust, "trust")
        now = self._clock.now()
        role = Role(name, arn, id, path, read, now, description, boundary_arn, maximum_session, tags or {})
        self._roles[name] = self._by_arn[arn] = role
        return role

    def remove(self, name: str) -> None:
        """Take a role out; the policies that others have given it wait for another of its name."""
        role = self._roles.pop(name, None)
        if role is not None:
            del self._by_arn[role.arn]

    def get(self, name: str) -> Role:
        """Find a role by its name. Raise ``NoSuchEntityException``."""
        role = self._roles.get(name)
        if role is None:
            raise NoSuchEntityException(f"The role with name {name} cannot be found.")
        return role

    def find(self, arn: str) -> Role | None:
        """Find a role by its ARN."""
        return self._by_arn.get(arn)

    def put_policy(self, role_name: str, name: str, document: JSON) -> None:
        """Give a role a policy of its own, whether it is there yet or not. Raise ``MalformedPolicyDocument``."""
        self._inline.setdefault(role_name, {})[name] = read_policy(name, document, "identity")

    def remove_policy(self, role_name: str, name: str) -> None:
        """Take from a role a policy of its own."""
        self._inline.get(role_name, {}).pop(name, None)

    def create_policy(self, arn: str, name: str, document: JSON) -> None:
        """Make a managed policy. Raise ``MalformedPolicyDocument``."""
        self._managed[arn] = read_policy(name, document, "identity")

    def remove_managed_policy(self, arn: str) -> None:
        """Take a managed policy out."""
        self._managed.pop(arn, None)

    def attach(self, role_name: str, policy_arn: str) -> None:
        """Attach a managed policy to a role, whether they are there yet or not."""
        attached = self._attached.setdefault(role_name, [])
        if policy_arn not in attached:
            attached.append(policy_arn)

    def detach(self, role_name: str, policy_arn: str) -> None:
        """Take a managed policy from a role."""
        attached = self._attached.get(role_name, [])
        if policy_arn in attached:
            attached.remove(policy_arn)

    def inline_policies(self, role_name: str) -> Mapping[str, Policy]:
        """Give the policies of a role's own."""
        return self._inline.get(role_name, {})

    def attached_policies(self, role_name: str) -> Sequence[str]:
        """Give the ARNs of the managed policies of a role."""
        return self._attached.get(role_name, ())

    def permissions_of(self, role: Role) -> Permissions:
        """Say what a role may do."""
        policies = list(self.inline_policies(role.name).values())
        unknown = []
        for arn in self.attached_policies(role.name):
            policy = self._find_policy(arn)
            if policy is None:
                unknown.append(f"the managed policy {arn} of the role {role.name}")
            else:
                policies.append(policy)
        boundary = None if role.boundary_arn is None else self._find_policy(role.boundary_arn)
        unknown_boundary = None
        if role.boundary_arn is not None and boundary is None:
            unknown_boundary = f"the permissions boundary {role.boundary_arn} of the role {role.name}"
        return Permissions(tuple(policies), boundary, tuple(unknown), unknown_boundary)

    def _find_policy(self, arn: str) -> Policy | None:
        return self._managed.get(arn) or managed_policy(arn)
