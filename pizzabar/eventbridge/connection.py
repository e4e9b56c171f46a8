"""
Connections: with what authorization, and what else, requests go to an endpoint.

Pure.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection.html
"""

import hashlib
from dataclasses import asdict, replace
from datetime import UTC, datetime

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.eventbridge.connection_parameters import OF_TYPE
from pizzabar.eventbridge.secrets import masked, secrets_of, without_secrets
from pizzabar.record import record
from pizzabar.uuids import uuid_of

OAUTH = "OAUTH_CLIENT_CREDENTIALS"
AUTHORIZED, AUTHORIZING, DEAUTHORIZED = "AUTHORIZED", "AUTHORIZING", "DEAUTHORIZED"
_TIMES = ("created", "modified", "authorized")


@record
class Connection:
    """A connection; its ``auth_parameters`` are as they were given, and none when it is deauthorized by request."""

    name: str
    arn: str
    state: str
    authorization_type: str
    auth_parameters: JSON
    created: datetime
    modified: datetime
    authorized: datetime | None = None
    reason: str | None = None
    """Why it is in the state that it is in."""
    description: str | None = None
    kms_key: str | None = None
    """A key that nothing is encrypted with here."""

    @property
    def own_parameters(self) -> JSON:
        """The parameters of its type of authorization."""
        return self.auth_parameters.get(OF_TYPE[self.authorization_type]) or {}

    @property
    def invocation(self) -> JSON:
        """What it adds to every request."""
        return self.auth_parameters.get("InvocationHttpParameters") or {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that is secret in it."""
        return tuple(secrets_of(self.auth_parameters))

    def masked(self) -> "Connection":
        """Give the connection without its secrets."""
        return replace(self, auth_parameters=masked(self.auth_parameters))

    def described_parameters(self) -> JSON:
        """Give the authorization parameters as DescribeConnection does."""
        return without_secrets(self.auth_parameters)

    def as_json(self) -> JSON:
        """Write the connection to be kept."""
        times = {name: value and value.timestamp() for name in _TIMES for value in (getattr(self, name),)}
        return asdict(self) | times

    @classmethod
    def from_json(cls, document: JSON) -> "Connection":
        """Read what ``as_json`` wrote."""
        times = {
            name: None if document[name] is None else datetime.fromtimestamp(document[name], UTC) for name in _TIMES
        }
        return cls(**(document | times))


def connection_arn(home: Home, name: str, uuid: str) -> str:
    """Name a connection."""
    return home.arn("events", f"connection/{name}/{uuid}")


def secret_arn(connection: str) -> str:
    """Name the secret that AWS would keep what a connection authorizes with in, by the connection's ARN."""
    head, _, resource = connection.partition(":connection/")
    suffix = hashlib.sha256(connection.encode()).hexdigest()[:6]
    name = f"events!connection/{resource.partition('/')[0]}/{uuid_of(connection)}-{suffix}"
    return f"{head.replace(':events:', ':secretsmanager:')}:secret:{name}"


def state_of_new(authorization_type: str) -> str:
    """Say in what state a connection is that was given its parameters: OAuth's are tried first. Seen on AWS."""
    return AUTHORIZING if authorization_type == OAUTH else AUTHORIZED


def merged(known: JSON, given: JSON) -> JSON:
    """Give authorization parameters with some of them changed; lists are changed as a whole."""
    if not isinstance(known, dict) or not isinstance(given, dict):
        return given
    return known | {name: merged(known.get(name), value) for name, value in given.items()}
