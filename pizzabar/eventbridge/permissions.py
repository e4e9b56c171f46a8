"""
Permissions of buses: they are kept and told as they were put.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html
"""

import re
from contextlib import suppress

from pizzabar import documents
from pizzabar.constraints import missing
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.buses import EventBuses
from pizzabar.eventbridge.errors import PolicyLengthExceededException, ResourceNotFoundException
from pizzabar.eventbridge.parameters import member_name, refuse

MAX_POLICY_BYTES = 10_240
_is_account = re.compile(r"\d{12}").fullmatch
_is_statement_id = re.compile(r"[a-zA-Z0-9-_]{1,64}").fullmatch


async def put_permission(buses: EventBuses, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html"""
    bus = buses.get(parameters.get("EventBusName"))
    if parameters.get("Policy") is not None:
        if any(parameters.get(name) for name in ("Action", "Principal", "StatementId", "Condition")):
            raise ValidationException("Policy cannot be given with Action, Principal, StatementId or Condition.")
        policy = _read_policy(parameters["Policy"])
    else:
        policy = _with_statement(buses.policies.get(bus.arn), statement_of(parameters, bus.arn))
    if len(documents.encode(policy)) > MAX_POLICY_BYTES:
        raise PolicyLengthExceededException("The requested policy is longer than is allowed.")
    buses.policies[bus.arn] = policy
    return {}


async def remove_permission(buses: EventBuses, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RemovePermission.html"""
    bus = buses.get(parameters.get("EventBusName"))
    policy = buses.policies.get(bus.arn)
    declared = buses.declared_policies.get(bus.arn, {})
    if parameters.get("RemoveAllPermissions"):
        buses.policies.pop(bus.arn, None)
        declared.clear()
        return {}
    name = parameters.get("StatementId")
    statements = [] if policy is None else policy["Statement"]
    left = [each for each in statements if each.get("Sid") != name]
    givers = [giver for giver in declared.values() if any(each.get("Sid") == name for each in giver)]
    if len(left) == len(statements) and not givers:
        raise ResourceNotFoundException("Statement with the provided id does not exist.")
    # The template's are there again at the next start.
    for giver in givers:
        giver[:] = [each for each in giver if each.get("Sid") != name]
    if policy is None:
        return {}
    if left:
        buses.policies[bus.arn] = {**(policy or {}), "Statement": left}
    else:
        del buses.policies[bus.arn]
    return {}


def statement_of(parameters: JSON, arn: str) -> dict[str, JSON]:
    """Write a permission as a statement. Raise ``ValidationException``."""
    action, principal, name = (parameters.get(each) for each in ("Action", "Principal", "StatementId"))
    if not (isinstance(action, str) and isinstance(principal, str) and isinstance(name, str)):
        raise ValidationException("Action, Principal and StatementId are required unless Policy is given.")
    if action != "events:PutEvents":
        raise ValidationException("Provided value in parameter 'action' is not supported.")
    if principal != "*" and not _is_account(principal):
        raise ValidationException("Provided value in parameter 'principal' is not valid.")
    if not _is_statement_id(name):
        raise ValidationException(
            f"1 validation error detected: Value '{name}' at 'statementId' failed to satisfy constraint: Member must"
            " satisfy regular expression pattern: [a-zA-Z0-9-_]+"
        )
    statement: dict[str, JSON] = {
        "Sid": name,
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": action,
        "Resource": arn,
    }
    if (condition := parameters.get("Condition")) is not None:
        names = ("Type", "Key", "Value")
        refuse(missing(f"condition.{member_name(name)}") for name in names if condition.get(name) is None)
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement


def _with_statement(policy: JSON, statement: dict[str, JSON]) -> JSON:
    others = [] if policy is None else [each for each in policy["Statement"] if each.get("Sid") != statement["Sid"]]
    return {"Version": "2012-10-17", **(policy or {}), "Statement": [*others, statement]}


def _read_policy(text: JSON) -> JSON:
    policy: JSON = None
    with suppress(NotJSON):
        policy = documents.parse(text) if isinstance(text, str) else None
    policy = policy if isinstance(policy, dict) else {}
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        # One may stand by itself.
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
        raise ValidationException("The policy is not a valid JSON document with statements.")
    return {**policy, "Statement": statements}
