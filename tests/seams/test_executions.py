"""The contract of Executions, which every runtime fulfils."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pizzabar.clock import VirtualClock
from pizzabar.documents import JSON, parse, write
from pizzabar.errors import ValidationException
from pizzabar.journal import CAUSE, Cause
from pizzabar.local.database import Database, Durability
from pizzabar.local.executions import LocalExecutions
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidToken,
    TaskDoesNotExist,
    TaskTimedOut,
)
from pizzabar.stepfunctions.executions import DeployedStateMachine, ExecutionRecord, Executions
from pizzabar.stepfunctions.interpreter import (
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskSucceeded,
    read_task_token,
)
from pizzabar.stepfunctions.tasks import Tasks
from pizzabar.work import Work

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:Bake"
ARN = "arn:aws:states:us-east-1:123456789012:execution:Bake:order-1"
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "bake"}}
ASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
}
PUT_EVENTS = {
    "Type": "Task",
    "Resource": "arn:aws:states:::events:putEvents",
    "Parameters": {"Entries": [{"Source": "pizza", "DetailType": "status", "Detail": {}}]},
    "ResultPath": None,
}


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def machine(**states: JSON) -> DeployedStateMachine:
    """A state machine of states in a row."""
    names = list(states)
    for name, following in zip(names, [*names[1:], None], strict=True):
        if states[name]["Type"] not in {"Succeed", "Fail"}:
            states[name] = {**states[name], **({"Next": following} if following else {"End": True})}
    definition = write({"StartAt": names[0], "States": states})
    return DeployedStateMachine(
        MACHINE_ARN, "Bake", "arn:aws:iam::123456789012:role/baker", "STANDARD", definition,
        read_definition(definition), NOON,
    )  # fmt: skip


def wait(number: float) -> JSON:
    return {"Type": "Wait", "Seconds": number}


PASS: JSON = {"Type": "Pass", "Result": "pizza"}


@dataclass
class Kitchen:
    """Executions, and the services that their tasks call."""

    clock: VirtualClock
    work: Work
    executions: Executions = field(init=False)
    calls: list[tuple[str, JSON]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    fails: dict[str, Exception] = field(default_factory=dict)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, service: str, operation: str, parameters: JSON, /) -> JSON:
        self.calls.append((operation, parameters))
        self.called.set()
        cause = CAUSE.get()
        self.keys.append(None if cause is None or cause.attempt is None else cause.attempt.key)
        if operation in self.gates:
            await self.gates[operation].wait()
        await asyncio.sleep(0)
        if operation in self.fails:
            raise self.fails[operation]
        if operation == "PutEvents":
            return {"Entries": [{"EventId": "1"}], "FailedEntryCount": 0}
        return {"StatusCode": 200, "Payload": b'{"baked":true}'}

    async def start(
        self, machine: DeployedStateMachine, name: str | None = "order-1", text: str = '{"pizza": "margherita"}'
    ) -> ExecutionRecord:
        return await self.executions.start(machine, name, text, parse(text))

    async def status(self, arn: str = ARN) -> str:
        return (await self.executions.describe(arn)).execution.status

    async def events(self, arn: str = ARN) -> list[str]:
        """The types of the history's events, whose numbers leave nothing out."""
        history = await self.executions.history(arn)
        assert [event["id"] for event in history] == list(range(1, len(history) + 1))
        return [event["type"] for event in history]

    @property
    def token(self) -> str:
        """The task token that was handed out last."""
        operation, parameters = self.calls[-1]
        assert operation == "Invoke"
        token: str = parse(parameters["Payload"])["token"]
        return token

    async def succeed(self, token: str, result: JSON = "yes") -> None:
        place = read_task_token(token)
        assert place is not None
        await self.executions.feed(place[0], TaskSucceeded(place[1], result), token=token)


Open = Callable[..., AbstractAsyncContextManager[Kitchen]]
"""Opens the executions; with ``after_kill``, as the next process finds them when this one is killed with all
durable."""


