"""
Event buses: which rules get an event, and what reaches their targets.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

import json
from dataclasses import replace

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.eventbridge.event import Event
from pizzabar.faults import FaultRule, Faults
from pizzabar.journal import CAUSE, Attempt, Cause
from tests.eventbridge.service import FUNCTION, LOG_GROUP, ROLE, STATE_MACHINE, EventBridge, eventbridge, order


async def bus(ask: EventBridge, name: str) -> str:
    """Make a bus and give its ARN."""
    return str((await ask("CreateEventBus", Name=name))["EventBusArn"])


async def test_an_event_goes_to_the_function_of_a_rule_that_matches() -> None:
    async with eventbridge() as ask:
        await ask.rule("Tell")

        answer = await ask.put('{"size":"L"}')

        [asked] = ask.invoked
        assert (asked["FunctionName"], asked["InvocationType"]) == (FUNCTION, "Event")
        event = documents.parse(asked["Payload"])
        assert event["id"] == answer["Entries"][0]["EventId"]
        assert event["detail"] == {"size": "L"}
        assert event["time"] == "2026-03-01T12:00:00Z"


async def test_an_event_that_no_rule_matches_goes_nowhere() -> None:
    async with eventbridge() as ask:
        await ask.rule("Tell")

        await ask.put(Source="pasta")

        assert ask.invoked == []


async def test_an_event_goes_to_all_targets_of_all_rules_that_match() -> None:
    async with eventbridge() as ask:
        await ask.rule("One", Input='"1a"')
        await ask("PutTargets", Rule="One", Targets=[{"Id": "b", "Arn": FUNCTION, "Input": '"1b"'}])
        await ask.rule("Two", Input='"2"')

        await ask.put()

        assert sorted(ask.payloads) == ['"1a"', '"1b"', '"2"']


async def test_the_entries_of_one_request_stay_in_order() -> None:
    async with eventbridge() as ask:
        await ask.rule("Tell", InputPath="$.detail.number")
        cause = CAUSE.set(Cause("1-0-0", lane="an execution"))

        await ask("PutEvents", Entries=[order(f'{{"number":{number}}}') for number in range(10)])
        await ask.world.settled()

        CAUSE.reset(cause)
        assert ask.payloads == [str(number) for number in range(10)]


async def test_a_disabled_rule_takes_nothing_until_it_is_enabled() -> None:
    async with eventbridge() as ask:
        await ask.rule("Tell")
        pattern = '{"source":["pizza"]}'

        await ask("PutRule", Name="Tell", EventPattern=pattern, State="DISABLED")
        await ask.put()
        assert ask.invoked == []

        await ask("PutRule", Name="Tell", EventPattern=pattern)
        await ask.put()
        assert len(ask.invoked) == 1


async def test_a_rule_that_is_replaced_keeps_its_targets() -> None:
    async with eventbridge() as ask:
        await ask.rule("Tell")

        await ask("PutRule", Name="Tell", EventPattern='{"source":["pasta"]}')
        await ask.put()
        assert ask.invoked == []
        await ask.put(Source="pasta")
        assert len(ask.invoked) == 1


async def test_buses_do_not_share_their_rules() -> None:
    async with eventbridge() as ask:
        arn = await bus(ask, "orders")
        await ask.rule("Tell", bus="orders")

        await ask.put()
        assert ask.invoked == []
        await ask.put(EventBusName="orders")
        await ask.put(EventBusName=arn)
        assert len(ask.invoked) == 2


async def test_an_event_for_no_bus_is_gone_and_the_journal_tells() -> None:
    """Recorded on AWS: it is accepted, and has an id."""
    async with eventbridge() as ask:
        await ask.rule("Tell")

        answer = await ask.put(EventBusName="nowhere")

        [hop] = ask.world.hops("events", "PutEvents")
        id_ = answer["Entries"][0]["EventId"]
        assert answer == {"FailedEntryCount": 0, "Entries": [{"EventId": id_}]}
        assert hop.notes == {"dropped": {id_: "there is no event bus nowhere"}}
        assert ask.invoked == []


async def test_the_journal_tells_which_rules_matched() -> None:
    async with eventbridge() as ask:
        await ask.rule("Tell")

        answer = await ask("PutEvents", Entries=[order(), order(Source="pasta")])

        first, second = (entry["EventId"] for entry in answer["Entries"])
        [hop] = ask.world.hops("events", "PutEvents")
        assert hop.notes == {"matched": {first: ["Tell"], second: []}}


async def test_a_log_group_gets_the_event_as_one_log_event() -> None:
    async with eventbridge() as ask:
        await ask.rule("Log", LOG_GROUP)
        streams = ask.world.answer("logs", "CreateLogStream")
        logged = ask.world.answer("logs", "PutLogEvents")

        await ask.put('{"size":"L"}')
        await ask.put('{"size":"XL"}')

        assert streams == [{"logGroupName": "/aws/events/pizza", "logStreamName": "Log"}]
        assert [asked["logGroupName"] for asked in logged] == ["/aws/events/pizza"] * 2
        [log_event] = logged[0]["logEvents"]
        assert log_event["timestamp"] == 1_772_366_400_000
        assert documents.parse(log_event["message"])["detail"] == {"size": "L"}


async def test_a_log_stream_that_is_there_is_used() -> None:
    class ResourceAlreadyExistsException(ServiceError):
        """As CloudWatch Logs raises it."""

    def refuse(asked: JSON) -> JSON:
        raise ResourceAlreadyExistsException

    async with eventbridge() as ask:
        await ask.rule("Log", LOG_GROUP)
        ask.world.answer("logs", "CreateLogStream", refuse)
        logged = ask.world.answer("logs", "PutLogEvents")

        await ask.put()

        assert len(logged) == 1


async def test_a_state_machine_is_started_with_the_event_as_input() -> None:
    async with eventbridge() as ask:
        await ask.rule("Bake", STATE_MACHINE, RoleArn=ROLE, InputPath="$.detail")
        started = ask.world.answer("stepfunctions", "StartExecution")

        await ask.put('{"size":"L"}')

        [asked] = started
        assert (asked["stateMachineArn"], asked["input"]) == (STATE_MACHINE, '{"size":"L"}')
        assert 1 <= len(asked["name"]) <= 80


async def test_an_execution_that_was_started_before_is_a_delivery_that_succeeded() -> None:
    class ExecutionAlreadyExists(ServiceError):
        """As Step Functions raises it."""

    def refuse(asked: JSON) -> JSON:
        raise ExecutionAlreadyExists

    async with eventbridge() as ask:
        await ask.rule("Bake", STATE_MACHINE, RoleArn=ROLE)
        started = ask.world.answer("stepfunctions", "StartExecution", refuse)

        await ask.put()
        await ask.world.advance(days=2)

        assert len(started) == 1
        assert await ask.buses.transport.dead_letters() == []


async def test_an_event_goes_on_to_another_bus_as_it_is() -> None:
    async with eventbridge() as ask:
        kitchen = await bus(ask, "kitchen")
        await ask.rule("Forward", kitchen)
        await ask.rule("Tell", bus="kitchen")

        answer = await ask.put('{"size":"L"}')

        [payload] = ask.payloads
        event = documents.parse(payload)
        assert event["id"] == answer["Entries"][0]["EventId"]
        assert event["detail"] == {"size": "L"}


async def test_an_event_goes_from_bus_to_bus_once() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html"""
    async with eventbridge() as ask:
        kitchen, oven = await bus(ask, "kitchen"), await bus(ask, "oven")
        await ask.rule("Forward", kitchen)
        await ask.rule("ForwardAgain", oven, bus="kitchen")
        await ask.rule("Back", "arn:aws:events:us-east-1:123456789012:event-bus/default", bus="kitchen")
        await ask.rule("TellKitchen", bus="kitchen", Input='"kitchen"')
        await ask.rule("TellOven", bus="oven", Input='"oven"')

        await ask.put()

        assert ask.payloads == ['"kitchen"']


