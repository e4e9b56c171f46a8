"""
WebSocket APIs: who is let in, which route a message takes, and what comes back.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
"""

import asyncio
import re
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import timedelta

import pytest

from pizzabar.apigateway.api import Stage
from pizzabar.apigateway.apis import Admission, Handshake, Refusal, WebSocketApis, new_id
from pizzabar.apigateway.connections import is_connection_id
from pizzabar.apigateway.errors import ForbiddenException, GoneException, bad_request_frame, error_frame
from pizzabar.apigateway.integration import Integration, IntegrationResponse
from pizzabar.apigateway.mapping_template import compile_template
from pizzabar.documents import JSON
from pizzabar.local.connections import LocalConnections
from pizzabar.local.http_client import LocalHttpClient
from tests.apigateway.service import QUOTAS, ApiGateway, action, api_gateway, proxy, refuse
from tests.world import turns, until

ERROR = r'\{"message": "%s", "connectionId":"[\w-]{15}=", "requestId":"[\w-]{15}="\}'


def is_error(frame: str, message: str) -> bool:
    """Whether a frame tells of an error, byte for byte as frames recorded on AWS."""
    return re.fullmatch(ERROR % message, frame) is not None


def answered(integration: Integration) -> Integration:
    """Give an integration the response that one of $connect needs."""
    return replace(integration, responses=(IntegrationResponse("/200/"),))


async def sessions_left(ask: ApiGateway) -> int:
    """Count the connections that a next process would say goodbye to."""
    await ask.world.settled()
    return len(await LocalConnections(ask.world.database, ask.world.clock).open())


