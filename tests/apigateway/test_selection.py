"""Selection expressions: by what API Gateway chooses routes, templates and responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway.json_path import MISSING
from pizzabar.apigateway.selection import FaultySelection, SelectionValues, compile_selection
from pizzabar.documents import JSON


def select(expression: str, body: JSON = MISSING) -> str:
    values = SelectionValues(
        body=body,
        headers={"X-Api-Key": "secret"},
        querystring={"v": "2"},
        context={"routeKey": "order", "identity": {"sourceIp": "192.0.2.1"}},
        stage_variables={"version": "v1"},
        status_code=200,
        integration_headers={"content-type": "text/plain"},
        multivalue_headers={"X": ["1", "2"]},
        integration_body={"errorMessage": "Bad Request: no oven"},
    )
    return compile_selection(expression)(values)


# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
@pytest.mark.parametrize(
    ("expression", "body", "result"),
    [
        ("$request.body.action", {"action": "order"}, "order"),
        ("${request.body.action}", {"action": "order"}, "order"),
        ("$request.body.service/$request.body.action", {"service": "chat", "action": "join"}, "chat/join"),
        ("${request.body.service}${request.body.action}", {"service": "chat", "action": "join"}, "chatjoin"),
        ("${request.body.service}-static", {"service": "chat"}, "chat-static"),
        ("$request.body.a.b[0].c", {"a": {"b": [{"c": "x"}]}}, "x"),
        ("$request.body['a'].b", {"a": {"b": "x"}}, "x"),
        ("${request.body.a[-1]}", {"a": [1, 2]}, "2"),
        ("$request.body.action", {"other": 1}, ""),
        ("$request.body.action.more", {"action": "order"}, ""),
        ("$request.body.action", {"action": None}, ""),
        ("$request.body.action", "order", ""),
        ("$request.body.action", MISSING, ""),
        ("$request.body.action", {"action": ["item1", "item2"]}, "[item1, item2]"),
        ("$request.body.action", {"action": {"a": 1}}, "{a=1}"),
        ("$request.body.action", {"action": 5}, "5"),
        ("$request.body.action", {"action": 5.0}, "5.0"),
        ("$request.body.action", {"action": True}, "true"),
        # Evaluated once: what comes out is no expression.
        ("$request.body.action", {"action": "$request.body.other", "other": "x"}, "$request.body.other"),
        ("$request.body.action", {"action": "$connect"}, "$connect"),
        (r"\$default", MISSING, "$default"),
        ("$default", MISSING, "$default"),
        (r"\${request.body.action}", {"action": "x"}, "${request.body.action}"),
        ("static", MISSING, "static"),
        ("", MISSING, ""),
    ],
)
def test_route_selection(expression: str, body: JSON, result: str) -> None:
    assert select(expression, body) == result


# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html
@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("$request.header.x-api-key", "secret"),
        ("$request.header.missing", ""),
        ("$request.querystring.v", "2"),
        ("$context.routeKey", "order"),
        ("$context.identity.sourceIp", "192.0.2.1"),
        ("$context.authorizer.usageIdentifierKey", ""),
        ("$stageVariables.version", "v1"),
        ("$integration.response.statuscode", "200"),
        ("${integration.response.statuscode}", "200"),
        ("$integration.response.header.Content-Type", "text/plain"),
        ("${integration.response.multivalueheader.x}", "[1, 2]"),
        ("$integration.response.body.errorMessage", "Bad Request: no oven"),
    ],
)
def test_other_selections(expression: str, result: str) -> None:
    assert select(expression) == result


def test_the_bodies_and_the_status_may_be_missing() -> None:
    expression = "$request.body|$integration.response.body|$integration.response.statuscode"
    assert compile_selection(expression)(SelectionValues()) == "||"


@pytest.mark.parametrize(
    ("expression", "messages"),
    [
        ("${request.body.action", ["column 1: the variable has no closing }"]),
        ("$request.path.x", ["column 1: ${request.path.x} is not supported"]),
        ("$context", ["column 1: ${context} is not supported"]),
        (
            "${nope} ${request.foo}",
            ["column 1: ${nope} is not supported", "column 9: ${request.foo} is not supported"],
        ),
    ],
)
def test_every_fault_is_told(expression: str, messages: list[str]) -> None:
    with pytest.raises(FaultySelection) as caught:
        compile_selection(expression)
    assert [fault.message for fault in caught.value.faults] == messages


@given(st.text(alphabet="$\\{}.[]'abrequstody*?:@ 01") | st.text())
def test_any_expression_gives_a_text_or_a_fault(expression: str) -> None:
    try:
        text = compile_selection(expression)(SelectionValues(body={"a": 1}))
    except FaultySelection as fault:
        text = str(fault)
    assert isinstance(text, str)
