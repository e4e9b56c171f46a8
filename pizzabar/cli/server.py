"""A running server, as the commands speak to its control plane."""

import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import click

Command = Callable[..., Any]


def server_options(command: Command) -> Command:
    """Give a command the options that say which server it is to speak to."""
    port = click.option("--port", default=8000, envvar="PIZZABAR_PORT", show_default=True, help="the server's port")
    host = click.option("--host", default="localhost", show_default=True, help="the server's host")
    return port(host(command))


def step(name: str) -> str:
    """Write a name as one step of a path."""
    return quote(name, safe=":")


class ControlPlane:
    """The control plane of a server that is said to run."""

    def __init__(self, host: str, port: int) -> None:
        self._place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.address = f"http://{self._place}/_pizzabar"

    def get(self, path: str, **query: Any) -> Any:
        """Read something. Exit with a message when there is no server, or it refuses."""
        return self._ask("GET", path, params=_without_none(query))

    def post(self, path: str, body: Any = None) -> Any:
        """Change something, or have something done."""
        return self._ask("POST", path, json={} if body is None else body)

    def follow(self, path: str, **query: Any) -> Iterator[str]:
        """Give the data of each event as it happens, until the server stops or the user has seen enough."""
        # Imported here, for it takes longer than all the rest of another command.
        import httpx

        address = self.address + path
        try:
            with httpx.stream("GET", address, params=_without_none(query), timeout=None, trust_env=False) as answer:
                if not answer.is_success:
                    answer.read()
                    raise click.ClickException(_reason(answer))
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        yield line.removeprefix("data: ")
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self.unreachable(error) from None
        except KeyboardInterrupt:
            sys.exit(130)

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        import httpx

        try:
            answer = httpx.request(method, self.address + path, timeout=None, trust_env=False, **given)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self.unreachable(error) from None
        if not answer.is_success:
            raise click.ClickException(_reason(answer))
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise click.ClickException(f"what answers at {self._place} is not pizzabar") from None

    def unreachable(self, error: Exception) -> click.ClickException:
        """Say that there is no server."""
        return click.ClickException(f"no server at {self._place} ({error}): start one with `pizzabar up`")


def _without_none(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _reason(answer: Any) -> str:
    """Say why a request was refused, in one line."""
    try:
        detail = answer.json().get("detail", answer.json().get("message"))
    except (ValueError, AttributeError):
        return " ".join(f"{answer.status_code} {answer.text}".split())
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in detail)
    return str(detail)
