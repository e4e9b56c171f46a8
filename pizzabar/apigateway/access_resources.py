"""
The CloudFormation types of who and what may pass: authorizers, models, API keys and usage plans.

WebSocket APIs share keys and usage plans with REST APIs, whose types they are.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
"""

import hashlib
from collections.abc import Iterable, Mapping

from pizzabar.apigateway.api_keys import ApiKey, UsagePlan
from pizzabar.apigateway.apis import WebSocketApis
from pizzabar.apigateway.authorizers import Authorizer
from pizzabar.apigateway.identifiers import make_id, part_known_as
from pizzabar.apigateway.integration import FunctionTarget, VariableUri, read_uri
from pizzabar.apigateway.models import FaultyModel, compile_model
from pizzabar.apigateway.parameter_mapping import FaultyMapping, compile_source
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.resource import (
    Boolean,
    Document,
    Identity,
    ListOf,
    Naming,
    Number,
    Record,
    Reference,
    Resource,
    ResourceType,
    Text,
    Unsupported,
    Without,
)

API = Reference("AWS::ApiGatewayV2::Api")
UNCOUNTED = Without("requests are not counted by key")


def _check_authorizer(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    target = read_uri(properties["AuthorizerUri"])
    if isinstance(target, str):
        yield Fault(("AuthorizerUri",), target)
    elif not isinstance(target, FunctionTarget | VariableUri):
        yield Fault(("AuthorizerUri",), "an authorizer needs the URI of a function")
    for index, source in enumerate(properties.get("IdentitySource", [])):
        try:
            compile_source(source)
        except FaultyMapping as error:
            for fault in error.faults:
                yield Fault(("IdentitySource", index), fault.message)


async def _create_authorizer(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    target = read_uri(properties["AuthorizerUri"])
    assert isinstance(target, FunctionTarget | VariableUri)
    sources = tuple(compile_source(source) for source in properties.get("IdentitySource", []))
    id_ = resource.identity.ref
    apis.get(properties["ApiId"]).authorizers[id_] = Authorizer(
        id_, properties["Name"], target, sources, properties.get("AuthorizerCredentialsArn")
    )


def _check_model(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    try:
        compile_model(properties["Name"], properties["Schema"])
    except FaultyModel as error:
        for fault in error.faults:
            yield Fault(("Schema", *fault.path), fault.message)


async def _create_model(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    model = compile_model(properties["Name"], properties["Schema"])
    models = apis.get(properties["ApiId"]).models
    # A route names a model by its name; by its id, too, here.
    models[model.name] = models[resource.identity.ref] = model


def _identify_key(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    id_ = make_id(naming, logical_id, 10)
    return Identity(id_, {"APIKeyId": id_})


def _check_key(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if "Value" in properties and not 20 <= len(properties["Value"]) <= 128:
        yield Fault(("Value",), "API Key value should be at least 20 characters, and at most 128")


async def _create_key(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    id_ = resource.identity.ref
    # A value that the template leaves out is the same at each start.
    made = hashlib.sha256(f"{resource.logical_id}/{id_}".encode()).hexdigest()[:40]
    value = properties.get("Value", made)
    name = properties.get("Name", resource.logical_id)
    apis.access.api_keys.add(ApiKey(id_, name, value, properties.get("Enabled", False)))


def _identify_plan(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    id_ = make_id(naming, logical_id, 6)
    return Identity(id_, {"Id": id_})


async def _create_plan(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    stages = frozenset((each["ApiId"], each["Stage"]) for each in properties.get("ApiStages", []))
    id_ = resource.identity.ref
    apis.access.api_keys.add_plan(UsagePlan(id_, properties.get("UsagePlanName", resource.logical_id), stages))


def _identify_plan_key(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    id_ = f"{properties['KeyId']}:{properties['UsagePlanId']}"
    return Identity(id_, {"Id": id_})


async def _create_plan_key(apis: WebSocketApis, resource: Resource) -> None:
    apis.access.api_keys.add_to_plan(resource.properties["UsagePlanId"], resource.properties["KeyId"])


RESOURCES: dict[str, ResourceType] = {
    "AWS::ApiGatewayV2::Authorizer": ResourceType(
        shape=Record(
            {
                "ApiId": Text(),
                "AuthorizerCredentialsArn": Text(),
                "AuthorizerPayloadFormatVersion": Unsupported(),
                "AuthorizerResultTtlInSeconds": Without("results are not kept for WebSocket APIs", Number(0, 3600)),
                "AuthorizerType": Text(choices=("REQUEST",)),
                "AuthorizerUri": Text(),
                "EnableSimpleResponses": Unsupported(),
                "IdentitySource": ListOf(Text()),
                "IdentityValidationExpression": Unsupported(),
                "JwtConfiguration": Unsupported(),
                "Name": Text(),
            },
            required=frozenset({"ApiId", "AuthorizerType", "AuthorizerUri", "Name"}),
        ),
        identify=part_known_as("AuthorizerId"),
        create=_create_authorizer,
        check=_check_authorizer,
        references={"ApiId": API},
    ),
    "AWS::ApiGatewayV2::Model": ResourceType(
        shape=Record(
            {
                "ApiId": Text(),
                "ContentType": Text(),
                "Description": Text(),
                "Name": Text(),
                "Schema": Document(),
            },
            required=frozenset({"ApiId", "Name", "Schema"}),
        ),
        identify=part_known_as("ModelId"),
        create=_create_model,
        unique=("ApiId", "Name"),
        check=_check_model,
        references={"ApiId": API},
    ),
    "AWS::ApiGateway::ApiKey": ResourceType(
        shape=Record(
            {
                "CustomerId": Text(),
                "Description": Text(),
                "Enabled": Boolean(),
                "GenerateDistinctId": Boolean(),
                "Name": Text(),
                "StageKeys": Unsupported(),
                "Tags": Without(),
                "Value": Text(),
            }
        ),
        identify=_identify_key,
        create=_create_key,
        check=_check_key,
    ),
    "AWS::ApiGateway::UsagePlan": ResourceType(
        shape=Record(
            {
                "ApiStages": ListOf(Record({"ApiId": Text(), "Stage": Text(), "Throttle": UNCOUNTED})),
                "Description": Text(),
                "Quota": UNCOUNTED,
                "Tags": Without(),
                "Throttle": UNCOUNTED,
                "UsagePlanName": Text(),
            }
        ),
        identify=_identify_plan,
        create=_create_plan,
    ),
    "AWS::ApiGateway::UsagePlanKey": ResourceType(
        shape=Record(
            {"KeyId": Text(), "KeyType": Text(choices=("API_KEY",)), "UsagePlanId": Text()},
            required=frozenset({"KeyId", "KeyType", "UsagePlanId"}),
        ),
        identify=_identify_plan_key,
        create=_create_plan_key,
        references={
            "KeyId": Reference("AWS::ApiGateway::ApiKey"),
            "UsagePlanId": Reference("AWS::ApiGateway::UsagePlan"),
        },
    ),
}
