"""The CloudFormation types of API Gateway's WebSocket APIs (``AWS::ApiGatewayV2::…``)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from pizzabar.apigateway.access_resources import API
from pizzabar.apigateway.access_resources import RESOURCES as ACCESS_RESOURCES
from pizzabar.apigateway.api import CONNECT, Route, Stage, WebSocketApi
from pizzabar.apigateway.apis import WebSocketApis
from pizzabar.apigateway.identifiers import make_id, part_known_as
from pizzabar.apigateway.integration import (
    DEFAULT_KEY,
    JSON_KEY,
    FunctionTarget,
    HttpTarget,
    Integration,
    IntegrationResponse,
    QueueTarget,
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
from pizzabar.apigateway.queue_request import named_operations
from pizzabar.apigateway.quotas import AWS_REQUESTS, Rate
from pizzabar.apigateway.selection import FaultySelection, Selection, compile_selection
from pizzabar.apigateway.stage_log import LEVELS, format_fault, read_stage_log
from pizzabar.arn import log_group_of
from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.resource import (
    Asked,
    Boolean,
    Document,
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


def _identify_api(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    id_ = make_id(naming, logical_id, 10)
    # The name on AWS: it leads here from functions, and what is made of it is the same as on AWS.
    endpoint = f"wss://{id_}.execute-api.{naming.home.region}.amazonaws.com"
    return Identity(
        id_, {"ApiId": id_, "ApiEndpoint": endpoint, "ExecuteApiArn": naming.home.arn("execute-api", id_)}
    )


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
    "AWS": ((ServiceAction, FunctionTarget, QueueTarget), "the URI of a service's action or of a function"),
    "AWS_PROXY": ((FunctionTarget,), "the URI of a function"),
    "HTTP": ((HttpTarget,), "an address of http:// or https://"),
    "HTTP_PROXY": ((HttpTarget,), "an address of http:// or https://"),
}


def _check_integration(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    type_ = properties["IntegrationType"]
    target: Target | VariableUri | str | None = None
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


def _check_request_parameters(
    properties: Mapping[str, JSON], target: Target | VariableUri | str | None
) -> Iterable[Fault]:
    given = properties.get("RequestParameters", {})
    yield from faults_in(given, compile_request_parameter, "RequestParameters")
    if isinstance(target, ServiceAction | FunctionTarget):
        for name in given:
            lower = name.lower()
            if lower in _HEADERS_OF_SERVICES or (
                isinstance(target, FunctionTarget) and lower == f"integration.request.header.{INVOCATION_TYPE}"
            ):
                continue
            yield Fault(("RequestParameters", name), "a request to a service has its parameters in its body alone")


_HEADERS_OF_SERVICES = frozenset(
    {"integration.request.header.content-type", "integration.request.header.x-amz-target"}
)
"""Headers of requests to services that say what the URI has said already."""


def _asked_by_integration(properties: Mapping[str, JSON]) -> Iterable[Asked]:
    target = read_uri(properties.get("IntegrationUri", ""))
    if isinstance(target, ServiceAction):
        yield Asked(("IntegrationUri",), target.service, target.operation)
    elif isinstance(target, QueueTarget):
        for path, operation in named_operations(properties, target):
            yield Asked(path, "sqs", operation)


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
    authorization = properties.get("AuthorizationType", "NONE")
    if key != CONNECT:
        if authorization != "NONE":
            yield Fault(("AuthorizationType",), "Currently, authorization is restricted to the $connect route only")
        if properties.get("ApiKeyRequired"):
            yield Fault(("ApiKeyRequired",), "only the route $connect can require an API key")
        if "RequestParameters" in properties:
            yield Fault(("RequestParameters",), "only the route $connect has request parameters")
    if authorization == "CUSTOM" and "AuthorizerId" not in properties:
        yield Fault((), "a route of the AuthorizationType CUSTOM needs an AuthorizerId")
    yield from _check_selection(properties, "ModelSelectionExpression")
    for name, parameter in _request_parameters(properties):
        if _REQUEST_PARAMETER.fullmatch(name) is None:
            yield Fault(("RequestParameters", name), f"Invalid mapping expression parameter specified: {name}")
        elif parameter:
            yield Fault(("RequestParameters", name, "Required"), "required parameters are not supported")


_REQUEST_PARAMETER = re.compile(r"route\.request\.(querystring|header|multivalue(querystring|header))\.\S+")


def _request_parameters(properties: Mapping[str, JSON]) -> Iterable[tuple[str, bool]]:
    """Give the names of the parameters that a route declares, and whether each is required."""
    given = properties.get("RequestParameters", {})
    for name, value in given.items() if isinstance(given, dict) else ():
        required = value.get("Required", False) if isinstance(value, dict) else value
        yield name, str(required).lower() == "true"


_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]+")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]*")
"""https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html"""
_STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html"""


