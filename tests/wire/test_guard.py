"""Who may speak to the server."""

import pytest

from pizzabar.wire.guard import Guard, header


def refuses(guard: Guard, **headers: str) -> bool:
    return guard.refusal([(name.encode(), value.encode()) for name, value in headers.items()]) is not None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST:8000",
        "127.0.0.1",
        "127.0.0.1:8000",
        "[::1]",
        "[::1]:8000",
        "a1b2c3d4e5.execute-api.localhost:8000",
        "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
    ],
)
def test_local_names_may_pass(host: str) -> None:
    assert not refuses(Guard(), host=host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evillocalhost",
        "sqs.us-east-1.amazonaws.com",
        "a.b.execute-api.us-east-1.amazonaws.com",
        "a.execute-api.us-east-1.amazonaws.com.evil.example",
        "[::2]:8000",
        "0.0.0.0:8000",
        "",
        ":8000",
    ],
)
def test_a_foreign_host_is_refused(host: str) -> None:
    """A name of another's that points here is DNS rebinding."""
    assert refuses(Guard(), host=host)


def test_a_program_has_no_origin() -> None:
    assert not refuses(Guard(), host="localhost", accept="*/*")
    assert not refuses(Guard())


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://localhost", "http://127.0.0.1:8000", "http://[::1]:8000"]
)
def test_local_pages_may_pass(origin: str) -> None:
    assert not refuses(Guard(), host="localhost:8000", origin=origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "null",
        "",
        "file://",
        "localhost",
        "http://[::1",
    ],
)
def test_a_foreign_page_is_refused(origin: str) -> None:
    assert refuses(Guard(), host="localhost:8000", origin=origin)


def test_a_foreign_host_is_refused_whatever_its_origin() -> None:
    assert refuses(Guard(), origin="http://localhost", host="evil.example")


def test_hosts_may_be_allowed() -> None:
    guard = Guard(["Pizza.Test"])

    assert not refuses(guard, host="pizza.test:8000")
    assert not refuses(guard, host="pizza.test:8000", origin="http://pizza.test:8000")
    assert refuses(guard, host="other.test")


def test_origins_may_be_allowed() -> None:
    guard = Guard([], ["https://Shop.Test/"])

    assert not refuses(guard, host="localhost", origin="https://shop.test")
    assert refuses(guard, host="localhost", origin="http://shop.test")
    assert refuses(guard, host="shop.test")


def test_any_host_may_be_allowed_and_still_not_any_page() -> None:
    guard = Guard(["*"])

    assert not refuses(guard, host="pizza.test")
    assert not refuses(guard, host="pizza.test", origin="http://pizza.test")
    assert refuses(guard, host="pizza.test", origin="https://evil.example")
    assert refuses(guard, origin="https://evil.example", host="pizza.test")


def test_any_page_may_be_allowed() -> None:
    assert not refuses(Guard([], ["*"]), host="localhost", origin="https://evil.example")


def test_a_refusal_says_how_to_allow_it() -> None:
    host = Guard().refusal([(b"host", b"pizza.test")])
    origin = Guard().refusal([(b"host", b"localhost"), (b"origin", b"https://shop.test")])

    assert host == "Host pizza.test is not this server's: allow it with PIZZABAR_ALLOWED_HOSTS"
    assert origin == "Origin https://shop.test may not use this server: allow it with PIZZABAR_ALLOWED_ORIGINS"


def test_a_header_is_found_by_its_name() -> None:
    headers = [(b"host", b"localhost"), (b"user-agent", b"wscat")]

    assert header(headers, b"user-agent") == "wscat"
    assert header(headers, b"origin") is None


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        # Whether that page may is judged by its origin.
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:3000"}, False),
    ],
)
def test_a_get_that_does_something(headers: dict[str, str], is_refused: bool) -> None:
    """A picture in a page of another site's asks without an Origin."""
    given = [(name.encode(), value.encode()) for name, value in headers.items()]

    assert (Guard().refusal_of_get(given) is not None) == is_refused
    assert Guard(allowed_origins=["*"]).refusal_of_get(given) is None
