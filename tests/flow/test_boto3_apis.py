"""An API that boto3's calls have made works like one of a template."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from pizzabar.apigateway.parameter_mapping import FaultyMapping
from pizzabar.apigateway.resources import INTEGRATION
from pizzabar.apigateway.resources import RESOURCES as TYPES
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from tests.flow.test_boto3 import FUNCTION, Aws, open_aws

SERVICE = "apigatewayv2"
EXPRESSION = "$request.body.do"
SCHEMA = json.dumps({"type": "object", "required": ["pizza"]})
FUNCTION_URI = (
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    f"arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}/invocations"
)
TAKEN = {"$default": "taken on $stageVariables.Where"}
ORDER = '{"do":"order","pizza":"funghi"}'
FAULTY = {"RequestParameters": {"a": "b"}}
Ids = dict[str, str]


async def make(aws: Aws, operation: str, id: str, **parameters: Any) -> Ids:
    """Make a part; give its id by name."""
    return {id: (await aws(SERVICE, operation, **parameters))[id]}


async def make_api(aws: Aws) -> dict[str, Ids]:
    """Make an API with one route, all by calls; give the ids of its parts by kind."""
    websocket = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": EXPRESSION}
    api = await make(aws, "CreateApi", "ApiId", Name="Own", **websocket)
    model = await make(
        aws, "CreateModel", "ModelId", **api, Name="Order", Schema=SCHEMA, ContentType="application/json"
    )
    templates = {"RequestTemplates": {"$default": '{"statusCode":200}'}, "TemplateSelectionExpression": "\\$default"}
    integration = await make(aws, "CreateIntegration", "IntegrationId", **api, IntegrationType="MOCK", **templates)
    key = {"IntegrationResponseKey": "$default", "ResponseTemplates": TAKEN}
    response = await make(aws, "CreateIntegrationResponse", "IntegrationResponseId", **api, **integration, **key)
    along = {"Target": f"integrations/{integration['IntegrationId']}", "RequestModels": {"$default": "Order"}}
    route = await make(aws, "CreateRoute", "RouteId", **api, RouteKey="order", **along)
    answer = await make(aws, "CreateRouteResponse", "RouteResponseId", **api, **route, RouteResponseKey="$default")
    return {
        "Api": api,
        "Model": api | model,
        "Integration": api | integration,
        "IntegrationResponse": api | integration | response,
        "Route": api | route,
        "RouteResponse": api | route | answer,
    }


async def deploy(aws: Aws, api: Ids, **parameters: Any) -> Ids:
    return api | await make(aws, "CreateDeployment", "DeploymentId", **api, **parameters)


async def refused(aws: Aws, stage: str) -> int:
    """Give the status that a handshake is refused with."""
    with pytest.raises(InvalidStatus) as refusal:
        async with connect(f"ws://localhost:{aws.bar.port}/{stage}"):
            pass
    return refusal.value.response.status_code


async def test_it_answers_and_is_read_as_it_was_made() -> None:
    async with open_aws() as aws:
        ids = await make_api(aws)
        api = ids["Api"]
        ids["Deployment"] = await deploy(aws, api)
        ids["Stage"] = api | {"StageName": "own"}
        rates = {"ThrottlingRateLimit": 5.5, "ThrottlingBurstLimit": 10}
        stage = await aws(
            SERVICE,
            "CreateStage",
            **ids["Stage"],
            DeploymentId=ids["Deployment"]["DeploymentId"],
            StageVariables={"Where": "own"},
            DefaultRouteSettings=rates,
            RouteSettings={"Order": {"ThrottlingRateLimit": 1.0}},
        )

        async with connect(f"ws://localhost:{aws.bar.port}/own") as guest:
            await guest.send(ORDER)
            assert await guest.recv() == "taken on own"
            await guest.send('{"do":"order"}')
            assert json.loads(await guest.recv())["message"] == "Bad request body"
        assert stage["DefaultRouteSettings"] == rates
        assert stage["RouteSettings"] == {"Order": {"ThrottlingRateLimit": 1.0}}
        for kind, get, get_all in (
            ("Deployment", "GetDeployment", "GetDeployments"),
            ("Integration", "GetIntegration", "GetIntegrations"),
            ("IntegrationResponse", "GetIntegrationResponse", "GetIntegrationResponses"),
            ("Model", "GetModel", "GetModels"),
            ("Route", "GetRoute", "GetRoutes"),
            ("RouteResponse", "GetRouteResponse", "GetRouteResponses"),
            ("Stage", "GetStage", "GetStages"),
        ):
            parents = dict(list(ids[kind].items())[:-1])
            [one] = (await aws(SERVICE, get_all, **parents))["Items"]
            assert await aws(SERVICE, get, **ids[kind]) == one
        model = await aws(SERVICE, "GetModel", **ids["Model"])
        assert json.loads(model["Schema"]) == json.loads(SCHEMA)
        got = await aws(SERVICE, "GetApi", **api)
        assert got["RouteSelectionExpression"] == EXPRESSION
        assert got in (await aws(SERVICE, "GetApis"))["Items"]
        host, port = f"{api['ApiId']}.execute-api.localhost", aws.bar.port
        assert got["ApiEndpoint"] == f"ws://{host}:{port}"
        async with connect(f"{got['ApiEndpoint']}/own", host="localhost", port=port) as guest:
            await guest.send(ORDER)
            assert await guest.recv() == "taken on own"


async def test_apis_come_in_pages() -> None:
    async with open_aws() as aws:
        await make_api(aws)

        page = await aws(SERVICE, "GetApis", MaxResults="1")
        rest = await aws(SERVICE, "GetApis", NextToken=page["NextToken"])
        assert [each["Name"] for each in rest["Items"]] == ["Own"]
        assert "NextToken" not in rest
        pages = await aws.do(lambda: list(aws.client(SERVICE).get_paginator("get_apis").paginate()))
        assert len(pages[0]["Items"]) == 2


async def test_an_authorizer_is_asked_until_another_deployment_has_none() -> None:
    async with open_aws() as aws:
        api = (await make_api(aws))["Api"]
        source = {"AuthorizerUri": FUNCTION_URI, "IdentitySource": ["route.request.querystring.token"]}
        door = await make(
            aws, "CreateAuthorizer", "AuthorizerId", **api, Name="Door", AuthorizerType="REQUEST", **source
        )
        [one] = (await aws(SERVICE, "GetAuthorizers", **api))["Items"]
        assert one == await aws(SERVICE, "GetAuthorizer", **api, **door)
        assert (await aws(SERVICE, "UpdateAuthorizer", **api, **door, Name="Gate"))["Name"] == "Gate"
        declared = {"RequestParameters": {"route.request.querystring.token": {"Required": False}}}
        custom = {"RouteKey": "$connect", "AuthorizationType": "CUSTOM"}
        entrance = await make(aws, "CreateRoute", "RouteId", **api, **custom, **door, **declared)
        assert (await aws(SERVICE, "GetRoute", **api, **entrance))["RequestParameters"] == declared[
            "RequestParameters"
        ]
        first = await deploy(aws, api, StageName="own")

        assert await refused(aws, "own") == 401
        assert await aws.fails(SERVICE, "DeleteAuthorizer", **api, **door) == "ConflictException"
        await aws(SERVICE, "DeleteRoute", **api, **entrance)
        await aws(SERVICE, "DeleteAuthorizer", **api, **door)
        assert await refused(aws, "own") == 401
        second = await deploy(aws, api, StageName="own")
        async with connect(f"ws://localhost:{aws.bar.port}/own"):
            pass
        await aws(SERVICE, "DeleteDeployment", **first)
        assert await aws.fails(SERVICE, "DeleteDeployment", **second) == "BadRequestException"
        await aws(SERVICE, "UpdateDeployment", **second, Description="open")


async def test_it_is_changed_and_deleted() -> None:
    async with open_aws() as aws:
        ids = await make_api(aws)
        api = ids["Api"]
        await deploy(aws, api, StageName="own")
        async with connect(f"ws://localhost:{aws.bar.port}/own") as guest:
            changed = {"ResponseTemplates": {"$default": "changed"}}
            await aws(SERVICE, "UpdateIntegrationResponse", **ids["IntegrationResponse"], **changed)
            await aws(SERVICE, "UpdateIntegration", **ids["Integration"], TimeoutInMillis=100)
            await aws(SERVICE, "UpdateModel", **ids["Model"], Schema="{}")
            await aws(SERVICE, "UpdateRoute", **ids["Route"], OperationName="order")
            await aws(SERVICE, "UpdateRouteResponse", **ids["RouteResponse"], RouteResponseKey="$default")
            assert (await aws(SERVICE, "UpdateApi", **api, Name="Mine"))["Name"] == "Mine"
            await guest.send(ORDER)
            assert await guest.recv() == "taken on "
            newest = await deploy(aws, api)
            await aws(SERVICE, "UpdateStage", **newest, StageName="own")
            await guest.send('{"do":"order"}')
            assert await guest.recv() == "changed"

            assert await aws.fails(SERVICE, "DeleteIntegration", **ids["Integration"]) == "ConflictException"
            for kind, delete in (
                ("RouteResponse", "DeleteRouteResponse"),
                ("Route", "DeleteRoute"),
                ("IntegrationResponse", "DeleteIntegrationResponse"),
                ("Integration", "DeleteIntegration"),
                ("Model", "DeleteModel"),
            ):
                await aws(SERVICE, delete, **ids[kind])
                assert await aws.fails(SERVICE, f"Get{kind}", **ids[kind]) == "NotFoundException"
            await aws(SERVICE, "CreateStage", **api, StageName="other")
            await aws(SERVICE, "DeleteStage", **api, StageName="other")
            await aws(SERVICE, "DeleteApi", **api)
            await guest.wait_closed()
            assert guest.close_code == 1001
        assert await aws.fails(SERVICE, "GetApi", **api) == "NotFoundException"


async def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    settings = {"state": tmp_path / "state.db"}
    async with open_aws(**settings) as aws:
        [bar] = (await aws(SERVICE, "GetApis"))["Items"]
        its = {"ApiId": bar["ApiId"]}
        ids = await make_api(aws)
        await deploy(aws, ids["Api"], StageName="own")
        # What is not deployed is not there for clients, before or after.
        await aws(
            SERVICE, "UpdateIntegrationResponse", **ids["IntegrationResponse"], ResponseTemplates={"$default": "no"}
        )
        mock = await make(aws, "CreateIntegration", "IntegrationId", **its, IntegrationType="MOCK")
        await aws(SERVICE, "CreateRoute", **its, RouteKey="ping", Target=f"integrations/{mock['IntegrationId']}")
        [stage] = (await aws(SERVICE, "GetStages", **its))["Items"]
        await aws(SERVICE, "UpdateStage", **its, StageName=stage["StageName"], StageVariables={"a": "b"})
        logged = {
            "DestinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:/a:*",
            "Format": "$context.requestId",
        }
        await aws(SERVICE, "UpdateStage", **its, StageName=stage["StageName"], AccessLogSettings=logged)
        [told] = (await aws(SERVICE, "GetStages", **its))["Items"]
        assert told["AccessLogSettings"] == logged
        await aws(SERVICE, "DeleteAccessLogSettings", **its, StageName=stage["StageName"])
        disconnect = next(
            each for each in (await aws(SERVICE, "GetRoutes", **its))["Items"] if each["RouteKey"] == "$disconnect"
        )
        await aws(SERVICE, "DeleteRoute", **its, RouteId=disconnect["RouteId"])

    told = [
        f"the Stage {stage['StageName']} is the template's again",
        "the Route $disconnect is there again, as the template has it",
    ]
    for told_once in (told, []):
        async with open_aws(**settings) as aws:
            assert aws.bar.emulator.changed_back == told_once
            routes = {each["RouteKey"] for each in (await aws(SERVICE, "GetRoutes", **its))["Items"]}
            assert routes >= {"ping", "$disconnect", "$default"}
            async with connect(f"ws://localhost:{aws.bar.port}/own") as guest:
                await guest.send(ORDER)
                assert await guest.recv() == "taken on "


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        (
            "CreateApi",
            {"Name": "a", "ProtocolType": "HTTP"},
            "ProtocolType: APIs of the protocol HTTP",
        ),
        (
            "CreateApi",
            {"Name": "a", "ProtocolType": "WEBSOCKET", "CorsConfiguration": {}},
            "CorsConfiguration is not",
        ),
        ("CreateRoute", {"ApiId": "abc", "RouteKey": "a"}, "Invalid API identifier specified abc"),
        ("CreateRoute", {"RouteKey": "$default"}, "Route with key $default already exists for this API"),
        ("CreateRoute", {"RouteKey": "a", "Target": "integrations/abc"}, "Unable to find Integration by ID abc"),
        ("CreateStage", {"StageName": "api"}, "Stage with name api already exists for this API"),
        ("CreateStage", {"StageName": "a b"}, "StageName: Stage name only allows a-zA-Z0-9_-: a b"),
        ("CreateModel", {"Name": "a", "Schema": "{"}, "Schema: "),
        ("GetRoute", {"RouteId": "abc"}, "Unable to find Route by ID abc"),
        (
            "CreateIntegration",
            {"IntegrationType": "AWS", "IntegrationUri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItm"},
            "dynamodb:PutItm is not supported",
        ),
    ],
)
async def test_what_it_cannot_be_is_refused(operation: str, parameters: dict[str, Any], message: str) -> None:
    async with open_aws() as aws:
        [api] = (await aws(SERVICE, "GetApis"))["Items"]
        given = parameters if operation == "CreateApi" else {"ApiId": api["ApiId"], **parameters}
        before = [each.to_json() for each in aws.bar.emulator.api_configuration]
        with pytest.raises(ClientError) as refusal:
            await aws(SERVICE, operation, **given)

        assert message in refusal.value.response["Error"]["Message"]
        assert [each.to_json() for each in aws.bar.emulator.api_configuration] == before


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("CreateIntegration", {"TimeoutInMillis": 5, "IntegrationType": "MOCK"}, "TimeoutInMillis: 5 is not between"),
        ("CreateIntegration", {"TimeoutInMillis": True}, "TimeoutInMillis is of another type than Number"),
        ("CreateIntegration", {"IntegrationType": "SOCK"}, "IntegrationType: SOCK is not one of AWS, AWS_PROXY"),
        ("CreateIntegration", {"RequestTemplates": {"a": 5}}, "RequestTemplates/a is of another type than Text"),
        ("CreateIntegration", {}, "Missing required field: IntegrationType"),
        (
            "CreateIntegration",
            {"IntegrationType": "MOCK", "RequestParameters": {"a": "b"}},
            "RequestParameters/a: Invalid mapping expression specified: a is no place for a parameter",
        ),
        (
            "CreateAuthorizer",
            {"AuthorizerResultTtlInSeconds": 3601},
            "AuthorizerResultTtlInSeconds: 3601 is not",
        ),
        (
            "CreateStage",
            {"StageName": "a", "DefaultRouteSettings": {"DetailedMetricsEnabled": "yes"}},
            "DefaultRouteSettings/DetailedMetricsEnabled is of another type than Boolean",
        ),
        ("CreateStage", {"StageName": "a", "Tags": {"a": 5}}, "Tags/a is of another type than Text"),
        ("UpdateApi", {"IpAddressType": ["ipv4"]}, "IpAddressType is of another type than Text"),
        ("UpdateApi", {"IpAddressType": "ipv5"}, "IpAddressType: ipv5 is not one of ipv4, dualstack"),
        ("UpdateApi", {"DisableExecuteApiEndpoint": 1}, "DisableExecuteApiEndpoint is of another type than Boolean"),
        ("CreateStage", {"StageName": "a", "DefaultRouteSettings": {"Fast": 1}}, "DefaultRouteSettings/Fast is not"),
        ("CreateStage", {"StageName": "a", "RouteSettings": []}, "RouteSettings is of another type than MapOf"),
        ("GetRoutes", {"MaxResults": "0"}, "Invalid MaxResults: 0"),
        ("GetRoutes", {"NextToken": "x"}, "Invalid NextToken: x"),
        ("GetRoutes", {"NextToken": "9" * 5_000}, "Invalid NextToken: 999"),
        ("GetRoute", {}, "RouteId is required"),
    ],
)
async def test_what_boto3_would_not_send_is_refused(operation: str, parameters: JSON, message: str) -> None:
    async with open_aws() as aws:
        call = aws.bar.emulator.call
        [api] = (await call(SERVICE, "GetApis", {}))["Items"]

        with pytest.raises(ServiceError, match=message) as refusal:
            await call(SERVICE, operation, {"ApiId": api["ApiId"], **parameters})
        assert refusal.value.code == "BadRequestException"


async def test_an_api_has_what_it_had_before_a_part_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked = replace(TYPES[INTEGRATION], check=lambda properties: ())
    async with open_aws() as aws:
        call = aws.bar.emulator.call
        [api] = (await call(SERVICE, "GetApis", {}))["Items"]
        before = [each.to_json() for each in aws.bar.emulator.api_configuration]
        monkeypatch.setitem(TYPES, INTEGRATION, unchecked)

        with pytest.raises(FaultyMapping):
            await call(SERVICE, "CreateIntegration", {"ApiId": api["ApiId"], "IntegrationType": "MOCK", **FAULTY})

        assert [each.to_json() for each in aws.bar.emulator.api_configuration] == before
        await call(SERVICE, "CreateRoute", {"ApiId": api["ApiId"], "RouteKey": "ping"})
        async with connect(f"ws://localhost:{aws.bar.port}/api"):
            pass


async def test_what_was_kept_and_cannot_be_made_is_left_out_and_told(tmp_path: Path) -> None:
    """An earlier version took what AWS refuses."""
    settings = {"state": tmp_path / "state.db"}
    async with open_aws(**settings) as aws:
        ids = await make_api(aws)
        integration = ids["Integration"]["IntegrationId"]
        kept = aws.bar.emulator.api_configuration.to_keep()
        [part] = [each for each in kept["parts"] if each["id"] == integration]
        part["properties"] |= FAULTY
        aws.bar.emulator.runtime.kept.put("api_configuration", kept)

    why = "RequestParameters/a: Invalid mapping expression specified: a is no place for a parameter"
    gone = [
        f"the Integration {integration} is left out: {why}",
        f"the IntegrationResponse {ids['IntegrationResponse']['IntegrationResponseId']} is left out: "
        f"Unable to find Integration by ID {integration}",
        f"the Route order is left out: Unable to find Integration by ID {integration}",
        f"the RouteResponse {ids['RouteResponse']['RouteResponseId']} is left out: "
        f"Unable to find Route by ID {ids['Route']['RouteId']}",
    ]
    for told in (gone, []):
        async with open_aws(**settings) as aws:
            assert aws.bar.emulator.changed_back == told
            [model] = (await aws(SERVICE, "GetModels", **ids["Api"]))["Items"]
            assert model["Name"] == "Order"
            assert (await aws(SERVICE, "GetIntegrations", **ids["Api"]))["Items"] == []
