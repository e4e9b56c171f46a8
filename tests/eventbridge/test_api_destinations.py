"""
API destinations: what they are sent, when, and what becomes of what they do not take.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

from datetime import timedelta

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.http_client import HttpResponse
from tests.eventbridge.service import Endpoints, EventBridge, NeverAnswers, eventbridge
from tests.world import NOON

ROLE = "arn:aws:iam::123456789012:role/any"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"
ENDPOINT, TOKENS = "https://pizza.example", "https://auth.example/token"
KEY: JSON = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "oregano"}}
OAUTH: JSON = {
    "OAuthParameters": {
        "AuthorizationEndpoint": TOKENS,
        "HttpMethod": "POST",
        "ClientParameters": {"ClientID": "ada", "ClientSecret": "thyme"},
    }
}
OK = HttpResponse(200)


def token(text: str, expires: int | None = 3600) -> HttpResponse:
    return HttpResponse(200, (), documents.write({"access_token": text, "expires_in": expires}))


async def send_to(
    ask: EventBridge,
    name: str = "orders",
    parameters: JSON = KEY,
    *,
    kind: str = "API_KEY",
    per_second: int = 300,
    path: str = "/orders",
    **target: JSON,
) -> None:
    """Make a rule whose target is an API destination."""
    arn = (await ask("CreateConnection", Name=name, AuthorizationType=kind, AuthParameters=parameters))[
        "ConnectionArn"
    ]
    destination = await ask(
        "CreateApiDestination",
        Name=name,
        ConnectionArn=arn,
        InvocationEndpoint=f"{ENDPOINT}{path}",
        HttpMethod="POST",
        InvocationRateLimitPerSecond=per_second,
    )
    await ask.rule(name, destination["ApiDestinationArn"], RoleArn=ROLE, **target)


def attempts(endpoints: Endpoints, path: str = "") -> list[str]:
    """The addresses beneath one that were asked."""
    return [each.url for each in endpoints.sent if each.url.startswith(f"{ENDPOINT}{path}")]


async def told(ask: EventBridge) -> list[tuple[str, str]]:
    """The codes and messages of dead letters."""
    return [(each.error_code, each.error_message) for each in await ask.buses.transport.dead_letters()]


async def test_an_event_is_sent() -> None:
    async with eventbridge() as ask:
        parameters = {"PathParameterValues": ["$.detail.order"], "HeaderParameters": {"X-Source": "$.source"}}
        await send_to(ask, path="/orders/*", HttpParameters=parameters)

        answer = await ask.put('{"order":"7"}')

        [request] = ask.endpoints.sent
        assert (request.method, request.url) == ("POST", f"{ENDPOINT}/orders/7")
        assert documents.parse(request.body)["id"] == answer["Entries"][0]["EventId"]
        headers = dict(request.headers)
        assert (headers["X-Key"], headers["X-Source"]) == ("oregano", "pizza")


async def test_the_input_of_a_target_is_sent() -> None:
    async with eventbridge() as ask:
        transformer = {"InputPathsMap": {"o": "$.detail.order"}, "InputTemplate": '{"order": <o>}'}
        await send_to(ask, InputTransformer=transformer)

        await ask.put('{"order":"7"}')

        assert [each.body for each in ask.endpoints.sent] == ['{"order": "7"}']


async def test_the_journal_tells_of_each_request_and_of_no_secret() -> None:
    async with eventbridge() as ask:
        ask.endpoints.answers[ENDPOINT] = [HttpResponse(400, (), "the key oregano is stale")]
        invocation = {"QueryStringParameters": [{"Key": "q", "Value": "saffron", "IsValueSecret": True}]}
        await send_to(ask, parameters={**KEY, "InvocationHttpParameters": invocation})

        await ask.put()

        [hop] = ask.world.hops("events", "InvokeApiDestination")
        told = hop.as_json()
        assert told["error"] == (
            "SDK_CLIENT_ERROR: Unable to invoke ApiDestination endpoint: API destination returned HTTP status 400"
            " with payload: the key *** is stale"
        )
        assert told["notes"]["request"]["url"] == f"{ENDPOINT}/orders?q=%2A%2A%2A"
        assert told["notes"]["request"]["headers"]["X-Key"] == "***"
        everything = documents.write([each.as_json() for each in ask.world.call.journal])
        assert "oregano" not in everything
        assert "saffron" not in everything
        assert ask.endpoints.sent[0].url == f"{ENDPOINT}/orders?q=saffron"


async def test_what_fails_is_tried_again_and_then_given_up() -> None:
    async with eventbridge() as ask:
        queued = ask.world.answer("sqs", "SendMessage")
        ask.endpoints.answers[ENDPOINT] = [HttpResponse(503, (), "closed")] * 9
        await send_to(ask, RetryPolicy={"MaximumRetryAttempts": 2}, DeadLetterConfig={"Arn": QUEUE})

        await ask.put()
        await ask.world.advance(minutes=10)

        assert len(attempts(ask.endpoints)) == 3
        [letter] = queued
        assert {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()} == {
            "RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/orders",
            "TARGET_ARN": (await ask("DescribeApiDestination", Name="orders"))["ApiDestinationArn"],
            "ERROR_CODE": "ERROR_FROM_TARGET",
            "ERROR_MESSAGE": "Unable to invoke ApiDestination endpoint: API destination returned HTTP status 503"
            " with payload: closed",
            "RETRY_ATTEMPTS": "2",
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        }


async def test_what_cannot_be_reached_is_tried_again() -> None:
    """The code and the message were seen on AWS."""
    async with eventbridge() as ask:
        ask.endpoints.answers[ENDPOINT] = [OSError("no route"), OK]
        await send_to(ask)

        await ask.put()
        [hop] = ask.world.hops("events", "InvokeApiDestination")
        await ask.world.advance(seconds=5)

        assert str(hop.error) == (
            "SDK_CLIENT_ERROR: Unable to invoke ApiDestination endpoint: API destination endpoint cannot be reached."
        )
        assert hop.notes is not None
        assert hop.notes["unreachable"] == "no route"
        assert len(attempts(ask.endpoints)) == 2
        assert await told(ask) == []


async def test_after_five_seconds_nobody_waits_any_more() -> None:
    """The code and the message were seen on AWS."""
    async with eventbridge() as ask:
        ask.endpoints.answers[ENDPOINT] = [NeverAnswers()]
        await send_to(ask, RetryPolicy={"MaximumRetryAttempts": 0})

        await ask.put()
        await ask.world.advance(seconds=4.9)
        assert await told(ask) == []
        await ask.world.advance(seconds=0.1)

        assert await told(ask) == [
            (
                "UNKNOWN",
                "Unable to invoke ApiDestination endpoint: Timeout calling endpoint for API Destination: socket"
                " closed.",
            )
        ]


async def test_retry_after_is_waited_for() -> None:
    async with eventbridge() as ask:
        ask.endpoints.answers[ENDPOINT] = [HttpResponse(429, (("retry-after", "120"),)), OK]
        await send_to(ask)

        await ask.put()
        await ask.world.advance(seconds=119)
        assert len(attempts(ask.endpoints)) == 1
        await ask.world.advance(seconds=1)

        assert len(attempts(ask.endpoints)) == 2


async def test_a_destination_is_not_asked_more_often_than_it_may_be() -> None:
    async with eventbridge() as ask:
        await send_to(ask, "slow", per_second=2, path="/slow")
        await send_to(ask, "quick", path="/quick")

        for _ in range(5):
            await ask.put()
        assert (len(attempts(ask.endpoints, "/slow")), len(attempts(ask.endpoints, "/quick"))) == (2, 5)
        await ask.world.advance(seconds=0.9)
        assert len(attempts(ask.endpoints, "/slow")) == 2
        await ask.world.advance(seconds=0.1)
        assert len(attempts(ask.endpoints, "/slow")) == 4
        await ask.world.advance(seconds=1)

        assert len(attempts(ask.endpoints, "/slow")) == 5
        assert len(ask.world.hops("events", "InvokeApiDestination")) == 10


async def test_what_comes_too_late_for_its_turn_is_given_up() -> None:
    async with eventbridge() as ask:
        await send_to(ask, per_second=1, RetryPolicy={"MaximumEventAgeInSeconds": 60})

        for _ in range(63):
            await ask.put()
        await ask.world.advance(minutes=2)

        assert len(attempts(ask.endpoints)) == 61
        assert [code for code, _ in await told(ask)] == ["THROTTLING"] * 2


async def test_a_token_is_fetched_once_and_again_before_it_expires() -> None:
    async with eventbridge() as ask:
        ask.endpoints.answers[TOKENS] = [token("first"), token("second")]
        await send_to(ask, parameters=OAUTH, kind="OAUTH_CLIENT_CREDENTIALS")
        await ask.world.settled()
        assert (await ask("DescribeConnection", Name="orders"))["ConnectionState"] == "AUTHORIZED"

        await ask.put()
        await ask.world.advance(minutes=58)
        await ask.put()
        await ask.world.advance(minutes=1)
        await ask.put()

        used = [dict(each.headers)["Authorization"] for each in ask.endpoints.sent if each.url.startswith(ENDPOINT)]
        assert used == ["Bearer first", "Bearer first", "Bearer second"]


async def test_those_who_want_a_token_at_the_same_time_wait_for_the_same() -> None:
    async with eventbridge() as ask:
        ask.endpoints.answers[TOKENS] = [token("first", 1), token("second")]
        await send_to(ask, parameters=OAUTH, kind="OAUTH_CLIENT_CREDENTIALS")
        await ask.world.settled()

        await ask("PutEvents", Entries=[{"Source": "pizza", "DetailType": "Order", "Detail": "{}"}] * 10)
        await ask.world.settled()

        assert len(attempts(ask.endpoints)) == 10
        assert sum(each.url == TOKENS for each in ask.endpoints.sent) == 2


@pytest.mark.parametrize("status", [401, 407])
async def test_a_token_that_is_refused_is_fetched_anew_for_the_next_attempt(status: int) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html"""
    async with eventbridge() as ask:
        ask.endpoints.answers = {TOKENS: [token("stale"), token("fresh")], ENDPOINT: [HttpResponse(status)]}
        await send_to(ask, parameters=OAUTH, kind="OAUTH_CLIENT_CREDENTIALS")

        await ask.put()
        await ask.world.advance(seconds=5)

        used = [dict(each.headers)["Authorization"] for each in ask.endpoints.sent if each.url.startswith(ENDPOINT)]
        assert used == ["Bearer stale", "Bearer fresh"]
        everything = documents.write([each.as_json() for each in ask.world.call.journal])
        assert not any(secret in everything for secret in ("stale", "fresh", "thyme"))


