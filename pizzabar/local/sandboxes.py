"""The local sandboxes: processes of this machine, kept for the next invocation of their function."""

import secrets
import string
import time
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from pizzabar.clock import SystemClock
from pizzabar.journal import CAUSE, Cause, note, trace_header
from pizzabar.lambda_.function import LATEST, Function, RuntimeFault, timed_out
from pizzabar.lambda_.invocation_log import (
    end_lines,
    error_type_of,
    init_end_lines,
    init_start_lines,
    start_lines,
)
from pizzabar.lambda_.json_log import SUCCESS
from pizzabar.lambda_.log_lines import log_stream_name
from pizzabar.lambda_.sandboxes import BuildError, FunctionError, Request, Surroundings, WriteLog
from pizzabar.local.builds import Builds
from pizzabar.local.database import Database
from pizzabar.local.processes import Built, command_of, environment_of, memory_of
from pizzabar.local.runtime_api import Task
from pizzabar.local.sandbox import Overdue, Sandbox
from pizzabar.local.sandbox_pool import Kept, SandboxPool
from pizzabar.work import Work

_LETTERS = string.ascii_uppercase + "234567"


class LocalSandboxes:
    """See ``Sandboxes``. Their processes live in real time, whatever the emulator's clock says.

    At most ``concurrency`` sandboxes of a function are there at once; an invocation beyond these waits for one.
    """

    init_seconds = 10.0
    """How long a handler may take to load, but for its second try.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib"""
    idle_seconds = 600.0
    """How long a sandbox is kept that nobody needs; Lambda does not say how long it does."""

    def __init__(
        self,
        database: Database,
        work: Work,
        builds: Builds,
        *,
        concurrency: int,
    ) -> None:
        self._database = database
        self._clock = SystemClock()
        self._work = work
        self._builds = builds
        self._concurrency = concurrency
        self._surroundings = Surroundings("", "")
        self._pools: dict[tuple[str, str], SandboxPool] = {}
        """By the names of functions, and their versions."""
        self._by_key: dict[str, Sandbox] = {}

    async def prepare(self, functions: Iterable[Function], surroundings: Surroundings) -> None:
        """See ``Sandboxes``."""
        self._surroundings = surroundings
        for function in functions:
            built = await self._builds.build(function)
            pool = self._pools.get((function.name, function.version))
            if pool is None:
                self._enter(function, built)
            else:
                pool.renew(function, built)

    def cause_of(self, access_key: str) -> Cause | None:
        """See ``Sandboxes``."""
        sandbox = self._by_key.get(access_key)
        return None if sandbox is None else sandbox.cause

    async def refresh(self, function: Function) -> None:
        """See ``Sandboxes``."""
        pool = self._pools[function.name, function.version]
        built = await self._builds.build(function)
        if self._is_debugged(function):
            # Two processes cannot wait at one port.
            pool.renew(function, built)
        else:
            try:
                fresh = await self._start(function, built, lambda stream, lines: None, self.init_seconds)
            except Overdue:
                raise timed_out(function) from None
            pool.renew(function, built)
            pool.add(fresh)
        for (name, version), other in tuple(self._pools.items()):
            if name == function.name and version != function.version:
                other.renew(other.function, await self._builds.build(other.function))

    async def run(self, function: Function, request: Request, write: WriteLog) -> str:
        """See ``Sandboxes``."""
        await self._database.durable()
        pool = await self._pool_of(function)
        if pool.function is not function and pool.function != replace(function, qualifier=pool.function.qualifier):
            pool.renew(function)
        kept = await pool.take()
        seconds: float | None = None if self._is_debugged(function) else float(function.timeout)
        init = None
        try:
            note("start", "cold" if kept is None else "warm")
            if kept is None:
                began = time.perf_counter()
                kept, seconds = await self._begin(pool, function, request, write, seconds)
                init = (time.perf_counter() - began) * 1000
            kept.sandbox.write = partial(write, kept.sandbox.log_stream)
            result = await self._handle(kept.sandbox, function, request, seconds, init)
        except FunctionError:
            # A handler that failed can be asked again.
            pool.free() if kept is None else pool.keep(kept)
            raise
        except BaseException:
            if kept is not None:
                await self._drop(kept.sandbox)
            pool.free()
            raise
        pool.keep(kept)
        return result

    async def close(self) -> None:
        """See ``Sandboxes``."""
        for pool in self._pools.values():
            pool.close()
        for sandbox in tuple(self._by_key.values()):
            await self._drop(sandbox)

    def _enter(self, function: Function, built: Built) -> SandboxPool:
        # A debugger has one process to look at.
        most = 1 if self._is_debugged(function) else self._concurrency
        pool = SandboxPool(function, built, self._drop_later, most=most, idle_seconds=self.idle_seconds)
        self._pools[function.name, function.version] = pool
        return pool

    async def _pool_of(self, function: Function) -> SandboxPool:
        """Give the sandboxes of a function.

        A version may have been published since functions were prepared, and be another one of the same number.
        """
        key = function.name, function.version
        pool = self._pools.get(key)
        if pool is not None and (function.version == LATEST or pool.function.handler == function.handler):
            return pool
        try:
            built = await self._builds.build(function)
        except BuildError as error:
            raise RuntimeFault("Runtime.InvalidEntrypoint", str(error)) from None
        # Another invocation may have come first.
        pool = self._pools.get(key)
        if pool is None:
            return self._enter(function, built)
        if pool.function.handler != function.handler:
            pool.renew(function, built)
        return pool

    # One invocation -----------------------------------------------------------------------------------------

    async def _begin(
        self, pool: SandboxPool, function: Function, request: Request, write: WriteLog, seconds: float | None
    ) -> tuple[Kept, float | None]:
        """Start a sandbox for an invocation, and give the time that is left to it.

        A handler that takes too long to load is loaded once more, in the time of the invocation.
        """
        generation = pool.generation
        limit = None if seconds is None else self.init_seconds
        began = time.perf_counter()
        fault: RuntimeFault
        try:
            try:
                return Kept(await self._start(function, pool.built, write, limit), generation), seconds
            except Overdue:
                assert seconds is not None
            began = time.perf_counter()
            sandbox = await self._start(function, pool.built, write, seconds)
            return Kept(sandbox, generation), max(seconds - (time.perf_counter() - began), 0.0)
        except FunctionError as error:
            self._tell_of_nothing(function, request, write, began, error_type=error_type_of(error.payload))
            raise
        except Overdue:
            fault = timed_out(function)
        except RuntimeFault as other:
            fault = other
        self._tell_of_nothing(function, request, write, began, fault=fault)
        raise fault

    def _tell_of_nothing(
        self,
        function: Function,
        request: Request,
        write: WriteLog,
        began: float,
        *,
        fault: RuntimeFault | None = None,
        error_type: str | None = None,
    ) -> None:
        """Write to the log of an invocation whose handler could not be loaded."""
        id, now = request.request_id, self._clock.now()
        milliseconds = (time.perf_counter() - began) * 1000
        end = end_lines(function, id, now, milliseconds, fault=fault, error_type=error_type)
        stream = log_stream_name(now, uuid.uuid4().hex, function.version)
        write(stream, [*start_lines(function, id, now), *end])

    async def _start(self, function: Function, built: Built, write: WriteLog, seconds: float | None) -> Sandbox:
        """Start a sandbox. Raise ``FunctionError``, ``RuntimeFault`` or ``Overdue``."""
        around = self._surroundings
        stream = log_stream_name(self._clock.now(), uuid.uuid4().hex, function.version)
        key = "ASIA" + "".join(secrets.choice(_LETTERS) for _ in range(16))
        tell = partial(write, stream)
        keeps = (lambda line: True) if function.json_log is None else function.json_log.keeps
        sandbox = Sandbox(key, stream, tell, keeps)
        self._by_key[key] = sandbox
        if function.principal is not None:
            around.access_keys.give(key, function.principal)
        debugging = around.debugging if self._is_debugged(function) else None
        began = time.perf_counter()
        tell(init_start_lines(function, self._clock.now()))
        try:
            command = command_of(function, built, around, debugging)
            environment = environment_of(function, built, around, key, stream)
            await sandbox.start(command, environment, built.folder, memory=memory_of(function))
            await sandbox.initialise(seconds)
        except BaseException as error:
            await self._drop(sandbox)
            status = "timeout" if isinstance(error, Overdue) else "error"
            tell(init_end_lines(function, self._clock.now(), (time.perf_counter() - began) * 1000, status))
            raise
        tell(init_end_lines(function, self._clock.now(), (time.perf_counter() - began) * 1000, SUCCESS))
        return sandbox

    async def _handle(
        self, sandbox: Sandbox, function: Function, request: Request, seconds: float | None, init: float | None
    ) -> str:
        cause = CAUSE.get()
        allowed = timedelta(days=1) if seconds is None else timedelta(seconds=seconds)
        task = Task(
            request.request_id,
            request.event,
            int((self._clock.now() + allowed).timestamp() * 1000),
            function.invoked_arn,
            trace_header(),
        )
        sandbox.cause = cause
        sandbox.write(start_lines(function, request.request_id, self._clock.now()))
        began = time.perf_counter()
        fault: RuntimeFault | None = None
        error_type: str | None = None
        try:
            return await sandbox.handle(task, seconds)
        except Overdue:
            fault = timed_out(function)
            raise fault from None
        except RuntimeFault as told:
            fault = told
            raise
        except FunctionError as error:
            error_type = error_type_of(error.payload)
            raise
        finally:
            sandbox.cause = None
            ended = end_lines(
                function,
                request.request_id,
                self._clock.now(),
                (time.perf_counter() - began) * 1000,
                fault=fault,
                error_type=error_type,
                memory_used=sandbox.memory_used(),
                init=init,
            )
            sandbox.write(ended)

    def _is_debugged(self, function: Function) -> bool:
        debugging = self._surroundings.debugging
        return debugging is not None and debugging.function == function.name

    def _drop_later(self, sandbox: Sandbox) -> None:
        self._work.start(self._drop(sandbox))

    async def _drop(self, sandbox: Sandbox) -> None:
        # Forgotten only when it has ended: who is cancelled in between leaves it to ``close``.
        await sandbox.stop()
        self._by_key.pop(sandbox.access_key, None)
        self._surroundings.access_keys.take_back(sandbox.access_key)
