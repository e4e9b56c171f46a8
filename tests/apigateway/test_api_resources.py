"""
The CloudFormation types of WebSocket APIs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
"""

import re
from typing import Any

import pytest

from pizzabar.apigateway.integration import FunctionTarget, ServiceAction
from pizzabar.apigateway.resources import RESOURCES
from pizzabar.apigateway.selection import SelectionValues
from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import pointer
from pizzabar.resource import Naming, Resource
from tests.apigateway.service import FUNCTION, ApiGateway, api_gateway

NAMING = Naming(Home(), "pizza")
PUT_ITEM = "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem"
INVOKE = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


def faults(type_: str, **properties: JSON) -> list[str]:
    resource_type = RESOURCES[f"AWS::ApiGatewayV2::{type_}"]
    return [f"{pointer(fault.path)}: {fault.message}" for fault in resource_type.check(properties)]


async def create(gateway: ApiGateway, type_: str, logical_id: str, **properties: JSON) -> str:
    """Create a resource, and give what refers to it."""
    resource_type = RESOURCES[f"AWS::ApiGatewayV2::{type_}"]
    identity = resource_type.identify(logical_id, properties, NAMING)
    assert resource_type.create is not None
    await resource_type.create(
        gateway.apis, Resource(logical_id, f"AWS::ApiGatewayV2::{type_}", properties, identity)
    )
    return identity.ref


async def create_api(gateway: ApiGateway, **more: JSON) -> str:
    properties: dict[str, Any] = {
        "Name": "Pizza",
        "ProtocolType": "WEBSOCKET",
        "RouteSelectionExpression": "$request.body.action",
    }
    return await create(gateway, "Api", "Api", **(properties | more))


def test_the_id_of_an_api_is_the_same_at_each_start() -> None:
    identify = RESOURCES["AWS::ApiGatewayV2::Api"].identify

    first, again = identify("Api", {}, NAMING), identify("Api", {}, NAMING)

    assert first == again
    assert re.fullmatch("[a-z0-9]{10}", first.ref)
    assert first.attributes == {
        "ApiId": first.ref,
        "ApiEndpoint": f"wss://{first.ref}.execute-api.us-east-1.amazonaws.com",
        "ExecuteApiArn": f"arn:aws:execute-api:us-east-1:123456789012:{first.ref}",
    }
    assert identify("Other", {}, NAMING).ref != first.ref
    assert identify("Api", {}, Naming(Home(), "other")).ref != first.ref


def test_ref_of_the_parts_of_an_api() -> None:
    for type_ in (
        *("Authorizer", "Deployment", "Integration", "IntegrationResponse", "Model", "Route", "RouteResponse"),
    ):
        identity = RESOURCES[f"AWS::ApiGatewayV2::{type_}"].identify("It", {}, NAMING)
        assert re.fullmatch("[a-z0-9]{7}", identity.ref)
        assert identity.attributes == {f"{type_}Id": identity.ref}
    assert RESOURCES["AWS::ApiGatewayV2::Stage"].identify("It", {"StageName": "prod"}, NAMING).ref == "prod"


async def test_an_api_of_a_template() -> None:
    async with api_gateway() as gateway:
        id_ = await create_api(gateway)
        integration = await create(
            gateway,
            "Integration",
            "Integration",
            ApiId=id_,
            IntegrationType="AWS",
            IntegrationUri=PUT_ITEM,
            RequestTemplates={"$default": '{"a":1}', "gold": "{}"},
            TemplateSelectionExpression="${request.body.kind}",
            PassthroughBehavior="NEVER",
            TimeoutInMillis=500,
        )
        route = await create(
            gateway, "Route", "Route", ApiId=id_, RouteKey="order", Target=f"integrations/{integration}"
        )
        await create(gateway, "RouteResponse", "RR", ApiId=id_, RouteId=route, RouteResponseKey="$default")
        await create(
            gateway,
            "IntegrationResponse",
            "IR",
            ApiId=id_,
            IntegrationId=integration,
            IntegrationResponseKey="/200/",
            TemplateSelectionExpression="gold",
            ResponseTemplates={"gold": "done"},
        )
        deployment = await create(gateway, "Deployment", "Deployment", ApiId=id_)
        await create(
            gateway,
            "Stage",
            "Stage",
            ApiId=id_,
            StageName="prod",
            DeploymentId=deployment,
            StageVariables={"oven": "hot"},
        )

        api = gateway.apis.get(id_)
        assert (api.name, list(api.stages)) == ("Pizza", ["prod"])
        assert api.stages["prod"].variables == {"oven": "hot"}
        assert api.stages["prod"].deployed is api.deployments[deployment]
        assert api.select_route(SelectionValues({"action": "order"})) == "order"
        made_route = api.routes["order"]
        assert made_route.is_two_way
        made = api.integration_of(made_route)
        assert made is not None
        assert (made.type, made.target) == ("AWS", ServiceAction("dynamodb", "PutItem"))
        assert (made.passthrough, made.timeout.total_seconds()) == ("NEVER", 0.5)
        assert set(made.templates) == {"$default", "gold"}
        assert made.select_template(SelectionValues({"kind": "gold"})) == "gold"
        [response] = made.responses
        assert (response.key, set(response.templates)) == ("/200/", {"gold"})
        assert response.select_template(SelectionValues()) == "gold"


