"""
The state file: one SQLite database, one writer, many changes to a commit.

Rules:
- A change is a function that is handed the connection and runs SQL on it. It is made at once, in a transaction that
  is committed a few turns of the event loop later, together with all that was changed meanwhile. So everybody sees
  what was changed as soon as it was, and what leaves the process (a push, an answer) waits: ``durable``,
  ``when_durable``.
- A change raises before it has written anything, or not at all: that error is its own caller's, and leaves the others
  alone. Whoever changes things many times before a commit may write them down once, just before it:
  ``before_commit``.
- A commit that fails takes with it what others have built on already. From then on nothing is told to the outside,
  and nothing changed, any more: the file is as of the last commit, and the next start goes on from there.
- The file is locked by the process that has it open; the lock goes with the process, however that ends.

What is short runs on the event loop itself: a commit without a sync costs some 15 microseconds, a trip to
aiosqlite's thread and back over 100. What may take long (a checkpoint, a long read) runs in the thread, a sync to
disk beside it; while the connection is away, changes wait for it in their order.
"""

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import aiosqlite

from pizzabar.errors import PizzabarError
from pizzabar.work import Work

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], Any]
Durability = Literal["normal", "full"]
"""``normal`` survives the death of the process, ``full`` that of the machine, at one sync to disk a commit."""

MIGRATIONS = (
    "schema.sql",
    "schema-2.sql",
    "schema-3.sql",
    "schema-4.sql",
    "schema-5.sql",
    "schema-6.sql",
    "schema-7.sql",
    "schema-8.sql",
    "schema-9.sql",
)
"""The files that make the schema, in order; a state file's version is the number of those it has seen."""

_APPLICATION_ID = 0x50495A5A
_MAGIC = b"SQLite format 3\x00"
_TURNS = 3
"""Turns of the event loop that a commit waits for more changes; a turn costs a tenth of a commit."""

_CHECKED_BYTES = 64 << 20
_WAL_BYTES = 8 << 20
log = logging.getLogger("pizzabar")


class StateFileError(PizzabarError):
    """Raised when a state file cannot be used, or no more; it is left as it was."""


