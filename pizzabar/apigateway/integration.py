"""
Integrations: what a route asks of a backend, as it was configured.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from pizzabar.apigateway.mapping_template import MappingTemplate
from pizzabar.apigateway.parameter_mapping import ParameterMapping
from pizzabar.apigateway.selection import Selection
from pizzabar.arn import parse_arn
from pizzabar.errors import PizzabarError
from pizzabar.principal import Principal, role_session
from pizzabar.record import record

DEFAULT_KEY = "$default"
JSON_KEY = "application/json"
SERVICE = "apigateway.amazonaws.com"
"""What API Gateway is called where it asks in its own name, or assumes a role."""
OF_CALLER = "arn:aws:iam::*:user/*"
"""Credentials that stand for the caller's own."""
PROXIES = frozenset({"AWS_PROXY", "HTTP_PROXY"})
"""The types whose answers go to the client as they are."""


@record
class ServiceAction:
    """An operation of a service, by the call table's names."""

    service: str
    operation: str


@record
class FunctionTarget:
    """A function to invoke."""

    arn: str


@record
class HttpTarget:
    """An address to send requests to; ``{name}`` in it stands for a path parameter."""

    uri: str


@record
class QueueTarget:
    """SQS, which is asked over HTTP in its own protocols: at a path, a queue's or ``/``.

    ``{name}`` in the path stands for a path parameter. ``operation`` is the one that a URI of the form
    ``sqs:action/SendMessage`` names.
    """

    path: str
    operation: str | None = None


Target = ServiceAction | FunctionTarget | HttpTarget | QueueTarget


@record
class VariableUri:
    """A URI with ``${stageVariables.name}`` in it: what it names depends on the stage."""

    text: str

    def target(self, stage_variables: Mapping[str, str]) -> Target:
        """Give what the URI names on a stage. Raise ``UnusableUri``."""
        text = _VARIABLE.sub(lambda match: stage_variables.get(match[1], ""), self.text)
        target = _read(text)
        if isinstance(target, str):
            raise UnusableUri(target)
        return target


class UnusableUri(PizzabarError):
    """Raised when a URI names nothing that an integration can ask."""


@record
class IntegrationResponse:
    """What is made of an integration's answer that the key matches: ``/2\\d\\d/``, or ``$default``."""

    key: str
    templates: Mapping[str, MappingTemplate] = field(default_factory=dict)
    select_template: Selection = lambda values: DEFAULT_KEY
    parameters: tuple[ParameterMapping, ...] = ()
    """The headers of the answer to a handshake."""

    def matches(self, text: str) -> bool:
        """Whether the key stands for a status, or for an error message."""
        return self.key == DEFAULT_KEY or re.fullmatch(self.key.strip("/"), text, re.DOTALL) is not None


@record
class Integration:
    """An integration as it was configured; ``select_template`` gives the key of the request template to use."""

    id: str
    type: str
    target: Target | VariableUri | None = None
    templates: Mapping[str, MappingTemplate] = field(default_factory=dict)
    select_template: Selection = lambda values: DEFAULT_KEY
    passthrough: str = "WHEN_NO_MATCH"
    timeout: timedelta = timedelta(seconds=29)
    responses: tuple[IntegrationResponse, ...] = ()
    method: str = "POST"
    parameters: tuple[ParameterMapping, ...] = ()
    credentials: str | None = None
    """The ARN of the role that it asks as, if any."""

    @property
    def is_proxy(self) -> bool:
        """Whether its answers go to the client as they are."""
        return self.type in PROXIES


@record
class Answer:
    """What an integration gave: a status, a body (None when there is none) and headers.

    ``error_message`` is that of a function which failed.
    """

    status: int
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    multivalue_headers: Mapping[str, list[str]] = field(default_factory=dict)
    error_message: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the backend did what it was asked to."""
        return 200 <= self.status < 300 and self.error_message is None


def role_of(credentials: str) -> Principal | None:
    """Give the role that credentials name; those of the caller are nobody's here, for signatures are not checked."""
    return None if credentials == OF_CALLER else role_session(credentials, "BackplaneAssumeRoleSession", SERVICE)


SERVICE_ACTIONS = {
    "dynamodb": "dynamodb",
    "events": "events",
    "lambda": "lambda",
    "logs": "logs",
    "states": "stepfunctions",
}
"""The call table's names of the services that integrations name."""

_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_is_queue_path = re.compile(r"/?([^/?#]+/[^/?#]+)?/?").fullmatch
_FUNCTION_PATH = re.compile(r"2015-03-31/functions/(.+)/invocations")


def read_uri(uri: str) -> Target | VariableUri | str:
    """Read an integration's URI; a text says what is wrong with it.

    https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
    """
    if _VARIABLE.search(uri) is None:
        return _read(uri)
    # What the stages have is seen when it is used; a variable may stand for any part, the whole among them.
    supposed = _read(_VARIABLE.sub("x", uri))
    return supposed if isinstance(supposed, str) and not _VARIABLE.match(uri) else VariableUri(uri)


@lru_cache(1024)
def _read(uri: str) -> Target | str:
    if uri.startswith(("http://", "https://")):
        return _read_address(uri)
    arn = parse_arn(uri)
    if arn is not None and arn.service == "lambda" and arn.resource.startswith("function:"):
        # AWS takes a function's own ARN, too.
        return FunctionTarget(uri)
    if arn is None or arn.service != "apigateway":
        return (
            f"{uri} is neither an ARN of the form arn:aws:apigateway:REGION:SERVICE:action/ACTION "
            "nor an address of http:// or https://"
        )
    # Here the place of the account holds the name of the service.
    kind, _, rest = arn.resource.partition("/")
    if arn.account == "lambda" and kind == "path":
        function = _FUNCTION_PATH.fullmatch(rest)
        return FunctionTarget(function[1]) if function else f"{uri} names no function"
    if arn.account == "sqs" and kind == "path":
        return QueueTarget(f"/{rest.strip('/')}") if _is_queue_path(rest) else f"{uri} is not sqs:path/ACCOUNT/QUEUE"
    if kind != "action" or not rest:
        return f"{uri} names no action"
    if arn.account == "sqs":
        return QueueTarget("/", rest)
    service = SERVICE_ACTIONS.get(arn.account)
    if service is None:
        return f"integrations with the service {arn.account} are not supported"
    return ServiceAction(service, rest)


def _read_address(uri: str) -> HttpTarget | str:
    try:
        parts = urlsplit(uri)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    return HttpTarget(uri) if is_whole else f"{uri} is not an address"
