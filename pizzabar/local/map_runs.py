"""
The local driver of map runs: the children of distributed Map states, started in their order, so many at once.

A child's name follows from its map run and its index: so a map run that is begun again after the process was killed,
or is redriven, finds the children that it has started already. Map runs are written down when they begin and when
they end; in between, what they are at follows from their children: each knows the redrive that it was last set going
by.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.local.buckets import LocalBuckets
from pizzabar.local.database import Database
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.execution import RUNNING, SUCCEEDED, Execution
from pizzabar.stepfunctions.executions import DeployedStateMachine, ExecutionRecord, as_express, describe_in_export
from pizzabar.stepfunctions.interpreter import Occurrence, RunMapRun, Stopped, TaskFailed, TaskSucceeded
from pizzabar.stepfunctions.item_reader import CannotRead
from pizzabar.stepfunctions.map_runs import EXCEEDED, EXCEEDED_CAUSE, MapRun, MapRuns, child_arn, child_name
from pizzabar.stepfunctions.redrive import not_redrivable
from pizzabar.stepfunctions.result_writer import result_files, transformed
from pizzabar.stepfunctions.timestamp import write_timestamp
from pizzabar.work import Work

PUT = "INSERT INTO map_runs (arn, state) VALUES (?, ?) ON CONFLICT (arn) DO UPDATE SET state = excluded.state"
SELECT = "SELECT state FROM map_runs"


class Children(Protocol):
    """The executions that map runs start, among all others."""

    def now(self) -> datetime:
        """Tell the time."""

    async def find(self, arn: str) -> ExecutionRecord | None:
        """Read an execution, if there is one."""

    def start_child(self, machine: DeployedStateMachine, arn: str, text: str, value: JSON, map_run: MapRun) -> None:
        """Start an execution of a map run, which is not there yet."""

    async def redrive_child(self, arn: str, redrives: int, is_wanted: Callable[[], bool]) -> None:
        """Have an execution of a map run go on, or begin anew, if that is still wanted once it was read."""

    async def stop_child(self, arn: str, stopped: Stopped) -> None:
        """Stop an execution that nobody waits for any more, if it still runs."""

    async def when_ended(self, arn: str, then: Callable[[ExecutionRecord], None]) -> None:
        """Have something done when an execution has ended, which may be now."""


class LocalMapRuns(MapRuns):
    """The map runs of one state file, and those at work."""

    def __init__(self, executions: Children, database: Database, work: Work, buckets: LocalBuckets) -> None:
        super().__init__()
        self.executions = executions
        self.work = work
        self.buckets = buckets
        self._database = database
        self._at_work: dict[str, _Runner] = {}

    async def open(self) -> None:
        """Read those of earlier processes."""
        rows = await self._database.read(lambda connection: connection.execute(SELECT).fetchall())
        runs = [MapRun.from_json(documents.parse(state)) for (state,) in rows]
        for run in sorted(runs, key=lambda run: run.started):
            self.add(run)

    def start(self, command: RunMapRun, execution: Execution, answer: Callable[[Occurrence], None]) -> None:
        """Run the children of a Map state, and answer when that has ended."""
        known = self.find(command.arn)
        run = MapRun.of(command, execution.arn, self.executions.now())
        if known is not None:
            run.started, run.concurrency = known.started, known.concurrency
            run.tolerated_count, run.tolerated_percentage = known.tolerated_count, known.tolerated_percentage
            run.redriven = known.redriven
        if run.redrives and (known is None or run.redrives > known.redrives):
            run.redriven = self.executions.now()
        self.add(run)
        self.keep(run)
        runner = self._at_work[command.arn] = _Runner(self, command, execution, run, answer, known is not None)
        runner.go_on()

    def abort(self, arn: str) -> None:
        """End a map run whose Map state has gone."""
        runner = self._at_work.get(arn)
        if runner is not None:
            runner.end("ABORTED")

    def update(self, run: MapRun) -> None:
        """Take note of what has been changed in a map run."""
        self.keep(run)
        runner = self._at_work.get(run.arn)
        if runner is not None:
            runner.go_on()

    def forget(self, arn: str) -> None:
        """Let go of a map run that has ended."""
        self._at_work.pop(arn, None)

    def keep(self, run: MapRun) -> None:
        """Write a map run down."""
        state = documents.encode(run.to_json())

        def put(connection: sqlite3.Connection) -> None:
            connection.execute(PUT, (run.arn, state))

        self._database.write_soon(put)


class _Runner:
    """One map run at work."""

    def __init__(
        self,
        runs: LocalMapRuns,
        command: RunMapRun,
        execution: Execution,
        run: MapRun,
        answer: Callable[[Occurrence], None],
        is_resumed: bool,
    ) -> None:
        self.runs = runs
        self.command = command
        self.run = run
        self.answer = answer
        self.is_resumed = is_resumed
        machine = read_definition(command.definition)
        name = f"{execution.machine_name}/{command.machine_arn.rpartition('/')[2]}"
        self.machine = DeployedStateMachine(
            command.machine_arn,
            name,
            execution.role_arn,
            "EXPRESS" if command.is_express else "STANDARD",
            command.definition,
            as_express(machine) if command.is_express else machine,
            run.started,
        )
        self.left = deque(range(run.total))
        """The children that are neither at work nor at their end, by their index."""
        self.records: dict[int, ExecutionRecord] = {}
        self.active: dict[int, str] = {}
        self.is_starting = False
        self.failure: tuple[str, str] | None = None
        """What it fails with when the children at work have come to their end."""

    def go_on(self) -> None:
        """Start as many children as may be at work."""
        if not self.is_starting:
            self.is_starting = True
            self.runs.work.start(self.start_children())

    @property
    def is_running(self) -> bool:
        """Whether the map run has not ended."""
        return self.run.status == "RUNNING"

    async def start_children(self) -> None:
        try:
            if self.is_resumed:
                await self.find_children()
            while self.may_start and self.left and len(self.active) < self.run.concurrency:
                await self.start_child(self.left.popleft())
        finally:
            self.is_starting = False
        if self.may_start and len(self.records) == self.run.total:
            self.finish()

    @property
    def may_start(self) -> bool:
        """Whether the map run has not ended, and is not about to."""
        return self.is_running and self.failure is None

    def arn(self, index: int) -> str:
        """Give the ARN of a child."""
        name = child_name(self.run.arn, index)
        return child_arn(self.machine.arn, name, is_express=self.machine.is_express)

    async def find_children(self) -> None:
        """Find what has become of the children so far: those that are done with, at work, or to be redriven."""
        self.is_resumed = False
        left: list[int] = []
        for index in range(self.run.total):
            record = await self.runs.executions.find(self.arn(index))
            if record is None:
                left.append(index)
                continue
            execution = record.execution
            # What has failed before the map run was redriven is to go on, if it may.
            is_earlier = execution.status != SUCCEEDED and execution.map_run_redrives != self.run.redrives
            if not self.is_running:
                # It has ended meanwhile; what is at work ends with it.
                self.stop(execution.arn)
            elif execution.status == RUNNING:
                self.active[index] = execution.arn
                await self.runs.executions.when_ended(execution.arn, partial(self.child_ended, index))
            elif is_earlier and not_redrivable(execution, self.runs.executions.now()) is None:
                self.run.to_redrive[index] = execution.status
                left.append(index)
            else:
                self.run.child_ended(index, execution.status, for_good=is_earlier)
                self.records[index] = record
        self.left = deque(left)
        self.run.running = len(self.active)
        if self.is_running and self.run.is_beyond:
            self.fail(EXCEEDED, EXCEEDED_CAUSE)

    async def start_child(self, index: int) -> None:
        """Start a child, or have one that failed go on."""
        executions, arn = self.runs.executions, self.arn(index)
        if index in self.run.to_redrive:
            await executions.redrive_child(arn, self.run.redrives, partial(self.begins, index))
        else:
            self.begins(index)
            given = self.command.inputs[index]
            executions.start_child(self.machine, arn, documents.write(given), given, self.run)
        await executions.when_ended(arn, partial(self.child_ended, index))

    def begins(self, index: int) -> bool:
        """Count a child as being at work, if the map run is."""
        if self.is_running:
            self.active[index] = self.arn(index)
            self.run.to_redrive.pop(index, None)
            self.run.running = len(self.active)
        return self.is_running

    def child_ended(self, index: int, record: ExecutionRecord) -> None:
        if not self.is_running:
            return
        self.active.pop(index, None)
        self.records[index] = record
        self.run.child_ended(index, record.execution.status)
        self.run.running = len(self.active)
        if self.failure is not None:
            self.fail(*self.failure)
        elif self.run.is_beyond:
            self.fail(EXCEEDED, EXCEEDED_CAUSE)
        else:
            self.go_on()

    def fail(self, error: str, cause: str) -> None:
        """End the map run unsuccessfully; as on AWS, children of Express that are at work end by themselves first."""
        if self.machine.is_express and self.active:
            self.failure = error, cause
            return
        self.end("FAILED")
        self.answer(TaskFailed(self.command.op, error, cause))

    def finish(self) -> None:
        writer = self.command.writer
        records = [self.records[index] for index in range(self.run.total)]
        result: JSON = [_output(record) for record in records]
        if writer is not None:
            children = [_exported(record) for record in records]
            config = writer["Config"]
            if "Bucket" not in writer:
                result = transformed(children, config.get("Transformation", "COMPACT"))
            else:
                bucket, prefix = writer["Bucket"], writer.get("Prefix") or ""
                files = result_files(prefix, bucket, self.run.arn, config, children)
                try:
                    self.runs.buckets.write(bucket, files)
                except (CannotRead, OSError) as error:
                    self.fail("States.ResultWriterFailed", str(error))
                    return
                key = next(key for key in files if key.endswith("/manifest.json") or key == "manifest.json")
                result = {"MapRunArn": self.run.arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}
                self.run.written = self.run.total
        self.end(SUCCEEDED)
        self.answer(TaskSucceeded(self.command.op, result))

    def end(self, status: str) -> None:
        """End the map run, and what is at work in it."""
        running, self.active = self.active, {}
        self.run.end(status, self.runs.executions.now())
        for index, arn in running.items():
            self.run.child_ended(index, "ABORTED")
            self.stop(arn)
        self.runs.keep(self.run)
        self.runs.forget(self.run.arn)

    def stop(self, arn: str) -> None:
        self.runs.work.start(self.runs.executions.stop_child(arn, Stopped(None, None)))


def _exported(record: ExecutionRecord) -> JSON:
    """Describe a child as the files of a ResultWriter do: with times as texts, which the results of tasks have not.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    """
    execution = record.execution
    described = describe_in_export(record) | {"OutputDetails": {"Included": True}}
    described["StartDate"] = write_timestamp(execution.started)
    if execution.stopped is not None:
        described["StopDate"] = write_timestamp(execution.stopped)
    return dict(sorted(described.items()))


def _output(record: ExecutionRecord) -> JSON:
    execution = record.execution
    if execution.status == SUCCEEDED:
        return execution.output
    # A failure that is tolerated stands where the output would.
    return {name: text for name, text in (("Error", execution.error), ("Cause", execution.cause)) if text is not None}