@pytest.mark.parametrize(
    ("keys", "expression", "selected"),
    [
        (["application/json"], {}, "application/json"),
        (["application/json", "$default"], {}, "$default"),
        (["gold"], {}, "$default"),
        (["application/json"], {"TemplateSelectionExpression": r"\$default"}, "$default"),
    ],
)
async def test_the_template_that_is_used_where_nothing_selects_one(
    keys: list[str], expression: dict[str, str], selected: str
) -> None:
    async with api_gateway() as gateway:
        id_ = await create_api(gateway)
        templates = dict.fromkeys(keys, "{}")
        call = {"IntegrationType": "AWS", "IntegrationUri": PUT_ITEM}
        key = await create(gateway, "Integration", "I", ApiId=id_, **call, RequestTemplates=templates, **expression)
        of_response = {"IntegrationResponseKey": "$default", "ResponseTemplates": templates, **expression}
        await create(gateway, "IntegrationResponse", "IR", ApiId=id_, IntegrationId=key, **of_response)

        integration = gateway.apis.get(id_).integrations[key]
        [response] = integration.responses
        for select in (integration.select_template, response.select_template):
            assert select(SelectionValues()) == selected


def test_a_header_that_says_what_the_uri_says_is_let_pass() -> None:
    check = RESOURCES["AWS::ApiGatewayV2::Integration"].check
    call = {"IntegrationType": "AWS", "IntegrationUri": "arn:aws:apigateway:us-east-1:events:action/PutEvents"}
    header = "integration.request.header."
    target = {
        f"{header}X-Amz-Target": "'AWSEvents.PutEvents'",
        f"{header}Content-Type": "'application/x-amz-json-1.1'",
    }
    assert list(check({**call, "RequestParameters": target})) == []
    [fault] = check({**call, "RequestParameters": {f"{header}X-Other": "'a'"}})
    assert "has its parameters in its body alone" in fault.message


async def test_what_a_template_does_not_say() -> None:
    async with api_gateway() as gateway:
        id_ = await create_api(gateway)
        integration = await create(
            gateway, "Integration", "I", ApiId=id_, IntegrationType="AWS_PROXY", IntegrationUri=INVOKE
        )
        await create(gateway, "Route", "R", ApiId=id_, RouteKey="$connect", Target=f"integrations/{integration}")
        await create(gateway, "Route", "S", ApiId=id_, RouteKey="$default")

        api = gateway.apis.get(id_)
        made = api.integration_of(api.routes["$connect"])
        assert made is not None
        assert (made.target, made.templates, made.responses) == (FunctionTarget(FUNCTION), {}, ())
        assert (made.passthrough, made.timeout.total_seconds()) == ("WHEN_NO_MATCH", 29)
        assert not api.routes["$connect"].is_two_way
        assert api.integration_of(api.routes["$default"]) is None


