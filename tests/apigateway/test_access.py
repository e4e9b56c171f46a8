"""
Access: API keys, and models of messages.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-request-validation.html
"""

import json
from dataclasses import replace

import pytest

from pizzabar.apigateway.api_keys import ApiKey, UsagePlan
from pizzabar.apigateway.apis import Admission, Handshake, Refusal
from pizzabar.apigateway.models import compile_model
from pizzabar.apigateway.selection import compile_selection
from tests.apigateway.service import ApiGateway, api_gateway, proxy
from tests.apigateway.test_authorizers import Guarded, allow

FORBIDDEN = Refusal(403, "Forbidden")


def with_key(value: str | None) -> Handshake:
    headers = () if value is None else (("X-Api-Key", value),)
    return Handshake("localhost:8000", "127.0.0.1", headers)


def sell_keys(ask: ApiGateway) -> None:
    """Let $connect require a key, of which there are some."""
    keys = ask.apis.access.api_keys
    for number, name in enumerate(("good", "disabled", "elsewhere", "nowhere")):
        keys.add(ApiKey(f"k{number}", name, f"value-of-{name}", name != "disabled"))
    keys.add_plan(UsagePlan("here", "here", frozenset({("a1b2c3d4e5", "api")})))
    keys.add_plan(UsagePlan("there", "there", frozenset({("a1b2c3d4e5", "prod"), ("other", "api")})))
    for plan, key in (("here", "k0"), ("here", "k1"), ("there", "k2"), ("there", "k0")):
        keys.add_to_plan(plan, key)
    ask.route("$connect", proxy())
    ask.api.routes["$connect"] = replace(ask.api.routes["$connect"], is_key_required=True)


async def test_a_key_of_a_usage_plan_of_the_stage_lets_in() -> None:
    async with api_gateway() as ask:
        sell_keys(ask)
        events = ask.function(lambda event: {"statusCode": 200})

        assert isinstance(await ask.connect(with_key("value-of-good")), Admission)

        identity = events[0]["requestContext"]["identity"]
        assert identity == {"sourceIp": "127.0.0.1", "apiKey": "value-of-good", "apiKeyId": "k0"}


@pytest.mark.parametrize("value", [None, "", "wrong", "value-of-disabled", "value-of-elsewhere", "value-of-nowhere"])
async def test_no_other_key_does(value: str | None) -> None:
    async with api_gateway() as ask:
        sell_keys(ask)
        events = ask.function(lambda event: {"statusCode": 200})

        assert await ask.connect(with_key(value)) == FORBIDDEN
        assert events == []
        [hop] = ask.world.hops("apigateway", "refuse")
        assert hop.notes == {"refused": "no API key that counts here"}


@pytest.mark.parametrize(("key", "is_let_in"), [("value-of-good", True), ("wrong", False), (None, False)])
async def test_an_authorizer_may_give_the_key(key: str | None, is_let_in: bool) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html"""
    async with api_gateway() as ask:
        guarded = Guarded(ask)
        sell_keys(ask)
        ask.world.answer("lambda", "Invoke", guarded.invoke)
        ask.api.routes["$connect"] = replace(ask.api.routes["$connect"], authorizer_id="a")
        ask.api.is_key_authorized = True
        guarded.result = allow() if key is None else allow(usageIdentifierKey=key)

        answer = await ask.connect(with_key("value-of-good"))

        assert isinstance(answer, Admission) if is_let_in else answer == FORBIDDEN


# Models


def hold_to_models(ask: ApiGateway, expression: str = r"\$default", **names: str) -> None:
    """Let the route ``order`` hold messages to models, and answer those that are as they should be."""
    ask.api.models |= {
        "Small": compile_model("Small", {"type": "object", "properties": {"size": {"enum": ["S"]}}}),
        "Large": compile_model("Large", {"type": "object", "properties": {"size": {"enum": ["L"]}}}),
    }
    ask.route("order", proxy(), two_way=True)
    keys = {name.replace("default", "$default"): model for name, model in names.items()}
    select = compile_selection(expression)
    ask.api.routes["order"] = replace(ask.api.routes["order"], model_keys=keys, select_model=select)
    ask.function(lambda event: {"statusCode": 200, "body": "taken"})


@pytest.mark.parametrize(
    ("expression", "names", "size", "is_taken"),
    [
        (r"\$default", {"default": "Large"}, "L", True),
        (r"\$default", {"default": "Large"}, "S", False),
        ("small", {"small": "Small", "default": "Large"}, "S", True),
        ("small", {"small": "Small", "default": "Large"}, "L", False),
        ("other", {"small": "Small", "default": "Large"}, "L", True),
        ("other", {"small": "Small"}, "S", False),
        ("${request.body.kind}", {"little": "Small", "default": "Large"}, "S", True),
        (r"\$default", {"default": "Nobody"}, "S", False),
        (r"\$default", {}, "XL", True),
    ],
)
async def test_which_model_a_message_is_held_to(
    expression: str, names: dict[str, str], size: str, is_taken: bool
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-routes-integrations.html"""
    async with api_gateway() as ask:
        hold_to_models(ask, expression, **names)

        [frame] = await ask.frames(json.dumps({"action": "order", "size": size, "kind": "little"}))

        assert (frame == "taken") is is_taken
        if not is_taken:
            sent = json.loads(frame)
            assert frame == (
                f'{{"message" : "Bad request body", "connectionId": "{sent["connectionId"]}", '
                f'"messageId": "{sent["messageId"]}"}}'
            )


async def test_the_journal_says_what_is_wrong_with_a_message() -> None:
    async with api_gateway() as ask:
        hold_to_models(ask, default="Large")
        await ask.frames('{"action":"order","size":"S"}')

        [hop] = ask.world.hops("apigateway", "validate")
        assert hop.notes == {"refused": ["/size: 'S' is not one of ['L']"]}
        assert ask.world.hops("lambda", "Invoke") == []


async def test_what_is_not_json_is_not_as_a_model_says() -> None:
    async with api_gateway("order") as ask:
        hold_to_models(ask, default="Large")
        ask.api.routes["$default"] = ask.api.routes["order"]

        assert [json.loads(frame)["message"] for frame in await ask.frames("hello", "null")] == [
            "Bad request body"
        ] * 2


async def test_validation_may_be_off() -> None:
    async with api_gateway() as ask:
        hold_to_models(ask, default="Large")
        ask.api.is_validating = False

        assert await ask.frames('{"action":"order","size":"S"}') == ["taken"]


async def test_a_route_without_models_takes_everything() -> None:
    async with api_gateway() as ask:
        ask.route("$default", proxy(), two_way=True)
        ask.function(lambda event: {"statusCode": 200, "body": "taken"})
        assert await ask.frames("hello") == ["taken"]
