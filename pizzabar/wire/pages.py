"""
The pages: files of this package, over HTTP.

A file is read whenever it is asked for, so that a server which nobody looks at holds none of them, and one that is
edited is seen at once. A browser asks each time (``no-cache``) and is told if what it has is still right (304).
"""

import re
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from pizzabar.cloudformation.stack import Stack
from pizzabar.wire.aws.exchange import Response
from pizzabar.wire.guard import Headers, header

KITCHEN = "/kitchen"
PAGES = {"/": "order.html", KITCHEN: "kitchen.html"}
PIZZA_BAR = {"api": "PizzaApi", "stage": "PizzaStage", "tickets": "TicketsTable"}
"""What the pages of the pizza bar must know, and what it is called in the template."""
CONTENT_TYPES = {
    "css": b"text/css; charset=utf-8",
    "html": b"text/html; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "mjs": b"text/javascript; charset=utf-8",
    "mts": b"text/plain; charset=utf-8",
    "svg": b"image/svg+xml",
    "txt": b"text/plain; charset=utf-8",
}
POLICY = b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_NAME = re.compile(r"(?:\w[\w-]*/)*\w[\w.-]*\.(\w+)", re.ASCII)
"""No part begins with a dot: there is no way out of the folder."""


def console(headers: Headers) -> Response:
    """Answer with the console."""
    return _answer(files("pizzabar.console").joinpath("console.html").read_bytes(), "html", headers)


def asset(name: str, headers: Headers) -> Response | None:
    """Answer with an asset; None if there is none of that name."""
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in CONTENT_TYPES:
        return None
    file = files("pizzabar.console").joinpath("assets", *name.split("/"))
    return _answer(file.read_bytes(), match[1], headers) if file.is_file() else None


def page(path: str, stack: Stack, addresses: str, headers: Headers) -> Response:
    """Answer with the page at a path: the pizza bar's if the stack is one, else with what the server is."""
    refs = {resource.logical_id: resource.identity.ref for resource in stack.resources}
    if refs.keys() >= set(PIZZA_BAR.values()):
        name, values = PAGES[path], {name: refs[logical_id] for name, logical_id in PIZZA_BAR.items()}
    else:
        note = "There is no kitchen here: the stack is not the pizza bar." if path == KITCHEN else ""
        name, values = "about.html", {"stack": stack.name, "addresses": addresses, "note": note}
    text = Template(files("pizzabar.console").joinpath(name).read_text("utf-8"))
    content = text.substitute({key: escape(value) for key, value in values.items()})
    return _answer(content.encode(), "html", headers)


def _answer(content: bytes, kind: str, headers: Headers) -> Response:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    validity = ((b"cache-control", b"no-cache"), (b"etag", tag.encode()))
    known = header(headers, b"if-none-match") or ""
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(304, b"", validity)
    return Response(
        200,
        content,
        (
            (b"content-type", CONTENT_TYPES[kind]),
            (b"content-security-policy", POLICY),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            *validity,
        ),
    )