@pytest.mark.parametrize(
    ("type_", "properties", "places"),
    [
        ("Api", {"ProtocolType": "HTTP"}, ["/ProtocolType"]),
        ("Api", {"ProtocolType": "WEBSOCKET"}, ["/"]),
        (
            "Api",
            {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "${request.body.action"},
            ["/RouteSelectionExpression"],
        ),
        ("Api", {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}, []),
        ("Route", {"RouteKey": "$conect"}, ["/RouteKey"]),
        ("Route", {"RouteKey": "order"}, []),
        ("Route", {"RouteKey": "$disconnect"}, []),
        ("Route", {"RouteKey": "$connect", "AuthorizationType": "AWS_IAM", "ApiKeyRequired": True}, []),
        ("Route", {"RouteKey": "$connect", "AuthorizationType": "CUSTOM", "AuthorizerId": "a"}, []),
        ("Route", {"RouteKey": "$connect", "AuthorizationType": "CUSTOM"}, ["/"]),
        (
            "Route",
            {
                "RouteKey": "order",
                "AuthorizationType": "AWS_IAM",
                "ApiKeyRequired": True,
                "RequestParameters": {},
                "ModelSelectionExpression": "${nothing}",
            },
            ["/AuthorizationType", "/ApiKeyRequired", "/RequestParameters", "/ModelSelectionExpression"],
        ),
        (
            "Route",
            {
                "RouteKey": "$connect",
                "RequestParameters": {
                    "route.request.header.A": {"Required": False},
                    "route.request.querystring.b": {"Required": True},
                    "route.request.body.c": False,
                },
            },
            [
                "/RequestParameters/route.request.querystring.b/Required",
                "/RequestParameters/route.request.body.c",
            ],
        ),
        ("Authorizer", {"AuthorizerUri": INVOKE, "IdentitySource": ["route.request.header.Auth"]}, []),
        (
            "Authorizer",
            {"AuthorizerUri": PUT_ITEM, "IdentitySource": ["Auth", "context.stage"]},
            [
                "/AuthorizerUri",
                "/IdentitySource[0]",
            ],
        ),
        ("Authorizer", {"AuthorizerUri": "nothing"}, ["/AuthorizerUri"]),
        ("Model", {"Name": "A", "Schema": {"type": "object"}}, []),
        ("Model", {"Name": "A", "Schema": '{"type":"object"}'}, []),
        ("Model", {"Name": "A", "Schema": {"properties": {"a": {"type": "objekt"}}}}, ["/Schema/properties/a/type"]),
        ("Integration", {"IntegrationType": "AWS"}, ["/IntegrationUri"]),
        ("Integration", {"IntegrationType": "AWS", "IntegrationUri": "https://example.com"}, ["/IntegrationUri"]),
        ("Integration", {"IntegrationType": "AWS_PROXY", "IntegrationUri": PUT_ITEM}, ["/IntegrationUri"]),
        ("Integration", {"IntegrationType": "MOCK"}, []),
        ("Integration", {"IntegrationType": "MOCK", "RequestParameters": {"a": "b"}}, ["/RequestParameters/a"]),
        ("Integration", {"IntegrationType": "HTTP", "IntegrationUri": "https://example.com/{id}"}, []),
        ("Integration", {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "http://${stageVariables.host}/"}, []),
        ("Integration", {"IntegrationType": "HTTP", "IntegrationUri": PUT_ITEM}, ["/IntegrationUri"]),
        (
            "Integration",
            {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "ftp://example.com"},
            ["/IntegrationUri"],
        ),
        (
            "Integration",
            {
                "IntegrationType": "HTTP",
                "IntegrationUri": "https://example.com",
                "RequestParameters": {
                    "integration.request.header.A": "route.request.header.A",
                    "integration.request.header.B": "B",
                    "C": "'c'",
                },
            },
            ["/RequestParameters/integration.request.header.B", "/RequestParameters/C"],
        ),
        (
            "Integration",
            {
                "IntegrationType": "AWS",
                "IntegrationUri": INVOKE,
                "RequestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
            },
            [],
        ),
        (
            "Integration",
            {
                "IntegrationType": "AWS",
                "IntegrationUri": PUT_ITEM,
                "RequestParameters": {
                    "integration.request.header.Content-Type": "'application/x-amz-json-1.0'",
                    "integration.request.header.X-Amz-Invocation-Type": "'Event'",
                },
            },
            ["/RequestParameters/integration.request.header.X-Amz-Invocation-Type"],
        ),
        ("Stage", {"StageName": "prod-1_a"}, []),
        ("Stage", {"StageName": "$default"}, ["/StageName"]),
        ("Stage", {"StageName": "a", "StageVariables": {"a_1": "https://b/?c=d,e#f"}}, []),
        ("Stage", {"StageName": "a", "StageVariables": {"a-b": "c"}}, ["/StageVariables/a-b"]),
        ("Stage", {"StageName": "a", "StageVariables": {"a": '{"b":1}'}}, ["/StageVariables/a"]),
        ("Stage", {"StageName": "a" * 129}, ["/StageName"]),
        (
            "Integration",
            {
                "IntegrationType": "AWS",
                "IntegrationUri": "arn:aws:apigateway:us-east-1:sns:action/Publish",
                "TemplateSelectionExpression": "${nothing}",
                "RequestTemplates": {"$default": "#if(", "gold": "{}"},
            },
            ["/IntegrationUri", "/TemplateSelectionExpression", "/RequestTemplates/$default"],
        ),
        (
            "Integration",
            {"IntegrationType": "AWS", "IntegrationUri": "arn:aws:apigateway:us-east-1:sqs:path/orders"},
            ["/IntegrationUri"],
        ),
        (
            "Integration",
            {
                "IntegrationType": "AWS",
                "IntegrationUri": "arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders",
                "RequestParameters": {"integration.request.query.Action": "'SendMessage'"},
            },
            ["/RequestParameters/integration.request.query.Action"],
        ),
        (
            "IntegrationResponse",
            {
                "IntegrationResponseKey": "/2[/",
                "TemplateSelectionExpression": "${nothing}",
                "ResponseTemplates": {"a": "#if("},
            },
            ["/IntegrationResponseKey", "/TemplateSelectionExpression", "/ResponseTemplates/a"],
        ),
        ("IntegrationResponse", {"IntegrationResponseKey": r"/2\d\d/"}, []),
        (
            "IntegrationResponse",
            {
                "IntegrationResponseKey": "$default",
                "ResponseParameters": {"route.response.header.A": "integration.response.header.A", "B": "'b'"},
            },
            ["/ResponseParameters/B"],
        ),
        ("IntegrationResponse", {"IntegrationResponseKey": "$default"}, []),
    ],
)
def test_every_fault_has_its_place(type_: str, properties: JSON, places: list[str]) -> None:
    assert [fault.partition(": ")[0] for fault in faults(type_, **properties)] == places


def test_a_key_is_long_enough() -> None:
    check = RESOURCES["AWS::ApiGateway::ApiKey"].check

    assert [fault.path for fault in check({"Value": "short"})] == [("Value",)]
    assert list(check({"Value": "0123456789-0123456789"})) == []
    assert list(check({})) == []
