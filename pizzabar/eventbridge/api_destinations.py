"""
API destinations and the connections that they are asked with.

Rules:
- A connection that was given its parameters is authorized; one of OAuth when its endpoint has given a token.
- An API destination is active while its connection is authorized.
- A template's connection is taken to be authorized until its endpoint says otherwise, which is asked with the first
  event: at the start of the server it may not be there yet.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.eventbridge.access_tokens import AccessTokens, NoToken
from pizzabar.eventbridge.api_destination import ApiDestination, destination_arn
from pizzabar.eventbridge.connection import (
    AUTHORIZED,
    AUTHORIZING,
    DEAUTHORIZED,
    OAUTH,
    Connection,
    connection_arn,
    merged,
    state_of_new,
)
from pizzabar.eventbridge.connection_parameters import OF_TYPE, check_auth_parameters, check_authorization
from pizzabar.eventbridge.destination_request import additions
from pizzabar.eventbridge.errors import ResourceAlreadyExistsException, ResourceNotFoundException
from pizzabar.uuids import new_uuid
from pizzabar.work import Work


class ApiDestinations:
    """The API destinations and connections of one account and region."""

    def __init__(
        self, tokens: AccessTokens, clock: Clock, work: Work, home: Home, *, keep: Callable[[JSON], None]
    ) -> None:
        self.home = home
        self._tokens = tokens
        self._clock = clock
        self._work = work
        self._keep = keep
        self._connections: dict[str, Connection] = {}
        self._destinations: dict[str, ApiDestination] = {}
        self._asked: set[str] = set()
        """The ARNs of what API calls have made or changed."""

    def __iter__(self) -> Iterator[ApiDestination]:
        return iter(sorted(self._destinations.values(), key=lambda each: each.name))

    @property
    def connections(self) -> list[Connection]:
        """The connections, by name."""
        return sorted(self._connections.values(), key=lambda each: each.name)

    def open(self) -> None:
        """Go on with authorizations that an earlier process had begun."""
        for connection in self.connections:
            self._begin_to_authorize(connection)

    # Connections.

    def connection(self, name: str, to: str = "describe") -> Connection:
        """Find a connection. Raise ``ResourceNotFoundException``, in the words of what was asked for."""
        found = self._connections.get(name)
        if found is None:
            # Of describing, seen on AWS.
            raise ResourceNotFoundException(f"Failed to {to} the connection(s). Connection '{name}' does not exist.")
        return found

    def connection_of(self, arn: str) -> Connection | None:
        """Find a connection by its ARN."""
        return next((each for each in self._connections.values() if each.arn == arn), None)

    def create_connection(self, name: str, authorization_type: str, auth_parameters: JSON, **more: Any) -> Connection:
        """Make a connection. Raise ``ResourceAlreadyExistsException`` or ``ValidationException``."""
        if name in self._connections:
            raise ResourceAlreadyExistsException(f"Connection '{name}' already exists.")
        arn = connection_arn(self.home, name, new_uuid())
        connection = self._make(name, arn, authorization_type, auth_parameters, **more)
        self._asked.add(arn)
        self._begin_to_authorize(connection)
        return connection

    def ensure_connection(
        self, name: str, uuid: str, authorization_type: str, auth_parameters: JSON, **more: Any
    ) -> None:
        """Make a connection as a template has it. Raise ``ValidationException``."""
        known = self._connections.get(name)
        arn = connection_arn(self.home, name, uuid)
        made = self._make(name, arn, authorization_type, auth_parameters, **more)
        created = made.created if known is None else known.created
        self._connections[name] = replace(made, state=AUTHORIZED, created=created)

    def _make(self, name: str, arn: str, authorization_type: str, auth_parameters: JSON, **more: Any) -> Connection:
        check_authorization(authorization_type, auth_parameters)
        now = self._clock.now()
        connection = self._connections[name] = Connection(
            name, arn, state_of_new(authorization_type), authorization_type, auth_parameters, now, now, now, **more
        )
        return connection

    def update_connection(
        self, name: str, authorization_type: str | None, auth_parameters: JSON, **more: Any
    ) -> Connection:
        """Change a connection; with parameters, or another type, it is authorized anew.

        Raise ``ResourceNotFoundException`` or ``ValidationException``.
        """
        known = self.connection(name, "update")
        changed = replace(known, modified=self._clock.now(), **more)
        wanted = authorization_type or known.authorization_type
        if auth_parameters is not None or wanted != known.authorization_type:
            kept = {
                each: value
                for each, value in known.auth_parameters.items()
                if each not in OF_TYPE.values() or each == OF_TYPE[wanted]
            }
            parameters = merged(kept, auth_parameters or {})
            check_authorization(wanted, parameters)
            # Some of them may be given; with those that are kept, they must be all.
            check_auth_parameters(parameters, in_full=True)
            changed = replace(
                changed,
                state=state_of_new(wanted),
                reason=None,
                authorization_type=wanted,
                auth_parameters=parameters,
                authorized=self._clock.now(),
            )
        self._connections[name] = changed
        self._asked.add(changed.arn)
        self._begin_to_authorize(changed)
        return changed

    def deauthorize(self, name: str) -> Connection:
        """Take the authorization parameters out of a connection. Raise ``ResourceNotFoundException``."""
        known = self.connection(name, "deauthorize")
        self._tokens.forget(known.arn)
        changed = self._connections[name] = replace(
            known, state=DEAUTHORIZED, reason=None, auth_parameters={}, modified=self._clock.now()
        )
        self._asked.add(changed.arn)
        return changed

    def note_refused(self, connection: Connection, reason: str) -> None:
        """Note that an endpoint does not authorize a connection, if it still is that one."""
        self._settle(connection, replace(connection, state=DEAUTHORIZED, reason=reason))

    def delete_connection(self, name: str) -> Connection:
        """Delete a connection, and give what it was. Raise ``ResourceNotFoundException``."""
        connection = self.connection(name, "delete")
        self.remove_connection(name)
        return connection

    def remove_connection(self, name: str) -> None:
        """Let a connection go, if it is there."""
        connection = self._connections.pop(name, None)
        if connection is not None:
            self._asked.discard(connection.arn)
            self._tokens.forget(connection.arn)

    def _begin_to_authorize(self, connection: Connection) -> None:
        if connection.state == AUTHORIZING:
            self._work.start(self._authorize(connection))

    async def _authorize(self, connection: Connection) -> None:
        try:
            await self._tokens.get(connection)
        except NoToken as error:
            self.note_refused(connection, error.reason)
        else:
            self._settle(connection, replace(connection, state=AUTHORIZED, authorized=self._clock.now()))

    def _settle(self, known: Connection, changed: Connection) -> None:
        if self._connections.get(known.name) is known:
            self._connections[known.name] = changed
            self._keep(self.to_keep())

    async def additions_of(self, arn: str) -> JSON:
        """Give what a connection adds to the requests of an HTTP task; None without such a connection.

        Raise ``NoToken``.
        """
        connection = self.connection_of(arn)
        if connection is None:
            return None
        if connection.state == DEAUTHORIZED:
            raise NoToken(f"the connection {connection.name} is {DEAUTHORIZED}", is_refused=True)
        return additions(connection, await self.token_of(connection))

    async def token_of(self, connection: Connection) -> str | None:
        """Give the access token of a connection of OAuth; None for the others. Raise ``NoToken``."""
        return await self._tokens.get(connection) if connection.authorization_type == OAUTH else None

    def forget_token(self, arn: str) -> None:
        """Let another token be fetched for a connection: this one was refused."""
        self._tokens.forget(arn)

    # API destinations.

    def destination(self, name: str, to: str = "describe") -> ApiDestination:
        """Find an API destination. Raise ``ResourceNotFoundException``, in the words of what was asked for."""
        found = self._destinations.get(name)
        if found is None:
            # Of describing, seen on AWS.
            raise ResourceNotFoundException(
                f"Failed to {to} the api-destination(s). An api-destination '{name}' does not exist."
            )
        return found

    def destination_of(self, arn: str) -> ApiDestination | None:
        """Find an API destination by its ARN."""
        return next((each for each in self._destinations.values() if each.arn == arn), None)

    def is_active(self, destination: ApiDestination) -> bool:
        """Whether the connection of an API destination is authorized."""
        connection = self.connection_of(destination.connection_arn)
        return connection is not None and connection.state == AUTHORIZED

    def create_destination(
        self, name: str, connection: str, endpoint: str, method: str, **more: Any
    ) -> ApiDestination:
        """Make an API destination. Raise ``ResourceAlreadyExistsException`` or ``ResourceNotFoundException``."""
        if name in self._destinations:
            raise ResourceAlreadyExistsException(f"An api-destination '{name}' already exists.")
        self._require(connection)
        arn = destination_arn(self.home, name, new_uuid())
        now = self._clock.now()
        destination = ApiDestination(name, arn, connection, endpoint, method, now, now, **more)
        self._destinations[name] = destination
        self._asked.add(arn)
        return destination

    def ensure_destination(
        self, name: str, uuid: str, connection: str, endpoint: str, method: str, **more: Any
    ) -> None:
        """Make an API destination as a template has it."""
        now, known = self._clock.now(), self._destinations.get(name)
        arn = destination_arn(self.home, name, uuid)
        created = now if known is None else known.created
        self._destinations[name] = ApiDestination(name, arn, connection, endpoint, method, created, now, **more)

    def update_destination(self, name: str, **changes: Any) -> ApiDestination:
        """Change an API destination. Raise ``ResourceNotFoundException``."""
        known = self.destination(name, "update")
        if "connection_arn" in changes:
            self._require(changes["connection_arn"])
        changed = self._destinations[name] = replace(known, modified=self._clock.now(), **changes)
        self._asked.add(changed.arn)
        return changed

    def delete_destination(self, name: str) -> None:
        """Delete an API destination. Raise ``ResourceNotFoundException``."""
        self.destination(name, "delete")
        self.remove_destination(name)

    def remove_destination(self, name: str) -> None:
        """Let an API destination go, if it is there."""
        destination = self._destinations.pop(name, None)
        if destination is not None:
            self._asked.discard(destination.arn)

    def _require(self, connection: str) -> None:
        if self.connection_of(connection) is None:
            raise ResourceNotFoundException(f"Connection '{connection}' does not exist.")

    # What API calls have made.

    def to_keep(self) -> JSON:
        """Give what API calls have made or changed, the secrets of connections among it."""
        return {
            "connections": [each.as_json() for each in self.connections if each.arn in self._asked],
            "destinations": [each.as_json() for each in self if each.arn in self._asked],
        }

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what API calls have made; tell of what the template has changed back."""
        told = []
        for each in document["connections"]:
            if each["name"] in self._connections:
                told.append(f"the connection {each['name']} is the template's again")
            else:
                self._connections[each["name"]] = Connection.from_json(each)
                self._asked.add(each["arn"])
        for each in document["destinations"]:
            if each["name"] in self._destinations:
                told.append(f"the API destination {each['name']} is the template's again")
            else:
                self._destinations[each["name"]] = ApiDestination.from_json(each)
                self._asked.add(each["arn"])
        return told
