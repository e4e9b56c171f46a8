"""
The operations on API destinations and connections, by AWS's names.

What an operation has begun it answers with the state of, and what it was: DELETING, DEAUTHORIZING. Nothing takes
time here but the first access token of OAuth.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.answers import given, page
from pizzabar.eventbridge.api_destination import ApiDestination, endpoint_fault
from pizzabar.eventbridge.api_destinations import ApiDestinations
from pizzabar.eventbridge.connection import Connection, secret_arn
from pizzabar.eventbridge.connection_parameters import check_auth_parameters
from pizzabar.eventbridge.parameters import check, refuse_unsupported


async def create_connection(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Make a connection."""
    check(parameters, "Name", "AuthorizationType", "AuthParameters")
    refuse_unsupported(parameters, "InvocationConnectivityParameters")
    check_auth_parameters(parameters["AuthParameters"], in_full=True)
    connection = destinations.create_connection(
        parameters["Name"],
        parameters["AuthorizationType"],
        parameters["AuthParameters"],
        description=parameters.get("Description"),
        kms_key=parameters.get("KmsKeyIdentifier"),
    )
    answer = _answer(connection)
    del answer["LastAuthorizedTime"]
    return answer


async def update_connection(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Change a connection."""
    check(parameters, "Name")
    refuse_unsupported(parameters, "InvocationConnectivityParameters")
    auth_parameters = parameters.get("AuthParameters")
    if auth_parameters is not None:
        check_auth_parameters(auth_parameters, in_full=False)
    changes = {"description": "Description", "kms_key": "KmsKeyIdentifier"}
    connection = destinations.update_connection(
        parameters["Name"],
        parameters.get("AuthorizationType"),
        auth_parameters,
        **{ours: parameters[name] for ours, name in changes.items() if parameters.get(name) is not None},
    )
    return _answer(connection)


async def describe_connection(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Read a connection, without its secrets."""
    check(parameters, "Name")
    connection = destinations.connection(parameters["Name"])
    return {
        **_answer(connection),
        **_listed(connection),
        **given(Description=connection.description, KmsKeyIdentifier=connection.kms_key),
        "SecretArn": secret_arn(connection.arn),
        "AuthParameters": connection.described_parameters(),
    }


async def delete_connection(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Delete a connection."""
    check(parameters, "Name")
    return _answer(destinations.delete_connection(parameters["Name"])) | {"ConnectionState": "DELETING"}


async def deauthorize_connection(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Take the authorization parameters out of a connection."""
    check(parameters, "Name")
    return _answer(destinations.deauthorize(parameters["Name"])) | {"ConnectionState": "DEAUTHORIZING"}


async def list_connections(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """List the connections."""
    check(parameters)
    prefix, state = parameters.get("NamePrefix") or "", parameters.get("ConnectionState")
    found = [
        {**_answer(each), **_listed(each)}
        for each in destinations.connections
        if each.name.startswith(prefix) and state in (None, each.state)
    ]
    return page(parameters, "Connections", found)


async def create_api_destination(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Make an API destination."""
    check(parameters, "Name", "ConnectionArn", "InvocationEndpoint", "HttpMethod")
    _check_endpoint(parameters)
    destination = destinations.create_destination(
        parameters["Name"],
        parameters["ConnectionArn"],
        parameters["InvocationEndpoint"],
        parameters["HttpMethod"],
        **_changes(parameters, "per_second", "description"),
    )
    return _state(destinations, destination)


async def update_api_destination(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Change an API destination."""
    check(parameters, "Name")
    _check_endpoint(parameters)
    return _state(
        destinations, destinations.update_destination(parameters["Name"], **_changes(parameters, *_MEMBERS))
    )


async def describe_api_destination(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Read an API destination."""
    check(parameters, "Name")
    destination = destinations.destination(parameters["Name"])
    return _describe(destinations, destination) | given(Description=destination.description)


async def delete_api_destination(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """Delete an API destination."""
    check(parameters, "Name")
    destinations.delete_destination(parameters["Name"])
    return {}


async def list_api_destinations(destinations: ApiDestinations, parameters: JSON) -> JSON:
    """List the API destinations."""
    check(parameters)
    prefix, connection = parameters.get("NamePrefix") or "", parameters.get("ConnectionArn")
    found = [
        _describe(destinations, each)
        for each in destinations
        if each.name.startswith(prefix) and connection in (None, each.connection_arn)
    ]
    return page(parameters, "ApiDestinations", found)


_MEMBERS = {
    "connection_arn": "ConnectionArn",
    "description": "Description",
    "endpoint": "InvocationEndpoint",
    "method": "HttpMethod",
    "per_second": "InvocationRateLimitPerSecond",
}


def _changes(parameters: JSON, *ours: str) -> dict[str, JSON]:
    return {name: parameters[_MEMBERS[name]] for name in ours if parameters.get(_MEMBERS[name]) is not None}


def _check_endpoint(parameters: JSON) -> None:
    endpoint = parameters.get("InvocationEndpoint")
    fault = None if endpoint is None else endpoint_fault(endpoint)
    if fault is not None:
        raise ValidationException(fault)


def _answer(connection: Connection) -> dict[str, JSON]:
    return {
        "ConnectionArn": connection.arn,
        "ConnectionState": connection.state,
        "CreationTime": connection.created.timestamp(),
        "LastModifiedTime": connection.modified.timestamp(),
        "LastAuthorizedTime": None if connection.authorized is None else connection.authorized.timestamp(),
    }


def _listed(connection: Connection) -> dict[str, JSON]:
    return {
        "Name": connection.name,
        "AuthorizationType": connection.authorization_type,
        **given(StateReason=connection.reason),
    }


def _state(destinations: ApiDestinations, destination: ApiDestination) -> dict[str, JSON]:
    return {
        "ApiDestinationArn": destination.arn,
        "ApiDestinationState": "ACTIVE" if destinations.is_active(destination) else "INACTIVE",
        "CreationTime": destination.created.timestamp(),
        "LastModifiedTime": destination.modified.timestamp(),
    }


def _describe(destinations: ApiDestinations, destination: ApiDestination) -> dict[str, JSON]:
    return {
        **_state(destinations, destination),
        "Name": destination.name,
        "ConnectionArn": destination.connection_arn,
        "InvocationEndpoint": destination.endpoint,
        "HttpMethod": destination.method,
        "InvocationRateLimitPerSecond": destination.per_second,
    }


OPERATIONS: dict[str, Callable[[ApiDestinations, JSON], Awaitable[JSON]]] = {
    "CreateApiDestination": create_api_destination,
    "CreateConnection": create_connection,
    "DeauthorizeConnection": deauthorize_connection,
    "DeleteApiDestination": delete_api_destination,
    "DeleteConnection": delete_connection,
    "DescribeApiDestination": describe_api_destination,
    "DescribeConnection": describe_connection,
    "ListApiDestinations": list_api_destinations,
    "ListConnections": list_connections,
    "UpdateApiDestination": update_api_destination,
    "UpdateConnection": update_connection,
}

CHANGES = frozenset(name for name in OPERATIONS if not name.startswith(("Describe", "List")))
"""The operations after which what API calls have made is another thing."""
