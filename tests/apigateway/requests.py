"""A message and its connection, for tests of what becomes of it; and integrations, performed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from pizzabar.apigateway.connections import Connection
from pizzabar.apigateway.integration import Answer, Integration
from pizzabar.apigateway.integrations import Integrations
from pizzabar.apigateway.request import Request
from pizzabar.arn import Home
from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON
from pizzabar.http_client import HttpRequest, HttpResponse
from pizzabar.work import Work

CONNECTED = datetime(2024, 1, 20, 11, 55, 0, 123_000, tzinfo=UTC)
NOW = datetime(2024, 1, 20, 11, 55, 8, 456_000, tzinfo=UTC)
CONNECTION = Connection("R1kmxc2VNjMCFIA=", "a1b2c3d4e5", "api", "localhost:8000", CONNECTED, "1.2.3.4", "wscat")
MESSAGE = Request(CONNECTION, "order", "MESSAGE", "requestrequest1=", NOW, '{"size":"L"}', "messagemessage1=")
COMMON = {
    "extendedRequestId": "requestrequest1=",
    "requestTime": "20/Jan/2024:11:55:08 +0000",
    "messageDirection": "IN",
    "stage": "api",
    "connectedAt": 1_705_751_700_123,
    "requestTimeEpoch": 1_705_751_708_456,
    "identity": {"sourceIp": "1.2.3.4", "userAgent": "wscat"},
    "requestId": "requestrequest1=",
    "domainName": "localhost:8000",
    "connectionId": "R1kmxc2VNjMCFIA=",
    "apiId": "a1b2c3d4e5",
}


@dataclass
class Backend:
    """A backend that speaks HTTP: what it was asked, and what it answers."""

    answer: HttpResponse | OSError = field(default_factory=lambda: HttpResponse(200))
    asked: list[HttpRequest] = field(default_factory=list)

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def mock(**more: JSON) -> Integration:
    return Integration("mock", "MOCK", **more)


async def ask_backend(
    integration: Integration, answer: HttpResponse | OSError, request: Request = MESSAGE
) -> tuple[Answer, HttpRequest]:
    """Perform an integration with an address; give its answer, and what was asked of the backend."""

    async def call(service: str, operation: str, parameters: JSON) -> JSON:
        raise AssertionError("no service is asked")

    backend = Backend(answer)
    result = await Integrations(call, backend, VirtualClock(Work(), NOW), Home()).perform(integration, request)
    [asked] = backend.asked
    return result, asked


async def ask(integration: Integration, request: Request = MESSAGE, answer: JSON = None) -> tuple[Answer, JSON]:
    """Perform an integration; give its answer, and what was asked of the service or function."""
    asked: list[JSON] = []

    async def call(service: str, operation: str, parameters: JSON) -> JSON:
        asked.append((service, operation, parameters))
        return answer

    integrations = Integrations(call, Backend(), VirtualClock(Work(), NOW), Home())
    result = await integrations.perform(integration, request)
    return result, asked[0] if asked else None