def test_ids_are_of_the_form_that_aws_has() -> None:
    """Observed on AWS: 16 characters of URL-safe base64 that stand for 11 bytes."""
    ids = {new_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(is_connection_id(id_) and len(urlsafe_b64decode(id_)) == 11 for id_ in ids)


# $connect


async def test_without_a_connect_route_everybody_is_let_in() -> None:
    async with api_gateway() as ask:
        admission = await ask.connect()

        assert isinstance(admission, Admission)
        assert admission.subprotocol is None
        connection = admission.connection
        assert (connection.api_id, connection.stage, connection.domain_name) == (
            "a1b2c3d4e5",
            "api",
            "localhost:8000",
        )
        assert (connection.source_ip, connection.user_agent) == ("127.0.0.1", "wscat")


async def test_a_connect_route_without_an_integration_lets_everybody_in() -> None:
    async with api_gateway() as ask:
        ask.route("$connect", None)

        assert isinstance(await ask.connect(), Admission)


@pytest.mark.parametrize("status", [200, 201, 299])
async def test_a_function_lets_in_with_any_success(status: int) -> None:
    """Observed on AWS."""
    async with api_gateway() as ask:
        ask.route("$connect", proxy())
        ask.function(lambda event: {"statusCode": status, "body": "is not sent"})

        _connection, guest = await ask.guest()

        assert guest.frames == []


@pytest.mark.parametrize("status", [301, 400, 401, 501])
async def test_a_function_refuses_with_a_status_of_its_own(status: int) -> None:
    """Observed on AWS."""
    async with api_gateway() as ask:
        ask.route("$connect", proxy())
        ask.function(lambda event: {"statusCode": status})

        refusal = await ask.connect()

        assert isinstance(refusal, Refusal)
        assert refusal.status == status
        assert await sessions_left(ask) == 0


@pytest.mark.parametrize("result", [None, "ok", 5, [], {"message": "hello"}, {"statusCode": "many"}])
async def test_a_malformed_result_refuses_with_502(result: JSON) -> None:
    """Observed on AWS."""
    async with api_gateway() as ask:
        ask.route("$connect", proxy())
        ask.function(lambda event: result)

        assert await ask.connect() == Refusal(502, "Internal server error")
        assert await sessions_left(ask) == 0


async def test_a_function_error_refuses_with_502() -> None:
    """Observed on AWS."""
    async with api_gateway() as ask:
        ask.route("$connect", proxy())
        ask.world.answer("lambda", "Invoke", lambda asked: {"FunctionError": "Unhandled", "Payload": b"{}"})

        assert await ask.connect() == Refusal(502, "Internal server error")


async def test_a_service_that_succeeds_needs_a_response_for_it() -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html"""
    async with api_gateway() as ask:
        ask.route("$connect", action("dynamodb", "PutItem", "{}"))
        ask.world.answer("dynamodb", "PutItem")

        assert isinstance(await ask.connect(), Refusal)
        [hop] = ask.world.hops("apigateway", "$connect")
        assert hop.notes == {"failed": "no integration response for 200: {}"}
        assert await sessions_left(ask) == 0

        ask.route("$connect", answered(action("dynamodb", "PutItem", "{}")))
        assert isinstance(await ask.connect(), Admission)


async def test_a_service_that_refuses_refuses_the_client() -> None:
    async with api_gateway() as ask:
        ask.route("$connect", action("dynamodb", "PutItem", "{}"))
        ask.world.answer("dynamodb", "PutItem", refuse(400))

        refusal = await ask.connect()

        assert isinstance(refusal, Refusal)
        assert await sessions_left(ask) == 0


async def test_a_fault_of_an_operation_refuses_the_client(caplog: pytest.LogCaptureFixture) -> None:
    """What no service foresaw is logged with its traceback, and leaves nothing behind."""

    def fail(asked: JSON) -> JSON:
        raise KeyError("TableName")

    async with api_gateway() as ask:
        ask.route("$connect", action("dynamodb", "PutItem", "{}"))
        ask.world.answer("dynamodb", "PutItem", fail)

        assert await ask.connect() == Refusal(500, "Internal server error")
        assert await sessions_left(ask) == 0
        assert "KeyError: 'TableName'" in caplog.text


async def test_a_function_that_takes_too_long_refuses_with_504() -> None:
    async with api_gateway() as ask:
        ask.route("$connect", replace(proxy(), timeout=timedelta(seconds=2)))
        await hanging(ask)

        connecting = asyncio.create_task(ask.connect())
        await until_asked(ask)
        ask.world.virtual.move(ask.world.clock.now() + timedelta(seconds=2))

        assert await connecting == Refusal(504, "Endpoint request timed out")


async def hanging(ask: ApiGateway) -> None:
    """Have the function never answer."""

    async def hang(owner: object, asked: JSON) -> JSON:
        return await asyncio.Event().wait()

    ask.world.call.add("lambda", {"Invoke": hang}, None)


async def until_asked(ask: ApiGateway) -> None:
    """Wait until the function is being asked."""
    await until(lambda: ask.world.hops("lambda", "Invoke"))
    await turns(2)


async def test_only_the_subprotocol_comes_back_from_the_headers() -> None:
    """Observed on AWS."""
    async with api_gateway() as ask:
        ask.route("$connect", proxy())
        ask.function(lambda event: {"statusCode": 200, "headers": {"sec-websocket-protocol": "pizza", "X-A": "b"}})

        admission = await ask.connect()

        assert isinstance(admission, Admission)
        assert admission.subprotocol == "pizza"


async def test_a_push_during_connect_finds_nobody() -> None:
    """https://repost.aws/knowledge-center/410-gone-api-gateway"""
    pushed: list[str] = []

    async def handler(owner: object, asked: JSON) -> JSON:
        [hop] = ask.world.hops("apigateway", "$connect")
        try:
            await ask.apis.connections.push(hop.parameters["ConnectionId"], "hello")
        except GoneException as error:
            pushed.append(error.code)
        return {"StatusCode": 200, "Payload": b'{"statusCode":200}'}

    async with api_gateway() as ask:
        ask.route("$connect", proxy())
        ask.world.call.add("lambda", {"Invoke": handler}, None)

        await ask.connect()

        assert pushed == ["GoneException"]


async def test_the_handshake_reaches_the_template() -> None:
    handshake = Handshake("localhost:8000", "1.2.3.4", (("X-A", "b"),), (("table", "7"), ("empty", "")), "wscat")
    template = (
        '{"id":"$context.connectionId","header":"$input.params("X-A")","query":"$input.params("table")",'
        '"all":"$input.params().get("querystring")","ip":"$context.identity.sourceIp"}'
    )
    async with api_gateway() as ask:
        ask.route("$connect", answered(action("dynamodb", "PutItem", template)))
        asked = ask.world.answer("dynamodb", "PutItem")

        connection, _guest = await ask.guest(handshake)

        assert asked == [
            {"id": connection.id, "header": "b", "query": "7", "all": "{table=7, empty=}", "ip": "1.2.3.4"}
        ]


# Messages


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ('{"action":"order"}', "order"),
        ('{"action":"Order"}', "$default"),
        ('{"action":"other"}', "$default"),
        ('{"action":null}', "$default"),
        ('{"action":["order"]}', "$default"),
        ("{}", "$default"),
        ("[]", "$default"),
        ("null", "$default"),
        ('"order"', "$default"),
        ("not JSON", "$default"),
        ("", "$default"),
        # A client does not connect or go by a message.
        ('{"action":"$connect"}', "$default"),
        ('{"action":"$disconnect"}', "$default"),
        ('{"action":"$default"}', "$default"),
    ],
)
async def test_which_route_a_message_takes(message: str, route: str) -> None:
    async with api_gateway() as ask:
        for key in ("$connect", "$default", "$disconnect", "order"):
            ask.route(key, proxy())
        events = ask.function(lambda event: {"statusCode": 200})

        await ask.frames(message)

        assert [event["requestContext"]["routeKey"] for event in events] == ["$connect", route]
        assert events[1]["body"] == message


