"""The pages over HTTP: who gets which file, and what comes with it."""

import re

import httpx
import pytest

from tests.flow.serving import open_pizza_bar
from tests.wire.asgi import http, server

STYLE = "/_pizzabar/assets/pages.css"


async def test_an_asset_comes_with_its_type_and_is_asked_for_again_each_time() -> None:
    async with server() as (app, _emulator):
        answer = await http(app, "GET", STYLE)

        assert answer.status == 200
        assert answer.body.startswith(b"/* The pages")
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")


async def test_the_client_for_javascript_is_there() -> None:
    async with server() as (app, _emulator):
        client = await http(app, "GET", "/_pizzabar/assets/client.mjs")
        types = await http(app, "GET", "/_pizzabar/assets/client.d.mts")

    assert client.headers["content-type"] == "text/javascript; charset=utf-8"
    assert b"export class Pizzabar" in client.body
    assert types.status == 200


@pytest.mark.parametrize("known", ["{}", 'W/"other", W/{}', '"other",{}'])
async def test_a_browser_that_has_an_asset_is_told_that_it_is_right(known: str) -> None:
    async with server() as (app, _emulator):
        tag = (await http(app, "GET", STYLE)).headers["etag"]

        answer = await http(app, "GET", STYLE, if_none_match=known.format(tag))

        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
        assert "content-length" not in answer.headers
        assert (await http(app, "GET", STYLE, if_none_match='"other"')).status == 200


async def test_head_has_the_headers_and_no_body() -> None:
    async with open_pizza_bar() as bar, httpx.AsyncClient(base_url=f"http://localhost:{bar.port}") as client:
        for path in (STYLE, "/", "/kitchen"):
            accept = {"accept": "text/html"}
            whole, head = await client.get(path, headers=accept), await client.head(path, headers=accept)

            assert (head.status_code, head.content) == (200, b"")
            assert int(head.headers["content-length"]) == len(whole.read())
            assert head.headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nowhere.css",
        "../about.html",
        "../__init__.py",
        "%2e%2e/about.html",
        "..%2fabout.html",
        "..%5cabout.html",
        "/etc/passwd",
        "//etc/hosts.txt",
        "./pages.css",
        ".hidden.css",
        "pages.css/",
        "pages.css%00.js",
        "pages.css%0a",
    ],
)
async def test_there_is_no_way_out_of_the_folder(name: str) -> None:
    async with server() as (app, _emulator):
        assert (await http(app, "GET", f"/_pizzabar/assets/{name}")).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_an_asset_is_only_looked_at(method: str) -> None:
    async with server() as (app, _emulator):
        answer = await http(app, method, STYLE)

        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}])
async def test_strangers_get_no_assets(headers: dict[str, str]) -> None:
    async with server() as (app, _emulator):
        assert (await http(app, "GET", STYLE, b"", **headers)).status == 403


@pytest.mark.parametrize("path", ["/", "/kitchen"])
async def test_what_a_page_asks_for_is_there(path: str) -> None:
    async with server() as (app, _emulator):
        page = await http(app, "GET", path, accept="text/html,*/*;q=0.8")

        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        names = re.findall(r'"(_pizzabar/assets/[^"]+)"', page.body.decode())
        assert names
        for name in names:
            answer = await http(app, "GET", f"/{name}")
            assert answer.status == 200
            # Nothing is loaded from elsewhere.
            assert not re.search(rb"""(?:from|import|src=|url\()\s*["']?https?:""", answer.body)


async def test_the_assets_load_no_control_plane() -> None:
    async with server() as (app, _emulator):
        await http(app, "GET", STYLE)

        assert app._control is None
