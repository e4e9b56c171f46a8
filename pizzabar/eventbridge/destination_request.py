"""
The requests of API destinations, and of OAuth for their access tokens.

Pure. Rules:
- What a target and its connection both say, the connection says.
  https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_HttpParameters.html
- Headers of a closed list are taken out of every request, and EventBridge's own stand in their place.
  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html#eb-api-destination-headers
- The body's parameters of a connection become members of a body that is a JSON object, and of no other.
- GET and HEAD have no body. AWS does not say so.
"""

import base64
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.eventbridge.api_destination import ApiDestination
from pizzabar.eventbridge.connection import OAUTH, Connection
from pizzabar.eventbridge.http_parameters import Filled
from pizzabar.http_client import HttpRequest

USER_AGENT = "Amazon/EventBridge/ApiDestinations"
CONTENT_TYPE = "application/json; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
_OWN = (
    ("User-Agent", USER_AGENT),
    ("Range", "bytes=0-1048575"),
    ("Accept-Encoding", "gzip,deflate"),
    ("Connection", "close"),
)
TAKEN_OUT = frozenset(
    {
        *("a-im", "accept-charset", "accept-datetime", "accept-encoding", "cache-control", "connection"),
        *("content-encoding", "content-length", "content-md5", "date", "expect", "forwarded", "from", "host"),
        *("http2-settings", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"),
        *("max-forwards", "origin", "pragma", "proxy-authorization", "range", "referer", "te", "trailer"),
        *("transfer-encoding", "user-agent", "upgrade", "via", "warning"),
    }
)
_CONTROL = re.compile(r"[\x00-\x08\x0A-\x1F\x7F]")
_WITHOUT_BODY = ("GET", "HEAD")

Pairs = Iterable[tuple[str, str]]


def invocation(
    destination: ApiDestination, connection: Connection, filled: Filled, payload: str, token: str | None = None
) -> HttpRequest:
    """Make the request that brings a payload to an API destination; ``token`` is the access token of OAuth."""
    adds = connection.invocation
    headers = _headers(filled.headers, _pairs(adds, "HeaderParameters"), authorization(connection, token), _OWN)
    url = _url(_with_path(destination.endpoint, filled.path), filled.query, _pairs(adds, "QueryStringParameters"))
    body = "" if destination.method in _WITHOUT_BODY else _with_members(payload, _pairs(adds, "BodyParameters"))
    if body and not _has(headers, "content-type"):
        headers = (("Content-Type", CONTENT_TYPE), *headers)
    return HttpRequest(destination.method, url, headers, body)


def authorization(connection: Connection, token: str | None = None) -> tuple[tuple[str, str], ...]:
    """Give the header that authorizes the requests of a connection."""
    own = connection.own_parameters
    match connection.authorization_type:
        case "API_KEY":
            return ((own["ApiKeyName"], own["ApiKeyValue"]),)
        case "BASIC":
            credentials = f"{own['Username']}:{own['Password']}".encode()
            return (("Authorization", f"Basic {base64.b64encode(credentials).decode()}"),)
        case _:
            return () if token is None else (("Authorization", f"Bearer {token}"),)


def additions(connection: Connection, token: str | None = None) -> JSON:
    """Give what a connection adds to a request, as HTTP tasks take it."""
    adds = connection.invocation
    return {
        "headers": dict((*_pairs(adds, "HeaderParameters"), *authorization(connection, token))),
        "query": dict(_pairs(adds, "QueryStringParameters")),
        "body": dict(_pairs(adds, "BodyParameters")),
    }


def token_request(connection: Connection) -> HttpRequest:
    """Make the request for an access token, with the client's credentials in the form of OAuth.

    In what form AWS sends them is not documented; a ``Content-Type`` of JSON makes the body JSON here.
    https://www.rfc-editor.org/rfc/rfc6749#section-4.4.2
    """
    assert connection.authorization_type == OAUTH
    own = connection.own_parameters
    adds = own.get("OAuthHttpParameters") or {}
    client = own["ClientParameters"]
    form = {
        "grant_type": "client_credentials",
        "client_id": client["ClientID"],
        "client_secret": client["ClientSecret"],
    } | dict(_pairs(adds, "BodyParameters"))
    method, query = own["HttpMethod"], _pairs(adds, "QueryStringParameters")
    headers = _headers((), _pairs(adds, "HeaderParameters"), (), _OWN)
    if method == "GET":
        return HttpRequest(method, _url(own["AuthorizationEndpoint"], form.items(), query), headers)
    if not _has(headers, "content-type"):
        headers = (("Content-Type", FORM), *headers)
    kind = next(value for name, value in headers if name.lower() == "content-type")
    body = documents.write(form) if "json" in kind.lower() else urlencode(form)
    return HttpRequest(method, _url(own["AuthorizationEndpoint"], (), query), headers, body)


def _pairs(parameters: JSON, name: str) -> list[tuple[str, str]]:
    return [(each["Key"], each.get("Value") or "") for each in parameters.get(name) or () if each.get("Key")]


def _headers(of_target: Pairs, of_connection: Pairs, authorizing: Pairs, own: Pairs) -> tuple[tuple[str, str], ...]:
    """Put headers together, the later before the earlier of the same name."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in (*of_target, *of_connection, *authorizing):
        if name.lower() not in TAKEN_OUT:
            found[name.lower()] = (name, value.strip())
    return (*found.values(), *own)


def illegal_header(request: HttpRequest) -> str | None:
    """Name a header whose value, of an event perhaps, cannot be that of a header."""
    return next((name for name, value in request.headers if _CONTROL.search(value)), None)


def _has(headers: Pairs, wanted: str) -> bool:
    return any(name.lower() == wanted for name, _ in headers)


def _with_path(endpoint: str, values: Iterable[str]) -> str:
    """Fill the wildcards of an endpoint, in their order; one without a value stays."""
    head, *rest = endpoint.split("*")
    left = list(values)
    for part in rest:
        head += (quote(left.pop(0), safe="") if left else "*") + part
    return head


def _url(address: str, *queries: Pairs) -> str:
    added = {name: value for pairs in queries for name, value in pairs}
    if not added:
        return address
    parts = urlsplit(address)
    own = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in added]
    return urlunsplit(parts._replace(query=urlencode([*own, *added.items()], quote_via=quote)))


def _with_members(payload: str, members: Iterable[tuple[str, str]]) -> str:
    added = dict(members)
    if not added:
        return payload
    try:
        body = documents.parse(payload)
    except NotJSON:
        return payload
    return documents.write(body | added) if isinstance(body, dict) else payload