async def test_no_route_and_no_default_is_forbidden() -> None:
    """Frame captures of AWS."""
    async with api_gateway() as ask:
        ask.route("order", proxy())

        [frame] = await ask.frames('{"action":"pay"}')

        assert is_error(frame, "Forbidden")


async def test_an_error_frame_byte_for_byte() -> None:
    async with api_gateway() as ask:
        connection, guest = await ask.guest()

        await ask.apis.receive(connection, "{}")

        [frame] = guest.frames
        request_id = frame[-18:-2]
        assert frame == f'{{"message": "Forbidden", "connectionId":"{connection.id}", "requestId":"{request_id}"}}'
        assert is_connection_id(request_id)


async def test_a_route_without_an_integration_is_an_error() -> None:
    async with api_gateway() as ask:
        ask.route("$default", None)

        [frame] = await ask.frames("{}")

        assert is_error(frame, "Internal server error")


async def test_a_one_way_route_answers_nothing() -> None:
    async with api_gateway() as ask:
        ask.route("$default", proxy())
        ask.function(lambda event: {"statusCode": 200, "body": "is not sent"})

        assert await ask.frames("{}") == []


@pytest.mark.parametrize("status", [301, 401, 501])
async def test_a_status_of_a_function_does_not_matter_to_a_one_way_route(status: int) -> None:
    """Observed on AWS."""
    async with api_gateway() as ask:
        ask.route("$default", proxy())
        ask.function(lambda event: {"statusCode": status, "body": "is not sent"})

        assert await ask.frames("{}", "{}") == []


async def test_a_two_way_route_answers_the_body_of_a_function() -> None:
    async with api_gateway() as ask:
        ask.route("$default", proxy(), two_way=True)
        bodies = iter(["pong", "", None])
        ask.function(lambda event: {"statusCode": 200, "body": next(bodies)})

        assert await ask.frames("1", "2", "3") == ["pong"]