class Database:
    """An open state file, or, without a path, a database in memory."""

    def __init__(
        self, connection: aiosqlite.Connection, path: Path | None, work: Work, durability: Durability
    ) -> None:
        self._connection = connection
        self._work = work
        self._raw = connection._conn
        self._wal = None if path is None else path.with_name(path.name + "-wal")
        self._syncs = durability == "full" and path is not None
        self._wal_file: int | None = None
        self._loop = asyncio.get_running_loop()
        self._before_commit: list[Change] = []
        self._after_commit: list[Callable[[], None]] = []
        self.is_scheduled = False
        """Whether a commit is to come already."""
        self._turns = 0
        self._syncing: asyncio.Task[None] | None = None
        self._needs_sync = False
        self._after_sync: list[Callable[[], None]] = []
        self._away: asyncio.Task[Any] | None = None
        self._waiting: list[Callable[[], None]] = []
        """What waits for the connection to come home."""
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
            await database._in_thread(lambda opened: _prepare(opened, path))
        except BaseException as error:
            await _close(connection)
            if isinstance(error, sqlite3.Error):
                raise StateFileError(_explain(error, path)) from error
            raise
        return database

    # Changes.

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Make a change and give what it gives: at once, unless the connection is away."""
        if self._away is None:
            return self._change(change)
        return await self._when_home(partial(self._change, change))

    def write_soon(self, change: Change) -> None:
        """Make a change that nobody waits for: at once, unless the connection is away."""
        if self._away is None:
            self._change_alone(change)
        else:
            self._waiting.append(partial(self._change_alone, change))

    def before_commit(self, flush: Change) -> None:
        """Have a function called before each commit, to write down what it has kept back until then."""
        self._before_commit.append(flush)

    def will_change(self) -> None:
        """Tell that there is something to write down before a commit, which is to come soon."""
        if not self.is_scheduled:
            self._schedule()

    # Durability.

    async def durable(self) -> None:
        """Return when every change made so far is committed. Raise ``StateFileError`` when that has failed."""
        if self._has_undone():
            is_durable = self._loop.create_future()
            self._wait_for_commit(partial(_resolve, is_durable))
            await is_durable
        if self._broken is not None:
            raise self._explained()

    def when_durable(self, act: Callable[[], None]) -> None:
        """Do something once every change made so far is committed: now, if it is. If that fails, it is not done."""
        if self._has_undone():
            self._wait_for_commit(partial(self._act, act))
        else:
            self._act(act)

    async def flush(self) -> None:
        """Commit every change made so far, now."""
        while self.is_scheduled or self._away is not None or self._syncing is not None:
            await self._come_home()
            self._commit()
            if self._syncing is not None:
                await asyncio.wait([self._syncing])

    async def close(self) -> None:
        """Commit what was changed and close the file."""
        await self.flush()
        # Whoever still changes something is too late; the connection is being closed in its thread.
        self._broken = self._broken or StateFileError("it is closed")
        await _close(self._connection)
        if self._wal_file is not None:
            os.close(self._wal_file)

    # Reads.

    async def read(self, query: Callable[[sqlite3.Connection], T], *, is_long: bool = False) -> T:
        """Answer a query, on the state as every change so far leaves it, but for what is written down at a commit.

        A query that may take longer than some hundred microseconds is to say so; a commit precedes it.
        """
        if is_long:
            return await self._read_long(query)
        if self._away is None:
            return query(self._raw)
        return await self._when_home(partial(query, self._raw))

    async def _read_long(self, query: Callable[[sqlite3.Connection], T]) -> T:
        await self._come_home()
        self._commit()
        # What is committed may have sent the connection away again.
        await self._come_home()
        # Whoever gives up waiting does not stop the thread: the query is away until it has ended.
        return await asyncio.shield(self._go_away(query))

    # How it is done.

    def _change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        if self._broken is not None:
            raise self._explained()
        connection = self._raw
        if not connection.in_transaction:
            connection.execute("BEGIN")
            if not self.is_scheduled:
                self._schedule()
        try:
            return change(connection)
        except sqlite3.Error as error:
            if not connection.in_transaction:
                # The disk is full, say: SQLite has given up the whole transaction.
                self._break(error)
            raise

    def _change_alone(self, change: Change) -> None:
        try:
            self._change(change)
        except Exception as error:
            self._break(error)

    def _schedule(self) -> None:
        self.is_scheduled = True
        self._turns = _TURNS
        self._work.begin()
        self._loop.call_soon(self._wait_a_turn)

    def _wait_a_turn(self) -> None:
        if self._turns and self.is_scheduled:
            self._turns -= 1
            self._loop.call_soon(self._wait_a_turn)
            return
        if self._away is None:
            self._commit()
        self._work.end()

    def _commit(self) -> None:
        if not self.is_scheduled or self._away is not None:
            return
        self.is_scheduled = False
        if self._broken is None:
            try:
                if not self._raw.in_transaction:
                    self._raw.execute("BEGIN")
                for flush in self._before_commit:
                    flush(self._raw)
                self._raw.execute("COMMIT")
            except Exception as error:
                self._break(error)
        self._commits += 1
        if self._syncs and self._broken is None:
            self._needs_sync = True
            if self._syncing is None:
                self._sync()
        else:
            self._answer()
        if self._wal is not None and self._commits % 256 == 0 and self._wal.stat().st_size > _WAL_BYTES:
            self._go_away(lambda connection: connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())

    def _has_undone(self) -> bool:
        """Whether anything that was changed is not durable yet."""
        return bool(self.is_scheduled or self._syncing is not None or self._needs_sync or self._waiting)

    def _wait_for_commit(self, act: Callable[[], None]) -> None:
        """Do something after the commit that is to come, or, if all is committed, after the sync under way."""
        if self.is_scheduled or self._waiting:
            self._after_commit.append(act)
            self.will_change()
        elif self._needs_sync:
            self._after_commit.append(act)
        else:
            self._after_sync.append(act)

    def _answer(self) -> None:
        """Do what has waited for the commit. What it changes is for the next one."""
        if self._after_commit:
            acts, self._after_commit = self._after_commit, []
            for act in acts:
                act()

    def _act(self, act: Callable[[], None]) -> None:
        if self._broken is not None:
            return
        try:
            act()
        except Exception:
            log.exception("what had waited for a commit failed")

    def _sync(self) -> None:
        """Bring the log to disk, and then do what has waited for that. Meanwhile, changes go on."""
        if self._wal_file is None:
            assert self._wal is not None
            self._wal_file = os.open(self._wal, os.O_RDONLY)
        self._after_sync, self._after_commit = self._after_commit, []
        self._needs_sync = False
        self._work.begin()
        self._syncing = self._loop.create_task(self._sync_for(self._wal_file))

    async def _sync_for(self, file: int) -> None:
        try:
            await self._loop.run_in_executor(None, os.fsync, file)
        except OSError as error:
            self._break(error)
        self._syncing = None
        acts, self._after_sync = self._after_sync, []
        for act in acts:
            act()
        if self._broken is not None:
            self._answer()
        elif self._needs_sync:
            # For what was committed while this sync was under way.
            self._sync()
        self._loop.call_soon(self._work.end)

    def _break(self, error: BaseException) -> None:
        """Tell nothing to the outside any more: a part of what it would tell of is lost."""
        log.error("the state could not be written", exc_info=error)
        if self._broken is None:
            self._broken = error
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")

    def _explained(self) -> StateFileError:
        error = StateFileError(f"the state could not be written: {self._broken}")
        error.__cause__ = self._broken
        return error

    async def _when_home(self, act: Callable[[], T]) -> T:
        answer: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(partial(_answer_with, answer, act))
        return await answer

    def _go_away(self, function: Callable[[sqlite3.Connection], T]) -> asyncio.Task[T]:
        """Run something long in the connection's thread; until it has ended, changes wait."""
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
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()
        if self.is_scheduled:
            self._commit()
        # Those who are answered now go on first, and may begin something.
        self._loop.call_soon(self._work.end)

    async def _in_thread(self, function: Callable[[sqlite3.Connection], T]) -> T:
        # aiosqlite's public methods make a trip to its thread for each statement; this is what they all stand on.
        execute = cast(Callable[..., Awaitable[T]], self._connection._execute)
        return await execute(function, self._connection._conn)


