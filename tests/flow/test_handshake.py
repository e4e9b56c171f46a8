"""Handshakes over real sockets."""

from tests.flow.serving import open_pizza_bar


async def test_what_is_written_down_of_a_handshake_has_its_headers_as_the_client_wrote_them() -> None:
    async with open_pizza_bar() as bar:
        async with bar.connect(additional_headers={"token": "a", "HeaderAuth1": "b"}):
            scanned = await bar.emulator.call("dynamodb", "Scan", {"TableName": "pizzabar-Sessions"})

        [session] = scanned["Items"]
        written = session["headers"]["S"]
        assert all(f"{header}, " in written for header in ("token=a", "HeaderAuth1=b"))
        assert f"Host=localhost:{bar.port}" in written
        assert f"X-Forwarded-Port={bar.port}, X-Forwarded-Proto=http, X-Amzn-Trace-Id=Root=1-" in written
