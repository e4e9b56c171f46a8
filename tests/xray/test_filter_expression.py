"""
Filter expressions.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.xray.errors import InvalidRequestException
from pizzabar.xray.filter_expression import View, read_filter

OVEN = View({"name": ["oven"], "type": ["AWS::Lambda::Function"], "fault": [True], "responsetime": [3.0]})
ORDERS = View({"name": ["Orders"], "type": ["AWS::DynamoDB::Table"], "fault": [False], "responsetime": [0.1]})
TRACE = View(
    {
        "ok": [True],
        "error": [False],
        "fault": [False],
        "partial": [False],
        "duration": [6.5],
        "responsetime": [2.5],
        "http.status": [200],
        "http.url": ["http://api.example.com/v2/orders"],
        "user": ["ada", "bob"],
        "annotation.account": ["12345"],
        "annotation.age": [30],
        "annotation.hot": [True],
    },
    [OVEN, ORDERS],
    [(OVEN, ORDERS)],
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "!error",
        "fault = false",
        "fault != true",
        "responsetime > 2",
        "duration >= 5 AND duration <= 8",
        "duration < 5 OR ok",
        "ok !partial duration <7",
        "(fault OR ok) AND !(error)",
        # AND binds first.
        "ok OR fault AND error",
        "http.status = 200",
        'http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/"',
        'http.url endswith "orders"',
        'user = "bob"',
        'user != "bob"',
        'annotation.account = "12345"',
        'annotation[account] = "12345"',
        'annotation["age"] > 29.5',
        "annotation.hot = true",
        "annotation.account",
        "!annotation.size",
        'service("oven")',
        'service("oven") { fault = true OR responsetime > 5 }',
        "service() { fault }",
        '!service("Orders") {fault}',
        'service(id(name: "Orders", type: "AWS::DynamoDB::Table"))',
        'service(id(type : "AWS::Lambda::Function")) {fault}',
        'edge("oven", "Orders")',
        'edge("oven", "Orders") {ok} OR edge("oven", id(name: "Orders")) { responsetime < 1 }',
    ],
)
def test_a_trace_is_wanted(text: str) -> None:
    assert read_filter(text)(TRACE)


@pytest.mark.parametrize(
    "text",
    [
        "error",
        "!ok",
        "ok fault",
        "responsetime > 3",
        "http.status != 200",
        'user = "carol"',
        "annotation.age < 30",
        # A text is no number.
        'annotation.age = "30"',
        "annotation.account = 12345",
        "annotation.hot = 1",
        'service("Orders") {fault}',
        'service("baker")',
        'edge("Orders", "oven")',
        'service(id(name: "oven", type: "AWS::DynamoDB::Table"))',
        'http.method = "GET"',
    ],
)
def test_a_trace_is_not_wanted(text: str) -> None:
    assert not read_filter(text)(TRACE)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("coldstart", "coldstart is not supported"),
        ('group("all")', "group is not supported"),
        ("ok AND", "a keyword is expected at the end"),
        ("ok )", "a keyword is expected before )|) is not expected"),
        ("responsetime", "after responsetime stands one of"),
        ('responsetime > "3"', "responsetime is a number"),
        ("http.url = 3", "http.url is a text"),
        ("http.url > 3", "after http.url stands one of"),
        ("ok = 3", "ok is true or false"),
        ("responsetime >", "a value is expected at the end"),
        ("responsetime > error", "a value is expected before error"),
        ('service("oven"', ") is expected at the end"),
        ('service("oven") {ok', "} is expected at the end"),
        ('service(id(account.id: "1"))', "id(account.id) is not supported"),
        ('edge("oven")', ", is expected before )"),
        ("annotation[]", "the name of an annotation is expected"),
        ("ok & fault", "nothing begins with"),
        ('user = "ada', "nothing begins with"),
    ],
)
def test_what_is_no_expression_is_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(InvalidRequestException) as raised:
        read_filter(text)
    assert any(each in raised.value.message for each in why.split("|"))
    assert text in raised.value.message


@given(st.text('()!{}[]=<>,:. "\\aokANDORservice1', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        wanted = read_filter(text)
    except InvalidRequestException:
        return
    assert wanted(TRACE) in (True, False)


@given(st.sampled_from(["ok", "fault", "duration > 6", "service() {fault}"]), st.sampled_from(["error", "partial"]))
def test_not_and_or_are_as_in_logic(left: str, right: str) -> None:
    both, either = read_filter(f"!({left} AND {right})"), read_filter(f"!{left} OR !{right}")
    assert both(TRACE) == either(TRACE)