async def test_a_function_that_is_missing_is_not_asked_again() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""

    class ResourceNotFoundException(ServiceError):
        """As Lambda raises it."""

    def refuse(asked: JSON) -> JSON:
        raise ResourceNotFoundException(f"Function not found: {FUNCTION}")

    async with eventbridge() as ask:
        await ask.rule("Tell", Input='"payload"', DeadLetterConfig={"Arn": "arn:aws:sqs:us-east-1:1:dead"})
        asked = ask.world.answer("lambda", "Invoke", refuse)

        answer = await ask.put()
        await ask.world.advance(days=2)

        assert answer["FailedEntryCount"] == 0
        assert len(asked) == 1
        [letter] = await ask.buses.transport.dead_letters()
        assert letter.error_code == "NO_RESOURCE"
        assert letter.error_message == f"ResourceNotFoundException: Function not found: {FUNCTION}"
        assert (letter.attempts, letter.exhausted) == (1, "NotRetryable")
        assert letter.delivery.rule_arn == "arn:aws:events:us-east-1:123456789012:rule/Tell"
        assert (letter.delivery.target_arn, letter.delivery.payload) == (FUNCTION, '"payload"')
        assert letter.delivery.dead_letter_arn == "arn:aws:sqs:us-east-1:1:dead"


