"""
Authorization: what the policies say of each hop, as it is asked.

A decision is made once for a principal, an operation and those of its parameters that count, and remembered until
something changes: the hops of an order look it up. In ``audit`` what AWS would refuse is noted at the hop, and logged
the first time; in ``enforce`` it is refused.

What cannot be judged (a role that is not of the stack, a policy of AWS's or a condition key that is not known here)
is told once, and never refused.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.iam.access import Access, Rule, Surroundings
from pizzabar.iam.actions import RULES
from pizzabar.iam.errors import (
    AccessDenied,
    AccessDeniedException,
    ForbiddenException,
    QueryAccessDeniedException,
    RestAccessDeniedException,
)
from pizzabar.iam.evaluation import Decision, Request, allowing, evaluate, may_assume, nearest
from pizzabar.iam.policy import MalformedPolicyDocument, Policy, read_policy
from pizzabar.iam.request_keys import Late, RequestKeys, principal_keys, time_keys
from pizzabar.iam.roles import Permissions, Role, Roles
from pizzabar.iam.usage import Refusal, Use, generalised
from pizzabar.journal import Hop
from pizzabar.principal import Principal, service_principal
from pizzabar.record import record

log = logging.getLogger("pizzabar")
Mode = Literal["audit", "enforce", "off"]
MOST_REMEMBERED = 20_000
_LOGGING = ("CreateLogGroup", "CreateLogStream", "PutLogEvents")

ResourcePolicies = Callable[[Principal, str], Iterable[tuple[str, JSON]]]
"""Gives the policies of a resource, by its ARN, that are about a principal: names and documents."""

ERRORS: Mapping[str, type[ServiceError]] = {
    "apigatewaymanagementapi": ForbiddenException,
    "apigatewayv2": RestAccessDeniedException,
    "cloudformation": AccessDenied,
    "iam": AccessDenied,
    "lambda": RestAccessDeniedException,
    "scheduler": RestAccessDeniedException,
    "sqs": QueryAccessDeniedException,
}
"""What services refuse with; the others do with ``AccessDeniedException`` and status 400."""


class Outcome:
    """What the policies say of an operation: its uses, what of it is refused, and how often it was asked."""

    __slots__ = ("count", "refusals", "uses")

    def __init__(self, uses: tuple[Use, ...], refusals: tuple[Refusal, ...] = ()) -> None:
        self.uses = uses
        self.refusals = refusals
        self.count = 0

    def settle(self) -> None:
        """Count what was asked at its uses."""
        for use in self.uses:
            use.count += self.count
        self.count = 0


class Remembered:
    """The outcomes of an operation, by who asks and the inputs."""

    __slots__ = ("inputs", "outcomes", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.inputs = rule.inputs
        self.outcomes: dict[tuple[Principal, object], Outcome] = {}


@record
class Finding:
    """Something that AWS would refuse: who asks for what actions on what."""

    principal: str
    resource: str
    refusals: tuple[Refusal, ...]


class Authorization:
    """Judges what principals ask."""

    def __init__(
        self,
        mode: Mode,
        roles: Roles,
        resource_policies: ResourcePolicies,
        surroundings: Surroundings,
        now: Callable[[], datetime],
    ) -> None:
        self.mode = mode
        self.roles = roles
        self.unknown: dict[str, None] = {}
        """What cannot be judged, and why."""
        self._uses: dict[str, dict[tuple[str, str], Use]] = {}
        self._resource_policies = resource_policies
        self._surroundings = surroundings
        self._time = time_keys(now)
        self._remembered = {name: Remembered(rule) for name, rule in RULES.items()}
        self._lookup = {name: (each.inputs, each.outcomes) for name, each in self._remembered.items()}
        self._logging: dict[tuple[Principal, str], Outcome] = {}
        """That of writing, for those who may write to a log stream."""
        self._count = 0
        self._logged: set[tuple[str, str, str]] = set()

    @property
    def uses(self) -> Mapping[str, Mapping[tuple[str, str], Use]]:
        """What was asked for, by the ARN of the role, or by the service and what it acts for."""
        for remembered in self._remembered.values():
            for outcome in remembered.outcomes.values():
                outcome.settle()
        return self._uses

    def lets_assume(self, principal: Principal) -> bool:
        """Whether a role lets the service of a principal assume it; one that is not of the stack is not judged."""
        role = None if principal.role_arn is None else self.roles.find(principal.role_arn)
        return role is None or may_assume(role.trust, principal, self._assuming(principal))

    def forget(self) -> None:
        """Decide anew from now on: something has changed that decisions depend on."""
        for remembered in self._remembered.values():
            for outcome in remembered.outcomes.values():
                outcome.settle()
            remembered.outcomes.clear()
        self._logging.clear()
        self._count = 0

    def check(self, principal: Principal, hop: Hop) -> None:
        """Judge a hop before it is done. Raise ``ServiceError`` for what is refused, when policies are enforced."""
        # This is on the way of every hop: what is remembered is looked up right here.
        try:
            inputs, outcomes = self._lookup[hop.service, hop.operation]
            outcome = outcomes[principal, inputs(hop.parameters)]
        except (KeyError, TypeError, AttributeError):
            anew = self._judge_anew(principal, hop.service, hop.operation, hop.parameters)
            if anew is None:
                return
            outcome = anew
        outcome.count += 1
        if outcome.refusals:
            self._tell(outcome, hop)
            if self.mode == "enforce":
                raise ERRORS.get(hop.service, AccessDeniedException)(outcome.refusals[0].message)

    def judge(self, principal: Principal, service: str, operation: str, parameters: JSON) -> Outcome | None:
        """Say what the policies say of an operation, and count it; None where its service will refuse it anyway."""
        try:
            remembered = self._remembered[service, operation]
            outcome: Outcome | None = remembered.outcomes[principal, remembered.inputs(parameters)]
        except (KeyError, TypeError, AttributeError):
            outcome = self._judge_anew(principal, service, operation, parameters)
        if outcome is not None:
            outcome.count += 1
        return outcome

    def may_log(
        self, principal: Principal, group: str, stream: str, has_group: Callable[[str], bool], hop: Hop | None
    ) -> bool:
        """Whether what a function has written goes into its log; what is refused of that is noted at a hop.

        Lambda makes the group and the stream, and writes, in the name of the function's role.
        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
        """
        known = self._logging.get((principal, stream))
        if known is not None:
            known.count += 1
            return True
        operations = ["CreateLogStream", "PutLogEvents"] if has_group(group) else list(_LOGGING)
        asked = {"logGroupName": group, "logStreamName": stream}
        outcomes = [self.judge(principal, "logs", operation, asked) for operation in operations]
        refused = [each for each in outcomes if each is not None and each.refusals]
        for each in refused:
            self._tell(each, hop)
        last = outcomes[-1]
        if not refused and last is not None:
            self._logging[principal, stream] = last
        return not refused or self.mode != "enforce"

    def findings(self) -> list[Finding]:
        """List what AWS would have refused up to now."""
        found: dict[tuple[str, str], list[Refusal]] = {}
        for uses in self.uses.values():
            for use in uses.values():
                if use.refusal is not None:
                    found.setdefault((use.refusal.principal, use.resource), []).append(use.refusal)
        return [Finding(principal, resource, tuple(each)) for (principal, resource), each in found.items()]

    # Deciding

    def _judge_anew(self, principal: Principal, service: str, operation: str, parameters: JSON) -> Outcome | None:
        remembered = self._remembered.get((service, operation))
        if remembered is None:
            return None
        try:
            inputs = remembered.inputs(parameters)
            hash(inputs)
            accesses = list(remembered.rule.accesses(inputs, self._surroundings))
        except (KeyError, TypeError, AttributeError):
            # The parameters are not of the form that they should be.
            return None
        outcome, is_fixed = self._decide(principal, remembered.rule, accesses, parameters)
        if is_fixed:
            if self._count >= MOST_REMEMBERED:
                self.forget()
            self._count += 1
            remembered.outcomes[principal, inputs] = outcome
        else:
            # Nobody will look it up again.
            for use in outcome.uses:
                use.count += 1
        return outcome

    def _decide(
        self, principal: Principal, rule: Rule, accesses: Sequence[Access], parameters: JSON
    ) -> tuple[Outcome, bool]:
        """Decide, and say whether another request of the same inputs has the same outcome."""
        role = None if principal.role_arn is None else self.roles.find(principal.role_arn)
        permissions = Permissions(()) if role is None else self.roles.permissions_of(role)
        uses, refusals, is_fixed = [], [], True
        for access in accesses:
            keys = self._keys(principal, role, rule, access, parameters)
            use = self._use(principal, access)
            uses.append(use)
            refusal = self._refusal(principal, role, permissions, access, keys, use)
            use.refusal = refusal
            if refusal is not None:
                refusals.append(refusal)
            is_fixed = is_fixed and keys.is_fixed
        return Outcome(tuple(uses), tuple(refusals)), is_fixed

    def _refusal(
        self,
        principal: Principal,
        role: Role | None,
        permissions: Permissions,
        access: Access,
        keys: RequestKeys,
        use: Use,
    ) -> Refusal | None:
        """Say why an access is refused, if it is."""
        if principal.role_arn is not None and role is None:
            self._cannot_judge(f"the role {principal.role_arn} is not of this stack")
            return None
        if role is not None and not self._may_assume(role, principal, keys):
            return _not_assumed(principal, role)
        if permissions.unknown_boundary is not None:
            self._cannot_judge(f"{permissions.unknown_boundary} is not known here")
        request = Request(principal, access.action, access.resource, keys)
        policies = self._policies_of(principal, access)
        decision = evaluate(request, permissions.policies, policies, permissions.boundary)
        if decision.is_allowed:
            for policy, statement, action in allowing(request, permissions.policies):
                use.allowed_by.add((policy.name, policy.statements.index(statement), action))
            return None
        unknown = permissions.unknown if decision.effect == "implicitDeny" else ()
        if unknown or keys.unknown:
            for each in (*unknown, *(f"the condition key {name}" for name in keys.unknown)):
                self._cannot_judge(f"{each} is not known here")
            return None
        return _refused(request, decision, policies if role is None else (*permissions.policies, *policies))

    def _may_assume(self, role: Role, principal: Principal, keys: RequestKeys) -> bool:
        """Whether the service of a principal may assume its role."""
        assuming = self._assuming(principal)
        is_allowed = may_assume(role.trust, principal, assuming)
        keys.is_fixed = keys.is_fixed and assuming.is_fixed
        return is_allowed

    def _assuming(self, principal: Principal) -> RequestKeys:
        """Give the keys of a service that assumes a role: it asks for that in its own name."""
        service = service_principal(principal.service, principal.source_arn)
        known = principal_keys(service, None, self._surroundings.home)
        return RequestKeys({name: values for name, values in known.items() if values[0]}, self._time)

    def _policies_of(self, principal: Principal, access: Access) -> Sequence[Policy]:
        policies = []
        for name, document in self._resource_policies(principal, access.resource):
            try:
                policies.append(read_policy(name, document, "resource"))
            except MalformedPolicyDocument as error:
                self._cannot_judge(f"{name}: {error}")
        return policies

    def _keys(
        self, principal: Principal, role: Role | None, rule: Rule, access: Access, parameters: JSON
    ) -> RequestKeys:
        known = {**principal_keys(principal, role, self._surroundings.home), **access.keys}

        def late(name: str) -> Late:
            def make() -> tuple[str, ...] | None:
                try:
                    return rule.late[name](parameters, access, self._surroundings)
                except (KeyError, TypeError, AttributeError):
                    # What is of the wrong form has no such key.
                    return None

            return make

        return RequestKeys(known, {**self._time, **{name: late(name) for name in rule.late}})

    def _use(self, principal: Principal, access: Access) -> Use:
        uses = self._uses.setdefault(principal.role_arn or principal.text, {})
        resource = generalised(access.resource)
        use = uses.get((access.action, resource))
        if use is None:
            use = uses[access.action, resource] = Use(access.action, resource)
        return use

    # Telling

    def _cannot_judge(self, why: str) -> None:
        if why not in self.unknown:
            self.unknown[why] = None
            log.warning("permissions that depend on it are not judged: %s", why)

    def _tell(self, outcome: Outcome, hop: Hop | None) -> None:
        if hop is not None:
            if hop.notes is None:
                hop.notes = {}
            told = hop.notes.get("iam", [])
            hop.notes["iam"] = [*told, *(each.as_json() for each in outcome.refusals)]
        for each in outcome.refusals:
            key = (each.principal, each.action, generalised(each.resource))
            if key not in self._logged:
                self._logged.add(key)
                verb = "refused" if self.mode == "enforce" else "AWS would refuse"
                log.warning("%s %s on %s to %s: %s", verb, each.action, each.resource, each.principal, each.why)


def _not_assumed(principal: Principal, role: Role) -> Refusal:
    why = f"the trust policy of the role does not let {principal.service} assume it"
    message = (
        f"User: {principal.service} is not authorized to perform: sts:AssumeRole on resource: {role.arn} because no "
        "role trust policy allows the sts:AssumeRole action"
    )
    return Refusal(principal.service, "sts:AssumeRole", role.arn, "implicitDeny", why, message)


def _refused(request: Request, decision: Decision, policies: Sequence[Policy]) -> Refusal:
    """Say why, in the words of AWS and in more of our own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    principal = request.principal
    who = principal.text if principal.role_arn is not None else principal.service
    article = "an" if decision.source[0] == "i" else "a"
    if decision.effect == "explicitDeny":
        because = f"with an explicit deny in {article} {decision.source}"
    else:
        because = f"because no {decision.source} allows the {request.action} action"
    message = f"User: {who} is not authorized to perform: {request.action} on resource: {request.resource} {because}"
    return Refusal(
        principal.text, request.action, request.resource, decision.effect, _why(request, decision, policies), message
    )


def _why(request: Request, decision: Decision, policies: Sequence[Policy]) -> str:
    if decision.effect == "explicitDeny":
        assert decision.policy is not None
        assert decision.statement is not None
        return f"{decision.policy.label(decision.statement)} denies it"
    if decision.source == "permissions boundary":
        assert decision.policy is not None
        return f"the permissions boundary {decision.policy.name} does not allow it"
    reason = f"no {decision.source} allows it"
    near = nearest(request, policies)
    if near is None:
        return reason
    return f"{reason}; the nearest is {near.policy.label(near.statement)}, whose {near.missing} does not cover it"