@pytest.mark.parametrize("two_way", [True, False])
@pytest.mark.parametrize("result", [None, {"hello": "world"}, "text"])
async def test_a_malformed_result_is_an_error_on_any_route(result: JSON, two_way: bool) -> None:
    """Observed on AWS: sent on one-way routes too, and the connection stays open."""
    async with api_gateway() as ask:
        ask.route("$default", proxy(), two_way=two_way)
        ask.function(lambda event: result)

        frames = await ask.frames("{}", "{}")

        assert len(frames) == 2
        assert all(is_error(frame, "Internal server error") for frame in frames)


async def test_a_function_that_is_not_there_is_an_error() -> None:
    async with api_gateway() as ask:
        ask.route("$default", proxy())
        ask.world.answer("lambda", "Invoke", refuse(404))

        [frame] = await ask.frames("{}")

        assert is_error(frame, "Internal server error")


async def test_a_fault_of_an_operation_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    def fail(asked: JSON) -> JSON:
        raise TypeError("list indices must be integers")

    async with api_gateway() as ask:
        ask.route("$default", action("dynamodb", "PutItem", "[]"))
        ask.world.answer("dynamodb", "PutItem", fail)

        [frame] = await ask.frames("{}")

        assert is_error(frame, "Internal server error")
        assert "TypeError: list indices must be integers" in caplog.text


async def test_a_function_that_takes_too_long_is_an_error() -> None:
    """Observed on AWS."""
    async with api_gateway() as ask:
        ask.route("$default", proxy())
        await hanging(ask)
        connection, guest = await ask.guest()

        receiving = asyncio.create_task(ask.apis.receive(connection, "{}"))
        await until_asked(ask)
        ask.world.virtual.move(ask.world.clock.now() + timedelta(seconds=28.9))
        assert guest.frames == []
        ask.world.virtual.move(ask.world.clock.now() + timedelta(seconds=0.1))
        await receiving

        [frame] = guest.frames
        assert is_error(frame, "Endpoint request timed out")


async def test_a_service_is_asked_what_the_template_says() -> None:
    template = '{"input":"$util.escapeJavaScript($input.body)","name":"$context.connectionId"}'
    async with api_gateway() as ask:
        ask.route("$default", action("stepfunctions", "StartExecution", template))
        asked = ask.world.answer("stepfunctions", "StartExecution", lambda asked: {"executionArn": "arn"})
        connection, guest = await ask.guest()

        await ask.apis.receive(connection, '{"size":"L"}')

        assert asked == [{"input": '{"size":"L"}', "name": connection.id}]
        assert guest.frames == []


async def test_a_two_way_route_answers_what_the_service_gives() -> None:
    async with api_gateway() as ask:
        integration = replace(
            action("stepfunctions", "StartExecution", "{}"), responses=(IntegrationResponse("$default"),)
        )
        ask.route("$default", integration, two_way=True)
        ask.world.answer("stepfunctions", "StartExecution", lambda asked: {"executionArn": "arn", "startDate": 5})

        assert await ask.frames("{}") == ['{"executionArn":"arn","startDate":5}']


async def test_an_error_of_a_service_on_a_one_way_route() -> None:
    async with api_gateway() as ask:
        ask.route("$default", action("stepfunctions", "StartExecution", "{}"))
        ask.world.answer("stepfunctions", "StartExecution", refuse(400))

        [frame] = await ask.frames("{}")

        assert is_error(frame, "Internal server error")


async def test_an_error_of_a_service_with_a_response_that_takes_it() -> None:
    async with api_gateway() as ask:
        integration = replace(
            action("stepfunctions", "StartExecution", "{}"), responses=(IntegrationResponse("$default"),)
        )
        ask.route("$default", integration, two_way=True)
        ask.world.answer("stepfunctions", "StartExecution", refuse(400, "no such state machine"))

        assert await ask.frames("{}") == ['{"__type":"Refused","message":"no such state machine"}']


