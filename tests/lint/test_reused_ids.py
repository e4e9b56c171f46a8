"""A connection's item that holds the one id of whatever is written for it."""

from collections.abc import Callable

import pytest

from tests.lint.stacks import API, CONNECTIONS, ORDERS, connect, function, template

Codes = Callable[..., list[str]]
ITEM = """\
{"TableName": "connections", "Item": {"connectionId": {"S": "$context.connectionId"}, "orderId": {"S": ""}}}
"""
STACK = template(API, CONNECTIONS, ORDERS, connect(ITEM), function("nodejs24.x"))
READ = "const guest = await get(process.env.CONNECTIONS, event.connectionId);\n"
WRITE = "await put(process.env.ORDERS, order);\n"


@pytest.mark.parametrize(
    "program",
    [
        f"{READ}if (guest.orderId) {{\n{WRITE}}}\n",
        f"{READ}const orderId = guest.orderId ?? uuid();\n{WRITE}",
        f"{READ}const orderId = guest.Item.orderId.S || uuid();\n{WRITE}",
        f"const t = process.env.CONNECTIONS\nconst found = await get(t)\nif (!found.Item.orderId) {{ {WRITE} }}",
    ],
)
def test_an_id_that_is_used_if_it_is_there(codes: Codes, program: str) -> None:
    line = next(n for n, each in enumerate(program.splitlines(), 1) if ".orderId" in each)

    assert codes(STACK, {"code/index.js": program}) == [f"code/index.js:{line} PB102"]


@pytest.mark.parametrize(
    "program",
    [
        # The id comes from the event.
        f"{READ}if (event.orderId) {{\n{WRITE}}}\n",
        # It is read, and decides nothing.
        f"{READ}console.log(guest.orderId);\n{WRITE}",
        # It is cleared when the order is done.
        f"{READ}if (guest.orderId) {{\n{WRITE}}}\nawait put(table, {{...guest, orderId: ''}});\n",
        f"{READ}if (guest.orderId) {{\n{WRITE}}}\nawait update('REMOVE orderId');\n",
        # Something else of the connection is asked for.
        f"{READ}if (guest.domainName) {{\n{WRITE}}}\n",
    ],
)
def test_an_id_of_its_own_for_each(codes: Codes, program: str) -> None:
    assert codes(STACK, {"code/index.js": program}) == []


def test_an_item_without_the_id_is_no_such_thing(codes: Codes) -> None:
    mapping = '{"TableName": "connections", "Item": {"connectionId": {"S": "$context.connectionId"}}}\n'
    stack = template(API, CONNECTIONS, ORDERS, connect(mapping), function("nodejs24.x"))

    assert codes(stack, {"code/index.js": f"{READ}if (guest.orderId) {{\n{WRITE}}}\n"}) == []


PYTHON = """\
import os
def handler(event, context):
    connections, orders = os.environ["CONNECTIONS"], os.environ["ORDERS"]
    guest = get(connections, event["connectionId"])
    order_id = {}
    put(orders, order_id)
"""


@pytest.mark.parametrize(
    ("choice", "is_found"),
    [
        ('guest["orderId"] or uuid()', True),
        ('guest["orderId"] if guest.get("orderId") else uuid()', True),
        ('event["orderId"] or uuid()', False),
        ('guest["orderId"]', False),
    ],
)
def test_the_same_in_python(codes: Codes, choice: str, is_found: bool) -> None:
    stack = template(API, CONNECTIONS, ORDERS, connect(ITEM), function("python3.14"))

    found = codes(stack, {"code/index.py": PYTHON.replace("{}", choice)})

    assert found == (["code/index.py:5 PB102"] if is_found else [])
