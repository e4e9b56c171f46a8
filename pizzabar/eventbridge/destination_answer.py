"""
What answers of API destinations mean: whether an event is delivered, and when it is tried again.

Pure.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html#eb-api-destination-error-codes
"""

from datetime import UTC, datetime, timedelta

from pizzabar.documents import NotJSON, parse
from pizzabar.eventbridge.transport import DeliveryFailure
from pizzabar.http_client import HttpResponse
from pizzabar.record import record

RETRIED = frozenset({401, 407, 409, 429})
UNAUTHORIZED = frozenset({401, 407})
"""Answers after which an access token is not used again."""
MAX_TOLD = 512
"""Characters of an answer that are told."""
PREFIX = "Unable to invoke ApiDestination endpoint: "
# Codes and messages of these two were seen on AWS.
UNREACHABLE = ("SDK_CLIENT_ERROR", f"{PREFIX}API destination endpoint cannot be reached.")
TIMED_OUT = ("UNKNOWN", f"{PREFIX}Timeout calling endpoint for API Destination: socket closed.")


@record
class Token:
    """An access token, and until when it is good; None for until it is refused."""

    text: str
    expires: datetime | None

    def lasts(self, until: datetime) -> bool:
        """Whether the token is good up to then."""
        return self.expires is None or self.expires > until


def failure_of(response: HttpResponse, now: datetime) -> DeliveryFailure | None:
    """Say how an answer fails a delivery, if it does.

    The codes are those of dead-letter queues in general; which of them AWS gives for a status is not documented, nor
    is the message.
    """
    status = response.status
    if 200 <= status < 300:
        return None
    code = "ERROR_FROM_TARGET" if status >= 500 or status < 400 else "SDK_CLIENT_ERROR"
    told = f" with payload: {response.body[:MAX_TOLD]}" if response.body else ""
    message = f"{PREFIX}API destination returned HTTP status {status}{told}"
    after = _retry_after(response, now)
    is_retried = (status in RETRIED or status >= 500) and after is not None
    return DeliveryFailure(code, message, is_final=not is_retried, retry_after=after or timedelta())


def read_token(response: HttpResponse, now: datetime) -> Token | str:
    """Read the answer of an authorization endpoint; give the token, or what is wrong."""
    if not 200 <= response.status < 300:
        return f"the authorization endpoint answered with HTTP status {response.status}"
    try:
        document = parse(response.body)
    except NotJSON:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("access_token"), str):
        return "the authorization endpoint answered without an access_token"
    try:
        expires = now + timedelta(seconds=float(document["expires_in"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        expires = None
    return Token(document["access_token"], expires)


def _retry_after(response: HttpResponse, now: datetime) -> timedelta | None:
    """Read how long the endpoint wants to be left alone; None for forever, which a negative number says."""
    text = next((value.strip() for name, value in response.headers if name.lower() == "retry-after"), "")
    if not text:
        return timedelta()
    try:
        seconds = int(text)
    except ValueError:
        # Only whoever is given a date pays for the import.
        from email.utils import parsedate_to_datetime

        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return timedelta()
        return max(when.replace(tzinfo=when.tzinfo or UTC) - now, timedelta())
    if seconds < 0:
        return None
    return timedelta(seconds=min(seconds, 1 << 31))
