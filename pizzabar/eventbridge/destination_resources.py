"""
The CloudFormation types of API destinations and connections.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-apidestination.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-connection.html
"""

from collections.abc import Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.errors import Fault, ValidationException
from pizzabar.eventbridge.api_destination import MOST_PER_SECOND, destination_arn, endpoint_fault
from pizzabar.eventbridge.api_destinations import ApiDestinations
from pizzabar.eventbridge.connection import connection_arn, secret_arn
from pizzabar.eventbridge.connection_parameters import check_auth_parameters, check_authorization
from pizzabar.resource import (
    Boolean,
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    Resource,
    ResourceType,
    Shape,
    Text,
    Unsupported,
    Without,
)
from pizzabar.uuids import uuid_of


def _name(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> tuple[str, str]:
    """Give the name of a resource, and the UUID of its ARN."""
    name = str(properties.get("Name") or f"{naming.stack}-{logical_id}")
    return name, uuid_of(f"{naming.stack}/{logical_id}/{name}")


def _identify_connection(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name, uuid = _name(logical_id, properties, naming)
    arn = connection_arn(naming.home, name, uuid)
    attributes = {"Arn": arn, "ArnForPolicy": arn.rpartition("/")[0], "SecretArn": secret_arn(arn)}
    return Identity(name, attributes)


def _check_connection(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    given, wanted = properties.get("AuthParameters"), properties.get("AuthorizationType")
    if given is None or wanted is None:
        yield Fault((), "a connection needs an AuthorizationType and AuthParameters")
        return
    try:
        check_auth_parameters(given, in_full=True)
        check_authorization(wanted, given)
    except ValidationException as error:
        yield Fault(("AuthParameters",), error.message)


async def _create_connection(destinations: ApiDestinations, resource: Resource) -> None:
    properties = resource.properties
    destinations.ensure_connection(
        resource.identity.ref,
        _uuid(resource),
        properties["AuthorizationType"],
        properties["AuthParameters"],
        description=properties.get("Description"),
    )


async def _remove_connection(destinations: ApiDestinations, resource: Resource) -> None:
    destinations.remove_connection(resource.identity.ref)


def _identify_destination(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name, uuid = _name(logical_id, properties, naming)
    arn = destination_arn(naming.home, name, uuid)
    return Identity(name, {"Arn": arn, "ArnForPolicy": arn.rpartition("/")[0]})


def _check_destination(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    fault = endpoint_fault(properties["InvocationEndpoint"])
    if fault is not None:
        yield Fault(("InvocationEndpoint",), fault)


async def _create_destination(destinations: ApiDestinations, resource: Resource) -> None:
    properties = resource.properties
    destinations.ensure_destination(
        resource.identity.ref,
        _uuid(resource),
        properties["ConnectionArn"],
        properties["InvocationEndpoint"],
        properties["HttpMethod"],
        per_second=int(properties.get("InvocationRateLimitPerSecond", MOST_PER_SECOND)),
        description=properties.get("Description"),
    )


async def _remove_destination(destinations: ApiDestinations, resource: Resource) -> None:
    destinations.remove_destination(resource.identity.ref)


def _uuid(resource: Resource) -> str:
    return resource.identity.attributes["Arn"].rpartition("/")[2]


_TEXT = Text()
_PAIRS = ListOf(
    Record({"Key": _TEXT, "Value": _TEXT, "IsValueSecret": Boolean()}, required=frozenset({"Key", "Value"}))
)
_HTTP_PARAMETERS = Record({"HeaderParameters": _PAIRS, "QueryStringParameters": _PAIRS, "BodyParameters": _PAIRS})


def _all(**members: Shape) -> Record:
    """An object whose members are all required."""
    return Record(members, frozenset(members))


RESOURCES: dict[str, ResourceType] = {
    "AWS::Events::ApiDestination": ResourceType(
        shape=Record(
            {
                "ConnectionArn": _TEXT,
                "Description": _TEXT,
                "HttpMethod": Text(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")),
                "InvocationEndpoint": _TEXT,
                "InvocationRateLimitPerSecond": Number(1, (1 << 31) - 1),
                "Name": _TEXT,
            },
            required=frozenset({"ConnectionArn", "HttpMethod", "InvocationEndpoint"}),
        ),
        identify=_identify_destination,
        create=_create_destination,
        remove=_remove_destination,
        check=_check_destination,
        unique=("Name",),
    ),
    "AWS::Events::Connection": ResourceType(
        shape=Record(
            {
                "AuthParameters": Record(
                    {
                        "ApiKeyAuthParameters": _all(ApiKeyName=_TEXT, ApiKeyValue=_TEXT),
                        "BasicAuthParameters": _all(Username=_TEXT, Password=_TEXT),
                        "ConnectivityParameters": Unsupported(),
                        "InvocationHttpParameters": _HTTP_PARAMETERS,
                        "OAuthParameters": Record(
                            {
                                "AuthorizationEndpoint": _TEXT,
                                "ClientParameters": _all(ClientID=_TEXT, ClientSecret=_TEXT),
                                "HttpMethod": Text(("GET", "POST", "PUT")),
                                "OAuthHttpParameters": _HTTP_PARAMETERS,
                            },
                            required=frozenset({"AuthorizationEndpoint", "ClientParameters", "HttpMethod"}),
                        ),
                    }
                ),
                "AuthorizationType": Text(("API_KEY", "BASIC", "OAUTH_CLIENT_CREDENTIALS")),
                "Description": _TEXT,
                "InvocationConnectivityParameters": Unsupported(),
                "KmsKeyIdentifier": Without("nothing is encrypted"),
                "Name": _TEXT,
            }
        ),
        identify=_identify_connection,
        create=_create_connection,
        remove=_remove_connection,
        check=_check_connection,
        unique=("Name",),
    ),
}
"""The resource types of API destinations and connections."""
