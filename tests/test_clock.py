"""The one clock: real, scaled, virtual, and changed from one to another."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pizzabar.clock import EmulatorClock, SystemClock, VirtualClock, within
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class Calls:
    """Notes the calls that a clock makes, and lets a test wait for one in real time."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self._arrived: dict[str, asyncio.Event] = {}

    def named(self, name: str) -> Callable[[], None]:
        def call() -> None:
            self.made.append(name)
            self._event(name).set()

        return call

    async def arrival(self, name: str) -> None:
        await asyncio.wait_for(self._event(name).wait(), 5)

    def _event(self, name: str) -> asyncio.Event:
        return self._arrived.setdefault(name, asyncio.Event())


# Virtual time.


async def test_a_virtual_clock_stands_still() -> None:
    clock = VirtualClock(Work(), NOON)

    await clock.work.settled()

    assert clock.now() == NOON


async def test_advance_makes_each_call_at_its_own_time() -> None:
    clock = VirtualClock(Work(), NOON)
    times: list[datetime] = []
    for delay in (30, 10, 20):
        clock.call_at(NOON + seconds(delay), lambda: times.append(clock.now()))

    await clock.advance(seconds(25))

    assert times == [NOON + seconds(10), NOON + seconds(20)]
    assert clock.now() == NOON + seconds(25)


async def test_advance_reaches_a_call_that_is_due_at_its_very_end() -> None:
    clock, calls = VirtualClock(Work(), NOON), Calls()
    clock.call_at(NOON + seconds(5), calls.named("bell"))

    await clock.advance(seconds(5))

    assert calls.made == ["bell"]


async def test_what_follows_from_a_call_settles_before_the_next() -> None:
    """Each step of the background task takes turns of the loop, and none of them is overtaken by time."""
    work = Work()
    clock = VirtualClock(work, NOON)
    seen: list[tuple[str, datetime]] = []

    async def bake() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        seen.append(("baked", clock.now()))
        clock.wake_at(clock.now() + seconds(1), lambda: seen.append(("cooled", clock.now())))

    clock.call_at(NOON + seconds(1), lambda: void(work.start(bake())))
    clock.call_at(NOON + seconds(3), lambda: seen.append(("closed", clock.now())))

    await clock.advance(seconds(10))

    assert seen == [
        ("baked", NOON + seconds(1)),
        ("cooled", NOON + seconds(2)),
        ("closed", NOON + seconds(3)),
    ]


async def test_calls_due_at_once_are_made_in_the_order_they_were_asked_for() -> None:
    clock, calls = VirtualClock(Work(), NOON), Calls()
    for name in ("first", "second", "third"):
        clock.call_at(NOON + seconds(1), calls.named(name))

    await clock.advance(seconds(1))

    assert calls.made == ["first", "second", "third"]


async def test_a_call_that_is_overdue_is_made_soon_and_counts_as_work() -> None:
    work = Work()
    clock, calls = VirtualClock(work, NOON), Calls()

    clock.wake_at(NOON - seconds(3600), calls.named("late"))

    assert calls.made == []
    await work.settled()
    assert calls.made == ["late"]
    assert clock.now() == NOON


async def test_a_cancelled_call_is_not_made() -> None:
    clock, calls = VirtualClock(Work(), NOON), Calls()
    timer = clock.call_at(NOON + seconds(1), calls.named("no"))
    clock.call_at(NOON + seconds(2), calls.named("yes"))

    timer.cancel()

    assert clock.next_call() == NOON + seconds(2)
    await clock.advance(seconds(2))
    assert calls.made == ["yes"]


async def test_a_call_may_cancel_another_that_is_due_at_the_same_time() -> None:
    clock, calls = VirtualClock(Work(), NOON), Calls()
    clock.call_at(NOON + seconds(1), lambda: second.cancel())
    second = clock.call_at(NOON + seconds(1), calls.named("second"))

    await clock.advance(seconds(1))

    assert calls.made == []


async def test_thousands_of_cancelled_calls_leave_the_others_alone() -> None:
    clock, calls = VirtualClock(Work(), NOON), Calls()
    clock.call_at(NOON + seconds(7), calls.named("kept"))
    for number in range(10_000):
        clock.call_at(NOON + seconds(number), calls.named("dropped")).cancel()

    await clock.advance(seconds(20_000))

    assert calls.made == ["kept"]


