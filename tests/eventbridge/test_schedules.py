"""
Rules with schedules.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.eventbridge.service import FUNCTION, EventBridge, eventbridge

RULE = "arn:aws:events:us-east-1:123456789012:rule/tick"


async def schedule(ask: EventBridge, expression: str = "rate(5 minutes)", **target: Any) -> None:
    """Make the rule ``tick`` with one target."""
    await ask("PutRule", Name="tick", ScheduleExpression=expression)
    await ask("PutTargets", Rule="tick", Targets=[{"Id": "t", "Arn": FUNCTION, **target}])


async def pass_time(ask: EventBridge, minutes: float) -> list[str]:
    """Let time pass, and give what the function got meanwhile."""
    before = len(ask.payloads)
    await ask.world.virtual.advance(timedelta(minutes=minutes))
    await ask.world.settled()
    return ask.payloads[before:]


async def test_the_event_comes_at_its_times() -> None:
    async with eventbridge() as ask:
        await schedule(ask)

        assert await pass_time(ask, 4.9) == []
        [first] = await pass_time(ask, 0.2)
        event = json.loads(first)
        assert event.pop("id")
        assert event == {
            "version": "0",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "123456789012",
            "time": "2026-03-01T12:05:00Z",
            "region": "us-east-1",
            "resources": [RULE],
            "detail": {},
        }
        assert [json.loads(each)["time"] for each in await pass_time(ask, 15)] == [
            "2026-03-01T12:10:00Z",
            "2026-03-01T12:15:00Z",
            "2026-03-01T12:20:00Z",
        ]


async def test_a_target_has_its_own_input() -> None:
    async with eventbridge() as ask:
        await schedule(ask, "cron(30 12 * * ? *)", Input='{"bake":true}')

        assert await pass_time(ask, 24 * 60) == ['{"bake":true}']


async def test_it_is_for_the_targets_of_its_rule_alone() -> None:
    async with eventbridge() as ask:
        await ask("PutRule", Name="all", EventPattern='{"source":[{"prefix":""}]}')
        await ask("PutTargets", Rule="all", Targets=[{"Id": "t", "Arn": FUNCTION}])
        await ask("PutRule", Name="tick", ScheduleExpression="rate(1 minute)")

        assert await pass_time(ask, 3) == []


async def test_a_rule_that_is_changed_disabled_enabled_and_deleted() -> None:
    async with eventbridge() as ask:
        await schedule(ask)
        await ask("DisableRule", Name="tick")
        assert await pass_time(ask, 30) == []

        await ask("EnableRule", Name="tick")
        assert len(await pass_time(ask, 10)) == 2

        await ask("PutRule", Name="tick", ScheduleExpression="rate(1 hour)")
        assert len(await pass_time(ask, 60)) == 1

        await ask("RemoveTargets", Rule="tick", Ids=["t"])
        await ask("DeleteRule", Name="tick")
        assert await pass_time(ask, 120) == []
        assert ask.world.clock.current.next_call() is None


async def test_a_rule_with_a_pattern_and_a_schedule_has_both() -> None:
    async with eventbridge() as ask:
        await ask("PutRule", Name="tick", ScheduleExpression="rate(1 hour)", EventPattern='{"source":["pizza"]}')
        await ask("PutTargets", Rule="tick", Targets=[{"Id": "t", "Arn": FUNCTION}])
        await ask.put()

        assert len(ask.payloads) == 1
        assert len(await pass_time(ask, 60)) == 1


async def test_what_is_told_of_it() -> None:
    async with eventbridge() as ask:
        await schedule(ask)

        described = await ask("DescribeRule", Name="tick")
        assert described == {
            "Name": "tick",
            "Arn": RULE,
            "ScheduleExpression": "rate(5 minutes)",
            "State": "ENABLED",
            "EventBusName": "default",
            "CreatedBy": "123456789012",
        }
        # In a list, who made it is not told.
        del described["CreatedBy"]
        assert (await ask("ListRules"))["Rules"] == [described]


async def test_what_is_refused() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="kitchen")

        assert await ask.fails("PutRule", Name="tick", ScheduleExpression="rate(1 minutes)") == (
            "ValidationException: Parameter ScheduleExpression is not valid."
        )
        assert await ask.fails(
            "PutRule", Name="tick", ScheduleExpression="rate(1 minute)", EventBusName="kitchen"
        ) == ("ValidationException: ScheduleExpression is supported only on the default event bus.")


async def test_in_auto_a_schedule_alone_moves_no_time() -> None:
    async with eventbridge() as ask:
        ask.world.virtual.auto = True
        began = ask.world.clock.now()
        await schedule(ask, "rate(1 minute)")
        await ask.world.settled()

        assert ask.world.clock.now() == began
        assert ask.payloads == []


@pytest.mark.parametrize(
    ("begins", "expression", "days", "expected"),
    [
        # Rules know UTC alone: where clocks change, nothing does.
        ("2027-03-13T12:00", "cron(30 2 * * ? *)", 2, ["2027-03-14T02:30:00Z", "2027-03-15T02:30:00Z"]),
        ("2027-10-30T12:00", "cron(30 1 * * ? *)", 2, ["2027-10-31T01:30:00Z", "2027-11-01T01:30:00Z"]),
        (
            "2028-02-27T12:00",
            "rate(1 day)",
            3,
            ["2028-02-28T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"],
        ),
        ("2028-02-27T12:00", "cron(0 12 29 2 ? *)", 366, ["2028-02-29T12:00:00Z"]),
        (
            "2027-01-30T12:00",
            "cron(0 0 L * ? *)",
            60,
            ["2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z"],
        ),
        ("2027-01-30T12:00", "cron(0 0 31 * ? *)", 60, ["2027-01-31T00:00:00Z", "2027-03-31T00:00:00Z"]),
        ("2027-01-30T12:00", "cron(0 0 1W 5 ? *)", 120, ["2027-05-03T00:00:00Z"]),
        ("2027-01-30T12:00", "cron(0 0 ? * 6L *)", 60, ["2027-02-26T00:00:00Z", "2027-03-26T00:00:00Z"]),
    ],
)
async def test_days_that_are_not_as_others(begins: str, expression: str, days: int, expected: list[str]) -> None:
    async with eventbridge() as ask:
        ask.world.virtual.move(datetime.fromisoformat(begins).replace(tzinfo=UTC))
        await schedule(ask, expression)

        assert [json.loads(each)["time"] for each in await pass_time(ask, days * 24 * 60)] == expected
