"""The local HTTP client: httpx, which is imported when the first request is sent."""

from typing import TYPE_CHECKING

from pizzabar.http_client import HttpRequest, HttpResponse
from pizzabar.local.database import Database

if TYPE_CHECKING:
    import httpx

MAX_BODY_BYTES = 10 << 20
"""What API Gateway takes of an answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""


class LocalHttpClient:
    """Sends requests over this machine's network, its proxies among it, once what was changed is durable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._client: httpx.AsyncClient | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request (see ``HttpClient.send``). It waits for as long as the caller does."""
        import httpx

        await self._database.durable()
        if self._client is None:
            # What runs on this machine is asked directly, wherever the environment sends requests.
            direct = dict.fromkeys(("all://localhost", "all://*.localhost", "all://127.0.0.1", "all://[::1]"))
            self._client = httpx.AsyncClient(timeout=None, follow_redirects=False, mounts=direct)
        try:
            async with self._client.stream(
                request.method,
                request.url,
                headers=[(name.encode(), value.encode()) for name, value in request.headers],
                content=request.body.encode(),
            ) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > MAX_BODY_BYTES:
                        raise OSError(f"the answer is longer than {MAX_BODY_BYTES} bytes")
                headers = tuple(
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
                )
                text = bytes(body).decode(response.encoding or "utf-8", "replace")
                return HttpResponse(response.status_code, headers, text)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise OSError(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close the connections to backends."""
        if self._client is not None:
            await self._client.aclose()
