"""Tasks that call HTTP APIs. https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html"""

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError
from pizzabar.http_client import HttpRequest, HttpResponse
from pizzabar.stepfunctions.errors import TaskFailure
from pizzabar.stepfunctions.http_tasks import connection_call, invoke_api, invoke_http

ARN = "arn:aws:events:us-east-1:123456789012:connection/pizzeria/1f2e"
CONNECTIONS: JSON = {
    "pizzeria": {"headers": {"Authorization": "Bearer x"}, "query": {"key": "k"}, "body": {"secret": 1}}
}
CALL: JSON = {
    "ApiEndpoint": "https://pizza.example/orders",
    "Method": "POST",
    "Authentication": {"ConnectionArn": ARN},
}


class Backend:
    """Answers with what it is told, and notes what it was sent."""

    def __init__(self, response: HttpResponse | OSError) -> None:
        self.response = response
        self.sent: list[HttpRequest] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        if isinstance(self.response, OSError):
            raise self.response
        return self.response


OK = HttpResponse(200, (("Content-Type", "application/json"), ("X-A", "1"), ("x-a", "2")), '{"ok": true}')


async def test_a_request_has_what_its_connection_adds() -> None:
    backend = Backend(OK)
    parameters = {
        **CALL,
        "Headers": {"X-Trace": ["a", "b"]},
        "QueryParameters": {"q": ["1", 2], "none": None},
        "RequestBody": {"type": "margherita"},
    }
    answer = await invoke_http(backend, CONNECTIONS, parameters, "us-east-1")
    assert answer == {
        "Headers": {"content-type": ["application/json"], "x-a": ["1", "2"]},
        "ResponseBody": {"ok": True},
        "StatusCode": 200,
        "StatusText": "OK",
    }
    [request] = backend.sent
    assert request.url == "https://pizza.example/orders?q=1&q=2&key=k"
    assert request.body == '{"type":"margherita","secret":1}'
    headers = dict(request.headers)
    assert headers["Authorization"] == "Bearer x"
    assert headers["X-Trace"] == "a, b"
    assert headers["User-Agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"


class EventBridge:
    """The connections of EventBridge: what one adds, or why none does."""

    def __init__(self, adds: JSON = None, why: str | None = None) -> None:
        self.adds = adds
        self.why = why
        self.asked: list[str] = []
        self.forgotten: list[str] = []

    async def additions_of(self, arn: str) -> JSON:
        self.asked.append(arn)
        if self.why is not None:
            raise PizzabarError(self.why)
        return self.adds

    def forget_token(self, arn: str) -> None:
        self.forgotten.append(arn)


OREGANO: JSON = {"headers": {"X-Key": "oregano"}, "query": {"q": "saffron"}, "body": {"b": "basil"}}


async def test_a_connection_of_eventbridge_is_found_unless_the_settings_have_it() -> None:
    backend, eventbridge = Backend(OK), EventBridge(OREGANO)

    await invoke_http(backend, {}, CALL, "us-east-1", eventbridge)
    await invoke_http(backend, CONNECTIONS, CALL, "us-east-1", eventbridge)

    assert [dict(each.headers).get("X-Key") for each in backend.sent] == ["oregano", None]
    assert eventbridge.asked == [ARN]


async def test_a_request_can_be_shown_without_secrets() -> None:
    backend = Backend(OK)

    await invoke_http(backend, {}, {**CALL, "RequestBody": {"a": 1}}, "us-east-1", EventBridge(OREGANO))

    [request] = backend.sent
    assert (request.url, request.body) == ("https://pizza.example/orders?q=saffron", '{"a":1,"b":"basil"}')
    assert request.shown is not None
    assert dict(request.shown.headers) == {**dict(request.headers), "X-Key": "***"}
    assert request.shown.url == "https://pizza.example/orders?q=%2A%2A%2A"
    assert request.shown.body == '{"a":1,"b":"***"}'


@pytest.mark.parametrize(("status", "is_forgotten"), [(401, True), (407, True), (403, False)])
async def test_a_token_that_is_refused_is_not_used_again(status: int, is_forgotten: bool) -> None:
    eventbridge = EventBridge(OREGANO)

    with pytest.raises(TaskFailure):
        await invoke_http(Backend(HttpResponse(status)), {}, CALL, "us-east-1", eventbridge)

    assert eventbridge.forgotten == ([ARN] if is_forgotten else [])


@pytest.mark.parametrize(
    ("eventbridge", "error"),
    [(EventBridge(), "ResourceNotFound"), (EventBridge(why="it is deauthorized"), "InvalidConnectionState")],
)
async def test_a_connection_that_is_not_there_or_not_authorized_fails_the_task(
    eventbridge: EventBridge, error: str
) -> None:
    with pytest.raises(TaskFailure) as raised:
        await invoke_http(Backend(OK), {}, CALL, "us-east-1", eventbridge)
    assert raised.value.error == f"Events.ConnectionResource.{error}"


@pytest.mark.parametrize(
    ("array_format", "body"),
    [
        ("INDICES", "a%5B0%5D=1&a%5B1%5D=2&o%5Bx%5D=y%20z"),
        ("REPEAT", "a=1&a=2&o%5Bx%5D=y%20z"),
        ("COMMAS", "a=1%2C2&o%5Bx%5D=y%20z"),
        ("BRACKETS", "a%5B%5D=1&a%5B%5D=2&o%5Bx%5D=y%20z"),
    ],
)
async def test_a_body_is_sent_as_a_form(array_format: str, body: str) -> None:
    backend = Backend(OK)
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": array_format}}
    parameters = {**CALL, "RequestBody": {"a": [1, 2], "o": {"x": "y z"}}, "Transform": transform}
    await invoke_http(backend, {"pizzeria": {}}, parameters, "us-east-1")
    [request] = backend.sent
    assert request.body == body
    assert dict(request.headers)["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("response", "parameters", "error"),
    [
        (HttpResponse(404, (), "no such pizza"), CALL, "States.Http.StatusCode.404"),
        (OSError("refused"), CALL, "States.Http.Socket"),
        (OK, {**CALL, "Method": "BAKE"}, "States.Runtime"),
        (OK, {**CALL, "ApiEndpoint": ""}, "States.Runtime"),
        (OK, {"ApiEndpoint": "https://x", "Method": "GET"}, "States.Runtime"),
        (
            OK,
            {**CALL, "Authentication": {"ConnectionArn": "arn:aws:events:::connection/none/1"}},
            "Events.ConnectionResource.ResourceNotFound",
        ),
    ],
)
async def test_a_call_fails(response: HttpResponse | OSError, parameters: JSON, error: str) -> None:
    with pytest.raises(TaskFailure) as failed:
        await invoke_http(Backend(response), CONNECTIONS, parameters, "us-east-1")
    assert failed.value.error == error


async def test_an_api_is_called_at_its_stage() -> None:
    backend = Backend(OK)
    parameters = {
        "ApiEndpoint": "abc.execute-api.us-east-1.amazonaws.com",
        "Method": "PUT",
        "Stage": "prod",
        "Path": "orders/1",
        "QueryParameters": {"x": ["1"]},
        "RequestBody": {"a": 1, "b": None},
    }
    assert (await invoke_api(backend, parameters))["StatusCode"] == 200
    assert backend.sent[0].url == "https://abc.execute-api.us-east-1.amazonaws.com/prod/orders/1?x=1"
    assert backend.sent[0].body == '{"a":1}'
    await invoke_api(backend, {"ApiEndpoint": "localhost:3000", "Method": "GET", "Path": "/x"})
    assert backend.sent[1].url == "http://localhost:3000/x"
    with pytest.raises(TaskFailure) as failed:
        await invoke_api(Backend(HttpResponse(403, (), '{"message":"Forbidden"}')), parameters)
    assert (failed.value.error, failed.value.cause) == ("ApiGateway.403", '{"message":"Forbidden"}')


HERE = "abc.execute-api.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("host", "path", "method", "call"),
    [
        (HERE, "/@connections/a%3D", "POST", ("PostToConnection", {"ConnectionId": "a=", "Data": b'"hi"'})),
        (f"https://{HERE}/", "prod/@connections/a=", "DELETE", ("DeleteConnection", {"ConnectionId": "a="})),
        (HERE, "@connections/a=", "GET", ("GetConnection", {"ConnectionId": "a="})),
        (HERE, "/@connections/a/b", "GET", None),
        (HERE, "/@connections", "GET", None),
        (HERE, "/orders", "GET", None),
        (HERE, "/@connections/a=", "PUT", None),
        ("api.example.com", "/@connections/a=", "GET", None),
    ],
)
def test_a_call_of_a_connection_is_known_by_its_address(host: str, path: str, method: str, call: JSON) -> None:
    assert connection_call({"ApiEndpoint": host, "Path": path, "Method": method, "RequestBody": "hi"}) == call
