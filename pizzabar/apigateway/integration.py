"""
Integrations: what a route does with a message, and what it answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from pizzabar import documents
from pizzabar.apigateway.connections import Connection
from pizzabar.apigateway.errors import IntegrationFailure, IntegrationTimeout
from pizzabar.apigateway.java_text import double_text
from pizzabar.apigateway.json_path import MISSING
from pizzabar.apigateway.mapping_template import MappingTemplate, MappingTemplateError, Variables
from pizzabar.apigateway.selection import Selection, SelectionValues
from pizzabar.arn import parse_arn
from pizzabar.clock import Clock, within
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.operations import Call
from pizzabar.record import record

DEFAULT_KEY = "$default"


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
class IntegrationResponse:
    """What is made of an integration's answer whose status the key matches: ``/2\\d\\d/``, or ``$default``."""

    key: str
    templates: Mapping[str, MappingTemplate] = field(default_factory=dict)
    select_template: Selection = lambda values: DEFAULT_KEY

    def matches(self, status: int) -> bool:
        """Whether the key stands for a status."""
        return self.key == DEFAULT_KEY or re.fullmatch(self.key.strip("/"), str(status)) is not None


@record
class Integration:
    """An integration as it was configured; ``select_template`` gives the key of the request template to use."""

    id: str
    type: str
    target: ServiceAction | FunctionTarget | None = None
    templates: Mapping[str, MappingTemplate] = field(default_factory=dict)
    select_template: Selection = lambda values: DEFAULT_KEY
    passthrough: str = "WHEN_NO_MATCH"
    timeout: timedelta = timedelta(seconds=29)
    responses: tuple[IntegrationResponse, ...] = ()


