"""Work under way: "settled" is a fact."""

import asyncio
import logging
from contextvars import ContextVar

import pytest

from pizzabar.work import Work, resting


async def test_nothing_under_way_is_settled_at_once() -> None:
    await asyncio.wait_for(Work().settled(), 1)


async def test_settled_waits_for_a_task_and_for_those_that_it_starts() -> None:
    work = Work()
    done: list[int] = []

    async def bake(number: int) -> None:
        await asyncio.sleep(0)
        if number < 5:
            work.start(bake(number + 1))
        done.append(number)

    work.start(bake(1))
    await work.settled()

    assert done == [1, 2, 3, 4, 5]
    assert not work.is_busy


async def test_settled_waits_for_what_was_begun_and_not_ended() -> None:
    work = Work()
    work.begin()
    settled = asyncio.create_task(work.settled())

    await turns(5)
    assert not settled.done()
    assert work.is_busy

    work.end()
    await settled
    assert not work.is_busy


async def test_settled_sees_what_the_last_piece_of_work_makes_ready() -> None:
    """One thing ends, and who waited for it begins another: there is no moment of rest in between."""
    work = Work()
    loop = asyncio.get_running_loop()
    commit = loop.create_future()
    done: list[str] = []

    async def push() -> None:
        await asyncio.sleep(0)
        done.append("pushed")

    async def caller() -> None:
        await commit
        work.start(push())

    waiting = asyncio.create_task(caller())
    work.begin()

    def flush() -> None:
        commit.set_result(None)
        work.end()

    loop.call_soon(flush)
    await work.settled()

    assert done == ["pushed"]
    await waiting


async def test_everybody_who_waits_is_woken() -> None:
    work = Work()
    work.begin()
    waiting = [asyncio.create_task(work.settled()) for _ in range(3)]
    await turns(2)

    work.end()

    await asyncio.wait_for(asyncio.gather(*waiting), 1)


async def test_a_waiter_that_gave_up_keeps_nobody() -> None:
    work = Work()
    work.begin()
    gone, waiting = (asyncio.create_task(work.settled()) for _ in range(2))
    await turns(2)

    gone.cancel()
    work.end()

    await asyncio.wait_for(waiting, 1)


async def test_idle_callbacks_are_called_each_time_nothing_is_left() -> None:
    work = Work()
    rests: list[int] = []
    work.on_idle(lambda: rests.append(len(rests)))
    for _ in range(2):
        await work.start(turns(2))
        await work.settled()

    assert rests == [0, 1]


async def test_what_an_idle_callback_begins_is_waited_for() -> None:
    work = Work()
    done: list[str] = []

    async def more() -> None:
        await turns(3)
        done.append("more")

    def idle() -> None:
        if not done:
            work.start(more())

    work.on_idle(idle)
    work.start(turns(1))
    await work.settled()

    assert done == ["more"]


async def test_a_task_gives_its_result_to_whoever_awaits_it() -> None:
    async def bake() -> str:
        await asyncio.sleep(0)
        return "pizza"

    assert await Work().start(bake()) == "pizza"


async def test_a_fault_in_the_background_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()

    async def burn() -> None:
        raise RuntimeError("the oven is on fire")

    with caplog.at_level(logging.ERROR, "pizzabar"):
        work.start(burn())
        await work.settled()

    assert "the oven is on fire" in caplog.text
    assert "Traceback" in caplog.text


async def test_stop_cancels_every_task_and_waits_for_their_ends() -> None:
    work = Work()
    ended: list[str] = []

    async def bake() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    tasks = [work.start(bake()) for _ in range(2)]
    await turns(2)

    await work.stop()

    assert ended == ["cleaned up", "cleaned up"]
    assert all(task.cancelled() for task in tasks)
    await work.settled()


async def test_stop_also_ends_what_is_started_while_it_stops() -> None:
    work = Work()
    ended: list[str] = []

    async def last() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("last")

    async def bake() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            work.start(last())
            # It is to have begun, or its own end is not seen.
            await asyncio.sleep(0)

    work.start(bake())
    await turns(2)
    await work.stop()

    assert ended == ["last"]


async def test_a_task_may_stop_the_others() -> None:
    work = Work()

    async def close() -> str:
        work.start(asyncio.Event().wait())
        await work.stop()
        return "closed"

    assert await asyncio.wait_for(work.start(close()), 1) == "closed"


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_what_is_started_now_and_never_waits_needs_no_task() -> None:
    work = Work()
    seen: list[str] = []

    async def cook() -> None:
        seen.append("cooked")

    assert work.start_now(cook()) is None
    assert seen == ["cooked"]
    assert not work.is_busy


async def test_what_is_started_now_and_waits_goes_on_as_a_task_with_its_context() -> None:
    work = Work()
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    dish: ContextVar[str] = ContextVar("dish", default="none")
    seen: list[str] = []

    async def cook() -> None:
        token = dish.set("pizza")
        seen.append(await gate)
        seen.append(dish.get())
        dish.reset(token)

    task = work.start_now(cook())
    assert task is not None
    assert work.is_busy
    assert dish.get() == "none"
    gate.set_result("done")
    await work.settled()

    assert seen == ["done", "pizza"]
    assert task.done()


async def test_what_is_started_now_raises_what_it_raises_before_it_waits() -> None:
    work = Work()

    async def burn() -> None:
        raise ValueError("burnt")

    with pytest.raises(ValueError, match="burnt"):
        work.start_now(burn())
    assert not work.is_busy


async def test_an_error_of_what_is_waited_for_reaches_what_was_started_now() -> None:
    work = Work()
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    seen: list[str] = []

    async def cook() -> None:
        try:
            await gate
        except ValueError as error:
            seen.append(str(error))
        await asyncio.sleep(0)
        seen.append("cleaned up")

    work.start_now(cook())
    gate.set_exception(ValueError("no gas"))
    await work.settled()

    assert seen == ["no gas", "cleaned up"]


async def test_an_errand_counts_but_for_where_it_rests() -> None:
    work = Work()
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    counted: list[bool] = []

    async def ask() -> int:
        with work.errand():
            counted.append(work.is_busy)
            with resting():
                got = await answer
            counted.append(work.is_busy)
        return got

    asked = asyncio.ensure_future(ask())
    await work.settled()
    assert (counted, work.is_busy) == ([True], False)
    answer.set_result(5)
    assert await asked == 5
    assert (counted, work.is_busy) == ([True, True], False)


async def test_what_is_no_errand_rests_without_effect() -> None:
    work = Work()
    work.begin()
    with resting():
        assert work.is_busy
    work.end()


async def test_a_background_task_rests_as_an_errand_does() -> None:
    work = Work()
    answers: list[asyncio.Future[None]] = [asyncio.get_running_loop().create_future() for _ in range(2)]

    async def wait(answer: asyncio.Future[None]) -> None:
        with resting():
            await answer

    task = work.start(wait(answers[0]))
    other = work.start_now(wait(answers[1]))
    await work.settled()
    assert other is not None
    assert not task.done()
    assert not work.is_busy
    for answer in answers:
        answer.set_result(None)
    await asyncio.gather(task, other)
    await work.settled()
    assert not work.is_busy
