"""
Schedules on the clock.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import pytest

from pizzabar.documents import JSON
from pizzabar.scheduler.schedule import Schedule
from tests.scheduler.service import FUNCTION, OFF, TICK, schedule, scheduler


def at(*moments: str) -> list[str]:
    """Write moments as the function is told them."""
    return [f'"{moment}Z"' for moment in moments]


async def test_once() -> None:
    async with scheduler() as ask:
        await ask.create("at(2026-03-01T12:30:00)")
        await ask.pass_time(minutes=29)
        assert ask.take() == []

        await ask.pass_time(days=2)

        assert ask.take() == at("2026-03-01T12:30:00")
        assert (await ask("GetSchedule", Name="tick"))["ScheduleExpression"] == "at(2026-03-01T12:30:00)"


async def test_once_in_a_time_that_has_passed_is_at_once() -> None:
    """Within the age that the retry policy allows; a day later it is given up."""
    async with scheduler() as ask:
        await ask.create("at(2026-02-28T13:00:00)", "late")
        await ask.create("at(2026-02-28T11:00:00)", "too-late")
        await ask.pass_time(days=1)

        assert ask.take() == at("2026-02-28T13:00:00")
        own_fault = "AWS.Scheduler.InternalServerError: Unexpected error occurred while processing the request"
        assert [notes for notes in ask.notes() if notes] == [{"given up": f"{own_fault} (MaximumEventAgeInSeconds)"}]


async def test_a_rate_begins_when_it_is_made() -> None:
    async with scheduler() as ask:
        await ask.pass_time(minutes=3)
        await ask.create("rate(5 minutes)")
        await ask.world.settled()
        assert ask.take() == at("2026-03-01T12:03:00")

        await ask.pass_time(minutes=11)
        assert ask.take() == at("2026-03-01T12:08:00", "2026-03-01T12:13:00")


async def test_a_rate_begins_at_its_start_and_ends_at_its_end() -> None:
    async with scheduler() as ask:
        await ask.create("rate(1 hours)", StartDate="2026-03-01T15:30:00Z", EndDate="2026-03-01T17:30:00Z")
        await ask.pass_time(days=1)

        assert ask.take() == at("2026-03-01T15:30:00", "2026-03-01T16:30:00", "2026-03-01T17:30:00")
        assert ask.world.clock.current.next_call() is None


async def test_a_cron_has_a_start_and_an_end() -> None:
    async with scheduler() as ask:
        ends: JSON = {"StartDate": 1_772_446_200, "EndDate": "2026-03-03T10:00:00Z"}
        await ask.create("cron(0 10,18 * * ? *)", **ends)
        await ask.pass_time(days=5)

        assert ask.take() == at("2026-03-02T18:00:00", "2026-03-03T10:00:00")


async def test_the_year_may_be_left_out() -> None:
    async with scheduler() as ask:
        await ask.create("cron(30 12 * * ?)")
        await ask.pass_time(days=1)

        assert ask.take() == at("2026-03-01T12:30:00")


@pytest.mark.parametrize(
    ("begin", "zone", "expression", "days", "expected"),
    [
        # Clocks go forward: 2:30 is skipped. They go back: 1:30 is once, before the shift.
        (
            "2027-03-13T12:00",
            "America/Los_Angeles",
            "cron(30 2 * * ? *)",
            3,
            ["2027-03-15T09:30:00", "2027-03-16T09:30:00"],
        ),
        (
            "2027-11-06T12:00",
            "America/Los_Angeles",
            "cron(30 1 * * ? *)",
            3,
            ["2027-11-07T08:30:00", "2027-11-08T09:30:00", "2027-11-09T09:30:00"],
        ),
        # The other half of the world.
        (
            "2026-10-02T12:00",
            "Australia/Sydney",
            "cron(30 2 * * ? *)",
            3,
            ["2026-10-02T16:30:00", "2026-10-04T15:30:00"],
        ),
        (
            "2027-04-02T12:00",
            "Australia/Sydney",
            "cron(30 2 * * ? *)",
            3,
            ["2027-04-02T15:30:00", "2027-04-03T15:30:00", "2027-04-04T16:30:00"],
        ),
        # A day of a rate has 24 hours.
        (
            "2027-03-13T12:00",
            "America/Los_Angeles",
            "rate(1 days)",
            3,
            ["2027-03-13T12:00:00", "2027-03-14T12:00:00", "2027-03-15T12:00:00", "2027-03-16T12:00:00"],
        ),
        # Not documented: once in an hour that is left out is as much later, in one that comes twice the first time.
        ("2027-03-13T12:00", "America/Los_Angeles", "at(2027-03-14T02:30:00)", 3, ["2027-03-14T10:30:00"]),
        ("2027-11-06T12:00", "America/Los_Angeles", "at(2027-11-07T01:30:00)", 3, ["2027-11-07T08:30:00"]),
        # Ends of months and leap days.
        ("2028-02-28T00:00", "UTC", "cron(0 12 L * ? *)", 40, ["2028-02-29T12:00:00", "2028-03-31T12:00:00"]),
        ("2027-02-27T00:00", "Asia/Tokyo", "cron(0 0 L * ? *)", 35, ["2027-02-27T15:00:00", "2027-03-30T15:00:00"]),
        ("2028-02-28T18:00", "UTC", "cron(0 12 29 2 ? *)", 400, ["2028-02-29T12:00:00"]),
        ("2028-02-28T12:00", "UTC", "rate(1 day)", 2, [f"2028-0{day}T12:00:00" for day in ("2-28", "2-29", "3-01")]),
    ],
)
async def test_days_that_are_not_as_others(
    begin: str, zone: str, expression: str, days: int, expected: list[str]
) -> None:
    async with scheduler() as ask:
        ask.move(begin)
        await ask.create(expression, ScheduleExpressionTimezone=zone)
        await ask.pass_time(days=days)

        assert ask.take() == at(*expected)


async def test_a_flexible_window_draws_the_same_moment_again() -> None:
    async with scheduler() as ask:
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
        await ask.create("cron(0 0 * * ? *)", FlexibleTimeWindow=window)
        made = ask.schedules.get("tick")
        assert made.next is not None
        due = made.moment_of(made.next)
        assert made.next < due < made.next.replace(hour=1)
        assert Schedule.from_json(TICK, made.as_json()).moment_of(made.next) == due

        await ask.world.virtual.advance(due - ask.now)
        await ask.world.settled()
        # It is told the time, not the moment.
        assert ask.take() == at("2026-03-02T00:00:00")


async def test_a_change_within_a_window_loses_no_time() -> None:
    async with scheduler() as ask:
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440}
        await ask.create("rate(1 day)", FlexibleTimeWindow=window)
        await ask.pass_time(minutes=1)
        assert ask.take() == []

        await ask("UpdateSchedule", **schedule("rate(1 day)", FlexibleTimeWindow=window, Description="d"))
        await ask.pass_time(days=1)
        assert ask.take() == at("2026-03-01T12:00:00")


async def test_windows_that_overlap_lose_no_time() -> None:
    async with scheduler() as ask:
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
        await ask.create("rate(1 minute)", FlexibleTimeWindow=window, EndDate="2026-03-01T12:59:00Z")
        await ask.pass_time(hours=2)

        assert sorted(ask.take()) == at(*(f"2026-03-01T12:{minute:02}:00" for minute in range(60)))


async def test_a_schedule_that_is_disabled_rests() -> None:
    async with scheduler() as ask:
        await ask.create("rate(5 minutes)", State="DISABLED")
        await ask.pass_time(minutes=12)
        assert ask.take() == []

        await ask("UpdateSchedule", **schedule("rate(5 minutes)"))
        await ask.pass_time(minutes=4)
        # Its times stay; those that it slept through are not made up for.
        assert ask.take() == at("2026-03-01T12:15:00")

        await ask("UpdateSchedule", **schedule("rate(5 minutes)", State="DISABLED"))
        await ask.pass_time(minutes=30)
        assert ask.take() == []


async def test_once_is_made_up_for_when_it_is_enabled_again() -> None:
    """As the troubleshooting of AWS tells."""
    async with scheduler() as ask:
        await ask.create("at(2026-03-01T13:30:00)", State="DISABLED")
        await ask.pass_time(hours=2)
        await ask("UpdateSchedule", **schedule("at(2026-03-01T13:30:00)"))
        await ask.world.settled()

        assert ask.take() == at("2026-03-01T13:30:00")


async def test_another_expression_begins_anew_and_another_target_does_not() -> None:
    async with scheduler() as ask:
        await ask.create("rate(10 minutes)")
        await ask.pass_time(minutes=3)
        ask.take()

        other = {"Input": '"other"'}
        await ask("UpdateSchedule", **schedule("rate(10 minutes)", target=other))
        await ask.pass_time(minutes=8)
        assert ask.take() == ['"other"']

        await ask("UpdateSchedule", **schedule("rate(20 minutes)"))
        await ask.pass_time(minutes=21)
        assert ask.take() == at("2026-03-01T12:11:00", "2026-03-01T12:31:00")


async def test_a_schedule_that_is_deleted_is_forgotten() -> None:
    async with scheduler() as ask:
        await ask.create("rate(5 minutes)", StartDate="2026-03-01T13:00:00Z")
        await ask("DeleteSchedule", Name="tick")

        await ask.pass_time(hours=3)
        assert ask.take() == []
        assert ask.world.clock.current.next_call() is None


@pytest.mark.parametrize(
    ("expression", "more", "stays"),
    [
        ("at(2026-03-01T12:30:00)", {"ActionAfterCompletion": "DELETE"}, False),
        ("at(2026-03-01T12:30:00)", {"ActionAfterCompletion": "NONE"}, True),
        ("rate(1 hour)", {"ActionAfterCompletion": "DELETE", "EndDate": "2026-03-01T13:30:00Z"}, False),
        # Without an end there is no last time that would be known.
        ("cron(30 12 1 3 ? 2026)", {"ActionAfterCompletion": "DELETE"}, True),
    ],
)
async def test_what_becomes_of_a_schedule_that_is_through(expression: str, more: dict[str, str], stays: bool) -> None:
    async with scheduler() as ask:
        await ask.create(expression, **more)
        await ask.pass_time(minutes=29)
        assert len(list(ask.schedules)) == 1
        await ask.pass_time(hours=1)

        assert len(ask.take()) >= 1
        assert bool(list(ask.schedules)) is stays


async def test_a_schedule_is_not_deleted_before_its_last_attempt() -> None:
    async with scheduler() as ask:
        target = {"RetryPolicy": {"MaximumRetryAttempts": 1}}
        await ask.create("at(2026-03-01T12:30:00)", target=target, ActionAfterCompletion="DELETE")

        def fail(asked: object) -> object:
            raise OSError("down")

        ask.world.answer("lambda", "Invoke", fail)
        await ask.pass_time(minutes=30)
        assert [each.name for each in ask.schedules] == ["tick"]
        await ask.pass_time(minutes=1)
        assert list(ask.schedules) == []


async def test_a_schedule_that_was_changed_meanwhile_is_not_deleted() -> None:
    async with scheduler() as ask:
        await ask.create("at(2026-03-01T12:30:00)", ActionAfterCompletion="DELETE")
        failing = True

        def answer(asked: object) -> object:
            if failing:
                raise OSError("down")
            return {"StatusCode": 202}

        ask.world.answer("lambda", "Invoke", answer)
        await ask.pass_time(minutes=30)
        await ask("UpdateSchedule", **schedule("at(2026-03-01T18:00:00)", ActionAfterCompletion="DELETE"))
        failing = False
        await ask.pass_time(minutes=5)

        assert [each.name for each in ask.schedules] == ["tick"]


async def test_in_auto_a_schedule_alone_moves_no_time() -> None:
    async with scheduler() as ask:
        ask.world.virtual.auto = True
        await ask.create("rate(1 hour)")
        began = ask.now
        await ask.world.settled()

        assert ask.now == began
        assert len(ask.take()) == 1


async def test_the_journal_tells_of_what_was_set_off() -> None:
    async with scheduler() as ask:
        await ask.create("at(2026-03-01T12:30:00)", FlexibleTimeWindow=OFF)
        await ask.pass_time(hours=1)

        [hop] = ask.world.hops("scheduler", "InvokeTarget")
        assert hop.parameters == {
            "ScheduleArn": TICK,
            "ScheduledTime": "2026-03-01T12:30:00Z",
            "TargetArn": FUNCTION,
            "ExecutionId": hop.parameters["ExecutionId"],
            "AttemptNumber": 1,
        }
        [invoke] = ask.world.hops("lambda", "Invoke")
        assert (invoke.parent, invoke.trace_id) == (hop.id, hop.trace_id)