def _check_stage(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    yield from _log_faults(properties)
    # A WebSocket API has no stage $default; HTTP APIs have.
    name = properties["StageName"]
    if _STAGE_NAME.fullmatch(name) is None:
        yield Fault(("StageName",), f"Stage name only allows a-zA-Z0-9_-: {name}")
    for variable, value in properties.get("StageVariables", {}).items():
        if _VARIABLE_NAME.fullmatch(variable) is None:
            yield Fault(("StageVariables", variable), "Stage variable names only allow a-zA-Z0-9_")
        elif _VARIABLE_VALUE.fullmatch(value) is None:
            why = f"Stage variable values only allow a-zA-Z0-9-._~:/?#&=,: {value}"
            yield Fault(("StageVariables", variable), why)
    settings: dict[tuple[str, ...], JSON] = {("DefaultRouteSettings",): properties.get("DefaultRouteSettings", {})}
    settings |= {("RouteSettings", key): each for key, each in properties.get("RouteSettings", {}).items()}
    for path, each in settings.items():
        if _DECIMAL.fullmatch(each.get("ThrottlingRateLimit", "0")) is None:
            yield Fault((*path, "ThrottlingRateLimit"), "is not a number from 0 on")


async def _create_api(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    select = compile_selection(properties["RouteSelectionExpression"])
    api = WebSocketApi(resource.identity.ref, properties.get("Name", resource.logical_id), select)
    api.selects_by_context = "context" in properties["RouteSelectionExpression"]
    api.is_validating = not properties.get("DisableSchemaValidation", False)
    api.is_key_authorized = properties.get("ApiKeySelectionExpression") == KEY_OF_AUTHORIZER
    apis.add(api)


def _log_faults(properties: Mapping[str, JSON]) -> Iterable[Fault]:
    settings = properties.get("AccessLogSettings") or {}
    arn, format = settings.get("DestinationArn"), settings.get("Format")
    if arn is not None and log_group_of(arn) is None:
        yield Fault(("AccessLogSettings", "DestinationArn"), f"{arn} is not the ARN of a log group")
    if format and (fault := format_fault(format)) is not None:
        yield Fault(("AccessLogSettings", "Format"), fault)


async def _create_stage(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    api = apis.get(properties["ApiId"])
    name = properties["StageName"]
    deployed = api if properties.get("AutoDeploy") else api.deployments.get(properties.get("DeploymentId", ""))
    rates = {key: _rate(settings) for key, settings in properties.get("RouteSettings", {}).items()}
    api.stages[name] = Stage(
        name,
        deployed,
        properties.get("StageVariables", {}),
        _rate(properties.get("DefaultRouteSettings", {})),
        {key: rate for key, rate in rates.items() if rate is not None},
        read_stage_log(properties),
    )


def _rate(settings: Mapping[str, JSON]) -> Rate | None:
    """Give the throttling of a stage or route, if it has any; what one of its numbers leaves out is the account's."""
    if not settings.keys() & {"ThrottlingRateLimit", "ThrottlingBurstLimit"}:
        return None
    rate = float(settings.get("ThrottlingRateLimit", AWS_REQUESTS.rate))
    return Rate(rate, settings.get("ThrottlingBurstLimit", AWS_REQUESTS.burst))


def _template_selection(properties: Mapping[str, JSON], templates: str) -> Selection:
    """Read what selects a template.

    Where nothing is said, the key is ``$default``; where there is none of it, ``application/json``: so templates in
    AWS's own collections have it, though its guide says that the content type counts for nothing.
    """
    keys = properties.get(templates, {})
    usual = JSON_KEY if DEFAULT_KEY not in keys and JSON_KEY in keys else rf"\{DEFAULT_KEY}"
    return compile_selection(properties.get("TemplateSelectionExpression", usual))


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
        _template_selection(properties, "RequestTemplates"),
        properties.get("PassthroughBehavior", "WHEN_NO_MATCH"),
        timedelta(milliseconds=properties.get("TimeoutInMillis", 29_000)),
        method=properties.get("IntegrationMethod", "POST"),
        parameters=_mappings(properties.get("RequestParameters", {}), compile_request_parameter),
        credentials=properties.get("CredentialsArn"),
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
    select = _template_selection(properties, "ResponseTemplates")
    parameters = _mappings(properties.get("ResponseParameters", {}), compile_response_parameter)
    response = IntegrationResponse(properties["IntegrationResponseKey"], templates, select, parameters)
    api.integrations[integration.id] = replace(integration, responses=(*integration.responses, response))


async def _create_route(apis: WebSocketApis, resource: Resource) -> None:
    properties = resource.properties
    api = apis.get(properties["ApiId"])
    integration_id = properties["Target"].removeprefix("integrations/") if "Target" in properties else None
    key = properties["RouteKey"]
    is_guarded = properties.get("AuthorizationType") == "CUSTOM"
    api.routes[key] = Route(
        key,
        integration_id,
        authorizer_id=properties["AuthorizerId"] if is_guarded else None,
        is_key_required=properties.get("ApiKeyRequired", False),
        model_keys=properties.get("RequestModels", {}),
        select_model=compile_selection(properties.get("ModelSelectionExpression", r"\$default")),
    )
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


OF_API = ("ApiId",)
ROUTE_SETTINGS = Record(
    {
        "DataTraceEnabled": Boolean(),
        "DetailedMetricsEnabled": Without("nothing is measured", Boolean()),
        "LoggingLevel": Text(choices=LEVELS),
        "ThrottlingBurstLimit": Number(0),
        "ThrottlingRateLimit": Text(),
    }
)
KEY_OF_AUTHORIZER = "$context.authorizer.usageIdentifierKey"
INTEGRATION = "AWS::ApiGatewayV2::Integration"

RESOURCES: dict[str, ResourceType] = {
    **ACCESS_RESOURCES,
    "AWS::ApiGatewayV2::Api": ResourceType(
        shape=Record(
            {
                "Name": Text(),
                "ApiKeySelectionExpression": Text(choices=("$request.header.x-api-key", KEY_OF_AUTHORIZER)),
                "Description": Text(),
                "DisableExecuteApiEndpoint": Without("there is no other address", Boolean()),
                "DisableSchemaValidation": Boolean(),
                "IpAddressType": Without(
                    "the addresses are those of the machine", Text(choices=("ipv4", "dualstack"))
                ),
                "ProtocolType": Text(),
                "RouteSelectionExpression": Text(),
                "Tags": Without(shape=MapOf(Text())),
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
                "AccessLogSettings": Record({"DestinationArn": Text(), "Format": Text()}),
                "ClientCertificateId": Unsupported(),
                "DefaultRouteSettings": ROUTE_SETTINGS,
                "DeploymentId": Text(),
                "AutoDeploy": Boolean(),
                "RouteSettings": MapOf(ROUTE_SETTINGS),
                "StageVariables": MapOf(Text()),
                "Tags": Without(shape=MapOf(Text())),
            },
            required=frozenset({"ApiId", "StageName"}),
        ),
        identify=_identify_stage,
        create=_create_stage,
        unique=("ApiId", "StageName"),
        check=_check_stage,
        references={"ApiId": API, "DeploymentId": Reference("AWS::ApiGatewayV2::Deployment", alike=OF_API)},
    ),
    "AWS::ApiGatewayV2::Deployment": ResourceType(
        shape=Record({"ApiId": Text(), "Description": Text(), "StageName": Text()}, required=frozenset({"ApiId"})),
        identify=part_known_as("DeploymentId"),
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
                "CredentialsArn": Text(),
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
        identify=part_known_as("IntegrationId"),
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
        identify=part_known_as("IntegrationResponseId"),
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
                "ApiKeyRequired": Boolean(),
                "AuthorizationType": Text(
                    choices=("NONE", "AWS_IAM", "CUSTOM"),
                    without={"AWS_IAM": "signatures are not checked here: everybody is let in"},
                ),
                "AuthorizerId": Text(),
                "ModelSelectionExpression": Text(),
                "RequestModels": MapOf(Text()),
                "RequestParameters": Document(),
                "RouteResponseSelectionExpression": Text(choices=("$default",)),
                "Target": Text(),
            },
            required=frozenset({"ApiId", "RouteKey"}),
        ),
        identify=part_known_as("RouteId"),
        create=_create_route,
        unique=("ApiId", "RouteKey"),
        check=_check_route,
        references={
            "ApiId": API,
            "Target": Reference(INTEGRATION, "integrations/", OF_API),
            "AuthorizerId": Reference("AWS::ApiGatewayV2::Authorizer", alike=OF_API),
            "RequestModels": Reference("AWS::ApiGatewayV2::Model", alike=OF_API, name="Name"),
        },
    ),
    "AWS::ApiGatewayV2::RouteResponse": ResourceType(
        shape=Record(
            {"ApiId": Text(), "RouteId": Text(), "RouteResponseKey": Text(choices=("$default",))},
            required=frozenset({"ApiId", "RouteId", "RouteResponseKey"}),
        ),
        identify=part_known_as("RouteResponseId"),
        create=_create_route_response,
        references={"ApiId": API, "RouteId": Reference("AWS::ApiGatewayV2::Route", alike=OF_API)},
    ),
}
