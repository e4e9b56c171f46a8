"""
A WebSocket API as it was configured: routes and their integrations, stages, and what is deployed on them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-stages.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from pizzabar.apigateway.integration import Integration
from pizzabar.apigateway.selection import Selection
from pizzabar.record import record

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"


@record
class Route:
    """A route of an API; with ``is_two_way``, what its integration answers goes back to the client."""

    key: str
    integration_id: str | None
    is_two_way: bool = False


@dataclass(slots=True)
class WebSocketApi:
    """An API and what it is made of. ``select_route`` is its route selection expression."""

    id: str
    name: str
    select_route: Selection
    integrations: dict[str, Integration] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    route_keys: dict[str, str] = field(default_factory=dict)
    """Route keys by the ids of routes."""
    stages: dict[str, "Stage"] = field(default_factory=dict)
    deployments: dict[str, "WebSocketApi"] = field(default_factory=dict)
    """The API as it was when it was deployed, by the ids of deployments."""

    def integration_of(self, route: Route) -> Integration | None:
        """Find the integration of a route, if it has one."""
        return None if route.integration_id is None else self.integrations.get(route.integration_id)

    def snapshot(self) -> "WebSocketApi":
        """Give the API as it is, whatever becomes of it: what a deployment is."""
        copy = replace(self, stages={}, deployments={})
        for each in fields(self):
            part = getattr(copy, each.name)
            if isinstance(part, dict):
                setattr(copy, each.name, dict(part))
        return copy

    def deploy(self, deployment_id: str) -> None:
        """Keep the API as it is, so that stages can have it."""
        self.deployments[deployment_id] = self.snapshot()


@record
class Stage:
    """A stage of an API, and what is ``deployed`` on it: a snapshot, the API itself, or nothing."""

    name: str
    deployed: WebSocketApi | None
    variables: Mapping[str, str] = field(default_factory=dict)
