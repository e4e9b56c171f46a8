"""
The local driver of map runs: the children of distributed Map states, started in their order, so many at once.

A child's name follows from its map run and its index: so a map run that is begun again after the process was killed
finds the children that it has started already. Map runs are written down when they begin and when they end; in
between, what they are at follows from their children.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.local.buckets import LocalBuckets
from pizzabar.local.database import Database
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.execution import SUCCEEDED, Execution
from pizzabar.stepfunctions.executions import DeployedStateMachine, ExecutionRecord, as_express, describe_in_export
from pizzabar.stepfunctions.interpreter import Occurrence, RunMapRun, Stopped, TaskFailed, TaskSucceeded
from pizzabar.stepfunctions.item_reader import CannotRead
from pizzabar.stepfunctions.map_runs import EXCEEDED, EXCEEDED_CAUSE, MapRun, MapRuns, child_name
from pizzabar.stepfunctions.result_writer import result_files, transformed
from pizzabar.work import Work

if TYPE_CHECKING:
    from pizzabar.local.executions import LocalExecutions

PUT = "INSERT INTO map_runs (arn, state) VALUES (?, ?) ON CONFLICT (arn) DO UPDATE SET state = excluded.state"
SELECT = "SELECT state FROM map_runs"


class LocalMapRuns(MapRuns):
    """The map runs of one state file, and those at work."""

    def __init__(self, executions: "LocalExecutions", database: Database, work: Work, buckets: LocalBuckets) -> None:
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
        self.next = 0
        self.records: dict[int, ExecutionRecord] = {}
        self.active: dict[int, str] = {}
        self.is_starting = False

    def go_on(self) -> None:
        """Start as many children as may be at work."""
        if not self.is_starting:
            self.is_starting = True
            self.runs.work.start(self.start_children())

    async def start_children(self) -> None:
        try:
            while (
                self.run.status == "RUNNING"
                and self.next < self.run.total
                and len(self.active) < self.run.concurrency
            ):
                index = self.next
                self.next += 1
                self.active[index] = ""
                self.run.running = len(self.active)
                given = self.command.inputs[index]
                name = child_name(self.run.arn, index)
                record = await self.runs.executions.start_child(
                    self.machine, name, documents.write(given), given, may_be_there=self.is_resumed
                )
                if self.run.status != "RUNNING":
                    self.stop(record.execution.arn)
                    return
                self.active[index] = record.execution.arn
                await self.runs.executions.when_ended(record.execution.arn, partial(self.child_ended, index))
        finally:
            self.is_starting = False
        if self.run.status == "RUNNING" and len(self.records) == self.run.total:
            self.finish()

    def child_ended(self, index: int, record: ExecutionRecord) -> None:
        if self.run.status != "RUNNING":
            return
        self.active.pop(index, None)
        self.records[index] = record
        self.run.child_ended(index, record.execution.status)
        self.run.running = len(self.active)
        if self.run.is_beyond:
            self.end("FAILED")
            self.answer(TaskFailed(self.command.op, EXCEEDED, EXCEEDED_CAUSE))
        else:
            self.go_on()

    def finish(self) -> None:
        writer = self.command.writer
        records = [self.records[index] for index in range(self.run.total)]
        result: JSON = [_output(record) for record in records]
        if writer is not None:
            children = [describe_in_export(record) for record in records]
            config = writer["Config"]
            if "Bucket" not in writer:
                result = transformed(children, config.get("Transformation", "COMPACT"))
            else:
                bucket, prefix = writer["Bucket"], writer.get("Prefix") or ""
                files = result_files(prefix, bucket, self.run.arn, config, children)
                try:
                    self.runs.buckets.write(bucket, files)
                except (CannotRead, OSError) as error:
                    self.end("FAILED")
                    self.answer(TaskFailed(self.command.op, "States.ResultWriterFailed", str(error)))
                    return
                key = next(key for key in files if key.endswith("/manifest.json") or key == "manifest.json")
                result = {"MapRunArn": self.run.arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}
                self.run.written = self.run.total
        self.end(SUCCEEDED)
        self.answer(TaskSucceeded(self.command.op, result))

    def end(self, status: str) -> None:
        """End the map run, and what is at work in it."""
        self.run.status, self.run.stopped = status, self.runs.executions.now()
        running, self.active = self.active, {}
        for index, arn in running.items():
            self.run.child_ended(index, "ABORTED")
            if arn:
                self.stop(arn)
        self.run.running = 0
        self.runs.keep(self.run)
        self.runs.forget(self.run.arn)

    def stop(self, arn: str) -> None:
        self.runs.work.start(self.runs.executions.stop_child(arn, Stopped(None, None)))


def _output(record: ExecutionRecord) -> JSON:
    execution = record.execution
    if execution.status == SUCCEEDED:
        return execution.output
    # A failure that is tolerated stands where the output would.
    return {name: text for name, text in (("Error", execution.error), ("Cause", execution.cause)) if text is not None}
