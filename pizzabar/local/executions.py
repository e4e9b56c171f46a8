"""
The local driver of executions: the interpreter's steps, kept in the state file.

A step is computed first and queued for the commit at once; what follows from it is done after the commit. Tasks that
do nothing but queue further writes are begun at once, for those are committed with the step or after it; and the step
that begins one is itself written only with the next: if both are lost, the task is run again, under the same key, as
it would be if the first had been kept.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Sequence
from functools import partial

from pizzabar import documents
from pizzabar.clock import Clock, Timer
from pizzabar.documents import JSON
from pizzabar.journal import CAUSE, Attempt, Cause, new_trace_id
from pizzabar.local.database import Database
from pizzabar.stepfunctions.definition import StateMachine, read_definition
from pizzabar.stepfunctions.errors import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    InvalidToken,
    TaskDoesNotExist,
    TaskTimedOut,
)
from pizzabar.stepfunctions.execution import Execution
from pizzabar.stepfunctions.executions import DeployedStateMachine, ExecutionRecord
from pizzabar.stepfunctions.interpreter import (
    Command,
    Finish,
    Occurrence,
    RunTask,
    Started,
    StartTimer,
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
from pizzabar.stepfunctions.tasks import TaskFailure, Tasks
from pizzabar.uuids import new_uuid
from pizzabar.work import Work

log = logging.getLogger("pizzabar")

INSERT_DEFINITION = "INSERT INTO definitions (digest, text) VALUES (?, ?) ON CONFLICT DO NOTHING"
INSERT_EXECUTION = (
    "INSERT INTO executions (id, arn, machine_arn, definition, input, status, started, trace, state)"
    " SELECT ?, ?, ?, definitions.id, ?, ?, ?, ?, ? FROM definitions WHERE digest = ?"
)
UPDATE_EXECUTION = "UPDATE executions SET state = ? WHERE id = ?"
END_EXECUTION = "UPDATE executions SET status = ?, state = ? WHERE id = ?"
LAST_ID = "SELECT max(id) FROM executions"
INSERT_HISTORY = "INSERT INTO history (execution, first, events) VALUES (?, ?, ?)"
SELECT_EXECUTION = "SELECT state, machine_arn, input, trace FROM executions WHERE arn = ?"
SELECT_EXECUTIONS = (
    "SELECT state, machine_arn, input, trace FROM executions WHERE machine_arn = ? ORDER BY started DESC, arn"
)
SELECT_RUNNING = (
    "SELECT executions.id, state, machine_arn, input, trace, text"
    " FROM executions JOIN definitions ON definitions.id = definition"
    " WHERE status = 'RUNNING'"
)
SELECT_HISTORY = (
    "SELECT events FROM history WHERE execution = (SELECT id FROM executions WHERE arn = ?) ORDER BY first"
)


class LocalExecutions:
    """Executions over one state file."""

    def __init__(self, database: Database, clock: Clock, work: Work, tasks: Tasks, *, seed: str, region: str) -> None:
        self._database = database
        self._clock = clock
        self._work = work
        self._tasks = tasks
        self._seed = seed
        self._region = region
        self._running: dict[str, _Running] = {}
        self._last_id = 0
        self._stored_definitions: set[bytes] = set()

    async def open(self) -> int:
        """Go on with the executions that an earlier process left running, and tell how many."""
        rows = await self._database.read(lambda connection: connection.execute(SELECT_RUNNING).fetchall())
        machines: dict[str, StateMachine] = {}
        for row_id, state, machine_arn, text, trace_id, definition in rows:
            machine = machines.get(definition)
            if machine is None:
                machine = machines[definition] = read_definition(definition)
            execution = Execution.from_json(documents.parse(state))
            running = _Running(machine, execution, machine_arn, text, trace_id, row_id)
            self._running[execution.arn] = running
            self._follow(running, pending(machine, execution))
        last = await self._database.read(lambda connection: connection.execute(LAST_ID).fetchone()[0])
        self._last_id = last or 0
        return len(rows)

    async def start(self, machine: DeployedStateMachine, name: str | None, text: str, value: JSON) -> ExecutionRecord:
        """Start an execution (see ``Executions.start``)."""
        is_new = name is None
        name = name or new_uuid()
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        if not is_new and (same := await self._find_same(arn, text)) is not None:
            return same
        cause = CAUSE.get() or Cause(new_trace_id(self._clock.now()))
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
        )
        self._last_id += 1
        running = _Running(machine.machine, execution, machine.arn, text, cause.trace_id, self._last_id, cause.id)
        # The name is taken from here on, before anything is awaited.
        self._running[arn] = running
        step = advance(machine.machine, execution, Started(), now)
        running.execution = step.execution
        running.unwritten.extend(step.history)
        digest = hashlib.blake2b(machine.definition.encode(), digest_size=16).digest()
        insert = partial(
            _insert_execution,
            definition=None if digest in self._stored_definitions else (digest, machine.definition),
            row=(
                running.row_id,
                arn,
                machine.arn,
                text,
                step.execution.status,
                now.timestamp(),
                cause.trace_id,
                documents.encode(step.execution.to_json()),
                digest,
            ),
            history=running.take_history(),
        )
        commit = self._database.write(insert)
        record = running.record()
        self._follow(running, step.commands)
        try:
            await commit
        except sqlite3.IntegrityError:
            # Another one of the name was started, and ended, while this one looked for it.
            self._running.pop(arn, None)
            taken = await self._find(arn)
            if taken is None:
                raise
            return _same_execution(taken, text)
        self._stored_definitions.add(digest)
        return record

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
        self._apply(running, occurrence, may_be_lost=False)
        await self._database.durable()

    async def describe(self, arn: str) -> ExecutionRecord:
        """Read an execution. Raise ``ExecutionDoesNotExist``."""
        running = self._running.get(arn)
        if running is not None:
            record: ExecutionRecord | None = running.record()
            # What is told is to be durable, the history too.
            if running.unwritten:
                self._write(running)
            await self._database.durable()
        else:
            record = await self._find(arn)
        if record is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return record

    async def history(self, arn: str) -> Sequence[JSON]:
        """Read the history of an execution, oldest event first. Raise ``ExecutionDoesNotExist``."""
        await self.describe(arn)
        rows = await self._database.read(lambda connection: connection.execute(SELECT_HISTORY, (arn,)).fetchall())
        return [event for (events,) in rows for event in documents.parse(events)]

    async def list(self, machine_arn: str) -> Sequence[ExecutionRecord]:
        """Read the executions of a state machine, those started last first."""
        rows = await self._database.read(
            lambda connection: connection.execute(SELECT_EXECUTIONS, (machine_arn,)).fetchall(), is_long=True
        )
        return [_record(row) for row in rows]

    async def _find_same(self, arn: str, text: str) -> ExecutionRecord | None:
        """Find the execution that a name stands for already. Raise ``ExecutionAlreadyExists``."""
        closed = None if arn in self._running else await self._find(arn)
        # It may have been started while this one waited.
        running = self._running.get(arn)
        if running is None:
            return None if closed is None else _same_execution(closed, text)
        record = _same_execution(running.record(), text)
        await self._database.durable()
        return record

    async def _find(self, arn: str) -> ExecutionRecord | None:
        row = await self._database.read(lambda connection: connection.execute(SELECT_EXECUTION, (arn,)).fetchone())
        return None if row is None else _record(row)

    def _apply(self, running: "_Running", occurrence: Occurrence, *, may_be_lost: bool = True) -> None:
        """Take one step: compute it, queue it for the commit, and see to what follows from it.

        A step ``may_be_lost`` when what has happened happens again after the process was killed.
        """
        step = advance(running.machine, running.execution, occurrence, self._clock.now())
        if step.execution is running.execution:
            return
        running.execution = step.execution
        running.unwritten.extend(step.history)
        if not (may_be_lost and step.commands and all(map(self._only_writes, step.commands))):
            self._write(running)
        if running.timers:
            running.drop_timers()
        self._follow(running, step.commands)

    def _write(self, running: "_Running") -> None:
        execution = running.execution
        self._database.write_soon(
            partial(
                _update_execution,
                row=(execution.status, documents.encode(execution.to_json()), running.row_id),
                history=running.take_history(),
            )
        )

    def _only_writes(self, command: Command) -> bool:
        if not isinstance(command, RunTask):
            return False
        integration = self._tasks.find(command.resource)
        return integration is not None and integration.only_writes

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
                case Finish():
                    for timer in running.timers.values():
                        timer.cancel()
                    self._running.pop(running.execution.arn, None)
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
        token = CAUSE.set(Cause(running.trace_id, running.hop_id, arn, Attempt(f"{arn}/{command.op}")))
        self._work.start(self._run_task(running, command))
        CAUSE.reset(token)

    async def _run_task(self, running: "_Running", command: RunTask) -> None:
        integration = self._tasks.find(command.resource)
        if integration is None or not integration.only_writes:
            await self._database.durable()
        occurrence: Occurrence
        try:
            result = await self._tasks.run(command.resource, command.parameters, running.execution)
        except TaskFailure as failure:
            occurrence = TaskFailed(command.op, failure.error, failure.cause)
        except Exception as fault:
            # Ours, or an in-process handler's: the execution must not wait for it for ever.
            log.exception("a task of %s could not be run", running.execution.arn)
            occurrence = TaskFailed(command.op, "States.Runtime", f"The task could not be run: {fault!r}")
        else:
            is_answer = command.token is None
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
        "execution",
        "hop_id",
        "input",
        "machine",
        "machine_arn",
        "row_id",
        "timers",
        "trace_id",
        "unwritten",
    )

    def __init__(
        self,
        machine: StateMachine,
        execution: Execution,
        machine_arn: str,
        text: str,
        trace_id: str,
        row_id: int,
        hop_id: int = 0,
    ) -> None:
        self.machine = machine
        self.execution = execution
        self.machine_arn = machine_arn
        self.input = text
        self.trace_id = trace_id
        self.hop_id = hop_id
        self.row_id = row_id
        self.timers: dict[int, Timer] = {}
        self.unwritten: list[JSON] = []

    def take_history(self) -> tuple[int, int, bytes] | None:
        """Give the row of those events that are not written yet."""
        events, self.unwritten = self.unwritten, []
        return (self.row_id, events[0]["id"], documents.encode(events)) if events else None

    def drop_timers(self) -> None:
        """Take back the timers that nothing waits for any more: a clock should not go to them."""
        awaited = {command.op for command in pending(self.machine, self.execution) if isinstance(command, StartTimer)}
        for op in self.timers.keys() - awaited:
            self.timers.pop(op).cancel()

    def record(self) -> ExecutionRecord:
        return ExecutionRecord(self.execution, self.machine_arn, self.input, self.trace_id)


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
    state, machine_arn, text, trace_id = row
    return ExecutionRecord(Execution.from_json(documents.parse(state)), machine_arn, text, trace_id)


def _insert_execution(
    connection: sqlite3.Connection,
    definition: tuple[bytes, str] | None,
    row: tuple[object, ...],
    history: tuple[int, int, bytes] | None,
) -> None:
    if definition is not None:
        connection.execute(INSERT_DEFINITION, definition)
    connection.execute(INSERT_EXECUTION, row)
    if history is not None:
        connection.execute(INSERT_HISTORY, history)


def _update_execution(
    connection: sqlite3.Connection, row: tuple[str, bytes, int], history: tuple[int, int, bytes] | None
) -> None:
    if row[0] == "RUNNING":
        connection.execute(UPDATE_EXECUTION, row[1:])
    else:
        connection.execute(END_EXECUTION, row)
    if history is not None:
        connection.execute(INSERT_HISTORY, history)
