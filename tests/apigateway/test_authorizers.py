"""
Authorizers: who is let in, and what is known of them from then on.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

from dataclasses import replace
from typing import Any

import pytest

from pizzabar import documents
from pizzabar.apigateway.api import Route, Stage
from pizzabar.apigateway.apis import Admission, Handshake, Refusal
from pizzabar.apigateway.authorizers import MAX_RESULT_BYTES, Authorizer
from pizzabar.apigateway.integration import FunctionTarget, VariableUri
from pizzabar.apigateway.parameter_mapping import compile_source
from pizzabar.documents import JSON
from tests.apigateway.service import FUNCTION, ApiGateway, api_gateway, proxy

CHECK = FUNCTION.replace("Tell", "Check")
ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/api/$connect"
HANDSHAKE = Handshake(
    "localhost:8000",
    "127.0.0.1",
    (("Host", "localhost:8000"), ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("X-Token", "t")),
    (("token", "a"), ("token", "b")),
    "wscat",
)


def allow(**more: JSON) -> dict[str, JSON]:
    """Say that somebody may connect."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ARN}
    return {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}} | more


def deny() -> dict[str, JSON]:
    said = allow()
    said["policyDocument"]["Statement"][0]["Effect"] = "Deny"
    return said


class Guarded:
    """An API whose $connect route has an authorizer."""

    def __init__(self, ask: ApiGateway, *sources: str) -> None:
        self.ask = ask
        self.events: list[JSON] = []
        self.asked: list[JSON] = []
        self.result: JSON = allow()
        self.error: JSON = None
        compiled = tuple(map(compile_source, sources))
        ask.api.authorizers["a"] = Authorizer("a", "guests", FunctionTarget(CHECK), compiled)
        ask.route("$connect", proxy())
        ask.api.routes["$connect"] = replace(ask.api.routes["$connect"], authorizer_id="a")
        ask.world.answer("lambda", "Invoke", self.invoke)

    def invoke(self, parameters: JSON) -> JSON:
        event = documents.parse(parameters["Payload"])
        if parameters["FunctionName"] != CHECK:
            self.events.append(event)
            return {"StatusCode": 200, "Payload": b'{"statusCode":200}'}
        self.asked.append(event)
        if self.error is not None:
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": documents.encode(self.error)}
        return {"StatusCode": 200, "Payload": documents.encode(self.result)}

    def why(self) -> Any:
        """Tell what the journal says of the last refusal."""
        hop = self.ask.world.hops("apigateway", "refuse")[-1]
        return None if hop.notes is None else hop.notes["refused"]


async def test_the_event_of_an_authorizer() -> None:
    async with api_gateway() as ask:
        guarded = Guarded(ask)
        ask.api.stages["api"] = Stage("api", ask.api, {"oven": "hot"})

        assert isinstance(await ask.connect(HANDSHAKE), Admission)

        [event] = guarded.asked
        assert list(event) == [
            "type",
            "methodArn",
            "headers",
            "multiValueHeaders",
            "queryStringParameters",
            "multiValueQueryStringParameters",
            "stageVariables",
            "requestContext",
        ]
        assert (event["type"], event["methodArn"]) == ("REQUEST", ARN)
        assert event["headers"].pop("X-Amzn-Trace-Id").startswith("Root=1-")
        assert event["headers"] == dict(HANDSHAKE.headers)
        assert event["queryStringParameters"] == {"token": "b"}
        assert event["multiValueQueryStringParameters"] == {"token": ["a", "b"]}
        assert event["stageVariables"] == {"oven": "hot"}
        assert event["requestContext"]["eventType"] == "CONNECT"
        assert "authorizer" not in event["requestContext"]
        # The function behind $connect does not see what belongs to the one hop.
        assert guarded.events[0]["headers"].keys() == {"Host", "X-Token", "X-Amzn-Trace-Id"}
        assert guarded.events[0]["requestContext"]["connectionId"] == event["requestContext"]["connectionId"]


