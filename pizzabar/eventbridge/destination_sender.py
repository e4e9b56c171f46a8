"""
How an event is brought to an API destination: in its turn, authorized, and within five seconds.

Each request is a hop of the journal, ``events:InvokeApiDestination``, without what is secret in it.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

from datetime import timedelta

from pizzabar.clock import Clock, within
from pizzabar.documents import JSON
from pizzabar.eventbridge.access_tokens import NoToken
from pizzabar.eventbridge.api_destination import ApiDestination
from pizzabar.eventbridge.api_destinations import ApiDestinations
from pizzabar.eventbridge.connection import DEAUTHORIZED, Connection
from pizzabar.eventbridge.destination_answer import PREFIX, TIMED_OUT, UNAUTHORIZED, UNREACHABLE, failure_of
from pizzabar.eventbridge.destination_request import authorization, illegal_header, invocation
from pizzabar.eventbridge.errors import ResourceNotFoundException
from pizzabar.eventbridge.http_parameters import Filled
from pizzabar.eventbridge.invocation_rates import InvocationRate
from pizzabar.eventbridge.secrets import MASK, scrubbed
from pizzabar.eventbridge.transport import DeliveryFailure, EventDelivery, Postponed
from pizzabar.http_client import HttpClient, HttpRequest, HttpResponse
from pizzabar.journal import note
from pizzabar.operations import Trace

LIMIT = timedelta(seconds=5)


class DestinationSender:
    """Invokes API destinations."""

    def __init__(self, destinations: ApiDestinations, http: HttpClient, clock: Clock, relay: Trace) -> None:
        self._destinations = destinations
        self._http = http
        self._clock = clock
        self._relay = relay
        self._rates: dict[str, InvocationRate] = {}

    async def send(self, delivery: EventDelivery) -> None:
        """Bring a delivery to its API destination. Raise ``DeliveryFailure`` or ``ServiceError``."""
        destination = self._destinations.destination_of(delivery.target_arn)
        if destination is None:
            raise ResourceNotFoundException(f"The API destination {delivery.target_arn} does not exist.")
        self._wait_for_turn(destination, delivery)
        shown = {"ApiDestinationArn": destination.arn, "HttpMethod": destination.method}

        async def invoke(parameters: JSON) -> JSON:
            return await self._invoke(destination, delivery)

        await self._relay("events", "InvokeApiDestination", shown, invoke)

    def _wait_for_turn(self, destination: ApiDestination, delivery: EventDelivery) -> None:
        rate = self._rates.get(destination.arn)
        if rate is None or rate.per_second != destination.per_second:
            rate = self._rates[destination.arn] = InvocationRate(destination.per_second)
        key = f"{delivery.event_id}/{delivery.rule_arn}/{delivery.target_id}"
        now = self._clock.now()
        when = rate.turn(key, now, now + timedelta(seconds=delivery.maximum_age_seconds))
        if when is not None:
            raise Postponed("THROTTLING", f"{PREFIX}{destination.per_second} requests a second are its limit", when)

    async def _invoke(self, destination: ApiDestination, delivery: EventDelivery) -> JSON:
        connection = self._destinations.connection_of(destination.connection_arn)
        if connection is None or connection.state == DEAUTHORIZED:
            # It may be authorized again before the retries are over; what AWS does is not documented.
            raise _inactive(destination, connection)
        try:
            token = await self._destinations.token_of(connection)
        except NoToken as error:
            if error.is_refused:
                self._destinations.note_refused(connection, error.reason)
            raise DeliveryFailure("SDK_CLIENT_ERROR", f"{PREFIX}{error.reason}", is_final=False) from error
        filled = Filled.from_json(delivery.http)
        request = invocation(destination, connection, filled, delivery.payload, token)
        masked = token and MASK
        note("request", _shown(invocation(destination, connection.masked(), filled, delivery.payload, masked)))
        illegal = illegal_header(request)
        if illegal is not None:
            why = f"{PREFIX}the header {illegal} would have control characters in it"
            raise DeliveryFailure("SDK_CLIENT_ERROR", why, is_final=True)
        response = await self._ask(request, _secrets(connection, token))
        failure = failure_of(response, self._clock.now())
        if failure is not None:
            if response.status in UNAUTHORIZED:
                # The next attempt fetches another token.
                self._destinations.forget_token(connection.arn)
            raise failure
        return {"StatusCode": response.status}

    async def _ask(self, request: HttpRequest, secrets: tuple[str, ...]) -> HttpResponse:
        """Send a request; in what is answered, and becomes a message, nothing is secret."""
        try:
            response = await within(self._clock, self._clock.now() + LIMIT, self._http.send(request))
        except TimeoutError:
            raise DeliveryFailure(*TIMED_OUT, is_final=False) from None
        except OSError as error:
            note("unreachable", scrubbed(str(error), secrets))
            raise DeliveryFailure(*UNREACHABLE, is_final=False) from None
        return HttpResponse(response.status, response.headers, scrubbed(response.body, secrets))


def _secrets(connection: Connection, token: str | None) -> tuple[str, ...]:
    """Give all that is secret in a request, also in the form that it has there."""
    credentials = (value.removeprefix("Basic ") for _, value in authorization(connection, token))
    return (*connection.secrets, *credentials, token or "")


def _inactive(destination: ApiDestination, connection: Connection | None) -> DeliveryFailure:
    state = "deleted" if connection is None else connection.state
    why = f"API destination {destination.name} is inactive: its connection is {state}"
    reason = "" if connection is None or connection.reason is None else f" ({connection.reason})"
    return DeliveryFailure("SDK_CLIENT_ERROR", f"{PREFIX}{why}{reason}", is_final=False)


def _shown(request: HttpRequest) -> JSON:
    return {"method": request.method, "url": request.url, "headers": dict(request.headers), "body": request.body}
