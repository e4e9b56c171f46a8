"""
A WebSocket API as it was configured: routes and their integrations, stages, and what is deployed on them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-stages.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from pizzabar.apigateway.authorizers import Authorizer
from pizzabar.apigateway.integration import Integration
from pizzabar.apigateway.models import Model
from pizzabar.apigateway.quotas import Rate
from pizzabar.apigateway.request import Request
from pizzabar.apigateway.selection import Selection
from pizzabar.apigateway.stage_log import StageLog
from pizzabar.record import record

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"


@record
class Route:
    """A route of an API; with ``is_two_way``, what its integration answers goes back to the client."""

    key: str
    integration_id: str | None
    is_two_way: bool = False
    authorizer_id: str | None = None
    is_key_required: bool = False
    model_keys: Mapping[str, str] = field(default_factory=dict)
    """The names of models, by the keys that ``select_model`` gives; without any, messages are not validated."""
    select_model: Selection = lambda values: DEFAULT

    @property
    def is_guarded(self) -> bool:
        """Whether it is not open to everybody."""
        return self.authorizer_id is not None or self.is_key_required


@dataclass(slots=True)
class WebSocketApi:
    """An API and what it is made of. ``select_route`` is its route selection expression."""

    id: str
    name: str
    select_route: Selection
    integrations: dict[str, Integration] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    authorizers: dict[str, Authorizer] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    """Models by their names."""
    selects_by_context: bool = False
    """Whether the route selection expression asks for more than the message and stage variables."""
    is_validating: bool = True
    is_key_authorized: bool = False
    """Whether API keys come from authorizers, not from the header ``x-api-key``."""
    route_keys: dict[str, str] = field(default_factory=dict)
    """Route keys by the ids of routes."""
    stages: dict[str, "Stage"] = field(default_factory=dict)
    deployments: dict[str, "WebSocketApi"] = field(default_factory=dict)
    """The API as it was when it was deployed, by the ids of deployments."""

    def integration_of(self, route: Route) -> Integration | None:
        """Find the integration of a route, if it has one."""
        return None if route.integration_id is None else self.integrations.get(route.integration_id)

    def model_of(self, route: Route, request: Request) -> Model | None:
        """Find the model that a message along a route is held to: that of the key it selects, or of ``$default``."""
        key = route.select_model(request.selection_values())
        name = route.model_keys.get(key, route.model_keys.get(DEFAULT))
        return None if name is None else self.models.get(name)

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
    rate: Rate | None = None
    """How many messages each route takes, beside the account's own limit."""
    rates: Mapping[str, Rate] = field(default_factory=dict)
    """The same of routes that have rates of their own, by their keys."""
    log: StageLog | None = None
    """What of its requests goes to log groups."""

    def rate_of(self, route_key: str) -> Rate | None:
        """Give how many messages a route takes."""
        return self.rates.get(route_key, self.rate) if self.rates else self.rate