async def test_what_an_authorizer_says_is_known_from_then_on() -> None:
    async with api_gateway() as ask:
        guarded = Guarded(ask)
        guarded.result = allow(context={"name": "Ada", "age": 36, "vip": True})
        for key in ("$default", "$disconnect"):
            ask.route(key, proxy())
        connection, _guest = await ask.guest()

        await ask.apis.receive(connection, "hello")
        await ask.apis.disconnect(connection, 1000, "")

        said = {"principalId": "ada", "name": "Ada", "age": 36, "vip": True}
        assert [event["requestContext"]["authorizer"] for event in guarded.events] == [said, said, said]
        assert len(guarded.asked) == 1


@pytest.mark.parametrize(
    ("source", "is_asked"),
    [
        ("route.request.header.x-token", True),
        ("route.request.querystring.token", True),
        ("route.request.header.Other", False),
        ("route.request.querystring.other", False),
        ("stageVariables.oven", False),
        ("context.connectionId", True),
    ],
)
async def test_without_an_identity_source_the_function_is_not_asked(source: str, is_asked: bool) -> None:
    async with api_gateway() as ask:
        guarded = Guarded(ask, "route.request.header.Host", source)

        answer = await ask.connect(HANDSHAKE)

        assert (len(guarded.asked) == 1) is is_asked
        if not is_asked:
            assert answer == Refusal(401, "Unauthorized")
            assert guarded.why() == "an identity source is missing"
            assert guarded.events == []


async def test_who_is_denied_is_forbidden() -> None:
    async with api_gateway() as ask:
        guarded = Guarded(ask)
        guarded.result = deny()

        assert await ask.connect() == Refusal(403, "Forbidden")

        assert guarded.why() == f"the authorizer's policy does not allow {ARN}"
        assert guarded.events == []
        assert list(ask.apis.connections) == []


async def test_an_authorizer_may_say_unauthorized() -> None:
    async with api_gateway() as ask:
        guarded = Guarded(ask)
        guarded.error = {"errorMessage": "Unauthorized", "errorType": "Error"}

        assert await ask.connect() == Refusal(401, "Unauthorized")


@pytest.mark.parametrize("error", [{"errorMessage": "no oven"}, {}, "Unauthorized", []])
async def test_an_authorizer_that_fails(error: JSON) -> None:
    async with api_gateway() as ask:
        guarded = Guarded(ask)
        guarded.error = error

        assert await ask.connect() == Refusal(500, "Internal server error")


@pytest.mark.parametrize(
    "result",
    [
        None,
        "allow",
        [],
        {},
        {"principalId": "ada"},
        {"policyDocument": allow()["policyDocument"]},
        allow(principalId=5),
        allow(policyDocument={"Statement": [{"Effect": "Maybe"}]}),
        allow(context={"list": [1]}),
        allow(context={"nothing": None}),
        allow(context="text"),
        allow(usageIdentifierKey=5),
        allow(context={"long": "x" * MAX_RESULT_BYTES}),
    ],
)
async def test_what_an_authorizer_must_not_say(result: JSON) -> None:
    async with api_gateway() as ask:
        guarded = Guarded(ask)
        guarded.result = result

        assert await ask.connect() == Refusal(500, "Internal server error")
        assert guarded.why().startswith("the authorizer's ")


async def test_a_function_that_is_not_there() -> None:
    async with api_gateway() as ask:
        Guarded(ask)
        ask.api.authorizers["a"] = Authorizer("a", "guests", VariableUri("${stageVariables.check}"))

        assert await ask.connect() == Refusal(500, "Internal server error")


async def test_an_authorizer_that_is_not_there() -> None:
    async with api_gateway() as ask:
        ask.api.routes["$connect"] = Route("$connect", None, authorizer_id="nobody")

        assert await ask.connect() == Refusal(500, "Internal server error")


async def test_the_authorizer_and_the_function_are_hops_of_one_trace() -> None:
    async with api_gateway() as ask:
        Guarded(ask)
        await ask.connect()

        hops = list(ask.world.call.journal)
        assert [hop.operation for hop in hops] == ["authorize", "Invoke", "$connect", "Invoke"]
        assert len({hop.trace_id for hop in hops}) == 1
