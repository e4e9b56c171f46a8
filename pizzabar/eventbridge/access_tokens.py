"""
Access tokens of OAuth: fetched when a request needs one, and used until they expire or are refused.

They are kept in memory alone.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
"""

import asyncio
from datetime import timedelta

from pizzabar.clock import Clock, within
from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError
from pizzabar.eventbridge.connection import Connection
from pizzabar.eventbridge.destination_answer import Token, read_token
from pizzabar.eventbridge.destination_request import token_request
from pizzabar.eventbridge.secrets import scrubbed
from pizzabar.http_client import HttpClient
from pizzabar.operations import Trace
from pizzabar.work import Work

LIMIT = timedelta(seconds=5)
AHEAD = timedelta(seconds=60)
"""How long before it expires a token is fetched anew."""


class NoToken(PizzabarError):
    """Raised when an authorization endpoint gives no token; ``is_refused`` when it has answered so."""

    def __init__(self, reason: str, *, is_refused: bool) -> None:
        self.reason = reason
        self.is_refused = is_refused
        super().__init__(reason)


class AccessTokens:
    """The tokens of connections, by ARN."""

    def __init__(self, http: HttpClient, clock: Clock, work: Work, trace: Trace) -> None:
        self._http = http
        self._clock = clock
        self._work = work
        self._trace = trace
        # A token is that of the very parameters that it was fetched with.
        self._tokens: dict[str, tuple[JSON, Token]] = {}
        self._fetching: dict[str, tuple[JSON, asyncio.Task[Token | NoToken]]] = {}

    async def get(self, connection: Connection) -> str:
        """Give the access token of a connection. Raise ``NoToken``."""
        parameters, token = self._tokens.get(connection.arn, (None, None))
        if token is not None and parameters is connection.auth_parameters and token.lasts(self._clock.now() + AHEAD):
            return token.text
        # Those who want one at the same time wait for the same.
        asked_with, task = self._fetching.get(connection.arn, (None, None))
        if task is None or asked_with is not connection.auth_parameters:
            task = self._work.start(self._fetch(connection))
            self._fetching[connection.arn] = connection.auth_parameters, task
        found = await asyncio.shield(task)
        if isinstance(found, NoToken):
            raise found
        return found.text

    def forget(self, arn: str) -> None:
        """Let the next request fetch another token."""
        self._tokens.pop(arn, None)

    async def _fetch(self, connection: Connection) -> Token | NoToken:
        token: Token | None = None

        async def ask(parameters: JSON) -> JSON:
            nonlocal token
            token = await self._ask(connection)
            return {"Expires": token.expires and token.expires.isoformat()}

        asked = {"ConnectionArn": connection.arn, "AuthorizationEndpoint": token_request(connection.masked()).url}
        try:
            await self._trace("events", "AuthorizeConnection", asked, ask)
        except NoToken as error:
            return error
        finally:
            parameters, _ = self._fetching.get(connection.arn, (None, None))
            if parameters is connection.auth_parameters:
                del self._fetching[connection.arn]
        assert token is not None
        self._tokens[connection.arn] = connection.auth_parameters, token
        return token

    async def _ask(self, connection: Connection) -> Token:
        now = self._clock.now()
        try:
            response = await within(self._clock, now + LIMIT, self._http.send(token_request(connection)))
        except TimeoutError:
            raise NoToken("the authorization endpoint did not answer within 5 seconds", is_refused=False) from None
        except OSError as error:
            told = scrubbed(str(error), connection.secrets)
            raise NoToken(f"the authorization endpoint cannot be reached: {told}", is_refused=False) from None
        found = read_token(response, now)
        if isinstance(found, str):
            raise NoToken(found, is_refused=response.status < 500 and response.status != 429)
        return found
