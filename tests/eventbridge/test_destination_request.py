"""
The requests of API destinations.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.api_destination import ApiDestination
from pizzabar.eventbridge.connection import Connection, connection_arn, merged, secret_arn
from pizzabar.eventbridge.destination_request import TAKEN_OUT, additions, invocation, token_request
from pizzabar.eventbridge.http_parameters import Filled, read_http_parameters
from pizzabar.http_client import HttpRequest

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT: JSON = {"id": "1", "detail": {"order": "7/8", "guest": {"n": 1}, "none": None}}
API_KEY: JSON = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "oregano"}}
BASIC: JSON = {"BasicAuthParameters": {"Username": "ada", "Password": "basil"}}
OAUTH: JSON = {
    "OAuthParameters": {
        "AuthorizationEndpoint": "https://auth.example/token?v=1",
        "HttpMethod": "POST",
        "ClientParameters": {"ClientID": "ada", "ClientSecret": "th yme"},
    }
}


def connection(kind: str = "API_KEY", parameters: JSON = API_KEY, **invocation: JSON) -> Connection:
    more = {"InvocationHttpParameters": invocation} if invocation else {}
    return Connection("kitchen", "arn", "AUTHORIZED", kind, {**parameters, **more}, NOON, NOON)


def pairs(**values: str) -> JSON:
    return [{"Key": name.replace("_", "-"), "Value": value} for name, value in values.items()]


def sent(
    by: Connection,
    filled: Filled | None = None,
    *,
    payload: str = '{"id":"1"}',
    token: str | None = None,
    **more: Any,
) -> HttpRequest:
    given = {"endpoint": "https://pizza.example/orders", "method": "POST"} | more
    destination = ApiDestination("orders", "arn", "arn", given["endpoint"], given["method"], NOON, NOON)
    return invocation(destination, by, filled or Filled(), payload, token)


def test_a_request_has_the_headers_that_aws_documents() -> None:
    request = sent(connection())

    assert (request.method, request.url, request.body) == ("POST", "https://pizza.example/orders", '{"id":"1"}')
    assert dict(request.headers) == {
        "Content-Type": "application/json; charset=utf-8",
        "X-Key": "oregano",
        "User-Agent": "Amazon/EventBridge/ApiDestinations",
        "Range": "bytes=0-1048575",
        "Accept-Encoding": "gzip,deflate",
        "Connection": "close",
    }


@pytest.mark.parametrize(
    ("by", "token", "header"),
    [
        (connection("BASIC", BASIC), None, "Basic YWRhOmJhc2ls"),
        (connection("OAUTH_CLIENT_CREDENTIALS", OAUTH), "parsley", "Bearer parsley"),
    ],
)
def test_a_connection_authorizes(by: Connection, token: str | None, header: str) -> None:
    assert dict(sent(by, token=token).headers)["Authorization"] == header


def test_what_the_connection_says_counts() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_HttpParameters.html"""
    by = connection(
        HeaderParameters=pairs(X_a="connection", X_KEY="no", Content_Type="text/plain"),
        QueryStringParameters=pairs(a="connection", b="x y"),
        BodyParameters=pairs(id="connection", more="m"),
    )
    filled = Filled((), (("x-A", "target"), ("X-B", "target")), (("a", "target"), ("c", "target")))

    request = sent(by, filled, endpoint="https://pizza.example/orders?a=own&z=1&z=2")

    headers = dict(request.headers)
    assert (headers["X-a"], headers["X-B"], headers["X-Key"]) == ("connection", "target", "oregano")
    assert headers["Content-Type"] == "text/plain"
    assert "x-A" not in headers
    assert request.url == "https://pizza.example/orders?z=1&z=2&a=connection&c=target&b=x%20y"
    assert request.body == '{"id":"connection","more":"m"}'


@pytest.mark.parametrize("payload", ['"text"', "[1]", "not json"])
def test_only_an_object_is_given_members(payload: str) -> None:
    assert sent(connection(BodyParameters=pairs(a="b")), payload=payload).body == payload


def test_headers_of_the_closed_list_are_taken_out() -> None:
    filled = Filled((), tuple((name.title(), "x") for name in TAKEN_OUT), ())

    assert sent(connection(), filled) == sent(connection())