async def test_a_template_that_gives_no_json_is_an_error() -> None:
    async with api_gateway() as ask:
        ask.route("$default", action("dynamodb", "PutItem", "hello"))
        asked = ask.world.answer("dynamodb", "PutItem")

        [frame] = await ask.frames("{}")

        assert is_error(frame, "Internal server error")
        assert asked == []
        [hop] = ask.world.hops("apigateway", "$default")
        assert hop.notes is not None
        assert hop.notes["failed"].startswith("the mapping template does not give JSON")


async def test_a_message_begins_a_trace_of_its_own() -> None:
    async with api_gateway() as ask:
        ask.route("$default", proxy())
        ask.function(lambda event: {"statusCode": 200})

        await ask.frames("1", "2")

        first, second = ask.world.hops("apigateway", "$default")
        invoked = ask.world.hops("lambda", "Invoke")
        assert first.trace_id != second.trace_id
        assert [(hop.trace_id, hop.parent) for hop in invoked] == [
            (first.trace_id, first.id),
            (second.trace_id, second.id),
        ]
        assert first.parameters["Body"] == "1"


async def test_an_answer_to_a_guest_who_has_gone_is_dropped() -> None:
    async with api_gateway() as ask:
        ask.route("$default", Integration("mock", "MOCK", responses=(IntegrationResponse("$default"),)), two_way=True)
        connection, guest = await ask.guest()
        guest.has_gone = True

        await ask.apis.receive(connection, "not a template")

        assert guest.frames == []


async def test_stage_variables_reach_every_event() -> None:
    async with api_gateway() as ask:
        ask.api.stages["api"] = Stage("api", ask.api, {"oven": "hot"})
        for key in ("$connect", "$default", "$disconnect"):
            ask.route(key, proxy())
        events = ask.function(lambda event: {"statusCode": 200})

        connection, _guest = await ask.guest()
        await ask.apis.receive(connection, "{}")
        await ask.apis.disconnect(connection, 1000, "")

        assert [event["stageVariables"] for event in events] == [{"oven": "hot"}] * 3


# $disconnect


async def test_a_goodbye_runs_the_disconnect_route() -> None:
    async with api_gateway() as ask:
        ask.route("$disconnect", proxy())
        events = ask.function(lambda event: {"statusCode": 200})
        connection, _guest = await ask.guest()

        await ask.apis.disconnect(connection, 1001, "Going away")

        [event] = events
        assert event["requestContext"]["routeKey"] == "$disconnect"
        assert event["requestContext"]["disconnectStatusCode"] == 1001
        assert event["requestContext"]["disconnectReason"] == "Going away"
        assert await sessions_left(ask) == 0
        with pytest.raises(GoneException):
            ask.apis.connections.get(connection.id)


@pytest.mark.parametrize("result", [None, {"statusCode": 500}])
async def test_how_a_goodbye_ends_does_not_matter(result: JSON) -> None:
    async with api_gateway() as ask:
        ask.route("$disconnect", proxy())
        ask.function(lambda event: result)
        connection, _guest = await ask.guest()

        await ask.apis.disconnect(connection, 1000, "")

        assert await sessions_left(ask) == 0


async def test_a_fault_of_a_goodbye_leaves_no_connection(caplog: pytest.LogCaptureFixture) -> None:
    def fail(asked: JSON) -> JSON:
        raise KeyError("Key")

    async with api_gateway() as ask:
        ask.route("$disconnect", action("dynamodb", "DeleteItem", "{}"))
        ask.world.answer("dynamodb", "DeleteItem", fail)
        connection, _guest = await ask.guest()

        await ask.apis.disconnect(connection, 1000, "")

        assert await sessions_left(ask) == 0
        assert "KeyError: 'Key'" in caplog.text


async def test_connections_of_an_earlier_process_get_their_goodbye() -> None:
    async with api_gateway() as ask:
        ask.route("$disconnect", proxy())
        events = ask.function(lambda event: {"statusCode": 200})
        connection, _guest = await ask.guest()
        await ask.world.settled()
        later = WebSocketApis(
            LocalConnections(ask.world.database, ask.world.clock),
            LocalHttpClient(ask.world.database),
            ask.world.call,
            ask.world.call.trace,
            ask.world.clock,
            home=ask.world.home,
            work=ask.world.work,
            quotas=QUOTAS,
        )
        later.add(ask.api)

        assert await later.open() == 1

        [event] = events
        assert event["requestContext"]["connectionId"] == connection.id
        assert event["requestContext"]["disconnectStatusCode"] == 1006
        assert await sessions_left(ask) == 0


