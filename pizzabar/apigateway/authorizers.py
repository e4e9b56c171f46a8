"""
Lambda authorizers: functions that say who may connect.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

from collections.abc import Mapping
from datetime import timedelta

from pizzabar import documents
from pizzabar.apigateway.errors import AccessRefused, AuthorizerFailure, Unauthorized
from pizzabar.apigateway.integration import SERVICE, FunctionTarget, UnusableUri, VariableUri, role_of
from pizzabar.apigateway.parameter_mapping import Values
from pizzabar.apigateway.policies import MalformedPolicy, is_allowed
from pizzabar.apigateway.request import Request
from pizzabar.arn import Home
from pizzabar.clock import Clock, within
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.journal import act_as
from pizzabar.operations import Call
from pizzabar.principal import service_principal
from pizzabar.record import record

TIMEOUT = timedelta(seconds=29)
MAX_RESULT_BYTES = 8 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""


@record
class Authorizer:
    """An authorizer as it was configured: its function, and the parts of a request without which it is not asked."""

    id: str
    name: str
    target: FunctionTarget | VariableUri
    identity_sources: tuple[Values, ...] = ()
    credentials: str | None = None
    """The ARN of the role that it asks as, if any."""


@record
class Authorization:
    """Who may connect: ``principalId`` and whatever else the authorizer told, and the API key it named."""

    said: Mapping[str, JSON]
    api_key: str | None = None


async def authorize(
    authorizer: Authorizer, request: Request, method_arn: str, call: Call, clock: Clock, home: Home
) -> Authorization:
    """Ask an authorizer about a handshake.

    Raise ``Unauthorized`` (401) when an identity source is missing or the function fails with that word,
    ``AccessRefused`` (403) when its policy does not allow it, and ``AuthorizerFailure`` (500) for everything else.
    """
    values = request.selection_values()
    if not all(any(source(values)) for source in authorizer.identity_sources):
        raise Unauthorized("an identity source is missing")
    target: object = authorizer.target
    if isinstance(target, VariableUri):
        try:
            target = target.target(request.stage_variables)
        except UnusableUri as error:
            raise AuthorizerFailure(str(error)) from None
    if not isinstance(target, FunctionTarget):
        raise AuthorizerFailure(f"{target} is no function")
    if authorizer.credentials is not None:
        act_as(role_of(authorizer.credentials))
    else:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
        path = f"{request.connection.api_id}/authorizers/{authorizer.id}"
        act_as(service_principal(SERVICE, home.arn("execute-api", path)))
    asked = {"FunctionName": target.arn, "Payload": documents.write(request.authorizer_event(method_arn))}
    try:
        answer = await within(clock, request.time + TIMEOUT, call("lambda", "Invoke", asked))
    except (TimeoutError, ServiceError) as error:
        raise AuthorizerFailure(str(error) or "the authorizer takes too long") from error
    try:
        result = documents.parse(answer["Payload"])
    except NotJSON:
        result = None
    if "FunctionError" in answer:
        # A Python function says it in the text of its exception, one of Node.js in its error.
        if isinstance(result, dict) and result.get("errorMessage") == "Unauthorized":
            raise Unauthorized("the authorizer says Unauthorized")
        raise AuthorizerFailure(f"the authorizer failed: {result}")
    return _read(result, len(answer["Payload"]), method_arn)


def _read(result: JSON, size: int, method_arn: str) -> Authorization:
    """Read what an authorizer gave.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    if size > MAX_RESULT_BYTES:
        raise AuthorizerFailure(f"the authorizer's result has {size} bytes, more than {MAX_RESULT_BYTES}")
    if not isinstance(result, dict) or not isinstance(result.get("principalId"), str):
        raise AuthorizerFailure("the authorizer's result has no principalId")
    try:
        allowed = is_allowed(result.get("policyDocument"), "execute-api:Invoke", method_arn)
    except MalformedPolicy as error:
        raise AuthorizerFailure(f"the authorizer's policyDocument: {error}") from None
    context = result.get("context") or {}
    if not isinstance(context, dict) or not all(isinstance(each, str | int | float) for each in context.values()):
        raise AuthorizerFailure("the authorizer's context holds more than texts, numbers and booleans")
    key = result.get("usageIdentifierKey")
    if key is not None and not isinstance(key, str):
        raise AuthorizerFailure("the authorizer's usageIdentifierKey is no text")
    if not allowed:
        raise AccessRefused(f"the authorizer's policy does not allow {method_arn}")
    return Authorization({"principalId": result["principalId"], **context}, key)
