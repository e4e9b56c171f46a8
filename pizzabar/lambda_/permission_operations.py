"""
The operations on permissions of functions.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.lambda_.errors import (
    InvalidParameterValueException,
    PreconditionFailedException,
    ResourceNotFoundException,
)
from pizzabar.lambda_.function import LATEST, Function
from pizzabar.lambda_.functions import Functions, split_name
from pizzabar.lambda_.operations import name_of, qualifier_of
from pizzabar.lambda_.permissions import is_action, statement
from pizzabar.lambda_.versions import is_version
from pizzabar.uuids import uuid_of


async def add_permission(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html"""
    for name in ("StatementId", "Action", "Principal"):
        if parameters.get(name) is None:
            raise ValidationException(
                f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy "
                "constraint: Member must not be null"
            )
    if is_action(parameters["Action"]) is None:
        raise ValidationException(
            f"1 validation error detected: Value '{parameters['Action']}' at 'action' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])"
        )
    function = _permitted(functions, parameters)
    _check_revision(functions, function, parameters)
    added = statement(parameters["StatementId"], function.invoked_arn, parameters)
    functions.policies.add(function.invoked_arn, added)
    return {"Statement": documents.write(added)}


async def remove_permission(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html"""
    function = _permitted(functions, parameters)
    _check_revision(functions, function, parameters)
    functions.policies.remove(function.invoked_arn, str(parameters.get("StatementId")))
    return {}


def _permitted(functions: Functions, parameters: JSON) -> Function:
    """Find what a permission is on."""
    name, own = split_name(name_of(parameters))
    qualifier = own or qualifier_of(parameters)
    if qualifier == LATEST:
        raise InvalidParameterValueException("We currently do not support adding policies for $LATEST.", Type="User")
    function = functions.get(name)
    if qualifier is not None and not is_version(qualifier) and functions.versions.find(function, qualifier) is None:
        raise ResourceNotFoundException(f"Cannot find alias arn: {function.arn}:{qualifier}", Type="User")
    return functions.get(name_of(parameters), qualifier_of(parameters))


def _check_revision(functions: Functions, function: Function, parameters: JSON) -> None:
    """Raise ``PreconditionFailedException`` when the policy is another one than the caller takes it to be."""
    policy = functions.policies.of(function.invoked_arn)
    revision = parameters.get("RevisionId")
    if revision and (policy is None or revision != uuid_of(documents.write(policy))):
        raise PreconditionFailedException(
            "The RevisionId provided does not match the latest RevisionId for the Lambda function or alias. Call the "
            "GetPolicy API to retrieve the latest RevisionId for your resource.",
            Type="User",
        )


OPERATIONS: dict[str, Callable[[Functions, JSON], Awaitable[JSON]]] = {
    "AddPermission": add_permission,
    "RemovePermission": remove_permission,
}
"""The operations by name."""

CHANGES = frozenset(OPERATIONS)
"""Those after which what API calls have made is another thing."""
