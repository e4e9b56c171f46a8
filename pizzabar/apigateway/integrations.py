"""
Doing what an integration says: asking an operation, a function or an address, or nobody.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pizzabar import documents
from pizzabar.apigateway.errors import IntegrationFailure, IntegrationTimeout
from pizzabar.apigateway.integration import (
    SERVICE,
    Answer,
    FunctionTarget,
    HttpTarget,
    Integration,
    QueueTarget,
    ServiceAction,
    Target,
    UnusableUri,
    VariableUri,
    role_of,
)
from pizzabar.apigateway.integration_request import http_request, request_body
from pizzabar.apigateway.java_text import double_text
from pizzabar.apigateway.parameter_mapping import mapped
from pizzabar.apigateway.queue_request import read_queue_request
from pizzabar.apigateway.request import Request
from pizzabar.arn import Home
from pizzabar.clock import Clock, within
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.http_client import HttpClient, HttpResponse
from pizzabar.journal import act_as, note
from pizzabar.operations import Call
from pizzabar.principal import Principal, service_principal

T = TypeVar("T")
_PROXY_MEMBERS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
INVOCATION_TYPE = "x-amz-invocation-type"


class Integrations:
    """What stands behind the integrations of every API."""

    def __init__(self, call: Call, http: HttpClient, clock: Clock, home: Home) -> None:
        self._call = call
        self._http = http
        self._clock = clock
        self._home = home
        self._performers: dict[str, Callable[[Integration, Request], Awaitable[Answer]]] = {
            "AWS": self._perform_aws,
            "AWS_PROXY": self._perform_proxy,
            "HTTP": self._perform_http,
            "HTTP_PROXY": self._perform_http,
            "MOCK": self._perform_mock,
        }

    def perform(self, integration: Integration, request: Request) -> Awaitable[Answer]:
        """Do what an integration says with a request.

        A service's own error is an answer with its status. Raise ``IntegrationFailure`` when there is no answer, and
        ``IntegrationTimeout`` when it comes too late.
        """
        return self._performers[integration.type](integration, request)

    async def _perform_aws(self, integration: Integration, request: Request) -> Answer:
        target = _target(integration, request)
        if isinstance(target, QueueTarget):
            return await self._ask_queue(target, integration, request)
        payload = request_body(integration, request)
        if isinstance(target, FunctionTarget):
            return await self._invoke(target, payload, integration, request)
        if not isinstance(target, ServiceAction):
            raise IntegrationFailure(f"{target} is no service")
        try:
            parameters = documents.parse(payload)
        except NotJSON as error:
            raise IntegrationFailure(f"the mapping template does not give JSON ({error}): {payload}") from None
        act_as(self._principal(integration, request))
        try:
            asked = self._call(target.service, target.operation, parameters)
            result = await self._in_time(integration, request, asked)
        except ServiceError as error:
            return Answer(error.status, documents.write({"__type": error.code, "message": error.message}))
        return Answer(200, _service_text(result))

    async def _ask_queue(self, target: QueueTarget, integration: Integration, request: Request) -> Answer:
        asked = read_queue_request(integration, target, request, self._home.region)
        if isinstance(asked, Answer):
            note("failed", f"SQS refuses the request: {asked.body}")
            return asked
        act_as(self._principal(integration, request))
        try:
            answered = self._call("sqs", asked.operation, asked.parameters)
            return asked.answers.result(asked.operation, await self._in_time(integration, request, answered))
        except ServiceError as error:
            return asked.answers.error(error)

    async def _perform_proxy(self, integration: Integration, request: Request) -> Answer:
        target = _target(integration, request)
        if not isinstance(target, FunctionTarget):
            raise IntegrationFailure(f"{target} is no function")
        payload = documents.write(request.proxy_event())
        answer = await self._invoke(target, payload, integration, request)
        if answer.error_message is not None:
            raise IntegrationFailure(answer.body or "")
        return _proxy_answer(answer.body)

    async def _invoke(
        self, target: FunctionTarget, payload: str, integration: Integration, request: Request
    ) -> Answer:
        parameters = {"FunctionName": target.arn, "Payload": payload}
        if integration.parameters:
            for name, value in mapped(integration.parameters, request.selection_values(), "header"):
                if name.lower() == INVOCATION_TYPE:
                    parameters["InvocationType"] = value
        act_as(self._principal(integration, request))
        try:
            result = await self._in_time(integration, request, self._call("lambda", "Invoke", parameters))
        except ServiceError as error:
            raise IntegrationFailure(str(error)) from error
        body = result["Payload"].decode()
        if "FunctionError" in result:
            return Answer(200, body, error_message=_error_message(body))
        return Answer(result.get("StatusCode", 200), body)

    def _principal(self, integration: Integration, request: Request) -> Principal | None:
        """Say in whose name an integration asks: a role's, or API Gateway's own on behalf of the route."""
        if integration.credentials is not None:
            return role_of(integration.credentials)
        connection = request.connection
        path = f"{connection.api_id}/{connection.stage}/{request.route_key}"
        return service_principal(SERVICE, self._home.arn("execute-api", path))

    async def _perform_http(self, integration: Integration, request: Request) -> Answer:
        target = _target(integration, request)
        if not isinstance(target, HttpTarget):
            raise IntegrationFailure(f"{target} is no address")
        asked = http_request(integration, target, request)
        try:
            response: HttpResponse = await self._in_time(integration, request, self._http.send(asked))
        except OSError as error:
            raise IntegrationFailure(f"{asked.method} {asked.url}: {error}") from error
        multivalue: dict[str, list[str]] = {}
        for name, value in response.headers:
            multivalue.setdefault(name, []).append(value)
        return Answer(response.status, response.body, dict(response.headers), multivalue)

    async def _perform_mock(self, integration: Integration, request: Request) -> Answer:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
        text = request_body(integration, request)
        try:
            status = int(documents.parse(text)["statusCode"]) if text.strip() else 200
        except (NotJSON, TypeError, KeyError, ValueError):
            raise IntegrationFailure(f"the template of a mock gives no statusCode: {text}") from None
        return Answer(status, "")

    async def _in_time(self, integration: Integration, request: Request, asked: Awaitable[T]) -> T:
        try:
            return await within(self._clock, request.time + integration.timeout, asked)
        except TimeoutError:
            raise IntegrationTimeout from None


def _target(integration: Integration, request: Request) -> Target | None:
    target = integration.target
    if not isinstance(target, VariableUri):
        return target
    try:
        return target.target(request.stage_variables)
    except UnusableUri as error:
        raise IntegrationFailure(f"on the stage {request.connection.stage}: {error}") from None


def _service_text(result: JSON) -> str:
    """Write what a service answers as the services do: a date in seconds is a double of Java, 1.652716274909E9.

    https://github.com/aws-samples/serverless-patterns/tree/main/apigw-websocket-api-sfn-async
    """
    if isinstance(result, dict) and float in map(type, result.values()):
        printed = {name: documents.Raw(double_text(each)) for name, each in result.items() if type(each) is float}
        return documents.write({**result, **printed})
    return documents.write(result)


def _proxy_answer(text: str | None) -> Answer:
    """Read the result of a function. Raise ``IntegrationFailure`` for one of another form, which counts as an error.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    try:
        result = documents.parse(text or "null")
        if not result.keys() <= _PROXY_MEMBERS:
            raise IntegrationFailure(f"malformed proxy response: {text}")
        status = int(result.get("statusCode", 200))
        headers = {str(key): str(value) for key, value in (result.get("headers") or {}).items()}
    except (NotJSON, TypeError, ValueError, AttributeError):
        raise IntegrationFailure(f"malformed proxy response: {text}") from None
    body = result.get("body")
    return Answer(status, body if body is None or isinstance(body, str) else documents.write(body), headers)


def _error_message(body: str) -> str:
    """Read the message of a function that failed; empty if it tells none."""
    try:
        message = documents.parse(body)["errorMessage"]
    except (NotJSON, TypeError, KeyError):
        return ""
    return str(message)