async def test_a_connection_that_gets_no_token_is_deauthorized() -> None:
    """That it is AUTHORIZING first, and its API destination INACTIVE, was seen on AWS."""
    async with eventbridge() as ask:
        ask.endpoints.answers[TOKENS] = [HttpResponse(401)]
        await send_to(ask, parameters=OAUTH, kind="OAUTH_CLIENT_CREDENTIALS", RetryPolicy={"MaximumRetryAttempts": 0})
        assert (await ask("DescribeApiDestination", Name="orders"))["ApiDestinationState"] == "INACTIVE"
        await ask.world.settled()

        connection = await ask("DescribeConnection", Name="orders")
        assert connection["ConnectionState"] == "DEAUTHORIZED"
        assert connection["StateReason"] == "the authorization endpoint answered with HTTP status 401"
        assert ask.kept[-1]["connections"][0]["state"] == "DEAUTHORIZED"

        await ask.put()
        assert await told(ask) == [
            (
                "SDK_CLIENT_ERROR",
                "Unable to invoke ApiDestination endpoint: API destination orders is inactive: its connection is"
                " DEAUTHORIZED (the authorization endpoint answered with HTTP status 401)",
            )
        ]
        assert attempts(ask.endpoints) == []


async def test_an_authorization_endpoint_that_is_away_is_asked_again() -> None:
    async with eventbridge() as ask:
        ask.endpoints.answers[TOKENS] = [token("first", 1), OSError("away"), token("second")]
        await send_to(ask, parameters=OAUTH, kind="OAUTH_CLIENT_CREDENTIALS")
        await ask.world.settled()

        await ask.put()
        assert attempts(ask.endpoints) == []
        await ask.world.advance(seconds=5)

        assert len(attempts(ask.endpoints)) == 1
        assert (await ask("DescribeApiDestination", Name="orders"))["ApiDestinationState"] == "ACTIVE"


