"""
REST-JSON: Lambda's API.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from base64 import b64decode

import botocore.session
import pytest

from pizzabar import documents
from pizzabar.wire.aws.rest_protocol import SERVICES, RestService, _routes_of, service_of
from tests.wire.aws.asking import Client, aws

FUNCTIONS = "/2015-03-31/functions"


async def echo(client: Client) -> str:
    """Give the pizza bar a function that answers with its event, or fails; give its path."""

    async def answer(event: object, context: object) -> object:
        if event == "fail":
            raise ValueError("no oven")
        context.log("hello")  # type: ignore[attr-defined]
        return event

    client.emulator.functions.create("Echo", answer)
    return f"{FUNCTIONS}/Echo/invocations"


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: str(each.name))
def test_every_operation_is_found_by_its_path(service: RestService) -> None:
    model = botocore.session.get_session().get_service_model(service.name)
    routes = _routes_of(service)
    found = {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, told_apart, _ = http["requestUri"].partition("?")
        if told_apart:
            # It shares its path with another one, and is told apart by the query string: none that is here.
            continue
        sample = path.replace("{", "x").replace("}", "").replace("+", "")
        result = routes.find(http["method"], sample)
        found[name] = result and result[0]
        assert service_of(sample) is service

    assert len(found) >= len(model.operation_names) - 2
    assert all(name == operation for name, operation in found.items())


async def test_a_function_is_invoked_with_the_body_as_it_is() -> None:
    async with aws() as client:
        path = await echo(client)

        answer = await client.rest("POST", path, b'{"a": [1, "\xc3\xa9"]}')

        assert (answer.status, answer.body.decode()) == (200, '{"a":[1,"é"]}')
        assert answer.headers["x-amz-executed-version"] == "$LATEST"
        assert "x-amz-function-error" not in answer.headers


async def test_a_function_that_fails_is_told_by_a_header() -> None:
    async with aws() as client:
        path = await echo(client)

        answer = await client.rest("POST", path, b'"fail"', **{"x-amz-log-type": "Tail"})

        assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")
        assert documents.parse(answer.body)["errorMessage"] == "no oven"
        assert "START RequestId" in b64decode(answer.headers["x-amz-log-result"]).decode()


@pytest.mark.parametrize(("kind", "status"), [("Event", 202), ("DryRun", 204)])
async def test_a_function_is_invoked_without_waiting_or_not_at_all(kind: str, status: int) -> None:
    async with aws() as client:
        path = await echo(client)

        answer = await client.rest("POST", path, b"{}", **{"x-amz-invocation-type": kind})

        assert (answer.status, answer.body) == (status, b"")


async def test_a_name_may_be_an_arn_encoded() -> None:
    async with aws() as client:
        await echo(client)
        arn = client.emulator.functions.get("Echo").arn
        for written in (arn, arn.replace(":", "%3A")):
            answer = await client.rest("POST", f"{FUNCTIONS}/{written}/invocations", b"1")
            assert answer.body == b"1"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", f"{FUNCTIONS}/Nobody/invocations", b"{}", 404, "ResourceNotFoundException"),
        ("POST", f"{FUNCTIONS}/Echo/invocations", b"{", 400, "InvalidRequestContentException"),
        ("GET", "/2018-10-31/layers", b"", 501, "UnknownOperationException"),
        ("GET", "/2015-03-31/nothing", b"", 404, "UnknownOperationException"),
        ("PATCH", f"{FUNCTIONS}/Echo", b"", 404, "UnknownOperationException"),
        ("GET", "/v2/domainnames", b"", 501, "UnknownOperationException"),
    ],
)
async def test_what_is_refused(method: str, path: str, body: bytes, status: int, code: str) -> None:
    async with aws() as client:
        await echo(client)
        answer = await client.rest(method, path, body)

        assert (answer.status, answer.headers["x-amzn-errortype"]) == (status, code)
        assert documents.parse(answer.body)["message"]


async def test_functions_are_listed_and_read() -> None:
    async with aws() as client:
        await echo(client)
        listed = documents.parse((await client.rest("GET", f"{FUNCTIONS}/")).body)
        assert "Echo" in [each["FunctionName"] for each in listed["Functions"]]
        read = documents.parse((await client.rest("GET", f"{FUNCTIONS}/Echo")).body)
        assert read["Configuration"]["FunctionName"] == "Echo"
