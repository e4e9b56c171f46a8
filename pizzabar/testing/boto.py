"""boto3 without sockets: requests are answered by a world in this process."""

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.awsrequest import AWSResponse

from pizzabar.testing.inside import Inside
from pizzabar.testing.threads import LoopThread


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, amount: int = 65_536, **options: Any) -> Iterator[bytes]:
        """Give the body in parts."""
        while part := self.read(amount):
            yield part


def _answering(inside: Inside, loop: LoopThread) -> Callable[..., AWSResponse]:
    def answer(request: Any, **others: Any) -> AWSResponse:
        body = request.body or b""
        text = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        response = loop.do(inside.request(request.method, _here(request.url), headers, text), by_handlers=True)
        return AWSResponse(request.url, response.status_code, dict(response.headers), _Raw(response.content))

    return answer


def _here(url: str) -> str:
    """Give the address in the world that stands for one of AWS's, as a client without an endpoint has it."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".amazonaws.com"):
        return url
    return urlunsplit(("http", "localhost", parts.path, parts.query, ""))


def session_of(inside: Inside, loop: LoopThread) -> boto3.Session:
    """Give a session whose clients and resources are answered by a world."""
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=inside.emulator.home.region
    )
    session.events.register("before-send", _answering(inside, loop))
    return session


def client_of(inside: Inside, loop: LoopThread, service: str) -> Any:
    """Give a client of a service; ``apigatewaymanagementapi`` is the one of the only stage."""
    session = session_of(inside, loop)
    if service == "apigatewaymanagementapi":
        stage = next((name for api in inside.emulator.apis for name in api.stages), "")
        return session.client(service, endpoint_url=f"http://localhost/{stage}")
    return session.client(service, endpoint_url="http://localhost")
