"""
``@connections`` over HTTP.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from dataclasses import replace
from uuid import UUID

import pytest

from pizzabar import documents
from pizzabar.wire.management import read_path
from tests.wire.asgi import guest, http, server

NOBODY = "R1kmxc2VNjMCFIA="


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"/api/@connections/{NOBODY}", ("api", NOBODY)),
        ("/my_stage-1/@connections/x", ("my_stage-1", "x")),
        ("/$default/@connections/x", ("$default", "x")),
        ("/api/@connections/", None),
        ("/api/@connections", None),
        ("/api/@connections/x/y", None),
        ("/@connections/x", None),
        ("/a/b/@connections/x", None),
        ("/api", None),
    ],
)
def test_which_connection_a_path_names(path: str, place: tuple[str, str] | None) -> None:
    assert read_path(path) == place


@pytest.mark.parametrize("form", ["/api/@connections/{}", "/api/%40connections/{}"])
@pytest.mark.parametrize("padding", ["=", "%3D"])
async def test_a_connection_is_posted_to_read_and_deleted(form: str, padding: str) -> None:
    async with server() as (app, emulator), guest(app, user_agent="wscat") as client:
        [connection] = emulator.runtime.connections
        path = form.format(connection.id.replace("=", padding))

        posted = await http(app, "POST", path, "Hallo é".encode())
        assert (posted.status, posted.body) == (200, b"")
        assert await client.hears_text() == "Hallo é"

        read = await http(app, "GET", path)
        told = documents.parse(read.body)
        assert (read.status, read.headers["content-type"]) == (200, "application/json")
        assert list(told) == ["connectedAt", "identity", "lastActiveAt"]
        assert told["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "wscat"}

        deleted = await http(app, "DELETE", path)
        assert (deleted.status, deleted.body) == (204, b"")
        assert "content-length" not in deleted.headers
        assert await client.hears() == {
            "type": "websocket.close",
            "code": 1000,
            "reason": "Connection Closed Normally",
        }


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_a_connection_that_is_gone(method: str) -> None:
    """The SDKs know the error by the header; there is no body."""
    async with server() as (app, _emulator):
        answer = await http(app, method, f"/api/@connections/{NOBODY}", b"hello")

        assert (answer.status, answer.body) == (410, b"")
        assert answer.headers["x-amzn-errortype"] == "GoneException"


async def test_a_connection_that_was_deleted_is_gone() -> None:
    async with server() as (app, emulator):
        async with guest(app):
            [connection] = emulator.runtime.connections
        answer = await http(app, "POST", f"/api/@connections/{connection.id}", b"hello")

        assert answer.status == 410


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_a_malformed_id_is_a_bad_request(method: str) -> None:
    async with server() as (app, _emulator):
        answer = await http(app, method, "/api/@connections/abc", b"hello")

        assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "BadRequestException")
        assert documents.parse(answer.body) == {"message": "Invalid connectionId: abc"}


async def test_a_stage_that_is_not_there_is_forbidden() -> None:
    """Observed on AWS: https://github.com/aws/aws-sdk-php/issues/1955"""
    async with server() as (app, _emulator):
        answer = await http(app, "POST", f"/prod/@connections/{NOBODY}", b"hello")

        assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')
        assert answer.headers["x-amzn-errortype"] == "ForbiddenException"


async def test_a_host_of_another_api_is_forbidden() -> None:
    async with server() as (app, _emulator):
        host = "other.execute-api.localhost:8000"

        answer = await http(app, "POST", f"/api/@connections/{NOBODY}", b"hello", host=host)

        assert (answer.status, answer.body) == (403, b'{"message":"Forbidden"}')


async def test_a_connection_is_found_through_its_own_stage_alone() -> None:
    async with server() as (app, emulator), guest(app) as client:
        [api] = emulator.apis
        [connection] = emulator.runtime.connections
        api.stages["other"] = replace(api.stages["api"], name="other")

        elsewhere = await http(app, "POST", f"/other/@connections/{connection.id}", b"hello")
        assert (elsewhere.status, elsewhere.headers["x-amzn-errortype"]) == (410, "GoneException")

        host = f"{api.id}.execute-api.localhost:8000"
        assert (await http(app, "POST", f"/api/@connections/{connection.id}", b"hello", host=host)).status == 200
        assert await client.hears_text() == "hello"


async def test_every_answer_has_an_id() -> None:
    async with server() as (app, _emulator):
        for method in ("POST", "PUT"):
            answer = await http(app, method, f"/api/@connections/{NOBODY}", b"hello")
            assert UUID(answer.headers["x-amzn-requestid"]).version == 4


async def test_a_message_that_is_too_large() -> None:
    async with server() as (app, emulator), guest(app) as client:
        [connection] = emulator.runtime.connections
        path = f"/api/@connections/{connection.id}"

        largest = await http(app, "POST", path, b"x" * 131_072)
        larger = await http(app, "POST", path, b"x" * 131_073)
        immense = await http(app, "POST", path, b"x" * (17 << 20))

        assert largest.status == 200
        assert len(await client.hears_text()) == 131_072
        for answer in (larger, immense):
            assert (answer.status, answer.headers["x-amzn-errortype"]) == (413, "PayloadTooLargeException")


async def test_another_method_is_refused() -> None:
    async with server() as (app, _emulator):
        answer = await http(app, "PUT", f"/api/@connections/{NOBODY}", b"hello")

        assert (answer.status, answer.body) == (403, b'{"message":"Missing Authentication Token"}')
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


async def test_a_client_that_does_not_read_is_a_limit() -> None:
    """429 when the client's buffer is full."""
    async with server() as (app, emulator), guest(app) as client:
        [connection] = emulator.runtime.connections
        path = f"/api/@connections/{connection.id}"
        client.stops_reading()

        statuses = [(await http(app, "POST", path, b"x" * 131_072)).status for _ in range(7)]

        # One is under way, and half a megabyte may wait.
        assert statuses == [200] * 5 + [429] * 2
        client.reads_again()
        for _ in range(5):
            assert len(await client.hears_text()) == 131_072
