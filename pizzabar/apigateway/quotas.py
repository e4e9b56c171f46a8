"""
Quotas of WebSocket APIs, and throttling.

Pure but for the buckets' own count: the time is an argument.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from datetime import datetime, timedelta

from pizzabar.record import record


@record
class Rate:
    """So many a second, and so many at once."""

    rate: float
    burst: int


AWS_REQUESTS = Rate(10_000, 5_000)
"""Messages and ``@connections`` requests of one account and region.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
AWS_CONNECTIONS = Rate(500, 500)
"""New connections of one account and region."""


@record
class Quotas:
    """What a connection may carry and how long it lasts; without rates nothing is throttled."""

    message_bytes: int = 131_072
    frame_bytes: int = 32_768
    idle: timedelta = timedelta(minutes=10)
    life: timedelta = timedelta(hours=2)
    requests: Rate | None = None
    connections: Rate | None = None


class TokenBucket:
    """Counts what a rate lets pass.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    """

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: datetime) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now

    def take(self, now: datetime) -> bool:
        """Let one more pass, or not."""
        passed = max((now - self._at).total_seconds(), 0.0)
        self._at = max(now, self._at)
        self._tokens = min(self._tokens + passed * self._rate.rate, float(self._rate.burst))
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Throttles:
    """The buckets of an account, and of the routes of stages that have rates of their own."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._buckets: dict[object, TokenBucket] = {}

    def admits_connection(self, now: datetime) -> bool:
        """Whether one more connection may be opened."""
        return self._take("connections", self._quotas.connections, now)

    def admits_request(self, now: datetime) -> bool:
        """Whether the account takes one more message, or request to ``@connections``."""
        return self._take("requests", self._quotas.requests, now)

    def admits_message(self, api_id: str, stage: str, route_key: str, rate: Rate | None, now: datetime) -> bool:
        """Whether a route takes one more message: by its own rate, if it has one, and the account's."""
        if rate is not None and not self._take((api_id, stage, route_key), rate, now):
            return False
        return self.admits_request(now)

    def _take(self, key: object, rate: Rate | None, now: datetime) -> bool:
        if rate is None:
            return True
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(rate, now)
        return bucket.take(now)
