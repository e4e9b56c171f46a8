"""
API destinations: endpoints over HTTP that events are sent to.

Pure.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

from dataclasses import asdict
from datetime import UTC, datetime

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.record import record

MOST_PER_SECOND = 300
"""What the rate of invocations is where none is given."""
_TIMES = ("created", "modified")


@record
class ApiDestination:
    """An endpoint, the method that it is asked by, and how often a second at most."""

    name: str
    arn: str
    connection_arn: str
    endpoint: str
    method: str
    created: datetime
    modified: datetime
    per_second: int = MOST_PER_SECOND
    description: str | None = None

    def as_json(self) -> JSON:
        """Write the API destination to be kept."""
        return asdict(self) | {name: getattr(self, name).timestamp() for name in _TIMES}

    @classmethod
    def from_json(cls, document: JSON) -> "ApiDestination":
        """Read what ``as_json`` wrote."""
        return cls(**(document | {name: datetime.fromtimestamp(document[name], UTC) for name in _TIMES}))


def destination_arn(home: Home, name: str, uuid: str) -> str:
    """Name an API destination."""
    return home.arn("events", f"api-destination/{name}/{uuid}")


def is_api_destination(arn: str) -> bool:
    """Whether an ARN is that of an API destination."""
    return ":api-destination/" in arn


def endpoint_fault(endpoint: str) -> str | None:
    """Say why an endpoint is none, if it is none. AWS takes HTTPS alone; on this machine there may be none."""
    if endpoint.startswith(("https://", "http://")):
        return None
    return "Parameter InvocationEndpoint is not valid. Reason: it must be an HTTPS endpoint."
