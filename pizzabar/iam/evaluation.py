"""
Evaluation: whether policies allow what somebody asks.

Pure. A statement that denies wins over all others. Otherwise a role may do what one of its policies allows, and its
permissions boundary if it has one, or what the resource's policy allows it. A service that asks in its own name may
do what the resource's policy allows.

Within one account: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from pizzabar.arn import parse_arn
from pizzabar.iam.patterns import Keys, matches, matches_resource
from pizzabar.iam.policy import Policy, Statement
from pizzabar.principal import Principal, session_arn
from pizzabar.record import record

Effect = Literal["allowed", "implicitDeny", "explicitDeny"]
"""In the words of SimulatePrincipalPolicy."""
Source = Literal["identity-based policy", "resource-based policy", "permissions boundary"]


@record
class Request:
    """An action on a resource, and the condition keys of who asks for it."""

    principal: Principal
    action: str
    resource: str
    keys: Keys


@record
class Decision:
    """What the policies say.

    ``policy`` and ``statement`` are those that decide. ``source`` is the kind of policy that denies, or that allows
    nothing; of what is allowed, the kind that allows it.
    """

    effect: Effect
    source: Source
    policy: Policy | None = None
    statement: Statement | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether it may be done."""
        return self.effect == "allowed"


def evaluate(
    request: Request,
    identity: Sequence[Policy] = (),
    resource: Sequence[Policy] = (),
    boundary: Policy | None = None,
) -> Decision:
    """Decide by the policies of a role and of the resource."""
    boundaries = () if boundary is None else (boundary,)
    for source, policies in _sources(identity, resource, boundaries):
        for policy in policies:
            for statement in policy.statements:
                if statement.effect == "Deny" and _applies(statement, request, source) is not None:
                    return Decision("explicitDeny", source, policy, statement)
    by_resource = _first(request, resource, "resource-based policy")
    if request.principal.role_arn is None:
        return by_resource or Decision("implicitDeny", "resource-based policy")
    if by_resource is not None and by_resource.statement is not None and _names_session(by_resource, request):
        # What is granted to the session itself, no boundary limits.
        return by_resource
    if boundary is not None and _first(request, boundaries, "permissions boundary") is None:
        return Decision("implicitDeny", "permissions boundary", boundary)
    by_identity = _first(request, identity, "identity-based policy")
    return by_identity or by_resource or Decision("implicitDeny", "identity-based policy")


def may_assume(trust: Policy, principal: Principal, keys: Keys) -> bool:
    """Whether the trust policy of a role lets a service assume it."""
    service = Principal(principal.service, None, "", principal.source_arn)
    return evaluate(Request(service, "sts:AssumeRole", "", keys), resource=(trust,)).is_allowed


def allowing(request: Request, policies: Sequence[Policy]) -> Iterator[tuple[Policy, Statement, str]]:
    """Go through the statements that allow something, each with the action, or pattern of actions, that covers it."""
    for policy in policies:
        for statement in policy.statements:
            if statement.effect == "Allow":
                action = _applies(statement, request, "identity-based policy")
                if action is not None:
                    yield policy, statement, action


@record
class Nearest:
    """A statement that nearly allows something, and what of it does not fit."""

    policy: Policy
    statement: Statement
    missing: Literal["Resource", "Condition", "Principal", "Action"]


def nearest(request: Request, policies: Sequence[Policy]) -> Nearest | None:
    """Find the statement that comes nearest to allowing what is asked."""
    found: dict[int, Nearest] = {}
    for policy in policies:
        for statement in policy.statements:
            if statement.effect != "Allow":
                continue
            on_action = _covers_action(statement, request) is not None
            on_resource = _covers_resource(statement, request)
            if on_action and on_resource:
                is_named = not statement.principals or _grants(statement, request)
                found.setdefault(0, Nearest(policy, statement, "Condition" if is_named else "Principal"))
            elif on_action:
                found.setdefault(1, Nearest(policy, statement, "Resource"))
            elif on_resource and statement.resources and "*" not in statement.resources:
                found.setdefault(2, Nearest(policy, statement, "Action"))
    return found[min(found)] if found else None


def _sources(
    identity: Sequence[Policy], resource: Sequence[Policy], boundaries: Sequence[Policy]
) -> Iterator[tuple[Source, Sequence[Policy]]]:
    yield "identity-based policy", identity
    yield "resource-based policy", resource
    yield "permissions boundary", boundaries


def _first(request: Request, policies: Sequence[Policy], source: Source) -> Decision | None:
    for policy in policies:
        for statement in policy.statements:
            if statement.effect == "Allow" and _applies(statement, request, source) is not None:
                return Decision("allowed", source, policy, statement)
    return None


def _applies(statement: Statement, request: Request, source: Source) -> str | None:
    """Give the action of a statement, or pattern of actions, by which it is about a request; None if it is not."""
    action = _covers_action(statement, request)
    if action is None or not _covers_resource(statement, request):
        return None
    if source == "resource-based policy":
        is_named = _grants(statement, request) if statement.effect == "Allow" else _denies(statement, request)
        if not is_named:
            return None
    return action if all(condition.holds(request.keys) for condition in statement.conditions) else None


def _covers_action(statement: Statement, request: Request) -> str | None:
    for action in statement.actions:
        if matches(action, request.action, request.keys, ignores_case=True):
            return None if statement.excludes_actions else action
    return "*" if statement.excludes_actions else None


def _covers_resource(statement: Statement, request: Request) -> bool:
    if not statement.resources:
        return True
    covers = any(matches_resource(each, request.resource, request.keys) for each in statement.resources)
    return covers is not statement.excludes_resources


# Principals -------------------------------------------------------------------------------------------------


def _grants(statement: Statement, request: Request) -> bool:
    """Whether a statement that allows something names who asks.

    The account as a whole is named to leave the decision to the roles' own policies.
    """
    names = _names(request)
    return any(each in names for each in statement.principals) is not statement.excludes_principals


def _denies(statement: Statement, request: Request) -> bool:
    names = _names(request) | _accounts(request.principal)
    return any(each in names for each in statement.principals) is not statement.excludes_principals


def _names(request: Request) -> set[tuple[str, str]]:
    principal = request.principal
    if principal.role_arn is None:
        # Services are among everybody: policies with Principal * and aws:SourceArn have long let them in. They have
        # a name for their region, too: states.us-east-1.amazonaws.com.
        name = principal.service.removesuffix(".amazonaws.com")
        regional = {
            ("Service", f"{name}.{each}.amazonaws.com") for each in request.keys.get("aws:RequestedRegion") or ()
        }
        return {("Service", principal.service), ("AWS", "*"), *regional}
    session = session_arn(principal.role_arn, principal.session)
    return {("AWS", principal.role_arn), ("AWS", session), ("AWS", "*")}


def _accounts(principal: Principal) -> set[tuple[str, str]]:
    arn = parse_arn(principal.role_arn or "")
    if arn is None:
        return set()
    return {("AWS", arn.account), ("AWS", f"arn:{arn.partition}:iam::{arn.account}:root")}


def _names_session(decision: Decision, request: Request) -> bool:
    role_arn = request.principal.role_arn
    assert decision.statement is not None
    session = ("AWS", session_arn(role_arn or "", request.principal.session))
    return session in decision.statement.principals
