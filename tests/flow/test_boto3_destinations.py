"""
API destinations and connections by boto3, with endpoints that are really there.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from pizzabar.emulator import Emulator
from tests.flow.serving import serving
from tests.flow.test_boto3 import ROLE, Aws, open_aws
from tests.flow.test_iam_hops import allow, role, rule, settings
from tests.flow.webhooks import Webhook, webhook

KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "oregano"}}
PUT = {"Source": "oven", "DetailType": "Baked"}


async def aim(aws: Aws, endpoint: str, name: str = "orders", kind: str = "API_KEY", auth: Any = KEY) -> str:
    """Make an API destination, and give its ARN."""
    made = await aws("events", "CreateConnection", Name=name, AuthorizationType=kind, AuthParameters=auth)
    arn = made["ConnectionArn"]
    destination = {"Name": name, "ConnectionArn": arn, "InvocationEndpoint": endpoint, "HttpMethod": "POST"}
    return str((await aws("events", "CreateApiDestination", **destination))["ApiDestinationArn"])


async def send_to(aws: Aws, arn: str, **target: Any) -> None:
    """Send the events of the oven to an API destination."""
    await aws("events", "PutRule", Name="baked", EventPattern='{"source":["oven"]}')
    await aws("events", "PutTargets", Rule="baked", Targets=[{"Id": "t", "Arn": arn, "RoleArn": ROLE, **target}])


async def put(aws: Aws, **detail: Any) -> None:
    await aws("events", "PutEvents", Entries=[{**PUT, "Detail": json.dumps(detail)}])
    await aws.bar.emulator.settled()


async def test_every_operation() -> None:
    async with open_aws() as aws:
        arn = await aim(aws, "https://pizza.example/orders")
        described = await aws("events", "DescribeConnection", Name="orders")
        assert described["AuthParameters"] == {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key"}}
        basic = {"BasicAuthParameters": {"Username": "ada", "Password": "basil"}}
        updated = await aws(
            "events", "UpdateConnection", Name="orders", AuthorizationType="BASIC", AuthParameters=basic
        )
        assert updated["ConnectionState"] == "AUTHORIZED"
        [listed] = (await aws("events", "ListConnections", NamePrefix="o", Limit=1))["Connections"]
        assert (listed["AuthorizationType"], listed["CreationTime"]) == ("BASIC", updated["CreationTime"])

        await aws("events", "UpdateApiDestination", Name="orders", InvocationRateLimitPerSecond=7)
        found = await aws("events", "DescribeApiDestination", Name="orders")
        assert (found["ApiDestinationArn"], found["InvocationRateLimitPerSecond"]) == (arn, 7)
        await aws("events", "DeauthorizeConnection", Name="orders")
        listed = await aws("events", "ListApiDestinations", ConnectionArn=found["ConnectionArn"])
        assert [each["ApiDestinationState"] for each in listed["ApiDestinations"]] == ["INACTIVE"]

        await aws("events", "DeleteApiDestination", Name="orders")
        await aws("events", "DeleteConnection", Name="orders")
        assert await aws.fails("events", "DescribeConnection", Name="orders") == "ResourceNotFoundException"
        assert await aws.fails("events", "DescribeApiDestination", Name="orders") == "ResourceNotFoundException"
        refused = await aws.fails("events", "PutTargets", Rule="any", Targets=[{"Id": "t", "Arn": arn}])
        assert refused == "ResourceNotFoundException"
        await aws("events", "PutRule", Name="baked", EventPattern='{"source":["oven"]}')
        # It wants a role.
        assert await aws.fails("events", "PutTargets", Rule="baked", Targets=[{"Id": "t", "Arn": arn}]) == (
            "ClientError"
        )


async def test_an_event_is_a_request() -> None:
    async with webhook() as hook, open_aws() as aws:
        arn = await aim(aws, f"{hook.address}/orders/*")
        http = {"PathParameterValues": ["$.detail.id"], "QueryStringParameters": {"from": "$.source"}}
        await send_to(aws, arn, HttpParameters=http)

        await put(aws, id="7/8")

        [asked] = hook.asked
        assert asked.line == "POST /orders/7%2F8?from=oven"
        assert json.loads(asked.body)["detail"] == {"id": "7/8"}
        assert {name: asked.headers[name] for name in ("x-key", "user-agent", "content-type", "range")} == {
            "x-key": "oregano",
            "user-agent": "Amazon/EventBridge/ApiDestinations",
            "content-type": "application/json; charset=utf-8",
            "range": "bytes=0-1048575",
        }
        assert (asked.headers["accept-encoding"], asked.headers["connection"]) == ("gzip,deflate", "close")


async def test_a_token_is_fetched_and_fetched_anew() -> None:
    async with webhook() as hook, open_aws() as aws:
        hook.answers = {
            "/token": [(200, '{"access_token":"first","expires_in":3600}'), (200, '{"access_token":"second"}')],
            "/orders": [(401, "stale")],
        }
        auth = {
            "OAuthParameters": {
                "AuthorizationEndpoint": f"{hook.address}/token",
                "HttpMethod": "POST",
                "ClientParameters": {"ClientID": "ada", "ClientSecret": "thyme"},
            }
        }
        await send_to(aws, await aim(aws, f"{hook.address}/orders", "orders", "OAUTH_CLIENT_CREDENTIALS", auth))
        await aws.bar.emulator.settled()
        assert (await aws("events", "DescribeConnection", Name="orders"))["ConnectionState"] == "AUTHORIZED"

        await put(aws)
        await aws.bar.emulator.advance(timedelta(seconds=5))

        assert [(each.line, each.headers.get("authorization")) for each in hook.asked] == [
            ("POST /token", None),
            ("POST /orders", "Bearer first"),
            ("POST /token", None),
            ("POST /orders", "Bearer second"),
        ]
        assert hook.asked[0].body == "grant_type=client_credentials&client_id=ada&client_secret=thyme"


async def test_what_is_given_up_is_in_the_queue() -> None:
    async with webhook() as hook, open_aws() as aws:
        hook.answers["/orders"] = [(404, "no such guest")]
        queue = (await aws("sqs", "CreateQueue", QueueName="dead"))["QueueUrl"]
        arn = await aim(aws, f"{hook.address}/orders")
        await send_to(aws, arn, DeadLetterConfig={"Arn": "arn:aws:sqs:us-east-1:123456789012:dead"})

        await put(aws)

        asked: Any = {"QueueUrl": queue, "MessageAttributeNames": ["All"]}
        [message] = (await aws("sqs", "ReceiveMessage", **asked))["Messages"]
        told = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
        assert (told["TARGET_ARN"], told["ERROR_CODE"], told["RETRY_ATTEMPTS"]) == (arn, "SDK_CLIENT_ERROR", "0")
        assert told["ERROR_MESSAGE"].endswith("HTTP status 404 with payload: no such guest")


async def test_what_calls_have_made_is_there_after_a_restart(tmp_path: Path) -> None:
    async with webhook() as hook:
        hook.answers["/orders"] = [(503, "")]
        async with open_aws(state=tmp_path / "state.db") as aws:
            arn = await aim(aws, f"{hook.address}/orders")
            await send_to(aws, arn, HttpParameters={"HeaderParameters": {"X-Id": "$.detail.id"}})
            await put(aws, id="7")
            before = await aws("events", "DescribeConnection", Name="orders")

        async with open_aws(state=tmp_path / "state.db") as aws:
            await aws.bar.emulator.advance(timedelta(seconds=5))
            assert await aws("events", "DescribeConnection", Name="orders") == before

        assert [(each.headers["x-key"], each.headers["x-id"]) for each in hook.asked] == [("oregano", "7")] * 2


async def test_a_rule_pushes_straight_to_a_socket() -> None:
    async with open_aws() as aws, aws.bar.connect() as guest:
        [connection] = aws.bar.emulator.runtime.connections
        arn = await aim(aws, f"http://localhost:{aws.bar.port}/api/@connections/*")
        transformer = {"InputPathsMap": {"p": "$.detail.pizza"}, "InputTemplate": '{"ready": <p>}'}
        http = {"PathParameterValues": ["$.detail.connectionId"]}
        await send_to(aws, arn, HttpParameters=http, InputTransformer=transformer)

        await put(aws, connectionId=connection.id, pizza="margherita")

        assert await guest.recv() == '{"ready": "margherita"}'
        await guest.close()
        await aws.bar.emulator.settled()
        await put(aws, connectionId=connection.id, pizza="margherita")
        [letter] = await aws.bar.emulator.buses.transport.dead_letters()
        assert letter.error_message.endswith("API destination returned HTTP status 410")


async def test_an_http_task_finds_its_connection() -> None:
    async with webhook() as hook, open_aws() as aws:
        await aim(aws, "https://pizza.example")
        arn = (await aws("events", "DescribeConnection", Name="orders"))["ConnectionArn"]
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::http:invoke",
            "Parameters": {
                "ApiEndpoint": f"{hook.address}/menu",
                "Method": "GET",
                "Authentication": {"ConnectionArn": arn},
            },
            "End": True,
        }
        definition = json.dumps({"StartAt": "A", "States": {"A": task}})
        made = await aws("stepfunctions", "CreateStateMachine", name="Ask", definition=definition, roleArn=ROLE)

        async def run() -> Any:
            machine = made["stateMachineArn"]
            started = await aws("stepfunctions", "StartExecution", stateMachineArn=machine)
            await aws.bar.emulator.settled()
            return await aws("stepfunctions", "DescribeExecution", executionArn=started["executionArn"])

        tested = {"definition": json.dumps(task), "roleArn": ROLE, "inspectionLevel": "TRACE"}
        for reveals in (False, True):
            answer = await aws("stepfunctions", "TestState", **tested, revealSecrets=reveals)
            sent = json.loads(answer["inspectionData"]["request"]["headers"])
            assert sent["X-Key"] == ("oregano" if reveals else "***")
        hook.asked.clear()
        assert (await run())["status"] == "SUCCEEDED"
        assert [(each.line, each.headers["x-key"]) for each in hook.asked] == [("GET /menu", "oregano")]
        await aws("events", "DeauthorizeConnection", Name="orders")
        assert (await run())["error"] == "Events.ConnectionResource.InvalidConnectionState"
        await aws("events", "DeleteConnection", Name="orders")
        assert (await run())["error"] == "Events.ConnectionResource.ResourceNotFound"


def template(hook: Webhook, *statements: Any) -> dict[str, Any]:
    """A stack that sends the events of the oven to a server, as a role that may do what it says."""
    target = rule(
        Arn={"Fn::GetAtt": ["Orders", "Arn"]},
        RoleArn={"Fn::GetAtt": ["Sender", "Arn"]},
        HttpParameters={"HeaderParameters": {"X-Id": "$.id"}},
    )
    properties: dict[str, Any] = {"AuthorizationType": "API_KEY", "AuthParameters": KEY}
    orders = {
        "ConnectionArn": {"Fn::GetAtt": ["Kitchen", "Arn"]},
        "InvocationEndpoint": f"{hook.address}/orders",
        "HttpMethod": "PUT",
    }
    return {
        "Kitchen": {"Type": "AWS::Events::Connection", "Properties": properties},
        "Orders": {"Type": "AWS::Events::ApiDestination", "Properties": orders},
        "Rule": target,
        "Sender": role("events.amazonaws.com", *statements),
    }


async def test_a_template_has_them(tmp_path: Path) -> None:
    async with webhook() as hook:
        may = allow("events:InvokeApiDestination", {"Fn::GetAtt": ["Orders", "Arn"]})
        given = settings(tmp_path, "enforce", **template(hook, may))
        emulator = await Emulator.open(given.changed({"state": str(tmp_path / "state.db")}))
        try:
            async with serving(emulator) as bar:
                aws = Aws(bar)
                await put(aws)
                assert [(each.line, each.headers["x-key"]) for each in hook.asked] == [("PUT /orders", "oregano")]
                await aws("events", "UpdateApiDestination", Name="pizzabar-Orders", HttpMethod="POST")
            resources = {each.logical_id: each.identity for each in emulator.stack.resources}
            found = await emulator.call("events", "DescribeConnection", {"Name": "pizzabar-Kitchen"})
            assert found["SecretArn"] == resources["Kitchen"].attributes["SecretArn"]
            assert not any("oregano" in json.dumps(hop.as_json()) for hop in emulator.journal)
        finally:
            await emulator.close()
        again = await Emulator.open(given.changed({"state": str(tmp_path / "state.db")}))
        assert again.changed_back == ["the API destination pizzabar-Orders is the template's again"]
        await again.close()


async def test_a_role_has_to_allow_it(tmp_path: Path) -> None:
    async with webhook() as hook:
        emulator = await Emulator.open(settings(tmp_path, "enforce", **template(hook)))
        await emulator.call("events", "PutEvents", {"Entries": [{**PUT, "Detail": "{}"}]})
        await emulator.settled()

        assert hook.asked == []
        [letter] = await emulator.buses.transport.dead_letters()
        assert letter.error_code == "NO_PERMISSIONS"
        assert "is not authorized to perform: events:InvokeApiDestination" in letter.error_message
        await emulator.close()
