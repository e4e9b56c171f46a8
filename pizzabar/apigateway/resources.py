"""The CloudFormation types of API Gateway's WebSocket APIs (``AWS::ApiGatewayV2::…``)."""

import hashlib
import re
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from pizzabar.apigateway.api import Route, Stage, WebSocketApi
from pizzabar.apigateway.apis import WebSocketApis
from pizzabar.apigateway.integration import (
    FunctionTarget,
    HttpTarget,
    Integration,
    IntegrationResponse,
    ServiceAction,
    Target,
    VariableUri,
    read_uri,
)
from pizzabar.apigateway.integrations import INVOCATION_TYPE
from pizzabar.apigateway.mapping_template import FaultyTemplate, compile_template
from pizzabar.apigateway.parameter_mapping import (
    ParameterMapping,
    compile_request_parameter,
    compile_response_parameter,
    faults_in,
)
from pizzabar.apigateway.selection import FaultySelection, compile_selection
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.resource import (
    Asked,
    Boolean,
    Identity,
    MapOf,
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


def _id(naming: Naming, logical_id: str, length: int) -> str:
    """Make an id that is the same at each start, of the form that API Gateway's have."""
    digest = hashlib.blake2b(f"{naming.stack}/{logical_id}".encode(), digest_size=10).digest()
    return b32encode(digest).decode().lower()[:length]


def _identify_api(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    id_ = _id(naming, logical_id, 10)
    return Identity(id_, {"ApiId": id_, "ApiEndpoint": f"ws://{id_}.execute-api.localhost"})


def _identify_part(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(_id(naming, logical_id, 7))


def _identify_stage(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(str(properties["StageName"]))


def _check_api(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    if properties["ProtocolType"] != "WEBSOCKET":
        yield Fault(("ProtocolType",), f"APIs of the protocol {properties['ProtocolType']} are not supported")
    elif "RouteSelectionExpression" not in properties:
        yield Fault((), "a WebSocket API needs a RouteSelectionExpression")
    yield from _check_selection(properties, "RouteSelectionExpression")


def _check_selection(properties: Mapping[str, JSON], name: str) -> Iterable[Fault]:
    if name in properties:
        try:
            compile_selection(properties[name])
        except FaultySelection as error:
            for fault in error.faults:
                yield Fault((name,), fault.message)


def _check_templates(properties: Mapping[str, JSON], name: str) -> Iterable[Fault]:
    for key, text in properties.get(name, {}).items():
        try:
            compile_template(text)
        except FaultyTemplate as error:
            yield Fault((name, key), str(error))


_TARGETS: dict[str, tuple[tuple[type, ...], str]] = {
    "AWS": ((ServiceAction, FunctionTarget), "the URI of a service's action or of a function"),
    "AWS_PROXY": ((FunctionTarget,), "the URI of a function"),
    "HTTP": ((HttpTarget,), "an address of http:// or https://"),
    "HTTP_PROXY": ((HttpTarget,), "an address of http:// or https://"),
}


def _check_integration(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    type_ = properties["IntegrationType"]
    if type_ != "MOCK":
        target = read_uri(properties.get("IntegrationUri", ""))
        kinds, wanted = _TARGETS[type_]
        if isinstance(target, str):
            yield Fault(("IntegrationUri",), target)
        elif not isinstance(target, (*kinds, VariableUri)):
            yield Fault(("IntegrationUri",), f"an {type_} integration needs {wanted}")
        yield from _check_request_parameters(properties, target)
    yield from _check_selection(properties, "TemplateSelectionExpression")
    yield from _check_templates(properties, "RequestTemplates")


def _check_request_parameters(properties: Mapping[str, JSON], target: Target | VariableUri | str) -> Iterable[Fault]:
    given = properties.get("RequestParameters", {})
    yield from faults_in(given, compile_request_parameter, "RequestParameters")
    if isinstance(target, ServiceAction | FunctionTarget):
        for name in given:
            lower = name.lower()
            if lower == "integration.request.header.content-type" or (
                isinstance(target, FunctionTarget) and lower == f"integration.request.header.{INVOCATION_TYPE}"
            ):
                continue
            yield Fault(("RequestParameters", name), "a request to a service has its parameters in its body alone")


def _asked_by_integration(properties: Mapping[str, JSON]) -> Iterable[Asked]:
    target = read_uri(properties.get("IntegrationUri", ""))
    if isinstance(target, ServiceAction):
        yield Asked(("IntegrationUri",), target.service, target.operation)


def _check_integration_response(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    try:
        re.compile(properties["IntegrationResponseKey"].strip("/"))
    except re.error as error:
        yield Fault(("IntegrationResponseKey",), f"is not a regular expression: {error}")
    yield from faults_in(properties.get("ResponseParameters", {}), compile_response_parameter, "ResponseParameters")
    yield from _check_selection(properties, "TemplateSelectionExpression")
    yield from _check_templates(properties, "ResponseTemplates")


def _check_route(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    key = properties["RouteKey"]
    if key.startswith("$") and key not in ("$connect", "$disconnect", "$default"):
        yield Fault(("RouteKey",), f"a route key of one's own must not begin with $: {key}")


# A stage's name: letters, digits, - and _, at most 128.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


def _check_stage(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    # A WebSocket API has no stage $default; HTTP APIs have.
    name = properties["StageName"]
    if _STAGE_NAME.fullmatch(name) is None:
        yield Fault(("StageName",), f"Stage name only allows a-zA-Z0-9_-: {name}")


async def _create_api(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    select = compile_selection(properties["RouteSelectionExpression"])
    apis.add(WebSocketApi(resource.identity.ref, properties.get("Name", resource.logical_id), select))


async def _create_stage(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    api = apis.get(properties["ApiId"])
    name = properties["StageName"]
    deployed = api if properties.get("AutoDeploy") else api.deployments.get(properties.get("DeploymentId", ""))
    api.stages[name] = Stage(name, deployed, properties.get("StageVariables", {}))


async def _create_integration(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    target = None if properties["IntegrationType"] == "MOCK" else read_uri(properties["IntegrationUri"])
    assert not isinstance(target, str)
    id_ = resource.identity.ref
    apis.get(properties["ApiId"]).integrations[id_] = Integration(
        id_,
        properties["IntegrationType"],
        target,
        {key: compile_template(text) for key, text in properties.get("RequestTemplates", {}).items()},
        compile_selection(properties.get("TemplateSelectionExpression", r"\$default")),
        properties.get("PassthroughBehavior", "WHEN_NO_MATCH"),
        timedelta(milliseconds=properties.get("TimeoutInMillis", 29_000)),
        method=properties.get("IntegrationMethod", "POST"),
        parameters=_mappings(properties.get("RequestParameters", {}), compile_request_parameter),
    )


def _mappings(
    given: Mapping[str, str], compile_parameter: Callable[[str, str], ParameterMapping]
) -> tuple[ParameterMapping, ...]:
    return tuple(compile_parameter(target, source) for target, source in given.items())


async def _create_integration_response(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    api = apis.get(properties["ApiId"])
    integration = api.integrations[properties["IntegrationId"]]
    templates = {key: compile_template(text) for key, text in properties.get("ResponseTemplates", {}).items()}
    select = compile_selection(properties.get("TemplateSelectionExpression", r"\$default"))
    parameters = _mappings(properties.get("ResponseParameters", {}), compile_response_parameter)
    response = IntegrationResponse(properties["IntegrationResponseKey"], templates, select, parameters)
    api.integrations[integration.id] = replace(integration, responses=(*integration.responses, response))


async def _create_route(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    api = apis.get(properties["ApiId"])
    integration_id = properties["Target"].removeprefix("integrations/") if "Target" in properties else None
    key = properties["RouteKey"]
    api.routes[key] = Route(key, integration_id)
    api.route_keys[resource.identity.ref] = key


async def _create_route_response(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    api = apis.get(properties["ApiId"])
    key = api.route_keys[properties["RouteId"]]
    # A route response alone makes the route two-way; the selection expression need not be set.
    api.routes[key] = replace(api.routes[key], is_two_way=True)


async def _create_deployment(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    api = apis.get(properties["ApiId"])
    api.deploy(resource.identity.ref)
    if (name := properties.get("StageName")) is not None:
        # A deployment may bring its stage along, or renew it.
        stage = api.stages.get(name, Stage(name, None))
        api.stages[name] = replace(stage, deployed=api.deployments[resource.identity.ref])


API = Reference("AWS::ApiGatewayV2::Api")
OF_API = ("ApiId",)
INTEGRATION = "AWS::ApiGatewayV2::Integration"
UNCHECKED = Without("permissions are not checked here")

RESOURCES: dict[str, ResourceType] = {
    "AWS::ApiGatewayV2::Api": ResourceType(
        shape=Record(
            {
                "Name": Text(),
                "Description": Text(),
                "ProtocolType": Text(),
                "RouteSelectionExpression": Text(),
                "Tags": Without(),
            },
            required=frozenset({"Name", "ProtocolType"}),
        ),
        identify=_identify_api,
        create=_create_api,
        check=_check_api,
    ),
    "AWS::ApiGatewayV2::Stage": ResourceType(
        shape=Record(
            {
                "ApiId": Text(),
                "StageName": Text(),
                "Description": Text(),
                "DeploymentId": Text(),
                "AutoDeploy": Boolean(),
                "StageVariables": MapOf(Text()),
                "Tags": Without(),
            },
            required=frozenset({"ApiId", "StageName"}),
        ),
        identify=_identify_stage,
        create=_create_stage,
        check=_check_stage,
        references={"ApiId": API, "DeploymentId": Reference("AWS::ApiGatewayV2::Deployment", alike=OF_API)},
    ),
    "AWS::ApiGatewayV2::Deployment": ResourceType(
        shape=Record({"ApiId": Text(), "Description": Text(), "StageName": Text()}, required=frozenset({"ApiId"})),
        identify=_identify_part,
        create=_create_deployment,
        references={"ApiId": API},
        comes_last=True,
    ),
    "AWS::ApiGatewayV2::Integration": ResourceType(
        shape=Record(
            {
                "ApiId": Text(),
                "Description": Text(),
                "IntegrationType": Text(choices=("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK")),
                "IntegrationMethod": Text(),
                "IntegrationSubtype": Unsupported(),
                "IntegrationUri": Text(),
                "ConnectionId": Unsupported(),
                "ConnectionType": Text(choices=("INTERNET",)),
                "ContentHandlingStrategy": Text(choices=("CONVERT_TO_TEXT",)),
                "CredentialsArn": UNCHECKED,
                "PayloadFormatVersion": Text(choices=("1.0",)),
                "RequestParameters": MapOf(Text()),
                "TlsConfig": Unsupported(),
                "TemplateSelectionExpression": Text(),
                "RequestTemplates": MapOf(Text()),
                "PassthroughBehavior": Text(choices=("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")),
                "TimeoutInMillis": Number(50, 29_000),
            },
            required=frozenset({"ApiId", "IntegrationType"}),
        ),
        identify=_identify_part,
        create=_create_integration,
        check=_check_integration,
        references={"ApiId": API},
        asks=_asked_by_integration,
    ),
    "AWS::ApiGatewayV2::IntegrationResponse": ResourceType(
        shape=Record(
            {
                "ApiId": Text(),
                "IntegrationId": Text(),
                "IntegrationResponseKey": Text(),
                "ContentHandlingStrategy": Text(choices=("CONVERT_TO_TEXT",)),
                "TemplateSelectionExpression": Text(),
                "ResponseParameters": MapOf(Text()),
                "ResponseTemplates": MapOf(Text()),
            },
            required=frozenset({"ApiId", "IntegrationId", "IntegrationResponseKey"}),
        ),
        identify=_identify_part,
        create=_create_integration_response,
        check=_check_integration_response,
        references={"ApiId": API, "IntegrationId": Reference(INTEGRATION, alike=OF_API)},
    ),
    "AWS::ApiGatewayV2::Route": ResourceType(
        shape=Record(
            {
                "ApiId": Text(),
                "RouteKey": Text(),
                "OperationName": Text(),
                "AuthorizationType": Text(choices=("NONE",)),
                "RouteResponseSelectionExpression": Text(choices=("$default",)),
                "Target": Text(),
            },
            required=frozenset({"ApiId", "RouteKey"}),
        ),
        identify=_identify_part,
        create=_create_route,
        check=_check_route,
        references={"ApiId": API, "Target": Reference(INTEGRATION, "integrations/", OF_API)},
    ),
    "AWS::ApiGatewayV2::RouteResponse": ResourceType(
        shape=Record(
            {"ApiId": Text(), "RouteId": Text(), "RouteResponseKey": Text(choices=("$default",))},
            required=frozenset({"ApiId", "RouteId", "RouteResponseKey"}),
        ),
        identify=_identify_part,
        create=_create_route_response,
        references={"ApiId": API, "RouteId": Reference("AWS::ApiGatewayV2::Route", alike=OF_API)},
    ),
}