async def test_connections_of_an_api_that_is_no_more_are_forgotten() -> None:
    async with api_gateway() as ask:
        await ask.guest()
        await ask.world.settled()
        later = WebSocketApis(
            LocalConnections(ask.world.database, ask.world.clock),
            LocalHttpClient(ask.world.database),
            ask.world.call,
            ask.world.call.trace,
            ask.world.clock,
            home=ask.world.home,
            work=ask.world.work,
            quotas=QUOTAS,
        )

        assert await later.open() == 1
        assert await sessions_left(ask) == 0


# Finding an API


async def test_an_api_is_found_by_its_stage() -> None:
    async with api_gateway() as ask:
        assert ask.apis.find_stage("api") is ask.api
        assert ask.apis.find_stage("api", "a1b2c3d4e5") is ask.api
        assert ask.apis.find_stage("api", "other") is None
        assert ask.apis.find_stage("prod") is None
        assert ask.apis.find_stage("") is None


async def test_an_api_that_is_not_there_is_forbidden() -> None:
    async with api_gateway() as ask:
        assert ask.apis.get("a1b2c3d4e5") is ask.api
        with pytest.raises(ForbiddenException):
            ask.apis.get("other")


# Error frames


@pytest.mark.parametrize(
    ("integration", "message"),
    [
        (None, "Internal server error"),
        (Integration("i", "AWS", passthrough="NEVER"), "Unsupported Media Type"),
        (Integration("i", "MOCK", templates={"$default": compile_template("no status")}), "Internal server error"),
        (action("dynamodb", "GetItem", "no JSON"), "Internal server error"),
    ],
)
async def test_an_integration_that_cannot_be_asked_is_told(integration: Integration | None, message: str) -> None:
    async with api_gateway() as ask:
        ask.route("$default", integration)

        [frame] = await ask.frames("hello")

        assert is_error(frame, message)


def test_the_frames_byte_for_byte() -> None:
    """Recorded on AWS, and from its documents; the blanks are AWS's own."""
    assert error_frame("Forbidden", "XDmENcnwIE0CFEQ=", "XDmEOcnvvHcCE-w=") == (
        '{"message": "Forbidden", "connectionId":"XDmENcnwIE0CFEQ=", "requestId":"XDmEOcnvvHcCE-w="}'
    )
    assert bad_request_frame("XDmENcnwIE0CFEQ=", "XDmEOcnvvHcCE-w=") == (
        '{"message" : "Bad request body", "connectionId": "XDmENcnwIE0CFEQ=", "messageId": "XDmEOcnvvHcCE-w="}'
    )


async def test_the_journal_says_why_nothing_follows_from_a_frame() -> None:
    async with api_gateway() as ask:
        await ask.frames('{"action":"fly"}')

        [hop] = ask.world.hops("apigateway", "route")
        assert hop.notes == {"refused": "there is no route fly, and no $default"}


async def test_a_route_may_be_selected_by_the_context() -> None:
    async with api_gateway("${context.stage}-${request.body.action}-${stageVariables.oven}") as ask:
        ask.api.selects_by_context = True
        ask.api.stages["api"] = Stage("api", ask.api, {"oven": "hot"})
        ask.route("api-bake-hot", proxy(), two_way=True)
        ask.function(lambda event: {"statusCode": 200, "body": event["requestContext"]["routeKey"]})

        assert await ask.frames('{"action":"bake"}') == ["api-bake-hot"]


def test_no_id_is_taken_for_an_option() -> None:
    assert not any(new_id().startswith("-") for _ in range(10_000))
