"""
The state file: one SQLite database, one writer, many changes to a commit.

Rules:
- A change is a function that is handed the connection and runs SQL on it. Whatever changes are ready within a few
  turns of the event loop run in one transaction, in the order they were handed in, and are answered after its commit.
- A change raises ``ServiceError`` before it has written anything, or not at all: that error is its own caller's and
  leaves the others alone. After any other error the transaction is rolled back and the changes are run again one by
  one, so that only the faulty one fails. So a change may run twice and must be pure but for its SQL.
- Reads go through the same connection, in order: they see every change handed in before them.
- The file is locked by the process that has it open; the lock goes with the process, however that ends.

What is short runs on the event loop itself: a commit without a sync costs some 15 microseconds, a trip to
aiosqlite's thread and back over 100. What may take long (a sync to disk, a checkpoint, a long read) runs in the
thread; meanwhile changes gather for the next commit.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import aiosqlite

from pizzabar.errors import PizzabarError, ServiceError
from pizzabar.work import Work

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], Any]
Durability = Literal["normal", "full"]
"""``normal`` survives the death of the process, ``full`` that of the machine, at one sync to disk a commit."""

MIGRATIONS = ("schema.sql",)
"""The files that make the schema, in order; a state file's version is the number of those it has seen."""

_APPLICATION_ID = 0x50495A5A
_MAGIC = b"SQLite format 3\x00"
_BEHIND_SECONDS = 0.002
_TURNS = 4
"""Turns of the event loop that a commit waits for more changes; a turn costs a tenth of a commit."""

_CHECKED_BYTES = 64 << 20
_WAL_BYTES = 8 << 20
log = logging.getLogger("pizzabar")


class StateFileError(PizzabarError):
    """Raised when a state file cannot be used; it is left as it was."""


