"""
The operations on versions and aliases of functions.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from collections.abc import Awaitable, Callable, Mapping

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.lambda_.errors import InvalidParameterValueException, PreconditionFailedException
from pizzabar.lambda_.function import LATEST
from pizzabar.lambda_.functions import Functions, split_name
from pizzabar.lambda_.operations import configuration, name_of, qualifier_of, unqualified, versions_of
from pizzabar.lambda_.pages import page_of
from pizzabar.lambda_.versions import Alias, is_version

MAX_PAGE = 50
MAX_ALIASES_PAGE = 10_000


async def publish_version(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html"""
    function = unqualified(functions, parameters)
    if parameters.get("RevisionId"):
        # Functions tell none here, so that none is the right one.
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
            "retrieve the latest Revision Id",
            Type="User",
        )
    for name in ("CodeSha256", "PublishTo"):
        if parameters.get(name):
            raise InvalidParameterValueException(f"{name} is not supported by pizzabar", Type="User")
    return configuration(functions.versions.publish(function, parameters.get("Description")))


async def list_versions_by_function(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html"""
    function = unqualified(functions, parameters)
    found = [configuration(each) for each in versions_of(functions, function)]
    return page_of(parameters, "Versions", found, MAX_PAGE)


async def delete_function(functions: Functions, parameters: JSON) -> JSON:
    """Delete a function, or with a qualifier one of its versions.

    https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
    """
    name, own = split_name(name_of(parameters))
    function = functions.get(name)
    qualifier = own or qualifier_of(parameters)
    if qualifier is None:
        functions.changed.note(function.name)
        functions.policies.forget(function.arn)
        functions.remove(function.name)
    elif qualifier == LATEST:
        raise InvalidParameterValueException(
            "$LATEST version cannot be deleted without deleting the function.", Type="User"
        )
    elif not is_version(qualifier):
        raise InvalidParameterValueException("Deletion of aliases is not currently supported.", Type="User")
    else:
        functions.policies.forget(functions.get(name, qualifier).invoked_arn)
        functions.versions.delete(function, qualifier)
    return {"StatusCode": 204}


async def create_alias(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html"""
    alias = functions.versions.create_alias(
        unqualified(functions, parameters),
        _text(parameters, "Name"),
        _text(parameters, "FunctionVersion"),
        _weights(parameters) or {},
        parameters.get("Description") or "",
    )
    return _described(alias)


async def get_alias(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html"""
    return _described(functions.versions.alias(unqualified(functions, parameters), _text(parameters, "Name")))


async def list_aliases(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html"""
    function = unqualified(functions, parameters)
    found = functions.versions.aliases_of(function, parameters.get("FunctionVersion"))
    return page_of(parameters, "Aliases", [_described(each) for each in found], MAX_ALIASES_PAGE)


async def update_alias(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html"""
    alias = functions.versions.update_alias(
        unqualified(functions, parameters),
        _text(parameters, "Name"),
        parameters.get("FunctionVersion"),
        _weights(parameters),
        parameters.get("Description"),
        revision=parameters.get("RevisionId"),
    )
    return _described(alias)


async def delete_alias(functions: Functions, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html"""
    function, name = unqualified(functions, parameters), _text(parameters, "Name")
    functions.policies.forget(f"{function.arn}:{name}")
    functions.versions.delete_alias(function, name)
    return {}


def _text(parameters: JSON, name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise ValidationException(
            f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: "
            "Member must not be null"
        )
    return str(value)


def _weights(parameters: JSON) -> Mapping[str, float] | None:
    """Give the weights of other versions; none at all unless the request tells of them."""
    given = parameters.get("RoutingConfig")
    return None if given is None else given.get("AdditionalVersionWeights") or {}


def _described(alias: Alias) -> JSON:
    described: dict[str, JSON] = {
        "AliasArn": alias.arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    }
    routing = {"RoutingConfig": {"AdditionalVersionWeights": dict(alias.weights)}} if alias.weights else {}
    return described | routing


OPERATIONS: dict[str, Callable[[Functions, JSON], Awaitable[JSON]]] = {
    "CreateAlias": create_alias,
    "DeleteAlias": delete_alias,
    "DeleteFunction": delete_function,
    "GetAlias": get_alias,
    "ListAliases": list_aliases,
    "ListVersionsByFunction": list_versions_by_function,
    "PublishVersion": publish_version,
    "UpdateAlias": update_alias,
}
"""The operations by name."""

CHANGES = frozenset({"CreateAlias", "DeleteAlias", "DeleteFunction", "PublishVersion", "UpdateAlias"})
"""Those after which what API calls have made is another thing."""
