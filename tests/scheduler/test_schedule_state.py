"""What is there after a restart, and what becomes of times that came while nothing ran."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from pizzabar.scheduler.schedule import read_document
from tests.scheduler.service import Throttled, open_in, schedule, scheduler
from tests.world import NOON, world


def at(*moments: str) -> list[str]:
    """Write moments of the day as the function is told them."""
    return [f'"2026-03-01T{moment}:00Z"' for moment in moments]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def later(**duration: float) -> datetime:
    return NOON + timedelta(**duration)


async def test_schedules_groups_tags_and_tokens_stay(state: Path) -> None:
    async with scheduler(state) as ask:
        await ask("CreateScheduleGroup", Name="kitchen", Tags=[{"Key": "a", "Value": "b"}])
        await ask.create("rate(1 hour)", GroupName="kitchen", ClientToken="t", StartDate="2026-03-01T18:00:00Z")
        await ask.create("rate(1 hour)", "gone")
        await ask("DeleteSchedule", Name="gone", ClientToken="u")
        told = await ask("GetSchedule", Name="tick", GroupName="kitchen")
        groups = await ask("ListScheduleGroups")

    async with scheduler(state, NOON) as ask:
        assert await ask("GetSchedule", Name="tick", GroupName="kitchen") == told
        assert await ask("ListScheduleGroups") == groups
        kitchen = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/kitchen"
        assert await ask("ListTagsForResource", ResourceArn=kitchen) == {"Tags": [{"Key": "a", "Value": "b"}]}
        await ask.create("rate(1 hour)", GroupName="kitchen", ClientToken="t", StartDate="2026-03-01T18:00:00Z")
        await ask("DeleteSchedule", Name="gone", ClientToken="u")


async def test_a_restart_begins_nothing_anew(state: Path) -> None:
    async with scheduler(state) as ask:
        await ask.create("rate(10 minutes)")
        await ask.pass_time(minutes=13)
        assert ask.take() == at("12:00", "12:10")

    async with scheduler(state, later(minutes=14)) as ask:
        await ask.pass_time(minutes=20)
        assert ask.take() == at("12:20", "12:30")


@pytest.mark.parametrize(
    ("expression", "more", "asleep", "expected"),
    [
        # Once is made up for.
        ("at(2026-03-01T12:30:00)", {}, {"hours": 3}, at("12:30")),
        # Of one that recurs, the last time that was missed; then it goes on.
        ("rate(10 minutes)", {"StartDate": "2026-03-01T12:30:00Z"}, {"hours": 3}, at("15:00", "15:10")),
        ("cron(5 * * * ? *)", {}, {"hours": 3, "minutes": 1}, at("14:05", "15:05")),
        # Also after its end.
        ("rate(1 hour)", {"EndDate": "2026-03-01T13:45:00Z"}, {"days": 0.5}, at("13:00")),
        # What is older than the retry policy allows is given up.
        ("at(2026-03-01T12:30:00)", {}, {"hours": 25}, []),
        ("cron(30 12 1 * ? *)", {}, {"days": 20}, []),
    ],
)
async def test_what_came_due_while_nothing_ran(
    state: Path, expression: str, more: JSON, asleep: dict[str, float], expected: list[str]
) -> None:
    async with scheduler(state) as ask:
        await ask.create(expression, **more)
        await ask.pass_time(seconds=1)

    async with scheduler(state, later(**asleep)) as ask:
        await ask.pass_time(minutes=15)
        assert ask.take() == expected

    # And that once.
    async with scheduler(state, later(**asleep) + timedelta(minutes=15)) as ask:
        await ask.world.settled()
        assert ask.take() == []


async def test_after_years_the_last_time_is_found_at_once(state: Path) -> None:
    async with scheduler(state) as ask:
        await ask.create("cron(* * * * ? *)")

    async with scheduler(state, later(days=3 * 365, seconds=30)) as ask:
        await ask.world.settled()
        assert ask.take() == ['"2029-02-28T12:00:00Z"']


async def test_the_times_that_are_not_made_up_for_are_told(state: Path) -> None:
    async with scheduler(state) as ask:
        await ask.create("rate(10 minutes)")
        await ask.pass_time(minutes=1)

    async with scheduler(state, later(minutes=45)) as ask:
        assert ask.take() == at("12:40")
        assert ask.notes() == [{"missed since": "2026-03-01T12:10:00+00:00"}]


async def test_a_machine_that_slept_makes_up_for_the_last_time() -> None:
    async with scheduler() as ask:
        await ask.create("rate(1 minute)")
        await ask.world.settled()
        ask.take()

        ask.world.virtual.move(later(hours=5, seconds=10))
        await ask.world.settled()
        assert ask.take() == at("17:00")
        await ask.pass_time(minutes=1)
        assert ask.take() == at("17:01")


async def test_what_was_set_off_is_tried_again_after_a_restart(state: Path) -> None:
    def fail(asked: JSON) -> JSON:
        raise Throttled("later")

    async with scheduler(state) as ask:
        ask.world.answer("lambda", "Invoke", fail)
        await ask.create("at(2026-03-01T12:30:00)", ActionAfterCompletion="DELETE", target={"Input": "1"})
        await ask.pass_time(minutes=30, seconds=0.1)

    async with scheduler(state, later(minutes=40)) as ask:
        assert ask.take() == ["1"]
        assert list(ask.schedules) == []


# What the template has.


async def test_the_template_s_keep_their_places(state: Path) -> None:
    ticking = schedule("rate(10 minutes)")
    async with world(state) as around:
        ask = await open_in(around, ticking)
        await ask.pass_time(minutes=5)
        assert (ask.take(), ask.told) == (at("12:00"), [])

    async with world(state, later(minutes=6)) as around:
        ask = await open_in(around, ticking)
        await ask.pass_time(minutes=5)
        assert (ask.take(), ask.told) == (at("12:10"), [])

    # Another expression begins anew, and what the template has no more is gone.
    async with world(state, later(minutes=12)) as around:
        ask = await open_in(around, schedule("rate(30 minutes)"), schedule("rate(1 hour)", "other"))
        assert (ask.take(), ask.told) == (at("12:12", "12:12"), [])
    async with world(state, later(minutes=13)) as around:
        ask = await open_in(around)
        assert (list(ask.schedules), ask.take(), ask.told) == ([], [], [])


async def test_one_that_has_deleted_itself_stays_away(state: Path) -> None:
    once = schedule("at(2026-03-01T12:30:00)", ActionAfterCompletion="DELETE")
    async with world(state) as around:
        ask = await open_in(around, once)
        await ask.pass_time(hours=1)
        assert (ask.take(), list(ask.schedules)) == (at("12:30"), [])

    async with world(state, later(hours=2)) as around:
        ask = await open_in(around, once)
        assert (ask.take(), list(ask.schedules), ask.told) == ([], [], [])

    async with world(state, later(hours=3)) as around:
        ask = await open_in(around, schedule("at(2026-03-01T15:30:00)", ActionAfterCompletion="DELETE"))
        await ask.pass_time(hours=1)
        assert (ask.take(), list(ask.schedules)) == (at("15:30"), [])


async def test_what_calls_have_changed_is_the_template_s_again(state: Path) -> None:
    declared = [schedule("rate(1 hour)", name, State="DISABLED") for name in ("changed", "deleted", "same")]
    async with world(state) as around:
        ask = await open_in(around, *declared)
        ask.schedules.change(read_document(schedule("rate(2 hours)", "changed")))
        ask.schedules.delete("deleted")
        ask.schedules.create(read_document(schedule("rate(1 hour)", "own")))

    for expected in (
        [
            "the schedule changed is the template's again",
            "the schedule deleted is there again, as the template has it",
        ],
        [],
    ):
        async with world(state, later(minutes=5)) as around:
            ask = await open_in(around, *declared)
            assert ask.told == expected
            assert {each.name: each.document["ScheduleExpression"] for each in ask.schedules} == dict.fromkeys(
                ("changed", "deleted", "own", "same"), "rate(1 hour)"
            )


async def test_a_group_that_the_template_has_no_more_is_gone_with_its_schedules(state: Path) -> None:
    async with world(state) as around:
        ask = await open_in(around, schedule("rate(1 hour)", GroupName="kitchen"), groups=("kitchen",))
        ask.schedules.create(read_document(schedule("rate(1 hour)", "own", GroupName="kitchen")))

    async with world(state) as around:
        ask = await open_in(around)
        assert (list(ask.schedules), [group.name for group in ask.schedules.groups]) == ([], ["default"])