class Database:
    """An open state file, or, without a path, a database in memory."""

    def __init__(
        self, connection: aiosqlite.Connection, path: Path | None, work: Work, durability: Durability
    ) -> None:
        self._connection = connection
        self._work = work
        self._raw = connection._conn
        self._wal = None if path is None else path.with_name(path.name + "-wal")
        self._syncs = durability == "full"
        self._loop = asyncio.get_running_loop()
        self._queue: list[tuple[Change, asyncio.Future[Any] | None]] = []
        self._is_scheduled = False
        self._behind: asyncio.TimerHandle | None = None
        self._away: asyncio.Task[Any] | None = None
        self._commits = 0
        self._broken: BaseException | None = None

    @classmethod
    async def open(cls, path: Path | None, work: Work, *, durability: Durability = "normal") -> "Database":
        """Open a state file, making it or bringing its schema up to date where needed.

        Raise ``StateFileError`` if another process has it, if it is damaged, is no state file of pizzabar, or was
        written by a newer version.
        """
        if path is not None:
            _check_header(path)
            _make_directory(path)
        connection = aiosqlite.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=0.2
        )
        try:
            await connection
            database = cls(connection, path, work, durability)
            await database._in_thread(lambda opened: _prepare(opened, path, durability))
        except BaseException as error:
            await connection.close()
            if isinstance(error, sqlite3.Error):
                raise StateFileError(_explain(error, path)) from error
            raise
        return database

    def write(self, change: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Queue a change. The answer can be awaited: it gives what the change gave, once that is committed."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.append((change, future))
        self._schedule()
        return future

    def write_soon(self, change: Change) -> None:
        """Queue a change that nobody waits for."""
        self._queue.append((change, None))
        self._schedule()

    async def durable(self, *, in_turn: bool = False) -> None:
        """Return when every change handed in so far is committed: at once if it is, unless others go first.

        With ``in_turn``, return after those who wait already, some of whom may be about to return. Raise
        ``StateFileError`` from when on a change that nobody waited for could not be written.
        """
        if in_turn or self._queue or self._away is not None:
            await self.write(_nothing)
        if self._broken is not None:
            # Nothing may be told to the outside any more: a part of what it would tell of is lost.
            raise StateFileError(f"the state could not be written: {self._broken}") from self._broken

    def write_behind(self, change: Change) -> None:
        """Queue a change that nobody waits for: it is committed with the next one, or soon."""
        self._queue.append((change, None))
        if self._behind is None and not self._is_scheduled:
            self._behind = self._loop.call_later(_BEHIND_SECONDS, self._schedule)

    async def read(
        self, query: Callable[[sqlite3.Connection], T], *, is_long: bool = False, sees_queued: bool = True
    ) -> T:
        """Answer a query on the state as every change queued before leaves it.

        A query that may take longer than some hundred microseconds is to say so, and one that no queued change
        concerns may say so too: then these need not be committed for it.
        """
        if not sees_queued and not is_long and self._away is None:
            return query(self._raw)
        if not is_long and (self._away is not None or (self._syncs and self._queue)):
            # It cannot be answered now: many that wait are answered by one trip, with the changes before them.
            return await self.write(query)
        await self._come_home()
        self._flush()
        if not is_long:
            return query(self._raw)
        await self._come_home()
        # Whoever gives up waiting does not stop the thread: the query is away until it has ended.
        return await asyncio.shield(self._go_away(query))

    async def flush(self) -> None:
        """Commit every change queued so far, also those that nobody waits for."""
        while self._away is not None or self._queue:
            self._flush()
            await self._come_home()

    async def close(self) -> None:
        """Commit what is queued and close the file."""
        await self.flush()
        if self._behind is not None:
            self._behind.cancel()
        await self._connection.close()

    def _schedule(self) -> None:
        if self._behind is not None:
            self._behind.cancel()
            self._behind = None
        if not self._is_scheduled:
            self._is_scheduled = True
            self._work.begin()
            self._loop.call_soon(self._wait_a_turn, _TURNS)

    def _wait_a_turn(self, turns: int) -> None:
        if turns:
            self._loop.call_soon(self._wait_a_turn, turns - 1)
        else:
            self._flush_scheduled()

    def _flush_scheduled(self) -> None:
        self._is_scheduled = False
        self._flush()
        self._work.end()

    def _flush(self) -> None:
        if self._away is not None or not self._queue:
            return
        batch, self._queue = self._queue, []
        changes = [change for change, _ in batch]
        if self._syncs:
            self._go_away(lambda connection: _commit(connection, changes)).add_done_callback(
                lambda task: self._committed(batch, task.result())
            )
            return
        self._committed(batch, _commit(self._raw, changes))

    def _committed(self, batch: list[tuple[Change, asyncio.Future[Any] | None]], answers: list[Any]) -> None:
        self._answer(batch, answers)
        self._commits += 1
        if self._wal is not None and self._commits % 256 == 0 and self._wal.stat().st_size > _WAL_BYTES:
            self._go_away(lambda connection: connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())

    def _go_away(self, function: Callable[[sqlite3.Connection], T]) -> asyncio.Task[T]:
        """Run something long in the connection's thread; until it has ended, changes gather."""
        task = self._loop.create_task(self._in_thread(function))
        self._away = task
        self._work.begin()
        task.add_done_callback(self._come_back)
        return task

    async def _come_home(self) -> None:
        while (away := self._away) is not None:
            await asyncio.wait([away])

    def _come_back(self, task: asyncio.Task[Any]) -> None:
        self._away = None
        if self._queue:
            self._schedule()
        # Those who are answered now go on first, and may begin something.
        self._loop.call_soon(self._work.end)

    def _answer(self, batch: list[tuple[Change, asyncio.Future[Any] | None]], answers: list[Any]) -> None:
        for (_, future), answer in zip(batch, answers, strict=True):
            if future is None:
                if isinstance(answer, BaseException):
                    log.error("a change of the state failed", exc_info=answer)
                    self._broken = answer
            elif not future.done():
                if isinstance(answer, BaseException):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    async def _in_thread(self, function: Callable[[sqlite3.Connection], T]) -> T:
        # aiosqlite's public methods make a trip to its thread for each statement; this is what they all stand on.
        execute = cast(Callable[..., Awaitable[T]], self._connection._execute)
        return await execute(function, self._connection._conn)


def _commit(connection: sqlite3.Connection, changes: list[Change]) -> list[Any]:
    answers: list[Any] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for change in changes:
            try:
                answers.append(change(connection))
            except ServiceError as error:
                answers.append(error)
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if len(changes) == 1:
            return [error]
        return [answer for change in changes for answer in _commit(connection, [change])]
    return answers


def _nothing(connection: sqlite3.Connection) -> None:
    """Write nothing: to wait for this is to wait for what was queued before."""


def _check_header(path: Path) -> None:
    """Look at a file without SQLite, which might change it."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StateFileError(f"{path}: {error.strerror}") from error
    if not header:
        return
    if len(header) < 100 or not header.startswith(_MAGIC):
        raise StateFileError(f"{path} is damaged, or is no state file of pizzabar: it was left as it is")
    if int.from_bytes(header[68:72], "big") != _APPLICATION_ID:
        raise StateFileError(f"{path} is a database of another program: it was left as it is")


def _make_directory(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateFileError(f"{path.parent}: {error.strerror}") from error


def _check_content(path: Path) -> None:
    """Look at the content without the right to write: on closing, SQLite would copy its log into the file."""
    # What was begun by a journal must be rolled back before it can be read.
    if not path.stat().st_size or path.with_name(path.name + "-journal").exists():
        return
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.2)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StateFileError(
                f"{path} was written by a newer pizzabar (schema {version}, this one knows {len(MIGRATIONS)}):"
                " it was left as it is"
            )
        if path.stat().st_size <= _CHECKED_BYTES:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if answer != "ok":
                raise StateFileError(f"{path} is damaged ({answer}): it was left as it is")
    finally:
        connection.close()


def _prepare(connection: sqlite3.Connection, path: Path | None, durability: Durability) -> None:
    if path is not None:
        _check_content(path)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    if path is not None:
        if version == 0:
            # Before the first page is written, so that the header tells whose file this is from the start.
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {durability}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # The lock is taken by the first write.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    for number, name in enumerate(MIGRATIONS[version:], version + 1):
        script = files("pizzabar.local").joinpath(name).read_text()
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")


def _explain(error: sqlite3.Error, path: Path | None) -> str:
    match getattr(error, "sqlite_errorname", ""):
        case "SQLITE_BUSY":
            return f"another pizzabar is using {path}: stop it, or choose another file with --state"
        case "SQLITE_CORRUPT" | "SQLITE_NOTADB":
            return f"{path} is damaged ({error}): it was left as it is"
        case _:
            return f"{path} cannot be opened: {error}"
