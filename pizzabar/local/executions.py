"""
The local driver of executions: the interpreter's steps, kept in the state file.

What a step asks for is done at once. State and history are written down just before a commit, once for all the steps
since the last one, in one transaction with all that their tasks have written; what leaves the process waits for it.
Only a task that does more than write waits for the commit itself. Whatever was not committed when the process was
killed has not happened: what is pending then is done again, under the same key.
"""

import asyncio
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from pizzabar import documents
from pizzabar.clock import Clock, Timer
from pizzabar.documents import JSON
from pizzabar.journal import CAUSE, Attempt, Cause, cause_of_text, new_trace_id
from pizzabar.local.buckets import LocalBuckets
from pizzabar.local.database import Database
from pizzabar.local.map_runs import LocalMapRuns
from pizzabar.stepfunctions.definition import StateMachine, read_definition
from pizzabar.stepfunctions.errors import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    ExecutionNotRedrivable,
    InvalidToken,
    TaskDoesNotExist,
    TaskFailure,
    TaskTimedOut,
)
from pizzabar.stepfunctions.execution import Execution
from pizzabar.stepfunctions.executions import DeployedStateMachine, ExecutionRecord, Tell
from pizzabar.stepfunctions.interpreter import (
    Command,
    Finish,
    Occurrence,
    ReadItems,
    Redriven,
    RunMapRun,
    RunTask,
    Started,
    StartTimer,
    Step,
    Stopped,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    advance,
    begin,
    is_waiting,
    pending,
    task_token,
)
from pizzabar.stepfunctions.item_reader import CannotRead
from pizzabar.stepfunctions.map_runs import MapRun
from pizzabar.stepfunctions.mocks import Mocks
from pizzabar.stepfunctions.pending import find_waiting
from pizzabar.stepfunctions.redrive import not_redrivable, redriven_by
from pizzabar.stepfunctions.tasks import Tasks, is_job, job_result
from pizzabar.uuids import new_uuid
from pizzabar.work import Work, resting

T = TypeVar("T")
log = logging.getLogger("pizzabar")

INSERT_DEFINITION = "INSERT INTO definitions (digest, text) VALUES (?, ?) ON CONFLICT DO NOTHING"
INSERT_EXECUTION = (
    "INSERT INTO executions (id, arn, machine_arn, definition, input, status, started, trace, state)"
    " SELECT ?, ?, ?, definitions.id, ?, ?, ?, ?, ? FROM definitions WHERE digest = ?"
)
UPDATE_EXECUTION = "UPDATE executions SET state = ? WHERE id = ?"
END_EXECUTION = "UPDATE executions SET status = ?, state = ? WHERE id = ?"
LAST_ID = "SELECT max(id) FROM executions"
INSERT_HISTORY = "INSERT INTO history (id, events) VALUES (?, ?)"
HISTORY_IDS = 32_768
"""A row of the history is numbered by its execution's row and the first of its events, of which there are fewer."""

SELECT_EXECUTION = "SELECT state, machine_arn, input, trace FROM executions WHERE arn = ?"
SELECT_EXECUTIONS = (
    "SELECT state, machine_arn, input, trace FROM executions WHERE machine_arn = ? AND (? IS NULL OR status = ?)"
    " ORDER BY started DESC, arn LIMIT ?"
)
SELECT_RUNNING = (
    "SELECT executions.id, state, machine_arn, input, trace, text"
    " FROM executions JOIN definitions ON definitions.id = definition"
    " WHERE status = 'RUNNING'"
)
SELECT_CLOSED = (
    "SELECT executions.id, state, machine_arn, input, trace, text"
    " FROM executions JOIN definitions ON definitions.id = definition WHERE arn = ?"
)
SELECT_HISTORY = (
    "SELECT events FROM history, (SELECT id AS execution FROM executions WHERE arn = ?)"
    f" WHERE history.id >= execution * {HISTORY_IDS} AND history.id < (execution + 1) * {HISTORY_IDS}"
    " ORDER BY history.id"
)


