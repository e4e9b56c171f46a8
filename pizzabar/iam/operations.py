"""
The operations of IAM, by AWS's names: those that read. Roles and policies are the template's.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from urllib.parse import quote

from pizzabar import documents
from pizzabar.constraints import natural
from pizzabar.documents import JSON
from pizzabar.iam.authorization import Authorization
from pizzabar.iam.errors import InvalidInputException, NoSuchEntityException
from pizzabar.iam.evaluation import Request, evaluate
from pizzabar.iam.request_keys import RequestKeys, principal_keys
from pizzabar.iam.roles import Role
from pizzabar.principal import role_session

MOST_ITEMS = 1000


async def get_role(authorization: Authorization, parameters: JSON) -> JSON:
    """Read a role."""
    role = authorization.roles.get(_text(parameters, "RoleName"))
    boundary = {} if role.boundary_arn is None else {"PermissionsBoundary": _boundary(role.boundary_arn)}
    tags = [{"Key": key, "Value": value} for key, value in role.tags.items()]
    return {"Role": {**_describe(role), **boundary, "Tags": tags}}


async def list_roles(authorization: Authorization, parameters: JSON) -> JSON:
    """List the roles."""
    prefix = parameters.get("PathPrefix") or "/"
    found = sorted(authorization.roles, key=lambda role: role.name)
    return _page(parameters, "Roles", [_describe(role) for role in found if role.path.startswith(prefix)])


async def list_role_policies(authorization: Authorization, parameters: JSON) -> JSON:
    """List the names of the policies of a role's own."""
    role = authorization.roles.get(_text(parameters, "RoleName"))
    return _page(parameters, "PolicyNames", sorted(authorization.roles.inline_policies(role.name)))


async def get_role_policy(authorization: Authorization, parameters: JSON) -> JSON:
    """Read a policy of a role's own."""
    role = authorization.roles.get(_text(parameters, "RoleName"))
    name = _text(parameters, "PolicyName")
    policy = authorization.roles.inline_policies(role.name).get(name)
    if policy is None:
        raise NoSuchEntityException(f"The role policy with name {name} cannot be found.")
    return {"RoleName": role.name, "PolicyName": name, "PolicyDocument": _encoded(policy.document)}


async def list_attached_role_policies(authorization: Authorization, parameters: JSON) -> JSON:
    """List the managed policies of a role."""
    role = authorization.roles.get(_text(parameters, "RoleName"))
    attached = [
        {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}
        for arn in authorization.roles.attached_policies(role.name)
    ]
    return _page(parameters, "AttachedPolicies", attached)


async def simulate_principal_policy(authorization: Authorization, parameters: JSON) -> JSON:
    """Say what the policies of a role would say, each action on each resource.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    arn = _text(parameters, "PolicySourceArn")
    role = authorization.roles.find(arn)
    if role is None:
        raise NoSuchEntityException(f"The entity {arn} cannot be found.")
    unknown = sorted(parameters.keys() - _SIMULATED)
    if unknown:
        raise InvalidInputException(f"{', '.join(unknown)} cannot be simulated here")
    permissions = authorization.roles.permissions_of(role)
    principal = role_session(role.arn, "simulation", "")
    home = authorization.roles.home
    results = []
    for action in _texts(parameters, "ActionNames"):
        if ":" not in action:
            raise InvalidInputException(f"Invalid Action: {action}")
        for resource in _texts(parameters, "ResourceArns") or ["*"]:
            keys = RequestKeys({**principal_keys(principal, role, home), **_context(parameters)}, {})
            decision = evaluate(
                Request(principal, action, resource, keys), permissions.policies, (), permissions.boundary
            )
            statements = [] if decision.policy is None else [{"SourcePolicyId": decision.policy.name}]
            results.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": decision.effect,
                    "MatchedStatements": statements,
                    "MissingContextValues": list(dict.fromkeys(keys.unknown)),
                }
            )
    return {"EvaluationResults": results, "IsTruncated": False}


_SIMULATED = {"PolicySourceArn", "ActionNames", "ResourceArns", "ContextEntries", "MaxItems", "Marker"}


def _context(parameters: JSON) -> dict[str, tuple[str, ...]]:
    entries = parameters.get("ContextEntries") or []
    return {
        str(each.get("ContextKeyName")).lower(): tuple(map(str, each.get("ContextKeyValues") or ()))
        for each in entries
    }


def _describe(role: Role) -> dict[str, JSON]:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": _time(role.created),
        "AssumeRolePolicyDocument": _encoded(role.trust.document),
        "Description": role.description,
        "MaxSessionDuration": role.maximum_session,
    }


def _boundary(arn: str) -> JSON:
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


def _encoded(document: JSON) -> str:
    """Write a policy document as IAM answers with it: percent-encoded."""
    return quote(documents.write(document), safe="")


def _time(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(parameters: JSON, name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInputException(f"{name} is required")
    return value


def _texts(parameters: JSON, name: str) -> Sequence[str]:
    values = parameters.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidInputException(f"{name} is a list of texts")
    return values


def _page(parameters: JSON, name: str, found: Sequence[JSON]) -> JSON:
    begin, most = _count(parameters, "Marker", 0), _count(parameters, "MaxItems", 100)
    if not 1 <= most <= MOST_ITEMS:
        raise InvalidInputException(f"MaxItems is 1 to {MOST_ITEMS}")
    end = begin + most
    more: Iterable[tuple[str, JSON]] = [("Marker", str(end))] if end < len(found) else []
    return {name: list(found[begin:end]), "IsTruncated": end < len(found), **dict(more)}


def _count(parameters: JSON, name: str, default: int) -> int:
    value = parameters.get(name, default)
    number = natural(value)
    if number is None:
        raise InvalidInputException(f"Invalid {name}: {value}")
    return number


OPERATIONS: dict[str, Callable[[Authorization, JSON], Awaitable[JSON]]] = {
    "GetRole": get_role,
    "GetRolePolicy": get_role_policy,
    "ListAttachedRolePolicies": list_attached_role_policies,
    "ListRolePolicies": list_role_policies,
    "ListRoles": list_roles,
    "SimulatePrincipalPolicy": simulate_principal_policy,
}
"""The operations of boto3's service ``iam``."""