async def _close(connection: aiosqlite.Connection) -> None:
    try:
        await connection.close()
    finally:
        # Whoever is cut short meanwhile may close the loop next, to which the thread still has to tell its end.
        thread = getattr(connection, "_thread", connection)
        cast(threading.Thread, thread).join()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _answer_with(answer: asyncio.Future[T], act: Callable[[], T]) -> None:
    try:
        result = act()
    except Exception as error:
        if not answer.done():
            answer.set_exception(error)
    else:
        if not answer.done():
            answer.set_result(result)


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
        if path.stat().st_size + _wal_bytes(path) <= _CHECKED_BYTES:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if answer != "ok":
                raise StateFileError(f"{path} is damaged ({answer}): it was left as it is")
    finally:
        connection.close()


def _wal_bytes(path: Path) -> int:
    """Tell how long the log beside a file is."""
    wal = path.with_name(path.name + "-wal")
    return wal.stat().st_size if wal.exists() else 0


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    if path is not None:
        _check_content(path)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    if path is not None:
        if version == 0:
            # Before the first page is written, so that the header tells whose file this is from the start.
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")
        # Syncs of the log are ours; SQLite's are those of a checkpoint.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # The lock is taken by the first write.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
        if _wal_bytes(path) > _WAL_BYTES:
            # Processes that are killed before they come to a checkpoint would leave each other an ever longer log.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
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
