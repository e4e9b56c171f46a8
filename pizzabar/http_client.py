"""The seam of HTTP: how integrations and tasks reach the backends that they name."""

from typing import Protocol

from pizzabar.record import record


@record
class HttpRequest:
    """A request to a backend."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    shown: "HttpRequest | None" = None
    """The same request without what is secret in it, where something is."""


@record
class HttpResponse:
    """A backend's answer; header names are as the backend writes them."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


class HttpClient(Protocol):
    """Sends requests to backends."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request, after whatever was written before is durable; redirects are answers.

        Raise ``OSError`` when the backend cannot be reached, or breaks off.
        """