@pytest.mark.parametrize(
    ("policy", "exhausted", "attempts"),
    [
        ({"MaximumRetryAttempts": 0}, "MaximumRetryAttempts", 1),
        ({"MaximumRetryAttempts": 3}, "MaximumRetryAttempts", 4),
        ({"MaximumEventAgeInSeconds": 60}, "MaximumEventAgeInSeconds", None),
    ],
)
async def test_a_target_that_fails_is_asked_again_as_its_retry_policy_says(
    policy: JSON, exhausted: str, attempts: int | None
) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html"""

    def fail(asked: JSON) -> JSON:
        raise ServiceError("out of order")

    async with eventbridge() as ask:
        await ask.rule("Tell", RetryPolicy=policy)
        asked = ask.world.answer("lambda", "Invoke", fail)

        await ask.put()
        assert len(asked) == 1
        await ask.world.advance(days=2)

        [letter] = await ask.buses.transport.dead_letters()
        assert (letter.error_code, letter.exhausted) == ("ERROR_FROM_TARGET", exhausted)
        assert letter.attempts == len(asked)
        assert len(asked) == attempts if attempts is not None else 4 < len(asked) < 10
        assert len({each["Payload"] for each in asked}) == 1


async def test_a_target_that_recovers_gets_its_events_in_order() -> None:
    is_broken = True

    def fail(asked: JSON) -> JSON:
        if is_broken:
            raise ServiceError("out of order")
        return {}

    async with eventbridge() as ask:
        await ask.rule("Tell", InputPath="$.detail.number")
        asked = ask.world.answer("lambda", "Invoke", fail)
        cause = CAUSE.set(Cause("1-0-0", lane="an execution"))

        await ask.put('{"number":1}')
        await ask.put('{"number":2}')
        CAUSE.reset(cause)
        is_broken = False
        await ask.world.advance(minutes=1)

        assert [each["Payload"] for each in asked] == ["1", "1", "2"]
        assert await ask.buses.transport.dead_letters() == []


async def test_a_repeated_piece_of_work_puts_the_same_events() -> None:
    async with eventbridge() as ask:
        attempts = []
        for _ in range(2):
            cause = CAUSE.set(Cause("1-0-0", attempt=Attempt("an execution/7")))
            attempts.append([await ask("PutEvents", Entries=[order(), order()]) for _ in range(2)])
            CAUSE.reset(cause)
        other = await ask("PutEvents", Entries=[order(), order()])

        assert attempts[0] == attempts[1]
        assert len({entry["EventId"] for answer in (*attempts[0], other) for entry in answer["Entries"]}) == 6


async def test_what_follows_from_a_delivery_belongs_to_the_trace_of_the_event() -> None:
    async with eventbridge() as ask:
        await ask.rule("Tell")

        await ask.put()

        [put], [invoke] = ask.world.hops("events", "PutEvents"), ask.world.hops("lambda", "Invoke")
        assert invoke.trace_id == put.trace_id
        assert invoke.parent == put.id


TRACE = "1-5759e988-bd862e3fe1be46a994272793"


async def test_an_entry_that_names_a_trace_is_delivered_in_it() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html"""
    async with eventbridge() as ask:
        await ask.rule("Tell")

        named = order(TraceHeader=f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1")
        await ask("PutEvents", Entries=[order(), named, order(TraceHeader="nonsense")])
        await ask.world.settled()

        [put] = ask.world.hops("events", "PutEvents")
        invoked = sorted((hop.trace_id == TRACE, hop.sampled) for hop in ask.world.hops("lambda", "Invoke"))
        assert invoked == [(False, None), (False, None), (True, True)]
        assert {hop.parent for hop in ask.world.hops("lambda", "Invoke")} == {put.id, 0}


async def test_an_entry_that_names_the_trace_at_hand_stays_below_its_request() -> None:
    async with eventbridge() as ask:
        await ask.rule("Tell")
        cause = CAUSE.set(Cause(TRACE, 7))
        try:
            await ask.put(TraceHeader=f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=0")
        finally:
            CAUSE.reset(cause)

        [put], [invoke] = ask.world.hops("events", "PutEvents"), ask.world.hops("lambda", "Invoke")
        assert (put.parent, invoke.parent) == (7, put.id)


async def test_a_kept_target_that_is_none_any_more_is_told_of() -> None:
    async with eventbridge() as ask:
        await ask.rule("tell")
        kept = ask.buses.to_keep()
        kept["rules"][0]["targets"].append({"Id": "old", "Arn": STATE_MACHINE})
        ask.buses.get().remove("tell")

        told = ask.buses.restore(kept, ())

        reason = f"RoleArn is required for target {STATE_MACHINE}."
        assert told == [f"the target old of the rule tell is gone: {reason}"]
        assert [target.id for target in ask.buses.get().rules["tell"].targets] == ["t"]


async def test_a_bus_that_is_sent_no_json_takes_nothing_from_others() -> None:
    async with eventbridge() as ask:
        kitchen = await bus(ask, "kitchen")
        await ask.rule("a", kitchen, InputTransformer={"InputTemplate": '"a plain text"'})
        await ask.rule("b")
        target = ask.buses.get().rules["a"].targets[0]
        broken = replace(target, part=lambda event, arn, name: "no JSON")
        ask.buses.change_rule("a", targets=(broken,))

        await ask.put()

        assert len(ask.payloads) == 1
        [letter] = await ask.buses.transport.dead_letters()
        assert letter.error_code == "INVALID_JSON"


async def test_an_input_that_cannot_be_made_takes_nothing_from_others(caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: Event, arn: str, name: str) -> str:
        raise KeyError("time")

    async with eventbridge() as ask:
        await ask.rule("a")
        await ask.rule("b")
        ask.buses.change_rule("a", targets=(replace(ask.buses.get().rules["a"].targets[0], part=fail),))

        await ask.put()

        assert len(ask.payloads) == 1
        [letter] = await ask.buses.transport.dead_letters()
        assert letter.error_message == "KeyError: 'time'"
        assert "the input of the target t" in caplog.text


async def test_a_bus_elsewhere_is_not_one_of_ours() -> None:
    far = "arn:aws:events:eu-west-3:999988887777:event-bus/default"
    async with eventbridge() as ask:
        await ask.rule("tell")
        with pytest.raises(ServiceError, match=f"of other accounts and regions are not supported: {far}"):
            await ask.rule("far", far, RoleArn=ROLE)
        assert await ask.fails("DescribeEventBus", Name=far) == (
            f"ResourceNotFoundException: Event bus {far} does not exist."
        )
        await ask.put(EventBusName=far)
        assert ask.payloads == []
        [hop] = ask.world.hops("events", "PutEvents")
        assert hop.notes is not None
        assert list(hop.notes["dropped"].values()) == [f"there is no event bus {far}"]
        await ask.put(EventBusName="arn:aws:events:us-east-1:123456789012:event-bus/default")
        assert len(ask.payloads) == 1


async def test_a_log_group_that_is_made_again_takes_the_next_event() -> None:
    class ResourceNotFoundException(ServiceError):
        """As Logs raises it."""

    streams: list[JSON] = []

    def put(asked: JSON) -> JSON:
        if not streams:
            raise ResourceNotFoundException
        return {}

    async with eventbridge() as ask:
        await ask.rule("log", LOG_GROUP)

        def make(asked: JSON) -> JSON:
            streams.append(asked)
            return {}

        ask.world.answer("logs", "CreateLogStream", make)
        taken = ask.world.answer("logs", "PutLogEvents", put)
        await ask.put()
        streams.clear()
        await ask.put()

        assert len(taken) == 3
        assert await ask.buses.transport.dead_letters() == []


async def test_entries_with_traces_of_their_own_keep_their_place() -> None:
    trace = {"TraceHeader": "Root=1-67891233-abcdef012345678912345678"}
    async with eventbridge() as ask:
        await ask.rule("tell")
        entries = [order('{"n":1}'), order('{"n":2}', **trace), order('{"n":3}')]
        await ask("PutEvents", Entries=entries)
        await ask.world.settled()
        assert [json.loads(each)["detail"]["n"] for each in ask.payloads] == [1, 2, 3]

        refused = await ask.fails("PutEvents", Entries=[order(**trace), order(Time="late")])
        assert refused.startswith("SerializationException")
        assert len(ask.payloads) == 3


async def test_what_a_service_tells_never_fails_what_it_tells_of(caplog: pytest.LogCaptureFixture) -> None:
    async with eventbridge() as ask:
        faults = Faults(ask.world.clock, ask.world.call.journal, _nobody)
        ask.world.call.break_by(faults.rules, faults.around)
        faults.add(FaultRule("throttle", "events", "PutEvents"))
        await ask.rule("tell")
        ask.buses.announce("aws.states", "Changed", {}, "arn:a")
        await ask.world.settled()
        assert "not everybody was told of Changed" in caplog.text


async def _nobody(connection: str) -> None:
    raise AssertionError(connection)