class LocalExecutions:
    """Executions over one state file."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        work: Work,
        tasks: Tasks,
        *,
        seed: str,
        region: str,
        buckets: Path = Path("buckets"),
        mocks: Mocks | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._work = work
        self._tasks = tasks
        self._seed = seed
        self._region = region
        self._mocks = mocks
        self._buckets = LocalBuckets(buckets)
        self.map_runs = LocalMapRuns(self, database, work, self._buckets)
        self._running: dict[str, _Running] = {}
        self._tell: Tell | None = None
        self._last_id = 0
        self._is_starting = False
        self._redriving = asyncio.Lock()
        """Held while an execution is read that is to go on: nobody else is to have it go on meanwhile."""
        self._definitions: dict[str, bytes] = {}
        """The digests of definitions by their texts."""
        self._changed: dict[int, _Running] = {}
        """Executions that have taken a step since the last commit, by the numbers of their rows."""
        database.before_commit(self._write_down)

    def follow(self, tell: Tell) -> None:
        """Tell of each step (see ``Executions.follow``)."""
        self._tell = tell

    async def open(self) -> int:
        """Go on with the executions that an earlier process left running, and tell how many."""
        await self.map_runs.open()
        rows = await self._database.read(lambda connection: connection.execute(SELECT_RUNNING).fetchall())
        machines: dict[str, StateMachine] = {}
        for row_id, state, machine_arn, text, trace, definition in rows:
            machine = machines.get(definition)
            if machine is None:
                machine = machines[definition] = read_definition(definition)
            execution = Execution.from_json(documents.parse(state))
            running = _Running(machine, execution, machine_arn, text, trace, row_id)
            self._running[execution.arn] = running
        last = await self._database.read(lambda connection: connection.execute(LAST_ID).fetchone()[0])
        self._last_id = last or 0
        # Now that all are there: some wait for others, and what they ask for may start more.
        for running in [*self._running.values()]:
            self._follow(running, pending(running.machine, running.execution))
        return len(rows)

    async def start(self, machine: DeployedStateMachine, name: str | None, text: str, value: JSON) -> ExecutionRecord:
        """Start an execution (see ``Executions.start``)."""
        return await self._start(machine, name or new_uuid(), text, value, is_new=name is None)

    def start_child(self, machine: DeployedStateMachine, arn: str, text: str, value: JSON, map_run: MapRun) -> None:
        """Start an execution of a map run, which is not there yet."""
        name = arn.split(":")[7]
        cause = CAUSE.get() or Cause(new_trace_id(self._clock.timestamp()))
        self._started(*self._begin(machine, arn, name, text, value, cause, map_run))

    async def find(self, arn: str) -> ExecutionRecord | None:
        """Read an execution, if there is one."""
        running = self._running.get(arn)
        return await self._find(arn) if running is None else running.record()

    async def redrive_child(self, arn: str, redrives: int, is_wanted: Callable[[], bool]) -> None:
        """Have an execution of a map run go on, or begin anew, if that is still wanted once it was read."""
        async with self._redriving:
            running = await self._reopened(arn)
            if is_wanted():
                self._go_on(running, Redriven(map_run_redrives=redrives))

    async def stop_child(self, arn: str, stopped: Stopped) -> None:
        """Stop an execution that nobody waits for any more, if it still runs."""
        with suppress(ExecutionDoesNotExist):
            await self.feed(arn, stopped)

    def now(self) -> datetime:
        """Tell the time."""
        return self._clock.now()

    async def when_ended(self, arn: str, then: Callable[[ExecutionRecord], None]) -> None:
        """Have something done when an execution has ended, which may be now."""
        running = self._running.get(arn)
        if running is not None:
            running.followers = (*running.followers, then)
        else:
            then(await self.describe(arn))

    async def _start(
        self, machine: DeployedStateMachine, name: str, text: str, value: JSON, *, is_new: bool
    ) -> ExecutionRecord:
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        if machine.is_express:
            # Each has a name of its own, whatever it is called.
            is_new, arn = True, f"{machine.arn.replace(':stateMachine:', ':express:', 1)}:{name}:{new_uuid()}"
        if not is_new and (same := await self._find_same(arn, text)) is not None:
            return same
        cause = CAUSE.get() or Cause(new_trace_id(self._clock.timestamp()))
        running, step = self._begin(machine, arn, name, text, value, cause)
        record = running.record()
        if not is_new:
            # At once, to see that nobody else has the name.
            try:
                await self._database.write(partial(self._insert, running=running))
            except sqlite3.IntegrityError:
                # Another one of the name was started, and ended, while this one looked for it.
                self._running.pop(arn, None)
                taken = await self._find(arn)
                if taken is None:
                    raise
                return _same_execution(taken, text)
        self._started(running, step)
        return record

    def _begin(
        self,
        machine: DeployedStateMachine,
        arn: str,
        name: str,
        text: str,
        value: JSON,
        cause: Cause,
        map_run: MapRun | None = None,
    ) -> tuple["_Running", Step]:
        """Make an execution take its first step. Its name is taken from here on, before anything is awaited."""
        now = self._clock.now()
        execution = begin(
            machine.machine,
            arn=arn,
            name=name,
            machine_arn=machine.arn,
            machine_name=machine.name,
            role_arn=machine.role_arn,
            input=value,
            seed=hashlib.blake2b(f"{self._seed}/{arn}".encode(), digest_size=16).hexdigest(),
            region=self._region,
            now=now,
            version_arn=machine.version_arn,
            alias_arn=machine.alias_arn,
            case=machine.case,
            map_run_arn=None if map_run is None else map_run.arn,
            map_run_redrives=0 if map_run is None else map_run.redrives,
        )
        self._last_id += 1
        header = str(cause.header())
        running = _Running(machine.machine, execution, machine.arn, text, header, self._last_id, cause.within(arn))
        self._running[arn] = running
        step = advance(machine.machine, execution, Started(), now)
        running.execution = step.execution
        running.unwritten.extend(step.history)
        running.insertion = (machine.definition, now.timestamp())
        return running, step

    def _started(self, running: "_Running", step: Step) -> None:
        """See to what follows from the first step of an execution."""
        if self._tell is not None:
            self._tell(running.machine_arn, running.execution, step.history)
        self._changed[running.row_id] = running
        self._database.will_change()
        self._follow(running, step.commands)

    async def feed(self, arn: str, occurrence: Occurrence, *, token: str | None = None) -> None:
        """Tell a running execution what has happened (see ``Executions.feed``)."""
        running = self._running.get(arn)
        if running is None:
            if token is None:
                raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
            await self._refuse_token(arn, _op(occurrence), token)
            return
        if token is not None:
            op = _op(occurrence)
            if token != task_token(running.execution, op):
                raise InvalidToken(f"Invalid Token: '{token}'")
            if not is_waiting(running.execution, op):
                raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
        self._apply(running, occurrence)

    async def ended(self, arn: str) -> ExecutionRecord:
        """Wait until an execution has ended, and read it. Raise ``ExecutionDoesNotExist``."""
        running = self._running.get(arn)
        if running is not None:
            waiter = asyncio.get_running_loop().create_future()
            running.waiters = (*running.waiters, waiter)
            with resting():
                await waiter
        return await self.describe(arn)

    async def redrive(self, arn: str, token: str | None = None) -> datetime:
        """Have an execution that ended unsuccessfully go on from there (see ``Executions.redrive``)."""
        async with self._redriving:
            running = self._running.get(arn) or await self._reopened(arn)
            execution, now = running.execution, self._clock.now()
            known = redriven_by(execution, token, now)
            if known is not None:
                return known
            reason = not_redrivable(execution, now)
            if reason is not None:
                raise ExecutionNotRedrivable(f"Execution {arn} invalid for redrive as: {reason}")
            self._go_on(running, Redriven(token))
            return now

    async def _reopened(self, arn: str) -> "_Running":
        """Read an execution that has ended, for it to go on. Raise ``ExecutionDoesNotExist``."""
        row = await self._query(lambda connection: connection.execute(SELECT_CLOSED, (arn,)).fetchone())
        if row is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        row_id, state, machine_arn, text, trace, definition = row
        execution = Execution.from_json(documents.parse(state))
        return _Running(read_definition(definition), execution, machine_arn, text, trace, row_id)

    def _go_on(self, running: "_Running", redriven: Redriven) -> None:
        """Have an execution go on that has ended."""
        self._running[running.execution.arn] = running
        running.has_ended = True
        self._apply(running, redriven)

    async def describe(self, arn: str) -> ExecutionRecord:
        """Read an execution. Raise ``ExecutionDoesNotExist``."""
        running = self._running.get(arn)
        record = await self._find(arn) if running is None else running.record()
        if record is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return record

    async def history(self, arn: str) -> Sequence[JSON]:
        """Read the history of an execution, oldest event first. Raise ``ExecutionDoesNotExist``."""
        await self.describe(arn)
        rows = await self._query(lambda connection: connection.execute(SELECT_HISTORY, (arn,)).fetchall())
        return [event for (events,) in rows for event in documents.parse(events)]

    async def machine(self, arn: str) -> StateMachine:
        """Give the state machine that an execution goes by. Raise ``ExecutionDoesNotExist``."""
        running = self._running.get(arn)
        return read_definition(await self.definition(arn)) if running is None else running.machine

    async def definition(self, arn: str) -> str:
        """Read the definition that an execution goes by. Raise ``ExecutionDoesNotExist``."""
        row = await self._query(lambda connection: connection.execute(SELECT_CLOSED, (arn,)).fetchone())
        if row is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        text: str = row[-1]
        return text

    async def list(
        self, machine_arn: str, *, status: str | None = None, limit: int | None = None
    ) -> Sequence[ExecutionRecord]:
        """Read the executions of a state machine (see ``Executions.list``)."""
        # A negative limit is none.
        asked = (machine_arn, status, status, -1 if limit is None else limit)
        rows = await self._database.read(
            lambda connection: connection.execute(SELECT_EXECUTIONS, asked).fetchall(), is_long=True
        )
        return [_record(row) for row in rows]

    async def _find_same(self, arn: str, text: str) -> ExecutionRecord | None:
        """Find the execution that a name stands for already. Raise ``ExecutionAlreadyExists``."""
        closed = None if arn in self._running else await self._find(arn)
        # It may have been started while this one waited.
        running = self._running.get(arn)
        if running is None:
            return None if closed is None else _same_execution(closed, text)
        return _same_execution(running.record(), text)

    async def _find(self, arn: str) -> ExecutionRecord | None:
        row = await self._query(lambda connection: connection.execute(SELECT_EXECUTION, (arn,)).fetchone())
        return None if row is None else _record(row)

    async def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Answer a query on what is written down, after writing down the rest."""

        def write_down_and_query(connection: sqlite3.Connection) -> T:
            self._write_down(connection)
            return query(connection)

        return await self._database.write(write_down_and_query)

    def _apply(self, running: "_Running", occurrence: Occurrence) -> None:
        """Take one step, and see to what follows from it."""
        now = self._clock.now()
        try:
            step = advance(running.machine, running.execution, occurrence, now)
        except Exception as error:
            # A fault of the interpreter: it would stop here again at each start, and be waited for for ever.
            log.exception("a step of %s failed", running.execution.arn)
            stopped = Stopped("States.Runtime", f"{type(error).__name__}: {error}")
            step = advance(running.machine, running.execution, stopped, now)
        if step.execution is running.execution:
            return
        running.execution = step.execution
        running.unwritten.extend(step.history)
        if self._tell is not None:
            self._tell(running.machine_arn, running.execution, step.history)
        self._changed[running.row_id] = running
        if not self._database.is_scheduled:
            self._database.will_change()
        if running.timers:
            running.drop_timers()
        if running.jobs:
            self._drop_jobs(running)
        self._follow(running, step.commands)

    def _drop_jobs(self, running: "_Running") -> None:
        """Stop the executions and map runs that nothing waits for any more."""
        awaited = {getattr(command, "op", 0) for command in pending(running.machine, running.execution)}
        for op in running.jobs.keys() - awaited:
            arn = running.jobs.pop(op)
            if ":mapRun:" in arn:
                self.map_runs.abort(arn)
            else:
                self._work.start(self.stop_child(arn, Stopped(None, None)))

    def _write_down(self, connection: sqlite3.Connection) -> None:
        """Write down what has changed since the last time."""
        if not self._changed:
            return
        changed, self._changed = self._changed, {}
        states, ends, histories = [], [], []
        for running in changed.values():
            execution = running.execution
            if running.insertion is not None:
                self._insert(connection, running)
            elif execution.status == "RUNNING" and not running.has_ended:
                states.append((documents.encode(execution.to_json()), running.row_id))
            else:
                ends.append((execution.status, documents.encode(execution.to_json()), running.row_id))
                running.has_ended = execution.status != "RUNNING"
            if running.unwritten and (row := running.take_history()) is not None:
                histories.append(row)
        if states:
            connection.executemany(UPDATE_EXECUTION, states)
        if ends:
            connection.executemany(END_EXECUTION, ends)
        connection.executemany(INSERT_HISTORY, histories)

    def _insert(self, connection: sqlite3.Connection, running: "_Running") -> None:
        assert running.insertion is not None
        definition, started = running.insertion
        digest = self._definitions.get(definition)
        if digest is None:
            digest = hashlib.blake2b(definition.encode(), digest_size=16).digest()
            connection.execute(INSERT_DEFINITION, (digest, definition))
            self._definitions[definition] = digest
        execution = running.execution
        connection.execute(
            INSERT_EXECUTION,
            (
                running.row_id,
                execution.arn,
                running.machine_arn,
                running.input,
                execution.status,
                started,
                running.trace,
                documents.encode(execution.to_json()),
                digest,
            ),
        )
        running.insertion = None

    def _follow(self, running: "_Running", commands: Sequence[Command]) -> None:
        """Do what a step asks for."""
        for command in commands:
            match command:
                case StartTimer():
                    call = self._clock.wake_at if command.is_wait else self._clock.call_at
                    running.timers[command.op] = call(
                        command.when, partial(self._fire, running, TimerFired(command.op))
                    )
                case RunTask():
                    self._start_task(running, command)
                case ReadItems():
                    self._work.start(self._read_items(running, command))
                case RunMapRun():
                    running.jobs[command.op] = command.arn
                    self.map_runs.start(command, running.execution, partial(self._apply, running))
                case Finish():
                    for timer in running.timers.values():
                        timer.cancel()
                    self._running.pop(running.execution.arn, None)
                    for waiter in running.waiters:
                        if not waiter.done():
                            waiter.set_result(None)
                    for then in running.followers:
                        then(running.record())
                case _:
                    raise AssertionError(command)

    def _fire(self, running: "_Running", occurrence: TimerFired) -> None:
        running.timers.pop(occurrence.op, None)
        self._work.begin()
        try:
            self._apply(running, occurrence)
        finally:
            self._work.end()

    def _start_task(self, running: "_Running", command: RunTask) -> None:
        arn = running.execution.arn
        token = CAUSE.set(running.cause.within(arn, Attempt(f"{arn}/{command.op}")))
        # One task in a turn: an execution of many that never wait would keep all others from theirs.
        start = self._work.start if self._is_starting else self._work.start_now
        self._is_starting = True
        try:
            start(self._run_task(running, command))
        finally:
            self._is_starting = False
            CAUSE.reset(token)

    async def _read_items(self, running: "_Running", command: ReadItems) -> None:
        occurrence: Occurrence
        try:
            items = self._buckets.items(command.resource, command.parameters, command.config)
        except (CannotRead, OSError) as error:
            occurrence = TaskFailed(command.op, "States.ItemReaderFailed", str(error))
        else:
            occurrence = TaskSucceeded(command.op, items)
        self._apply(running, occurrence)

    def _job_ended(self, running: "_Running", command: RunTask, record: ExecutionRecord) -> None:
        """Tell a task that the execution which it started has ended."""
        running.jobs.pop(command.op, None)
        try:
            occurrence: Occurrence = TaskSucceeded(command.op, job_result(command.resource, record))
        except TaskFailure as failure:
            occurrence = TaskFailed(command.op, failure.error, failure.cause)
        self._apply(running, occurrence)

    def _mocked(self, running: "_Running", command: RunTask) -> Occurrence | None:
        """Give what a mock answers for a task, where its state has one."""
        execution = running.execution
        branch = find_waiting(execution, TaskSucceeded(command.op, None))
        if branch is None or self._mocks is None:
            return None
        attempt = sum(branch.retries)
        mock = self._mocks.response(execution.machine_name, str(execution.case), branch.state, attempt)
        if mock is None:
            return None
        if mock.is_error:
            return TaskFailed(command.op, mock.error, mock.cause)
        return TaskSucceeded(command.op, mock.result)

    async def _run_task(self, running: "_Running", command: RunTask) -> None:
        if command.job is not None:
            running.jobs[command.op] = command.job
            await self.when_ended(command.job, partial(self._job_ended, running, command))
            return
        if running.execution.case is not None and (mocked := self._mocked(running, command)) is not None:
            self._apply(running, mocked)
            return
        if command.is_activity and command.token is not None:
            try:
                self._tasks.offer(command.resource, command.token, command.parameters)
            except TaskFailure as failure:
                self._apply(running, TaskFailed(command.op, failure.error, failure.cause))
            return
        integration = self._tasks.find(command.resource)
        if integration is None or not integration.only_writes:
            await self._database.durable()
        occurrence: Occurrence
        try:
            result = await self._tasks.run(command.resource, command.parameters, running.execution, command.role)
        except TaskFailure as failure:
            occurrence = TaskFailed(command.op, failure.error, failure.cause)
        except Exception as fault:
            # Ours, or an in-process handler's: the execution must not wait for it for ever.
            log.exception("a task of %s could not be run", running.execution.arn)
            occurrence = TaskFailed(command.op, "States.Runtime", f"The task could not be run: {fault!r}")
        else:
            is_answer = command.token is None and not is_job(command.resource)
            occurrence = TaskSucceeded(command.op, result) if is_answer else TaskSubmitted(command.op, result)
        self._apply(running, occurrence)

    async def _refuse_token(self, arn: str, op: int, token: str) -> None:
        record = await self._find(arn)
        if record is None:
            raise TaskDoesNotExist("Task Does Not Exist: 'Provided task does not exist'")
        if token != task_token(record.execution, op):
            raise InvalidToken(f"Invalid Token: '{token}'")
        raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")