@dataclass(frozen=True)
class Request:
    """One message, or the opening or closing of a connection, on its way to an integration."""

    connection: Connection
    route_key: str
    event_type: str
    request_id: str
    time: datetime
    body: str = ""
    message_id: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    disconnect: tuple[int, str] | None = None
    stage_variables: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def document(self) -> JSON:
        """The body as JSON; None if it is not."""
        try:
            return documents.parse(self.body)
        except NotJSON:
            return None

    def context(self) -> dict[str, JSON]:
        """Give what mapping templates know as ``$context``.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
        """
        context = self._common()
        if self.connection.authorizer is not None:
            context["authorizer"] = {
                key: value if isinstance(value, str) else documents.write(value)
                for key, value in self.connection.authorizer.items()
            }
        return context

    def proxy_event(self) -> dict[str, JSON]:
        """Give the event that a function of an AWS_PROXY integration gets.

        Its members were seen in events recorded on AWS: those of a message carry no headers, those of a goodbye the
        few below.
        """
        context = self._common()
        if self.connection.authorizer is not None:
            context["authorizer"] = dict(self.connection.authorizer)
        event: dict[str, JSON] = {}
        match self.event_type:
            case "CONNECT":
                event |= _headers(self.headers)
                if self.query:
                    event["queryStringParameters"] = dict(self.query)
                    event["multiValueQueryStringParameters"] = _multiple(self.query)
            case "DISCONNECT":
                host = self.connection.domain_name
                event |= _headers((("Host", host), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")))
                code, reason = self.disconnect or (1006, "")
                context |= {"disconnectStatusCode": code, "disconnectReason": reason}
        if self.stage_variables:
            event["stageVariables"] = dict(self.stage_variables)
        event["requestContext"] = context
        if self.event_type == "MESSAGE":
            event["body"] = self.body
        event["isBase64Encoded"] = False
        return event

    def _common(self) -> dict[str, JSON]:
        connection = self.connection
        time = self.time
        identity: dict[str, JSON] = {"sourceIp": connection.source_ip}
        if connection.user_agent is not None:
            identity["userAgent"] = connection.user_agent
        context: dict[str, JSON] = {
            "routeKey": self.route_key,
            "eventType": self.event_type,
            "extendedRequestId": self.request_id,
            "requestTime": time.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "messageDirection": "IN",
            "stage": connection.stage,
            "connectedAt": int(connection.connected_at.timestamp() * 1000),
            "requestTimeEpoch": int(time.timestamp() * 1000),
            "identity": identity,
            "requestId": self.request_id,
            "domainName": connection.domain_name,
            "connectionId": connection.id,
            "apiId": connection.api_id,
        }
        if self.message_id is not None:
            context["messageId"] = self.message_id
        return context

    def params(self) -> dict[str, dict[str, str]]:
        """Give what mapping templates know as ``$input.params()``: only a handshake has any."""
        return {"path": {}, "querystring": dict(self.query), "header": dict(self.headers)}


@record
class Answer:
    """What an integration gave: a status, a body (None when there is none) and headers."""

    status: int
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


async def perform(integration: Integration, request: Request, call: Call, clock: Clock) -> Answer:
    """Do what an integration says with a request.

    A service's own error is an answer with its status. Raise ``IntegrationFailure`` when there is no answer, and
    ``IntegrationTimeout`` when it comes too late.
    """
    return await _PERFORMERS[integration.type](integration, request, call, clock)


async def _perform_service(integration: Integration, request: Request, call: Call, clock: Clock) -> Answer:
    payload = _request_body(integration, request)
    target = integration.target
    if isinstance(target, FunctionTarget):
        return await _invoke(target, payload, integration, request, call, clock)
    assert isinstance(target, ServiceAction)
    try:
        parameters = documents.parse(payload)
    except NotJSON as error:
        raise IntegrationFailure(f"the mapping template does not give JSON ({error}): {payload}") from None
    try:
        result = await call(target.service, target.operation, parameters)
    except ServiceError as error:
        return Answer(error.status, documents.write({"__type": error.code, "message": error.message}))
    return Answer(200, _service_text(result))


def _service_text(result: JSON) -> str:
    """Write what a service answers as the services do: a date in seconds is a double of Java, 1.652716274909E9.

    https://github.com/aws-samples/serverless-patterns/tree/main/apigw-websocket-api-sfn-async
    """
    if isinstance(result, dict) and float in map(type, result.values()):
        printed = {name: documents.Raw(double_text(each)) for name, each in result.items() if type(each) is float}
        return documents.write({**result, **printed})
    return documents.write(result)


async def _perform_proxy(integration: Integration, request: Request, call: Call, clock: Clock) -> Answer:
    assert isinstance(integration.target, FunctionTarget)
    payload = documents.write(request.proxy_event())
    answer = await _invoke(integration.target, payload, integration, request, call, clock)
    result = documents.parse(answer.body or "null")
    # A result of another form counts as an error.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    if not isinstance(result, dict) or not result.keys() <= _PROXY_MEMBERS:
        raise IntegrationFailure(f"malformed proxy response: {answer.body}")
    try:
        status = int(result.get("statusCode", 200))
        headers = {str(key): str(value) for key, value in (result.get("headers") or {}).items()}
    except (TypeError, ValueError, AttributeError):
        raise IntegrationFailure(f"malformed proxy response: {answer.body}") from None
    body = result.get("body")
    text = body if body is None or isinstance(body, str) else documents.write(body)
    return Answer(status, text, headers)


async def _perform_mock(integration: Integration, request: Request, call: Call, clock: Clock) -> Answer:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
    text = _request_body(integration, request)
    try:
        status = int(documents.parse(text)["statusCode"]) if text.strip() else 200
    except (NotJSON, TypeError, KeyError, ValueError):
        raise IntegrationFailure(f"the template of a mock gives no statusCode: {text}") from None
    return Answer(status, "")


_PERFORMERS: dict[str, Callable[[Integration, Request, Call, Clock], Awaitable[Answer]]] = {
    "AWS": _perform_service,
    "AWS_PROXY": _perform_proxy,
    "MOCK": _perform_mock,
}

_PROXY_MEMBERS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}


async def _invoke(
    target: FunctionTarget, payload: str, integration: Integration, request: Request, call: Call, clock: Clock
) -> Answer:
    parameters = {"FunctionName": target.arn, "Payload": payload}
    try:
        result = await within(clock, request.time + integration.timeout, call("lambda", "Invoke", parameters))
    except TimeoutError:
        raise IntegrationTimeout from None
    except ServiceError as error:
        raise IntegrationFailure(str(error)) from error
    body = result["Payload"].decode()
    if "FunctionError" in result:
        raise IntegrationFailure(body)
    return Answer(200, body)


def _request_body(integration: Integration, request: Request) -> str:
    """Give what the backend gets: the request through its template, or as it came.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
    """
    templates = integration.templates
    template = None
    if templates:
        template = _choose(templates, integration.select_template, lambda: _selection_values(request))
    if template is None:
        if integration.passthrough == "NEVER" or (integration.passthrough == "WHEN_NO_TEMPLATES" and templates):
            raise IntegrationFailure("Unsupported Media Type")
        return request.body
    return render(template, request, request.body)


def response_body(integration: Integration, request: Request, answer: Answer) -> str | None:
    """Give what a client is sent of an answer: through the template of the response, or as it is.

    Proxy integrations have no integration responses. Raise ``IntegrationFailure`` when no response fits.
    """
    if integration.type == "AWS_PROXY":
        return answer.body
    fitting = [response for response in integration.responses if response.matches(answer.status)]
    if not fitting:
        raise IntegrationFailure(f"no integration response for status {answer.status}: {answer.body}")
    response = min(fitting, key=lambda each: each.key == DEFAULT_KEY)
    template = _choose(
        response.templates,
        response.select_template,
        lambda: _selection_values(request, answer.status, answer.headers),
    )
    return answer.body if template is None else render(template, request, answer.body or "")


def _choose(
    templates: Mapping[str, MappingTemplate], select: Selection, values: Callable[[], SelectionValues]
) -> MappingTemplate | None:
    """Choose the template of the key that is selected, or else the default one, if there is one."""
    default = templates.get(DEFAULT_KEY)
    if len(templates) == (default is not None):
        return default
    return templates.get(select(values()), default)


def _selection_values(
    request: Request, status: int | None = None, headers: Mapping[str, str] | None = None
) -> SelectionValues:
    return SelectionValues(
        MISSING if request.document is None else request.document,
        headers=dict(request.headers),
        querystring=dict(request.query),
        context=request.context(),
        stage_variables=request.stage_variables,
        status_code=status,
        integration_headers=headers or {},
    )


def render(template: MappingTemplate, request: Request, body: str) -> str:
    """Render a mapping template. Raise ``IntegrationFailure`` when that fails."""
    try:
        return template.render(Variables(body, request.context(), request.params(), request.stage_variables))
    except MappingTemplateError as error:
        raise IntegrationFailure(str(error)) from error


SERVICE_ACTIONS = {
    "dynamodb": "dynamodb",
    "events": "events",
    "lambda": "lambda",
    "logs": "logs",
    "states": "stepfunctions",
}
"""The call table's names of the services that integrations name."""


def read_uri(uri: str) -> ServiceAction | FunctionTarget | str:
    """Read an integration's URI; a text says what is wrong with it.

    https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
    """
    arn = parse_arn(uri)
    if arn is None or arn.service != "apigateway":
        return f"{uri} is not an ARN of the form arn:aws:apigateway:REGION:SERVICE:action/ACTION"
    # Here the place of the account holds the name of the service.
    kind, _, rest = arn.resource.partition("/")
    if arn.account == "lambda" and kind == "path":
        function = re.fullmatch(r"2015-03-31/functions/(.+)/invocations", rest)
        return FunctionTarget(function[1]) if function else f"{uri} names no function"
    if kind != "action" or not rest:
        return f"{uri} names no action"
    service = SERVICE_ACTIONS.get(arn.account)
    if service is None:
        return f"integrations with the service {arn.account} are not supported"
    return ServiceAction(service, rest)


def _headers(headers: tuple[tuple[str, str], ...]) -> dict[str, JSON]:
    return {"headers": dict(headers), "multiValueHeaders": _multiple(headers)}


def _multiple(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    multiple: dict[str, list[str]] = {}
    for name, value in pairs:
        multiple.setdefault(name, []).append(value)
    return multiple
