"""
Policies: the statements of policy documents.

Pure. A document is an identity's (what a role may do), a resource's (who may do what with it), or the trust policy of
a role (who may assume it); each has elements that the others may not have.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from typing import Literal

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import Fault, FaultyDocument
from pizzabar.iam.conditions import Condition, read_conditions
from pizzabar.record import record

Kind = Literal["identity", "resource", "trust"]
VERSIONS = ("2012-10-17", "2008-10-17")
PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_KNOWN = {"Sid", "Effect", "Condition"}


class MalformedPolicyDocument(FaultyDocument):
    """Raised when a document is no policy; tells everything that is wrong in it."""


@record
class Statement:
    """One statement of a policy. Without ``resources`` it is about what the policy belongs to."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    """Types and names: ``("Service", "events.amazonaws.com")``; ``("AWS", "*")`` is everybody."""
    conditions: tuple[Condition, ...] = ()
    sid: str = ""
    excludes_actions: bool = False
    """Whether it has NotAction: the actions are those that it is not about."""
    excludes_resources: bool = False
    excludes_principals: bool = False


@record
class Policy:
    """A policy by its name."""

    name: str
    statements: tuple[Statement, ...]
    document: JSON

    def label(self, statement: Statement) -> str:
        """Say which statement it is, as people find it."""
        number = self.statements.index(statement)
        return f"{self.name}, statement {statement.sid or number + 1}"


def read_policy(name: str, document: JSON, kind: Kind) -> Policy:
    """Read a policy document, as a value or as its text. Raise ``MalformedPolicyDocument``."""
    faults: list[Fault] = []
    if isinstance(document, str):
        try:
            document = documents.parse(document)
        except NotJSON as error:
            raise MalformedPolicyDocument([Fault((), f"a policy document is JSON: {error}")]) from None
    if not isinstance(document, dict):
        raise MalformedPolicyDocument([Fault((), "a policy document is an object")])
    for element in document.keys() - {"Version", "Id", "Statement"}:
        faults.append(Fault((element,), f"a policy has no element {element}"))
    version = document.get("Version", "2008-10-17")
    if version not in VERSIONS:
        faults.append(Fault(("Version",), f"the Version of a policy is {' or '.join(VERSIONS)}"))
    given = document.get("Statement")
    if given is None:
        faults.append(Fault((), "a policy has a Statement"))
    statements = []
    for number, each in enumerate(given if isinstance(given, list) else [] if given is None else [given]):
        path = ("Statement", number) if isinstance(given, list) else ("Statement",)
        statements.append(_read_statement(each, kind, faults, path))
    if faults:
        raise MalformedPolicyDocument(faults)
    return Policy(name, tuple(each for each in statements if each is not None), document)


def _read_statement(given: JSON, kind: Kind, faults: list[Fault], path: tuple[str | int, ...]) -> Statement | None:
    if not isinstance(given, dict):
        faults.append(Fault(path, "a statement is an object"))
        return None
    elements = {"Action", "NotAction"}
    elements |= set() if kind == "trust" else {"Resource", "NotResource"}
    elements |= set() if kind == "identity" else {"Principal", "NotPrincipal"}
    for element in sorted(given.keys() - elements - _KNOWN):
        faults.append(Fault((*path, element), f"a statement of {_A[kind]} has no element {element}"))
    if given.get("Effect") not in ("Allow", "Deny"):
        faults.append(Fault(path, "the Effect of a statement is Allow or Deny"))
    actions, excludes_actions = _texts(given, "Action", faults, path)
    for action in actions:
        if _ACTION.fullmatch(action) is None:
            faults.append(Fault((*path, "NotAction" if excludes_actions else "Action"), f"{action} is no action"))
    resources: tuple[str, ...] = ()
    excludes_resources = False
    if kind != "trust":
        resources, excludes_resources = _texts(given, "Resource", faults, path)
        for resource in resources:
            if not resource.startswith(("arn:", "*", "${")):
                where = (*path, "NotResource" if excludes_resources else "Resource")
                faults.append(Fault(where, f"Resource {resource} must be in ARN format or '*'."))
    principals: tuple[tuple[str, str], ...] = ()
    excludes_principals = False
    if kind != "identity":
        principals, excludes_principals = _principals(given, faults, path)
    conditions: tuple[Condition, ...] = ()
    if "Condition" in given:
        conditions = read_conditions(given["Condition"], faults, (*path, "Condition"))
    return Statement(
        str(given.get("Effect")),
        actions,
        resources,
        principals,
        conditions,
        str(given.get("Sid", "")),
        excludes_actions,
        excludes_resources,
        excludes_principals,
    )


_A = {"identity": "a role's policy", "resource": "a resource's policy", "trust": "a trust policy"}


def _texts(given: JSON, name: str, faults: list[Fault], path: tuple[str | int, ...]) -> tuple[tuple[str, ...], bool]:
    """Read an element, or the one that excludes; one of them must be there."""
    excludes = name not in given
    element = f"Not{name}" if excludes else name
    if element not in given or (not excludes and f"Not{name}" in given):
        faults.append(Fault(path, f"a statement has either {name} or Not{name}"))
        return (), excludes
    values = given[element] if isinstance(given[element], list) else [given[element]]
    if not values or not all(isinstance(value, str) for value in values):
        faults.append(Fault((*path, element), f"{element} is a text or a list of texts"))
        return (), excludes
    return tuple(values), excludes


def _principals(
    given: JSON, faults: list[Fault], path: tuple[str | int, ...]
) -> tuple[tuple[tuple[str, str], ...], bool]:
    excludes = "Principal" not in given
    element = "NotPrincipal" if excludes else "Principal"
    if element not in given or (not excludes and "NotPrincipal" in given):
        faults.append(Fault(path, "a statement has either Principal or NotPrincipal"))
        return (), excludes
    value = given[element]
    if value == "*":
        return (("AWS", "*"),), excludes
    if not isinstance(value, dict) or not value or not value.keys() <= set(PRINCIPAL_TYPES):
        faults.append(Fault((*path, element), f"{element} is * or names by {', '.join(PRINCIPAL_TYPES)}"))
        return (), excludes
    principals = []
    for type, names in value.items():
        for name in names if isinstance(names, list) else [names]:
            if isinstance(name, str):
                principals.append((type, name))
            else:
                faults.append(Fault((*path, element, type), f"{type} is a text or a list of texts"))
    return tuple(principals), excludes