class _Running:
    """An execution in memory, with the timers that it waits for."""

    __slots__ = (
        "cause",
        "execution",
        "followers",
        "has_ended",
        "input",
        "insertion",
        "jobs",
        "machine",
        "machine_arn",
        "row_id",
        "timers",
        "trace",
        "unwritten",
        "waiters",
    )

    def __init__(
        self,
        machine: StateMachine,
        execution: Execution,
        machine_arn: str,
        text: str,
        trace: str,
        row_id: int,
        cause: Cause | None = None,
    ) -> None:
        self.machine = machine
        self.execution = execution
        self.machine_arn = machine_arn
        self.input = text
        self.trace = trace
        self.cause = cause_of_text(trace) if cause is None else cause
        self.row_id = row_id
        self.timers: dict[int, Timer] = {}
        self.unwritten: list[JSON] = []
        self.waiters: tuple[asyncio.Future[None], ...] = ()
        self.followers: tuple[Callable[[ExecutionRecord], None], ...] = ()
        """What is to be done when it has ended."""
        self.jobs: dict[int, str] = {}
        """The executions and map runs that its states wait for, by their commands' numbers."""
        self.has_ended = False
        """Whether its row says so, although it may go on."""
        self.insertion: tuple[str, float] | None = None
        """The definition and the time it was started with, until it has a row."""

    def take_history(self) -> tuple[int, bytes] | None:
        """Give the row of those events that are not written yet; None beyond what a history may have."""
        events, self.unwritten = self.unwritten, []
        if events[0]["id"] >= HISTORY_IDS:
            return None
        return self.row_id * HISTORY_IDS + events[0]["id"], documents.encode(events)

    def drop_timers(self) -> None:
        """Take back the timers that nothing waits for any more: a clock should not go to them."""
        awaited = {command.op for command in pending(self.machine, self.execution) if isinstance(command, StartTimer)}
        for op in self.timers.keys() - awaited:
            self.timers.pop(op).cancel()

    def record(self) -> ExecutionRecord:
        return ExecutionRecord(self.execution, self.machine_arn, self.input, self.trace)


def _op(occurrence: Occurrence) -> int:
    op: int = getattr(occurrence, "op")  # noqa: B009 - each occurrence of a task has one
    return op


def _same_execution(record: ExecutionRecord, text: str) -> ExecutionRecord:
    # Idempotent while the first one runs, on name and input.
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    if record.execution.status != "RUNNING" or record.input != text:
        raise ExecutionAlreadyExists(f"Execution Already Exists: '{record.execution.arn}'")
    return record


def _record(row: tuple[bytes, str, str, str]) -> ExecutionRecord:
    state, machine_arn, text, trace = row
    return ExecutionRecord(Execution.from_json(documents.parse(state)), machine_arn, text, trace)