def local(directory: Path, durability: Durability = "normal") -> Open:
    databases: list[Database] = []

    @asynccontextmanager
    async def open_executions(*, after_kill: bool = False, now: datetime = NOON) -> AsyncIterator[Kitchen]:
        path = directory / "state.db"
        if after_kill:
            await databases[-1].durable()
            left = directory / "left.db"
            for suffix in ("", "-wal"):
                shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
            path = left
        work = Work()
        clock = VirtualClock(work, now)
        database = await Database.open(path, work, durability=durability)
        databases.append(database)
        kitchen = Kitchen(clock, work)
        tasks = Tasks(kitchen.call, lambda service, operation: True)
        kitchen.executions = LocalExecutions(database, clock, work, tasks, seed="secret", region="us-east-1")
        try:
            yield kitchen
        finally:
            await work.stop()
            await database.close()

    return open_executions


def local_on_disk(directory: Path) -> Open:
    return local(directory, "full")


@pytest.fixture(params=[local, local_on_disk], ids=["local", "local, full durability"])
def open_executions(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    opened: Open = request.param(tmp_path)
    return opened


# Start.


async def test_an_execution_runs_to_its_end(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        assert await kitchen.executions.open() == 0

        record = await kitchen.start(machine(A=PASS, B=INVOKE, C=wait(5), D=PUT_EVENTS))
        assert record.execution.arn == ARN
        assert (record.execution.started, record.input) == (NOON, '{"pizza": "margherita"}')
        await kitchen.clock.advance(seconds(5))

        record = await kitchen.executions.describe(ARN)
        assert record.execution.status == "SUCCEEDED"
        assert record.execution.stopped == NOON + seconds(5)
        assert record.execution.output["Payload"] == {"baked": True}
        assert [operation for operation, _ in kitchen.calls] == ["Invoke", "PutEvents"]
        assert await kitchen.events() == [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "WaitStateEntered",
            "WaitStateExited",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]


async def test_without_a_name_each_execution_gets_one(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        names = [(await kitchen.start(machine(A=PASS), None)).execution.name for _ in range(3)]

        assert len(set(names)) == 3
        assert all(len(name) == 36 for name in names)


async def test_the_same_name_and_input_are_the_same_execution_while_it_runs(open_executions: Open) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
    async with open_executions() as kitchen:
        first = await kitchen.start(machine(A=wait(60), B=INVOKE))
        await kitchen.clock.advance(seconds(30))

        second = await kitchen.start(machine(A=wait(60), B=INVOKE))

        assert second.execution == first.execution
        await kitchen.clock.advance(seconds(60))
        assert len(kitchen.calls) == 1


@pytest.mark.parametrize("turns", range(6))
async def test_two_starts_at_the_same_time_are_one_execution(open_executions: Open, turns: int) -> None:
    async with open_executions() as kitchen:

        async def second() -> ExecutionRecord:
            for _ in range(turns):
                await asyncio.sleep(0)
            return await kitchen.start(machine(A=wait(60), B=INVOKE))

        # Something else is on its way to the disk meanwhile.
        other = asyncio.create_task(kitchen.start(machine(A=PASS), "order-2"))
        await turns_of_the_loop(10)
        records = await asyncio.gather(kitchen.start(machine(A=wait(60), B=INVOKE)), second())
        await other
        await kitchen.clock.advance(seconds(60))

        assert records[0].execution.arn == records[1].execution.arn
        assert len(kitchen.calls) == 1
        assert len(await kitchen.executions.list(MACHINE_ARN)) == 2


async def test_an_execution_that_runs_already_is_durable_with_its_second_start(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        starting = asyncio.create_task(kitchen.start(machine(A=wait(60))))
        await asyncio.sleep(0)
        await kitchen.start(machine(A=wait(60)))

        async with open_executions(after_kill=True) as later:
            assert await later.executions.open() == 1
        await starting


async def test_a_name_is_taken_for_another_input_and_for_good(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=wait(60)))

        with pytest.raises(ExecutionAlreadyExists, match=f"Execution Already Exists: '{ARN}'"):
            await kitchen.start(machine(A=wait(60)), text='{"pizza": "marinara"}')

        await kitchen.clock.advance(seconds(60))
        assert await kitchen.status() == "SUCCEEDED"
        with pytest.raises(ExecutionAlreadyExists, match=f"Execution Already Exists: '{ARN}'"):
            await kitchen.start(machine(A=wait(60)))


async def test_an_execution_that_was_started_is_there_after_a_kill(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=wait(60)))

        async with open_executions(after_kill=True) as later:
            assert await later.executions.open() == 1
            assert await later.status() == "RUNNING"


async def test_an_execution_keeps_the_definition_it_started_with(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=wait(60), B=INVOKE))
        await kitchen.start(machine(A=wait(60), C=PUT_EVENTS), "order-2")

        async with open_executions(after_kill=True) as later:
            await later.executions.open()
            await later.clock.advance(seconds(60))

            assert sorted(operation for operation, _ in later.calls) == ["Invoke", "PutEvents"]


# Reading.


async def test_what_is_not_there_does_not_exist(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        message = f"Execution Does Not Exist: '{ARN}'"
        with pytest.raises(ExecutionDoesNotExist, match=message):
            await kitchen.executions.describe(ARN)
        with pytest.raises(ExecutionDoesNotExist, match=message):
            await kitchen.executions.history(ARN)
        with pytest.raises(ExecutionDoesNotExist, match=message):
            await kitchen.executions.feed(ARN, Stopped())
        assert await kitchen.executions.list(MACHINE_ARN) == []


async def test_executions_are_listed_those_started_last_first(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        for number in range(3):
            await kitchen.start(machine(A=wait(60 if number else 0)), f"{number}")
            await kitchen.clock.advance(seconds(1))

        records = await kitchen.executions.list(MACHINE_ARN)

        assert [(record.execution.name, record.execution.status) for record in records] == [
            ("2", "RUNNING"),
            ("1", "RUNNING"),
            ("0", "SUCCEEDED"),
        ]
        for status, limit, names in (
            (None, 2, "21"),
            ("RUNNING", 1, "2"),
            ("SUCCEEDED", 5, "0"),
            ("FAILED", None, ""),
        ):
            found = await kitchen.executions.list(MACHINE_ARN, status=status, limit=limit)
            assert [record.execution.name for record in found] == [*names]


async def test_the_history_is_whole_at_any_time(open_executions: Open) -> None:
    """While a task is under way it tells that the task was started."""
    async with open_executions() as kitchen:
        kitchen.gates["PutEvents"] = asyncio.Event()
        await kitchen.start(machine(A=wait(1), B=PUT_EVENTS, C=PUT_EVENTS))
        advancing = asyncio.create_task(kitchen.clock.advance(seconds(1)))
        await kitchen.called.wait()

        assert (await kitchen.events())[-4:] == [
            "WaitStateExited",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
        ]

        kitchen.gates["PutEvents"].set()
        await advancing
        assert (await kitchen.events())[-1] == "ExecutionSucceeded"


async def test_an_execution_goes_on_with_the_trace_of_whoever_started_it(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        token = CAUSE.set(Cause("1-69a42c40-000000000000000000000000", 7))
        try:
            record = await kitchen.start(machine(A=wait(60)))
        finally:
            CAUSE.reset(token)

        assert record.trace_id == "1-69a42c40-000000000000000000000000"
        assert (await kitchen.executions.describe(ARN)).trace_id == record.trace_id


# Tasks.


async def test_a_task_that_fails_fails_the_execution(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        kitchen.fails["Invoke"] = ValidationException("no oven")
        await kitchen.start(machine(A=INVOKE))
        await kitchen.work.settled()

        execution = (await kitchen.executions.describe(ARN)).execution
        assert (execution.status, execution.error) == ("FAILED", "Lambda.AWSLambdaException")
        assert (await kitchen.events())[-1] == "ExecutionFailed"


async def test_a_fault_of_ours_fails_the_execution_too(
    open_executions: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with its traceback; the execution must not hang."""
    async with open_executions() as kitchen:
        kitchen.fails["Invoke"] = KeyError("a fault of ours")
        with caplog.at_level(logging.ERROR, "pizzabar"):
            await kitchen.start(machine(A=INVOKE))
            await kitchen.work.settled()

        execution = (await kitchen.executions.describe(ARN)).execution
        assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
        assert "Traceback" in caplog.text


async def test_a_task_is_called_after_its_step_is_durable(open_executions: Open) -> None:
    """All of what the killed process had told the function is known to the next one."""
    async with open_executions() as kitchen:
        kitchen.gates["Invoke"] = asyncio.Event()
        await kitchen.start(machine(A=wait(1), B=INVOKE))
        advancing = asyncio.create_task(kitchen.clock.advance(seconds(1)))
        await kitchen.called.wait()

        async with open_executions(after_kill=True, now=NOON + seconds(1)) as later:
            assert (await later.events())[-1] == "TaskStarted"
            await later.executions.open()
            await later.work.settled()
            assert later.keys == kitchen.keys == [f"{ARN}/2"]
            assert await later.status() == "SUCCEEDED"
        kitchen.gates["Invoke"].set()
        await advancing


async def test_retries_wait_for_their_time(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        kitchen.fails["Invoke"] = ValidationException("no oven")
        retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 2, "BackoffRate": 2}
        await kitchen.start(machine(A={**INVOKE, "Retry": [retry]}))
        calls = []
        for _ in range(5):
            await kitchen.clock.advance(seconds(10))
            calls.append(len(kitchen.calls))

        assert calls == [2, 2, 3, 3, 3]
        assert await kitchen.status() == "FAILED"
        assert len(set(kitchen.keys)) == 3


async def test_a_task_that_takes_too_long_times_out(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        kitchen.gates["Invoke"] = asyncio.Event()
        await kitchen.start(machine(A={**INVOKE, "TimeoutSeconds": 30}))
        await turns_of_the_loop(30)
        kitchen.clock.move(NOON + seconds(30))
        await turns_of_the_loop(30)

        assert (await kitchen.executions.describe(ARN)).execution.error == "States.Timeout"
        kitchen.gates["Invoke"].set()
        await kitchen.work.settled()
        assert await kitchen.status() == "FAILED"


# Stopping.


async def test_a_stopped_execution_is_aborted_and_asks_for_nothing_more(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=wait(60), B=INVOKE))

        await kitchen.executions.feed(ARN, Stopped("Closed", "after midnight"))
        await kitchen.clock.advance(seconds(60))

        execution = (await kitchen.executions.describe(ARN)).execution
        assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Closed", "after midnight")
        assert kitchen.calls == []
        assert (await kitchen.events())[-1] == "ExecutionAborted"
        assert kitchen.clock.next_call() is None


async def test_what_was_fed_is_there_after_a_kill(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=wait(60)))
        await kitchen.executions.feed(ARN, Stopped())

        async with open_executions(after_kill=True) as later:
            assert await later.executions.open() == 0
            assert await later.status() == "ABORTED"


# Task tokens.


async def test_a_task_that_waits_for_its_token_goes_on_with_the_answer(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=ASK))
        await kitchen.work.settled()
        assert await kitchen.status() == "RUNNING"
        assert (await kitchen.events())[-1] == "TaskSubmitted"

        await kitchen.succeed(kitchen.token, {"paid": True})

        assert (await kitchen.executions.describe(ARN)).execution.output == {"paid": True}


async def test_the_answer_may_come_before_the_call_returns(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        kitchen.gates["Invoke"] = asyncio.Event()
        await kitchen.start(machine(A=ASK))
        await kitchen.called.wait()

        await kitchen.succeed(kitchen.token)
        assert await kitchen.status() == "SUCCEEDED"

        kitchen.gates["Invoke"].set()
        await kitchen.work.settled()
        assert (await kitchen.events())[-1] == "ExecutionSucceeded"


async def test_a_token_serves_once(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=ASK, B=wait(60)))
        await kitchen.work.settled()
        await kitchen.succeed(kitchen.token)

        with pytest.raises(TaskTimedOut):
            await kitchen.succeed(kitchen.token)
        await kitchen.clock.advance(seconds(60))
        assert await kitchen.status() == "SUCCEEDED"
        with pytest.raises(TaskTimedOut):
            await kitchen.succeed(kitchen.token)


async def test_a_token_whose_time_is_over_is_refused(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A={**ASK, "TimeoutSeconds": 30}))
        await kitchen.clock.advance(seconds(30))

        with pytest.raises(TaskTimedOut):
            await kitchen.succeed(kitchen.token)
        assert (await kitchen.executions.describe(ARN)).execution.error == "States.Timeout"


@pytest.mark.parametrize("has_ended", [False, True])
async def test_a_forged_token_is_invalid(open_executions: Open, has_ended: bool) -> None:
    """Whether or not its execution still runs."""
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=ASK))
        await kitchen.work.settled()
        token = kitchen.token
        forged = ("A" if token[0] != "A" else "B") + token[1:]
        if has_ended:
            await kitchen.succeed(token)

        with pytest.raises(InvalidToken):
            await kitchen.succeed(forged)
        assert await kitchen.status() == ("SUCCEEDED" if has_ended else "RUNNING")


async def test_a_token_of_an_execution_that_never_was_names_no_task(open_executions: Open, tmp_path: Path) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=ASK))
        await kitchen.work.settled()
        token = kitchen.token
        gone = ARN.replace("order-1", "order-2")

        with pytest.raises(TaskDoesNotExist):
            await kitchen.executions.feed(gone, TaskSucceeded(1, None), token=token)


async def test_a_token_does_not_serve_another_task(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=ASK, B=ASK))
        await kitchen.work.settled()
        first = kitchen.token
        await kitchen.succeed(first)
        await kitchen.work.settled()
        second = kitchen.token
        place = read_task_token(second)
        assert place is not None

        with pytest.raises(InvalidToken):
            await kitchen.executions.feed(ARN, TaskSucceeded(place[1], None), token=first)
        assert await kitchen.status() == "RUNNING"


async def test_heartbeats_keep_a_task_alive(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A={**ASK, "HeartbeatSeconds": 10}))
        await kitchen.work.settled()
        token = kitchen.token
        place = read_task_token(token)
        assert place is not None
        for _ in range(5):
            await kitchen.clock.advance(seconds(9))
            await kitchen.executions.feed(ARN, TaskHeartbeat(place[1]), token=token)
        assert await kitchen.status() == "RUNNING"

        await kitchen.clock.advance(seconds(10))

        assert await kitchen.status() == "FAILED"
        with pytest.raises(TaskTimedOut):
            await kitchen.executions.feed(ARN, TaskHeartbeat(place[1]), token=token)


async def test_a_failure_comes_by_token_too(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=ASK))
        await kitchen.work.settled()
        place = read_task_token(kitchen.token)
        assert place is not None

        await kitchen.executions.feed(ARN, TaskFailed(place[1], "NotPaid", "no money"), token=kitchen.token)

        execution = (await kitchen.executions.describe(ARN)).execution
        assert (execution.status, execution.error, execution.cause) == ("FAILED", "NotPaid", "no money")


# After a kill.


@pytest.mark.parametrize(
    ("down_until", "at_once"),
    [(30, False), (60, True), (86_400, True)],
    ids=["ahead", "just due", "overdue"],
)
async def test_a_waiting_execution_goes_on_at_its_time(open_executions: Open, down_until: int, at_once: bool) -> None:
    """A timer that came due while there was no process is due at once."""
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=wait(60), B=INVOKE))
        await kitchen.clock.advance(seconds(20))

        async with open_executions(after_kill=True, now=NOON + seconds(down_until)) as later:
            assert await later.executions.open() == 1
            await later.work.settled()
            assert (await later.status() == "SUCCEEDED") is at_once

            await later.clock.advance(seconds(30))
            assert await later.status() == "SUCCEEDED"
            assert len(later.calls) == 1
            assert (await later.events())[-3:] == ["TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"]


async def test_a_task_under_way_is_run_again_under_the_same_key(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        kitchen.gates["PutEvents"] = asyncio.Event()
        await kitchen.start(machine(A=INVOKE, B=PUT_EVENTS))
        while len(kitchen.calls) < 2:
            kitchen.called.clear()
            await kitchen.called.wait()
        assert [operation for operation, _ in kitchen.calls] == ["Invoke", "PutEvents"]

        async with open_executions(after_kill=True) as later:
            await later.executions.open()
            await later.work.settled()

            assert later.calls[-1] == kitchen.calls[-1]
            assert later.keys[-1] == kitchen.keys[-1]
            assert await later.status() == "SUCCEEDED"
            assert (await later.events()).count("TaskSucceeded") == 2
        kitchen.gates["PutEvents"].set()


async def test_a_token_is_good_after_a_kill(open_executions: Open) -> None:
    """The call is not made again: it had returned."""
    async with open_executions() as kitchen:
        await kitchen.start(machine(A={**ASK, "TimeoutSeconds": 100}))
        await kitchen.work.settled()
        token = kitchen.token

        async with open_executions(after_kill=True, now=NOON + seconds(50)) as later:
            await later.executions.open()
            await later.work.settled()
            assert later.calls == []

            await later.succeed(token)
            assert (await later.executions.describe(ARN)).execution.output == "yes"


async def test_a_time_out_goes_on_over_a_kill(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A={**ASK, "TimeoutSeconds": 100}))
        await kitchen.work.settled()

        async with open_executions(after_kill=True, now=NOON + seconds(50)) as later:
            await later.executions.open()
            await later.clock.advance(seconds(49))
            assert await later.status() == "RUNNING"
            await later.clock.advance(seconds(1))

            assert (await later.executions.describe(ARN)).execution.error == "States.Timeout"


async def test_branches_go_on_after_a_kill(open_executions: Open) -> None:
    """One that had ended has its output, one that waits goes on."""
    async with open_executions() as kitchen:
        branches = [
            {"StartAt": "Quick", "States": {"Quick": {**PASS, "End": True}}},
            {"StartAt": "Slow", "States": {"Slow": {**wait(60), "End": True}}},
        ]
        await kitchen.start(machine(A={"Type": "Parallel", "Branches": branches}))

        async with open_executions(after_kill=True, now=NOON + seconds(10)) as later:
            await later.executions.open()
            await later.clock.advance(seconds(50))

            output = (await later.executions.describe(ARN)).execution.output
            assert output == ["pizza", {"pizza": "margherita"}]
            await later.events()


async def test_ended_executions_can_be_read_after_a_kill(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=PASS, B=INVOKE))
        await kitchen.work.settled()
        record, history = await kitchen.executions.describe(ARN), await kitchen.executions.history(ARN)

        async with open_executions(after_kill=True) as later:
            assert await later.executions.open() == 0
            assert await later.executions.describe(ARN) == record
            assert await later.executions.history(ARN) == history
            assert await later.executions.list(MACHINE_ARN) == [record]
            with pytest.raises(ExecutionAlreadyExists):
                await later.start(machine(A=PASS, B=INVOKE))


async def test_names_and_numbers_go_on_after_a_kill(open_executions: Open) -> None:
    """A new execution beside the old ones; the same name and input are still the same execution."""
    async with open_executions() as kitchen:
        await kitchen.start(machine(A=wait(60)))

        async with open_executions(after_kill=True) as later:
            await later.executions.open()
            assert (await later.start(machine(A=wait(60)))).execution.arn == ARN
            await later.start(machine(A=PASS), "order-2")
            await later.clock.advance(seconds(60))

            records = await later.executions.list(MACHINE_ARN)
            assert [record.execution.status for record in records] == ["SUCCEEDED", "SUCCEEDED"]
            assert len(await later.events(f"{ARN[:-1]}2")) == 4


async def test_a_thousand_executions_run_side_by_side(open_executions: Open) -> None:
    async with open_executions() as kitchen:
        one = machine(A=wait(1), B=PUT_EVENTS, C=wait(1), D=INVOKE)
        await asyncio.gather(*(kitchen.start(one, f"order-{number}") for number in range(1000)))

        await kitchen.clock.advance(seconds(2))

        records = await kitchen.executions.list(MACHINE_ARN)
        assert [record.execution.status for record in records] == ["SUCCEEDED"] * 1000
        assert len(set(kitchen.keys)) == 2000


async def turns_of_the_loop(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