async def test_an_event_waits_for_a_connection_that_is_authorized_again() -> None:
    async with eventbridge() as ask:
        await send_to(ask)
        await ask("DeauthorizeConnection", Name="orders")
        assert (await ask("DescribeApiDestination", Name="orders"))["ApiDestinationState"] == "INACTIVE"

        await ask.put()
        assert ask.endpoints.sent == []
        fresh = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "parsley"}}
        await ask("UpdateConnection", Name="orders", AuthParameters=fresh)
        await ask.world.advance(seconds=5)

        assert [dict(each.headers)["X-Key"] for each in ask.endpoints.sent] == ["parsley"]


async def test_a_destination_that_is_gone_is_not_asked_for_again() -> None:
    async with eventbridge() as ask:
        await send_to(ask)
        arn = (await ask("DescribeApiDestination", Name="orders"))["ApiDestinationArn"]
        await ask("DeleteApiDestination", Name="orders")

        await ask.put()

        assert await told(ask) == [
            ("NO_RESOURCE", f"ResourceNotFoundException: The API destination {arn} does not exist.")
        ]


async def test_what_can_be_no_header_is_not_sent() -> None:
    async with eventbridge() as ask:
        await send_to(ask, HttpParameters={"HeaderParameters": {"X-Name": "$.detail.name"}})

        await ask.put('{"name":"  ada  "}')
        await ask.put('{"name":"a\\r\\nX-Other: b"}')

        assert [dict(each.headers)["X-Name"] for each in ask.endpoints.sent] == ["ada"]
        assert await told(ask) == [
            (
                "SDK_CLIENT_ERROR",
                "Unable to invoke ApiDestination endpoint: the header X-Name would have control characters in it",
            )
        ]


async def test_the_order_of_events_is_that_of_their_lane() -> None:
    async with eventbridge() as ask:
        ask.endpoints.answers[ENDPOINT] = [HttpResponse(503)]
        await send_to(ask, InputPath="$.detail.n")

        await ask.put('{"n":1}')
        await ask.put('{"n":2}')
        await ask.world.advance(seconds=5)

        # Each event is a lane of its own: the second does not wait for the first.
        assert [each.body for each in ask.endpoints.sent] == ["1", "2", "1"]
        assert ask.world.clock.now() == NOON + timedelta(seconds=5)
