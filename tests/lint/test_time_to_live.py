"""Times to live in milliseconds, in mapping templates and in functions."""

from collections.abc import Callable

import pytest

from tests.lint.stacks import API, CONNECTIONS, connect, function, line_of, template

Codes = Callable[..., list[str]]
ITEM = """\
{"TableName": "connections", "Item": {"connectionId": {"S": "$context.connectionId"}, "expires": {"N": "$t"}}}
"""


@pytest.mark.parametrize(
    "sets",
    [
        "#set($t = $context.requestTimeEpoch + 86400)",
        "#set($t = 86400 + $context.requestTimeEpoch)",
        "#set($now = $context.requestTimeEpoch)#set($t = $now + 86400)",
        "#set($t = $context.connectedAt)",
        "#if($stageVariables.long)#set($t = $context.requestTimeEpoch)#else#set($t = 5)#end",
    ],
)
def test_milliseconds_are_found_where_they_come_from(codes: Codes, sets: str) -> None:
    text = template(API, CONNECTIONS, connect(f"{sets}\n{ITEM}"))

    assert codes(text) == [f"template.yaml:{line_of(text, '#set')} PB101"]


@pytest.mark.parametrize(
    "sets",
    [
        "#set($t = $context.requestTimeEpoch / 1000 + 86400)",
        "#set($t = ($context.requestTimeEpoch + 86400000) / 1000)",
        "#set($t = 4102444800)",
        # Not known here, so nothing is said.
        "#set($t = $input.params('ttl'))",
    ],
)
def test_seconds_are_not(codes: Codes, sets: str) -> None:
    assert codes(template(API, CONNECTIONS, connect(f"{sets}\n{ITEM}"))) == []


def test_a_table_that_does_not_expire_items_may_have_milliseconds(codes: Codes) -> None:
    table = CONNECTIONS.replace("Enabled: true", "Enabled: false")

    assert codes(template(API, table, connect(f"#set($t = $context.requestTimeEpoch)\n{ITEM}"))) == []


def test_an_update_is_seen_as_well(codes: Codes) -> None:
    mapping = """\
    {"TableName": "connections", "Key": {"connectionId": {"S": "$context.connectionId"}},
     "UpdateExpression": "SET #e = :e", "ExpressionAttributeNames": {"#e": "expires"},
     "ExpressionAttributeValues": {":e": {"N": "$context.requestTimeEpoch"}}}
    """
    text = template(API, CONNECTIONS, connect(mapping).replace("PutItem", "UpdateItem"))

    assert codes(text) == [f"template.yaml:{line_of(text, '$context.requestTimeEpoch')} PB101"]


JAVASCRIPT = [
    ("put({ expires: Date.now() + 86400 });", True),
    ("const expires = Date.now() + 86400\nput({ expires });", True),
    ("const until = new Date().getTime();\nput({ 'expires': until });", True),
    ("put({ expires: Math.floor(Date.now() / 1000) + 86400 });", False),
    ("put({ expires: hours(24), created: Date.now() });", False),
    ("// put({ expires: Date.now() })\nput({ note: 'expires: Date.now()' });", False),
]


@pytest.mark.parametrize(("program", "is_found"), JAVASCRIPT)
def test_dates_of_javascript(codes: Codes, program: str, is_found: bool) -> None:
    text = template(CONNECTIONS, function("nodejs24.x"))

    assert codes(text, {"code/index.js": f"{program}\nexport const handler = 1\n"}) == (
        [f"code/index.js:{line_of(program, 'expires')} PB101"] if is_found else []
    )


PYTHON = [
    ("import time\nput({'expires': int(time.time() * 1000) + 5})", True),
    ("import time\nexpires = 1000 * time.time()\nitem = {}\nitem['expires'] = expires", True),
    ("import time\nput({'expires': int(time.time()) + 5})", False),
]


@pytest.mark.parametrize(("program", "is_found"), PYTHON)
def test_times_of_python(codes: Codes, program: str, is_found: bool) -> None:
    text = template(CONNECTIONS, function("python3.14"))
    last = program.count("\n") + 1

    assert codes(text, {"code/index.py": program}) == ([f"code/index.py:{last} PB101"] if is_found else [])
