"""
Access: who may connect, by an authorizer's word and an API key, before the ``$connect`` integration is asked.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-control-access.html
"""

from dataclasses import replace

from pizzabar.apigateway.api import Route, WebSocketApi
from pizzabar.apigateway.api_keys import ApiKey, ApiKeys
from pizzabar.apigateway.authorizers import Authorization, authorize
from pizzabar.apigateway.errors import AccessRefused, AuthorizerFailure
from pizzabar.apigateway.request import Request
from pizzabar.arn import Home
from pizzabar.clock import Clock
from pizzabar.documents import JSON
from pizzabar.operations import Call, Trace


class Access:
    """Checks handshakes of every API."""

    def __init__(self, call: Call, trace: Trace, clock: Clock, home: Home) -> None:
        self.api_keys = ApiKeys()
        self._call = call
        self._trace = trace
        self._clock = clock
        self._home = home

    async def check(self, api: WebSocketApi, route: Route, request: Request) -> Request:
        """Give a handshake with what is known of who connects.

        Raise ``AccessRefused``, or one of its kinds, when it may not.
        """
        authorization = None
        if route.authorizer_id is not None:
            authorization = await self._authorize(api, route.authorizer_id, request)
            request = replace(request, connection=replace(request.connection, authorizer=authorization.said))
        if route.is_key_required:
            key = self._find_key(api, request, authorization)
            if key is None:
                raise AccessRefused("no API key that counts here")
            request = replace(request, api_key=key)
        return request

    async def _authorize(self, api: WebSocketApi, authorizer_id: str, request: Request) -> Authorization:
        authorizer = api.authorizers.get(authorizer_id)
        if authorizer is None:
            raise AuthorizerFailure(f"there is no authorizer {authorizer_id}")
        connection = request.connection
        arn = self._home.arn("execute-api", f"{connection.api_id}/{connection.stage}/{request.route_key}")

        async def act(parameters: JSON) -> JSON:
            return await authorize(authorizer, request, arn, self._call, self._clock, self._home)

        parameters = {"Authorizer": authorizer.name, "ConnectionId": connection.id}
        authorization: Authorization = await self._trace("apigateway", "authorize", parameters, act)
        return authorization

    def _find_key(self, api: WebSocketApi, request: Request, authorization: Authorization | None) -> ApiKey | None:
        if api.is_key_authorized:
            value = None if authorization is None else authorization.api_key
        else:
            value = next((each for name, each in request.headers if name.lower() == "x-api-key"), None)
        if value is None:
            return None
        return self.api_keys.find(value, request.connection.api_id, request.connection.stage)
