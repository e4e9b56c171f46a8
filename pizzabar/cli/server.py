"""A running server, as the commands speak to its control plane."""

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def server_options(command: Command) -> Command:
    """Give a command the options that say which server it is to speak to."""
    port = click.option("--port", default=8000, envvar="PIZZABAR_PORT", show_default=True, help="the server's port")
    host = click.option("--host", default="localhost", show_default=True, help="the server's host")
    return port(host(command))


class ControlPlane:
    """The control plane of a server that is said to run."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self.address = f"http://{host}:{port}/_pizzabar"

    def get(self, path: str, **query: Any) -> Any:
        """Read something. Exit with a message when there is no server, or it refuses."""
        return self._ask("GET", path, params={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, body: Any = None) -> Any:
        """Change something, or have something done."""
        return self._ask("POST", path, json={} if body is None else body)

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        # Imported here, for it takes longer than all the rest of another command.
        import httpx

        try:
            answer = httpx.request(method, self.address + path, timeout=None, trust_env=False, **given)
        except httpx.TransportError as error:
            raise self.unreachable(error) from None
        if answer.is_success:
            return answer.json() if answer.content else None
        raise click.ClickException(_reason(answer))

    def unreachable(self, error: Exception) -> click.ClickException:
        """Say that there is no server."""
        return click.ClickException(f"no server at {self._host}:{self._port} ({error}): start one with `pizzabar up`")


def _reason(answer: Any) -> str:
    """Say why a request was refused."""
    try:
        detail = answer.json().get("detail", answer.json().get("message"))
    except (ValueError, AttributeError):
        return f"{answer.status_code} {answer.text}"
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in detail)
    return str(detail)