async def test_a_call_that_fails_is_logged_and_costs_no_other_call(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    clock, calls = VirtualClock(work, NOON), Calls()
    clock.call_at(NOON, fail)
    clock.call_at(NOON, calls.named("now"))
    clock.call_at(NOON + seconds(1), fail)
    clock.call_at(NOON + seconds(1), calls.named("later"))

    with caplog.at_level(logging.CRITICAL + 1):
        await work.settled()
        await clock.advance(seconds(1))

    assert calls.made == ["now", "later"]


async def test_an_auto_clock_jumps_from_call_to_call() -> None:
    """`settled` returns when nothing is left that could ever be due."""
    work = Work()
    clock = VirtualClock(work, NOON, auto=True)
    times: list[datetime] = []

    def ring() -> None:
        times.append(clock.now())
        if len(times) < 5:
            clock.wake_at(clock.now() + timedelta(days=1), ring)

    clock.wake_at(NOON + timedelta(days=1), ring)
    await work.settled()

    assert times == [NOON + timedelta(days=day) for day in range(1, 6)]
    assert clock.now() == NOON + timedelta(days=5)


async def test_an_auto_clock_comes_to_limits_on_its_way_only() -> None:
    """Each at its own time; the one after the last wait stays ahead."""
    work = Work()
    clock = VirtualClock(work, NOON, auto=True)
    seen: list[tuple[str, datetime]] = []
    clock.call_at(NOON + seconds(10), lambda: seen.append(("early", clock.now())))
    clock.call_at(NOON + seconds(99), lambda: seen.append(("late", clock.now())))
    clock.wake_at(NOON + seconds(60), lambda: seen.append(("wait", clock.now())))

    await work.settled()

    assert seen == [("early", NOON + seconds(10)), ("wait", NOON + seconds(60))]
    assert clock.next_call() == NOON + seconds(99)


async def test_an_auto_clock_waits_for_work_under_way() -> None:
    work = Work()
    clock = VirtualClock(work, NOON, auto=True)
    seen: list[str] = []

    async def bake() -> None:
        clock.wake_at(NOON + seconds(1), lambda: seen.append("bell"))
        for _ in range(10):
            await asyncio.sleep(0)
        seen.append("baked")

    work.start(bake())
    await work.settled()

    assert seen == ["baked", "bell"]


# Real time.


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_speed_must_be_positive(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be greater than 0"):
        SystemClock(speed)


async def test_speed_divides_waits_and_leaves_limits_alone() -> None:
    """A minute's wait ends at once at speed 60,000; a limit of a minute does not."""
    clock, calls = SystemClock(speed=60_000), Calls()
    asked = clock.now()
    clock.call_at(asked + seconds(60), calls.named("limit"))
    clock.wake_at(asked + seconds(60), calls.named("wait"))

    await calls.arrival("wait")

    assert calls.made == ["wait"]
    assert clock.next_call() == asked + seconds(60)
    assert clock.now() < asked + seconds(30)
    assert len(clock.give_up()) == 1


async def test_real_calls_are_made_in_the_order_they_are_due() -> None:
    clock, calls = SystemClock(), Calls()
    now = clock.now()
    clock.call_at(now + seconds(0.02), calls.named("third"))
    clock.call_at(now + seconds(0.01), calls.named("second"))
    clock.call_at(now - seconds(10), calls.named("first"))

    await calls.arrival("third")

    assert calls.made == ["first", "second", "third"]
    assert clock.next_call() is None


async def test_a_real_call_that_fails_costs_no_other_call() -> None:
    clock, calls = SystemClock(), Calls()
    clock.call_at(clock.now(), fail)
    clock.call_at(clock.now(), calls.named("next"))
    clock.call_at(clock.now() + seconds(0.01), calls.named("later"))

    await calls.arrival("later")

    assert calls.made == ["next", "later"]


async def test_a_call_may_be_centuries_away() -> None:
    clock = SystemClock()
    never = datetime(9999, 1, 1, tzinfo=UTC)

    clock.call_at(never, fail)

    assert clock.next_call() == never
    assert [timer.when for timer in clock.give_up()] == [never]


# From one to another.


async def test_calls_still_owed_move_over_to_the_next_clock() -> None:
    work = Work()
    clock, calls = EmulatorClock(SystemClock()), Calls()
    now = clock.now()
    clock.call_at(now + timedelta(hours=2), calls.named("limit"))
    clock.wake_at(now + timedelta(hours=1), calls.named("wait"))
    clock.wake_at(now + timedelta(hours=1), calls.named("cancelled")).cancel()

    virtual = VirtualClock(work, now)
    clock.switch(virtual)
    await virtual.advance(timedelta(hours=3))

    assert clock.current is virtual
    assert calls.made == ["wait", "limit"]
    assert clock.now() == now + timedelta(hours=3)


async def test_waits_that_began_in_virtual_time_end_in_real_time() -> None:
    work = Work()
    virtual = VirtualClock(work)
    clock, calls = EmulatorClock(virtual), Calls()
    clock.wake_at(virtual.now() + seconds(60), calls.named("wait"))
    clock.call_at(virtual.now() + seconds(60), calls.named("limit"))

    clock.switch(SystemClock(speed=60_000))
    await calls.arrival("wait")

    assert calls.made == ["wait"]
    assert virtual.next_call() is None
    clock.stop()


async def test_an_auto_clock_goes_on_with_the_waits_it_takes_over() -> None:
    work = Work()
    clock, calls = EmulatorClock(VirtualClock(work, NOON)), Calls()
    clock.wake_at(NOON + seconds(5), calls.named("first"))
    clock.wake_at(NOON + seconds(9), calls.named("second"))

    clock.switch(VirtualClock(work, NOON, auto=True))
    await work.settled()

    assert calls.made == ["first", "second"]
    assert clock.now() == NOON + seconds(9)


async def test_a_clock_that_was_switched_away_from_makes_no_more_calls() -> None:
    work = Work()
    auto = VirtualClock(work, NOON, auto=True)
    clock, calls = EmulatorClock(auto), Calls()

    async def bake() -> None:
        clock.wake_at(NOON + seconds(5), calls.named("wait"))
        clock.switch(VirtualClock(work, NOON))

    await work.start(bake())
    await work.settled()

    assert calls.made == []
    assert auto.next_call() is None
    assert clock.current.next_call() == NOON + seconds(5)


async def test_whoever_was_handed_now_follows_the_switch() -> None:
    clock = EmulatorClock(SystemClock())
    now = clock.now

    clock.switch(VirtualClock(Work(), NOON))

    assert now() == NOON


async def test_a_stopped_clock_owes_nothing() -> None:
    clock = EmulatorClock(VirtualClock(Work(), NOON))
    clock.call_at(NOON + seconds(1), fail)

    clock.stop()

    assert clock.current.next_call() is None


# Time-outs.


async def test_within_gives_the_answer_and_takes_its_timer_back() -> None:
    clock = VirtualClock(Work(), NOON)

    assert await within(clock, NOON + seconds(3), answer("baked", turns=3)) == "baked"
    assert clock.next_call() is None


async def test_within_raises_at_the_deadline_and_cancels_what_it_waited_for() -> None:
    work = Work()
    clock = VirtualClock(work, NOON)
    endings: list[str] = []
    waiting = asyncio.create_task(within(clock, NOON + seconds(3), never(endings)))
    await turns(2)

    await clock.advance(seconds(2.9))
    assert not waiting.done()
    await clock.advance(seconds(0.1))

    with pytest.raises(TimeoutError):
        await waiting
    assert endings == ["cancelled"]
    assert clock.next_call() is None


async def test_within_lets_errors_through() -> None:
    clock = VirtualClock(Work(), NOON)

    with pytest.raises(KeyError, match="oven"):
        await within(clock, NOON + seconds(3), broken())


async def test_within_does_not_take_a_cancellation_for_a_time_out() -> None:
    clock = VirtualClock(Work(), NOON)
    waiting = asyncio.create_task(within(clock, NOON + seconds(3), never([])))
    await turns(2)

    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert clock.next_call() is None


async def test_the_inner_of_two_time_outs_leaves_the_outer_one_alone() -> None:
    clock = VirtualClock(Work(), NOON)

    async def inner() -> str:
        try:
            await within(clock, NOON + seconds(1), never([]))
        except TimeoutError:
            return await answer("after", turns=3)
        raise AssertionError

    waiting = asyncio.create_task(within(clock, NOON + seconds(2), inner()))
    await turns(2)
    await clock.advance(seconds(1))

    assert await waiting == "after"


async def test_of_two_time_outs_at_the_same_time_the_outer_one_counts() -> None:
    clock = VirtualClock(Work(), NOON)
    waiting = asyncio.create_task(
        within(clock, NOON + seconds(1), within(clock, NOON + seconds(1), never([]))),
    )
    await turns(2)

    await clock.advance(seconds(1))

    with pytest.raises(TimeoutError):
        await waiting


async def test_a_time_out_is_one_also_in_a_task_that_has_withstood_a_cancellation() -> None:
    clock = VirtualClock(Work(), NOON)
    raised: list[type[BaseException]] = []

    async def stubborn() -> None:
        try:
            await never([])
        except asyncio.CancelledError:
            try:
                await within(clock, NOON + seconds(1), never([]))
            except BaseException as error:
                raised.append(type(error))

    task = asyncio.create_task(stubborn())
    await turns(2)
    task.cancel()
    await turns(2)
    await clock.advance(seconds(1))
    await task

    assert raised == [TimeoutError]


async def test_a_time_out_that_is_withstood_leaves_no_cancellation_behind() -> None:
    clock = VirtualClock(Work(), NOON)
    left: list[int] = []

    async def stubborn() -> str:
        try:
            await never([])
        except asyncio.CancelledError:
            return "done all the same"
        raise AssertionError

    async def run() -> str:
        result = await within(clock, NOON + seconds(1), stubborn())
        task = asyncio.current_task()
        assert task is not None
        left.append(task.cancelling())
        return result

    task = asyncio.create_task(run())
    await turns(2)
    await clock.advance(seconds(1))

    assert await task == "done all the same"
    assert left == [0]


def void(_: object) -> None:
    """Start something and wait for it otherwise."""


def fail() -> None:
    raise RuntimeError("a call that fails")


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def answer(value: str, *, turns: int) -> str:
    for _ in range(turns):
        await asyncio.sleep(0)
    return value


async def never(endings: list[str]) -> None:
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        endings.append("cancelled")
        raise


async def broken() -> None:
    await asyncio.sleep(0)
    raise KeyError("oven")
