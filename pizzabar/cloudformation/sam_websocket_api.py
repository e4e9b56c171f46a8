"""
``AWS::Serverless::WebSocketApi``: an API whose routes each go to a function.

Names of what is made are those that SAM's own transform makes, where its guide names them otherwise
(``ChatConnectRoute``, not ``ChatconnectRoute``).

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-websocketapi.html
"""

from collections.abc import Iterator

from pizzabar.cloudformation.node import Node, Special, did_you_mean, mapping
from pizzabar.cloudformation.sam_globals import is_intrinsic
from pizzabar.cloudformation.sam_source import Resources, Source
from pizzabar.documents import JSON

OF_API = (
    *("ApiKeySelectionExpression", "Description", "DisableExecuteApiEndpoint", "DisableSchemaValidation"),
    *("IpAddressType", "Name", "RouteSelectionExpression", "Tags"),
)
OF_STAGE = ("AccessLogSettings", "DefaultRouteSettings", "RouteSettings", "StageVariables")
OF_ROUTE = (
    *("ApiKeyRequired", "ModelSelectionExpression", "OperationName", "RequestModels", "RequestParameters"),
    "RouteResponseSelectionExpression",
)
ROUTE_PROPERTIES = (*OF_ROUTE, "FunctionArn", "IntegrationTimeout")
AUTH_PROPERTIES = ("AuthArn", "AuthType", "IdentitySource", "InvokeRole", "Name")
AUTH_TYPES = ("AWS_IAM", "CUSTOM", "NONE")
PROPERTIES = frozenset({*OF_API, *OF_STAGE, "Auth", "PropagateTags", "Routes", "StageName"})
UNSUPPORTED = frozenset({"Domain"})

FUNCTION_URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Arn}/invocations"
API_ARN = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"


def websocket_api(source: Source) -> Resources:
    """Give the API, its stage, and for each route a route, an integration and a permission."""
    given = source.properties
    made: dict[str, JSON] = {name: given[name] for name in OF_API if name in given}
    made.setdefault("Name", source.logical_id)
    made["ProtocolType"] = "WEBSOCKET"
    if "RouteSelectionExpression" not in given:
        source.fault(source.node, "Missing required property 'RouteSelectionExpression'.")
    yield source.main("AWS::ApiGatewayV2::Api", made)

    stage_node = given.get("StageName")
    stage: JSON = "default" if stage_node is None else stage_node
    of_stage: dict[str, JSON] = {name: given[name] for name in OF_STAGE if name in given}
    if (tags := given.get("Tags")) is not None and (wanted := given.get("PropagateTags")) and wanted.value is True:
        of_stage["Tags"] = tags
    name = stage if isinstance(stage, str) else stage_node.value if stage_node is not None else ""
    stage_id = f"{source.logical_id}{name if isinstance(name, str) and name.isalnum() else ''}Stage"
    properties = {"ApiId": _ref(source), "StageName": stage, "AutoDeploy": True, **of_stage}
    yield stage_id, source.resource("AWS::ApiGatewayV2::Stage", properties)

    auth = _auth(source)
    for key, route in _routes(source):
        yield from _route(source, key, route, stage, auth if key == "$connect" else None)
    if auth is not None and _text(auth, "AuthType") == "CUSTOM":
        yield from _authorizer(source, auth)


def _ref(source: Source) -> JSON:
    return {"Ref": source.logical_id}


def _text(node: Node, name: str) -> str | None:
    member = mapping(node).get(name)
    return member.value.upper() if member is not None and isinstance(member.value, str) else None


def _routes(source: Source) -> Iterator[tuple[str, Node]]:
    """Go through the routes that can be made."""
    section = source.properties.get("Routes")
    if section is None or section.value == {}:
        source.fault(source.node if section is None else section, "WebSocket API must have at least one route.")
        return
    if not isinstance(section.value, dict) or is_intrinsic(section.value):
        if not isinstance(section.value, Special):
            source.fault(section, "'Routes' must be an object of routes by their route keys.")
        return
    for key, route in section.value.items():
        if key not in ("$connect", "$disconnect", "$default") and not key.isalnum():
            source.fault(
                route,
                f"Route key '{key}' must be alphanumeric. "
                "Only $connect, $disconnect, and $default special routes are supported.",
            )
        elif "FunctionArn" not in mapping(route):
            if not isinstance(route.value, Special):
                source.fault(route, "Route must have associated function.")
        else:
            _check_names(source, route, ROUTE_PROPERTIES, f"route {key}")
            if key != "$connect" and (parameters := mapping(route).get("RequestParameters")) is not None:
                source.fault(
                    parameters, "Request parameters are only supported for the $connect route in WebSocket APIs."
                )
            yield key, route


