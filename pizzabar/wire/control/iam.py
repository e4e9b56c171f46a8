"""IAM: what roles have used of what they may do, what AWS would refuse, and what cannot be judged."""

from typing import Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from pizzabar.emulator import Emulator
from pizzabar.iam import usage
from pizzabar.iam.authorization import Finding
from pizzabar.iam.roles import Role

ROLE = Query(None, description="a role, by its name or its logical ID")


class Used(BaseModel):
    """An action on a resource that a role has asked for."""

    action: str
    resource: str
    count: int


class Refused(Used):
    """An action that the policies do not allow."""

    decision: str = Field(description="implicitDeny or explicitDeny")
    why: str


class NeverUsed(BaseModel):
    """Actions that a policy allows and nobody has asked for."""

    policy: str
    statement: str = Field(description="its Sid, or its number")
    actions: list[str]
    resources: list[str]


class UsedRole(BaseModel):
    """A role, and what was made of it since the start."""

    name: str
    logical_id: str | None
    arn: str
    used: list[Used]
    refused: list[Refused]
    never_used: list[NeverUsed]
    smallest_policy: Any = Field(description="what allows all that was asked for, and nothing else")


class Found(BaseModel):
    """Something that AWS would refuse."""

    principal: str
    actions: list[str]
    resource: str
    why: str


class Iam(BaseModel):
    """What the policies say of what has happened since the start."""

    mode: str = Field(description="audit, enforce or off")
    roles: list[UsedRole]
    findings: list[Found]
    unknown: list[str] = Field(description="what cannot be judged here, and so is never refused")


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(tags=["iam"])

    @routes.get("/iam")
    async def iam(role: str | None = ROLE) -> Iam:
        """Tell what each role has used, what it never has, and what AWS would refuse."""
        authorization = emulator.authorization
        roles = [each for each in authorization.roles if role in (None, each.name, _logical_id(emulator, each))]
        if role is not None and not roles:
            raise HTTPException(404, f"there is no role {role}")
        return Iam(
            mode=authorization.mode,
            roles=[_told(emulator, each) for each in sorted(roles, key=lambda each: each.name)],
            findings=[_found(each) for each in authorization.findings()],
            unknown=list(authorization.unknown),
        )

    return routes


def _logical_id(emulator: Emulator, role: Role) -> str | None:
    named = (
        each for each in emulator.stack.resources if each.type == "AWS::IAM::Role" and each.identity.ref == role.name
    )
    return next((each.logical_id for each in named), None)


def _told(emulator: Emulator, role: Role) -> UsedRole:
    authorization = emulator.authorization
    uses = list(authorization.uses.get(role.arn, {}).values())
    permissions = authorization.roles.permissions_of(role)
    return UsedRole(
        name=role.name,
        logical_id=_logical_id(emulator, role),
        arn=role.arn,
        used=[Used(action=use.action, resource=use.resource, count=use.count) for use in uses if use.refusal is None],
        refused=[
            Refused(
                action=use.action,
                resource=use.resource,
                count=use.count,
                decision=use.refusal.decision,
                why=use.refusal.why,
            )
            for use in uses
            if use.refusal is not None
        ],
        never_used=[
            NeverUsed(
                policy=each.policy.name,
                statement=each.statement.sid or str(each.policy.statements.index(each.statement) + 1),
                actions=list(each.actions),
                resources=list(each.statement.resources),
            )
            for each in usage.never_used(permissions.policies, uses)
        ],
        smallest_policy=usage.smallest_policy(uses),
    )


def _found(finding: Finding) -> Found:
    first = finding.refusals[0]
    actions = [each.action for each in finding.refusals]
    return Found(principal=finding.principal, actions=actions, resource=finding.resource, why=first.why)