@pytest.mark.parametrize(("method", "has_body"), [("GET", False), ("HEAD", False), ("DELETE", True), ("PUT", True)])
def test_get_and_head_have_no_body(method: str, has_body: bool) -> None:
    request = sent(connection(), method=method)

    assert bool(request.body) is has_body
    assert ("Content-Type" in dict(request.headers)) is has_body


def test_wildcards_are_filled_in_their_order() -> None:
    parameters = read_http_parameters({"PathParameterValues": ["$.detail.order", "b c", "$.detail.no"]}, "t")
    filled = parameters.fill(EVENT)

    url = sent(connection(), filled, endpoint="https://pizza.example/*/of/*/x*/*").url

    assert url == "https://pizza.example/7%2F8/of/b%20c/x/*"


def test_values_are_constants_or_paths() -> None:
    read = read_http_parameters(
        {
            "HeaderParameters": {"A": "$.detail.guest", "B": "$5", "C": "$.detail.no", "D": "$.detail.none"},
            "QueryStringParameters": {"id": "$.id"},
        },
        "t",
    )

    filled = read.fill(EVENT)

    assert filled == Filled((), (("A", '{"n":1}'), ("B", "$5"), ("D", "null")), (("id", "1"),))
    assert Filled.from_json(filled.as_json()) == filled


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"PathParameterValues": ["$.a..b"]}, "HttpParameters of target t contain invalid path $.a..b."),
        ({"BodyParameters": {}}, "HttpParameters.BodyParameters of target t is not supported"),
    ],
)
def test_parameters_that_are_none(document: JSON, message: str) -> None:
    with pytest.raises(ValidationException) as raised:
        read_http_parameters(document, "t")
    assert raised.value.message == message


def oauth(**changes: JSON) -> Connection:
    return connection("OAUTH_CLIENT_CREDENTIALS", {"OAuthParameters": OAUTH["OAuthParameters"] | changes})


FORM = "grant_type=client_credentials&client_id=ada&client_secret=th+yme"


@pytest.mark.parametrize(
    ("changes", "url", "body", "kind"),
    [
        ({}, "https://auth.example/token?v=1", FORM, "application/x-www-form-urlencoded"),
        (
            {"HttpMethod": "GET"},
            "https://auth.example/token?v=1&grant_type=client_credentials&client_id=ada&client_secret=th%20yme",
            "",
            None,
        ),
        (
            {
                "HttpMethod": "PUT",
                "OAuthHttpParameters": {
                    "HeaderParameters": pairs(Content_Type="application/json"),
                    "QueryStringParameters": pairs(v="2"),
                    "BodyParameters": [{"Key": "grant_type", "Value": "other"}, {"Key": "scope", "Value": "s"}],
                },
            },
            "https://auth.example/token?v=2",
            '{"grant_type":"other","client_id":"ada","client_secret":"th yme","scope":"s"}',
            "application/json",
        ),
    ],
)
def test_the_request_for_a_token(changes: JSON, url: str, body: str, kind: str | None) -> None:
    request = token_request(oauth(**changes))

    assert (request.url, request.body, dict(request.headers).get("Content-Type")) == (url, body, kind)


def test_what_a_connection_adds_to_an_http_task() -> None:
    by = connection("BASIC", BASIC, QueryStringParameters=pairs(a="b"), BodyParameters=pairs(c="d"))

    assert additions(by) == {
        "headers": {"Authorization": "Basic YWRhOmJhc2ls"},
        "query": {"a": "b"},
        "body": {"c": "d"},
    }


def test_the_secret_has_a_name_of_the_form_that_aws_gives() -> None:
    name = secret_arn(connection_arn(Home(), "kitchen", "1f2e"))

    assert name.startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:events!connection/kitchen/")
    assert len(name.rpartition("/")[2]) == 36 + 7


def test_parameters_are_merged_member_by_member() -> None:
    known = {"BasicAuthParameters": {"Username": "ada", "Password": "basil"}, "InvocationHttpParameters": {"a": [1]}}

    assert merged(known, {"BasicAuthParameters": {"Password": "sage"}, "InvocationHttpParameters": {"a": []}}) == {
        "BasicAuthParameters": {"Username": "ada", "Password": "sage"},
        "InvocationHttpParameters": {"a": []},
    }
