"""
The names of a handshake's headers. API Gateway hands them on as they came, and functions look for them so.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

_STANDARD = {
    name.lower(): name
    for name in (
        *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection"),
        *("Content-Length", "Cookie", "Host", "Origin", "Pragma", "Referer", "Sec-WebSocket-Extensions"),
        *("Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "Upgrade", "User-Agent", "Via"),
        *("X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"),
    )
}
"""How those are usually written that clients and proxies send by themselves."""


def as_written(names: list[bytes]) -> list[str]:
    """Give the names of headers as the client wrote them, or usually does where the server has lower case alone."""
    texts = [name.decode("latin-1") for name in names]
    if all(text == text.lower() for text in texts):
        return [_STANDARD.get(text, text) for text in texts]
    return texts
