"""
A request on its way to an integration: a message, or the opening or closing of a connection.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-requests.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from pizzabar import documents
from pizzabar.apigateway.api_keys import ApiKey
from pizzabar.apigateway.connections import Connection
from pizzabar.apigateway.json_path import MISSING
from pizzabar.apigateway.selection import SelectionValues
from pizzabar.documents import JSON, NotJSON


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
    api_key: ApiKey | None = None

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
                event |= _headers(tuple(pair for pair in self.headers if pair[0].lower() not in _OF_THE_HOP))
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

    def authorizer_event(self, method_arn: str) -> dict[str, JSON]:
        """Give the event that an authorizer gets of a handshake. Unlike a function's, it hides no header.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
        """
        return {
            "type": "REQUEST",
            "methodArn": method_arn,
            **_headers(self.headers),
            "queryStringParameters": dict(self.query),
            "multiValueQueryStringParameters": _multiple(self.query),
            "stageVariables": dict(self.stage_variables),
            "requestContext": self._common(),
        }

    def _common(self) -> dict[str, JSON]:
        connection = self.connection
        time = self.time
        identity: dict[str, JSON] = {"sourceIp": connection.source_ip}
        if connection.user_agent is not None:
            identity["userAgent"] = connection.user_agent
        if self.api_key is not None:
            identity |= {"apiKey": self.api_key.value, "apiKeyId": self.api_key.id}
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

    def selection_values(self) -> SelectionValues:
        """Give what selection expressions and parameter mappings know of the request."""
        return SelectionValues(
            MISSING if self.document is None else self.document,
            headers=dict(self.headers),
            querystring=dict(self.query),
            multivalue_request_headers=_multiple(self.headers),
            multivalue_querystring=_multiple(self.query),
            context=self.context(),
            stage_variables=self.stage_variables,
            text=self.body,
        )

    def params(self) -> dict[str, dict[str, str]]:
        """Give what mapping templates know as ``$input.params()``: only a handshake has any."""
        shown = {name: value for name, value in self.headers if name.lower() not in _OF_THE_HOP}
        return {"path": {}, "querystring": dict(self.query), "header": shown}


# What belongs to the one hop is not shown to functions behind $connect.
_OF_THE_HOP = {"connection", "upgrade", "content-length"}


def _headers(headers: tuple[tuple[str, str], ...]) -> dict[str, JSON]:
    return {"headers": dict(headers), "multiValueHeaders": _multiple(headers)}


def _multiple(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    multiple: dict[str, list[str]] = {}
    for name, value in pairs:
        multiple.setdefault(name, []).append(value)
    return multiple