def _check_names(source: Source, node: Node, known: tuple[str, ...], what: str) -> None:
    for name, member in mapping(node).items():
        if name not in known:
            hint = did_you_mean(name, known)
            message = f"{source.logical_id}: property {name} not defined for {what}{hint}"
            source.unsupported(member.place, message)


def _route(source: Source, key: str, route: Node, stage: JSON, auth: Node | None) -> Resources:
    given = mapping(route)
    base = f"{source.logical_id}{key.removeprefix('$').capitalize()}"
    made: dict[str, JSON] = {name: given[name] for name in OF_ROUTE if name in given}
    made |= {"ApiId": _ref(source), "RouteKey": key}
    made["Target"] = {"Fn::Sub": f"integrations/${{{base}Integration}}"}
    if auth is not None:
        made["AuthorizationType"] = _text(auth, "AuthType") or "NONE"
        if made["AuthorizationType"] == "CUSTOM":
            made["AuthorizerId"] = {"Ref": f"{source.logical_id}ConnectAuthorizer"}
    yield f"{base}Route", source.resource("AWS::ApiGatewayV2::Route", made, route.place)

    integration: dict[str, JSON] = {
        "ApiId": _ref(source),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": {"Fn::Sub": [FUNCTION_URI, {"Arn": given["FunctionArn"]}]},
    }
    if (timeout := given.get("IntegrationTimeout")) is not None:
        integration["TimeoutInMillis"] = timeout
    yield f"{base}Integration", source.resource("AWS::ApiGatewayV2::Integration", integration, route.place)

    arn = f"{API_ARN}:${{{source.logical_id}.ApiId}}/${{Stage}}/{key}"
    permission = _permission(given["FunctionArn"], {"Fn::Sub": [arn, {"Stage": stage}]})
    yield f"{base}Permission", source.resource("AWS::Lambda::Permission", permission, route.place)


def _permission(function: Node, source_arn: JSON) -> dict[str, JSON]:
    return {
        "Action": "lambda:InvokeFunction",
        "FunctionName": function,
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": source_arn,
    }


def _auth(source: Source) -> Node | None:
    """Give the authorization of ``$connect``; what is wrong in it is told, and None answered."""
    auth = source.properties.get("Auth")
    if auth is None or isinstance(auth.value, Special):
        return None
    given = mapping(auth)
    kind = _text(auth, "AuthType")
    _check_names(source, auth, AUTH_PROPERTIES, "Auth")
    if "$connect" not in mapping(source.properties.get("Routes")):
        source.fault(auth, "Authorization is only available if there is a $connect route.")
    elif "AuthType" not in given:
        source.fault(auth, "AuthType must be specified for additional auth configurations.")
    elif kind not in AUTH_TYPES:
        source.fault(given["AuthType"], "AuthType is not one of AWS_IAM, CUSTOM or NONE.")
    elif kind == "CUSTOM" and "AuthArn" not in given:
        source.fault(auth, "AuthArn must be specified if AuthType is CUSTOM.")
    elif kind != "CUSTOM" and len(given) > 1:
        source.fault(auth, f"No additional configurations supported for AuthType {kind}.")
    else:
        return auth
    return None


def _authorizer(source: Source, auth: Node) -> Resources:
    given = mapping(auth)
    authorizer_id = f"{source.logical_id}ConnectAuthorizer"
    made: dict[str, JSON] = {
        "ApiId": _ref(source),
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": {"Fn::Sub": [FUNCTION_URI, {"Arn": given["AuthArn"]}]},
        "Name": given.get("Name", authorizer_id),
    }
    if "IdentitySource" in given:
        made["IdentitySource"] = given["IdentitySource"]
    if "InvokeRole" in given:
        made["AuthorizerCredentialsArn"] = given["InvokeRole"]
    yield authorizer_id, source.resource("AWS::ApiGatewayV2::Authorizer", made, auth.place)
    if "InvokeRole" not in given:
        arn = f"{API_ARN}:${{{source.logical_id}}}/authorizers/*"
        permission = _permission(given["AuthArn"], {"Fn::Sub": arn})
        permission_id = f"{source.logical_id}AuthorizerPermission"
        yield permission_id, source.resource("AWS::Lambda::Permission", permission, auth.place)
