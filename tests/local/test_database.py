"""The state file: group commit, order, durability, and files that are not to be touched."""

import asyncio
import shutil
import sqlite3
import sys
import threading
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import closing
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from pizzabar.errors import ValidationException
from pizzabar.local.database import _APPLICATION_ID, MIGRATIONS, Database, Durability, StateFileError
from pizzabar.local.executions import HISTORY_IDS
from pizzabar.work import Work

DURABILITIES: list[Durability] = ["normal", "full"]


async def open_notes(
    path: Path | None = None, work: Work | None = None, durability: Durability = "normal"
) -> Database:
    """Open a database with one table of our own."""
    database = await Database.open(path, work or Work(), durability=durability)
    await database.write(
        lambda connection: void(connection.execute("CREATE TABLE IF NOT EXISTS notes (text NOT NULL)"))
    )
    return database


def insert(text: str) -> Callable[[sqlite3.Connection], str]:
    """Write a note; the answer is the note."""

    def change(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO notes VALUES (?)", (text,))
        return text

    return change


def notes(connection: sqlite3.Connection) -> list[str]:
    return [text for (text,) in connection.execute("SELECT text FROM notes ORDER BY rowid")]


def void(_: object) -> None:
    """A change that answers nothing."""


def turns_out_wrong(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO notes VALUES ('half')")
    raise RuntimeError("a fault of ours")


def refuse(connection: sqlite3.Connection) -> None:
    raise ValidationException("not today")


class Commits:
    """Counts the transactions of a database, by SQLite's own report."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        database._raw.set_trace_callback(self._trace)

    def _trace(self, statement: str) -> None:
        if statement == "COMMIT":
            self.count += 1


# Changes.


async def test_a_change_is_seen_at_once_by_whoever_reads_or_changes() -> None:
    database = await open_notes()

    assert await database.write(insert("first")) == "first"
    assert await database.read(notes) == ["first"]
    assert await database.write(notes) == ["first"]
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_changes_of_a_few_turns_are_one_transaction(tmp_path: Path, durability: Durability) -> None:
    """A task that takes a turn or two before it writes still makes it."""
    database = await open_notes(tmp_path / "state.db", durability=durability)
    await database.durable()
    commits = Commits(database)

    async def write(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await database.write(insert(str(turns)))

    await asyncio.gather(*(database.write(insert("x")) for _ in range(100)), write(0), write(1), write(2))
    await database.durable()

    assert commits.count == 1
    assert len(await database.read(notes)) == 103
    await database.close()


async def test_a_refusal_is_its_callers_alone() -> None:
    database = await open_notes()

    await database.write(insert("before"))
    with pytest.raises(ValidationException):
        await database.write(refuse)
    with pytest.raises(sqlite3.IntegrityError):
        await database.write(lambda connection: void(connection.execute("INSERT INTO notes VALUES (NULL)")))
    await database.write(insert("after"))
    await database.durable()

    assert await database.read(notes) == ["before", "after"]
    await database.close()


async def test_a_change_that_nobody_waits_for_is_made_and_committed_by_itself() -> None:
    work = Work()
    database = await open_notes(work=work)
    commits = Commits(database)

    database.write_soon(insert("alone"))
    assert await database.read(notes) == ["alone"]
    await work.settled()

    assert commits.count == 1
    await database.close()


async def test_what_is_kept_back_is_written_down_once_a_commit() -> None:
    database = await open_notes()
    await database.durable()
    kept: list[str] = []

    def write_down(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (?)", (" ".join(kept),))

    database.before_commit(write_down)
    for word in ("a", "b", "c"):
        kept.append(word)
        database.will_change()
    await database.durable()
    await database.durable()

    assert await database.read(notes) == ["a b c"]
    await database.close()


# Durability.


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_durable_waits_for_every_change_so_far(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "state.db"
    database = await open_notes(path, durability=durability)
    await database.durable()
    commits = Commits(database)
    database.write_soon(insert("soon"))
    await database.write(insert("now"))

    await database.durable()
    assert commits.count == 1
    with copy_of(path) as other:
        assert notes(other) == ["soon", "now"]

    await database.durable()
    assert commits.count == 1
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_what_leaves_waits_for_the_commit_in_its_order(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "state.db"
    database = await open_notes(path, durability=durability)
    await database.durable()
    left: list[tuple[str, list[str]]] = []

    def leave(name: str) -> None:
        with copy_of(path) as other:
            left.append((name, notes(other)))

    database.when_durable(lambda: leave("at once"))
    assert left == [("at once", [])]

    database.write_soon(insert("a"))
    database.when_durable(lambda: leave("first"))
    database.write_soon(insert("b"))
    database.when_durable(lambda: leave("second"))
    assert len(left) == 1
    await database.durable()

    assert left[1:] == [("first", ["a", "b"]), ("second", ["a", "b"])]
    await database.close()


async def test_full_durability_waits_for_a_sync_and_one_sync_serves_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes go on meanwhile; those that are committed while a sync is under way are for the next."""
    gate = threading.Semaphore(0)
    syncs: list[int] = []

    def fsync(file: int) -> None:
        gate.acquire(timeout=5)
        syncs.append(file)

    database = await open_notes(tmp_path / "state.db", durability="full")
    await database.flush()
    monkeypatch.setattr("os.fsync", fsync)
    done: list[str] = []
    database.write_soon(insert("a"))
    database.when_durable(lambda: done.append("a"))
    await turns_of_the_loop(10)
    for name in ("b", "c"):
        await database.write(insert(name))
        database.when_durable(partial(done.append, name))
        await turns_of_the_loop(10)

    assert (syncs, done) == ([], [])
    assert await database.read(notes) == ["a", "b", "c"]

    waiting = asyncio.create_task(database.flush())
    gate.release()
    while not done:
        await asyncio.wait([waiting], timeout=0)
    assert done == ["a"]

    gate.release()
    await waiting
    assert (len(syncs), done) == (2, ["a", "b", "c"])
    await database.close()


async def test_normal_durability_syncs_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = await open_notes(tmp_path / "state.db")
    monkeypatch.setattr("os.fsync", lambda file: pytest.fail("a sync"))

    await database.write(insert("a"))
    await database.durable()

    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_flush_leaves_nothing_to_write(tmp_path: Path, durability: Durability) -> None:
    database = await open_notes(tmp_path / "state.db", durability=durability)
    database.write_soon(insert("soon"))

    await database.flush()

    with copy_of(tmp_path / "state.db") as other:
        assert notes(other) == ["soon"]
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_a_commit_under_way_is_work_until_who_waits_has_gone_on(tmp_path: Path, durability: Durability) -> None:
    """A virtual clock that jumps whenever there is rest must not jump in between."""
    work = Work()
    database = await open_notes(tmp_path / "state.db", work, durability)
    await work.settled()
    seen: list[str] = []
    work.on_idle(lambda: seen.append("rest"))

    async def order() -> None:
        await database.write(insert("order"))
        await database.durable()
        seen.append("durable")

    ordering = asyncio.create_task(order())
    await asyncio.sleep(0)
    assert work.is_busy
    await work.settled()

    assert seen == ["durable", "rest"]
    await ordering
    await database.close()


# A state that cannot be written.


async def test_after_a_commit_that_fails_nothing_leaves_and_nothing_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Others have built on what is lost with it; the next start goes on from the last commit."""
    path = tmp_path / "state.db"
    database = await open_notes(path)
    await database.write(insert("kept"))
    await database.durable()
    left: list[str] = []

    def fail(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    database.before_commit(fail)
    await database.write(insert("lost"))
    database.when_durable(lambda: left.append("told"))
    with pytest.raises(StateFileError, match="the state could not be written: disk I/O error"):
        await database.durable()

    assert left == []
    assert "the state could not be written" in caplog.text
    with pytest.raises(StateFileError):
        await database.write(insert("more"))
    database.when_durable(lambda: left.append("told"))
    assert left == []
    await database.close()

    database = await Database.open(path, Work())
    assert await database.read(notes) == ["kept"]
    await database.close()


async def test_a_transaction_that_sqlite_gives_up_is_noticed(tmp_path: Path) -> None:
    """As it may when the disk is full; here a statement ends it."""
    database = await open_notes(tmp_path / "state.db")
    await database.durable()
    await database.write(insert("lost"))

    def give_up(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError):
        await database.write(give_up)

    with pytest.raises(StateFileError, match="disk is full"):
        await database.durable()
    await database.close()


async def test_a_failing_change_that_nobody_waits_for_breaks_the_state(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asked for it has gone on as if it were made."""
    database = await open_notes()

    database.write_soon(turns_out_wrong)

    assert "a fault of ours" in caplog.text
    with pytest.raises(StateFileError, match="a fault of ours"):
        await database.durable()
    await database.close()


async def test_a_change_after_the_end_is_refused() -> None:
    database = await open_notes()
    await database.close()

    with pytest.raises(StateFileError, match="it is closed"):
        await database.write(insert("late"))


# A connection that is away.


async def test_changes_and_reads_wait_in_order_while_a_long_read_is_away() -> None:
    database = await open_notes()
    await database.durable()
    commits = Commits(database)
    gate = threading.Event()
    reading = asyncio.create_task(database.read(lambda connection: gate.wait(5), is_long=True))
    await asyncio.sleep(0)

    first = asyncio.create_task(database.write(insert("a")))
    await asyncio.sleep(0)
    database.write_soon(insert("b"))
    between = asyncio.create_task(database.read(notes))
    last = asyncio.create_task(database.write(insert("c")))
    for _ in range(20):
        await asyncio.sleep(0)
    assert commits.count == 0

    gate.set()
    assert await reading
    assert (await first, await between, await last) == ("a", ["a", "b"], "c")
    await database.durable()
    assert commits.count == 1
    await database.close()


async def test_what_leaves_waits_while_a_long_read_is_away() -> None:
    database = await open_notes()
    await database.durable()
    gate = threading.Event()
    reading = asyncio.create_task(database.read(lambda connection: gate.wait(5), is_long=True))
    await asyncio.sleep(0)
    left: list[str] = []
    database.write_soon(insert("a"))
    database.when_durable(lambda: left.append("told"))
    await turns_of_the_loop(20)
    assert left == []

    gate.set()
    await reading
    await database.durable()

    assert left == ["told"]
    await database.close()


async def test_a_long_read_is_of_what_was_changed_before() -> None:
    database = await open_notes()
    await database.write(insert("a"))

    assert await database.read(notes, is_long=True) == ["a"]
    await database.close()


async def test_a_long_read_whose_caller_has_gone_still_keeps_the_connection() -> None:
    database = await open_notes()
    await database.durable()
    commits = Commits(database)
    gate = threading.Event()
    reading = asyncio.create_task(database.read(lambda connection: gate.wait(5), is_long=True))
    await asyncio.sleep(0)
    reading.cancel()
    writing = asyncio.create_task(database.write(insert("later")))
    for _ in range(20):
        await asyncio.sleep(0)

    assert commits.count == 0

    gate.set()
    assert await writing == "later"
    await database.close()


# The file.


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_what_was_written_is_there_after_a_reopen(tmp_path: Path, durability: Durability) -> None:
    path = tmp_path / "a new directory" / "état #1?.db"
    database = await open_notes(path, durability=durability)
    await database.write(insert("kept"))
    database.write_soon(insert("kept too"))
    await database.close()

    database = await Database.open(path, Work(), durability=durability)

    assert await database.read(notes) == ["kept", "kept too"]
    await database.close()


async def test_a_long_log_that_killed_processes_have_left_is_copied_into_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them has lived long enough to do so; without it, each would begin more slowly than the one before."""
    monkeypatch.setattr("pizzabar.local.database._WAL_BYTES", 64 << 10)
    path, left = tmp_path / "state.db", tmp_path / "left" / "state.db"
    left.parent.mkdir()
    database = await open_notes(path)
    await database.write(insert("x" * 100_000))
    await database.durable()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
    await database.close()
    assert left.with_name("state.db-wal").stat().st_size > 64 << 10

    database = await Database.open(left, Work())

    assert left.with_name("state.db-wal").stat().st_size == 0
    assert await database.read(notes) == ["x" * 100_000]
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_the_log_is_copied_into_the_file_before_it_grows_large(
    tmp_path: Path, durability: Durability, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints lose nothing, and what they make room for is used again."""
    monkeypatch.setattr("pizzabar.local.database._WAL_BYTES", 64 << 10)
    path = tmp_path / "state.db"
    database = await open_notes(path, durability=durability)
    text = "x" * 1000
    written = []
    for number in range(1500):
        written.append(f"{number} {text}")
        await database.write(insert(written[-1]))
        await database.durable()

    assert (tmp_path / "state.db-wal").stat().st_size < 5 << 20  # without checkpoints it would be 12 MB
    assert await database.read(notes) == written
    with copy_of(path) as other:
        assert notes(other) == written
    await database.close()


async def test_a_state_in_memory_leaves_nothing_behind() -> None:
    database = await open_notes()
    await database.write(insert("gone"))
    await database.close()

    database = await open_notes()

    assert await database.read(notes) == []
    await database.close()


async def test_an_opening_that_is_cut_short_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())
    is_cut_short = threading.Event()
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def late(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        is_cut_short.wait()
        return connect(*args, **kwargs)

    monkeypatch.setattr(sqlite3, "connect", late)
    opening = asyncio.ensure_future(Database.open(None, Work()))
    await asyncio.sleep(0)
    opening.cancel()
    is_cut_short.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert set(threading.enumerate()) <= before


async def test_a_state_file_of_an_earlier_version_keeps_its_history(tmp_path: Path) -> None:
    """It is brought up to date when it is opened."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as earlier:
        earlier.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        earlier.executescript(files("pizzabar.local").joinpath(MIGRATIONS[0]).read_text())
        rows = [(7, 1, b"[1]"), (7, 4, b"[4]"), (8, 1, b"[8]")]
        earlier.executemany("INSERT INTO history (execution, first, events) VALUES (?, ?, ?)", rows)
        earlier.execute("PRAGMA user_version = 1")

    database = await Database.open(path, Work())

    kept = await database.read(lambda connection: connection.execute("SELECT * FROM history ORDER BY id").fetchall())
    assert kept == [(7 * HISTORY_IDS + 1, b"[1]"), (7 * HISTORY_IDS + 4, b"[4]"), (8 * HISTORY_IDS + 1, b"[8]")]
    await database.close()


# Files that are not ours to touch.

SECOND = """
import asyncio, sys
from pathlib import Path
from pizzabar.local.database import Database, StateFileError
from pizzabar.work import Work

async def main():
    try:
        await Database.open(Path(sys.argv[1]), Work())
    except StateFileError as error:
        print(error)

asyncio.run(main())
"""


async def test_a_second_server_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    database = await open_notes(path)
    await database.write(insert("ours"))

    second = await asyncio.create_subprocess_exec(sys.executable, "-c", SECOND, str(path), stdout=PIPE, stderr=PIPE)
    output, errors = await second.communicate()

    assert output.decode().strip() == (
        f"another pizzabar is using {path}: stop it, or choose another file with --state"
    )
    assert errors == b""
    assert await database.write(insert("still")) == "still"
    await database.close()


async def test_a_second_opening_in_the_same_process_is_refused(tmp_path: Path) -> None:
    database = await open_notes(tmp_path / "state.db")

    with pytest.raises(StateFileError, match="another pizzabar is using"):
        await Database.open(tmp_path / "state.db", Work())

    await database.close()


def a_text(path: Path) -> None:
    path.write_text("Margherita, Marinara\n" * 100)


def a_short_text(path: Path) -> None:
    path.write_text("Margherita")


def another_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (text)")
    connection.close()


def newer(path: Path) -> None:
    state_file(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


def newer_and_killed(path: Path) -> None:
    """The newer pizzabar was killed: what it wrote last is in the log alone."""
    state_file(path)
    origin = path.with_name("origin.db")
    path.rename(origin)
    connection = sqlite3.connect(origin, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA user_version = 999")
    connection.execute("CREATE TABLE toppings (text)")
    for suffix in ("", "-wal"):
        shutil.copy(f"{origin}{suffix}", f"{path}{suffix}")
    connection.close()


def damaged(path: Path) -> None:
    state_file(path)
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    state_file(path)
    path.write_bytes(path.read_bytes()[:6000])


def state_file(path: Path) -> None:
    async def make() -> None:
        await (await Database.open(path, Work())).close()

    thread = threading.Thread(target=lambda: asyncio.run(make()))
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (a_text, "{} is damaged, or is no state file of pizzabar: it was left as it is"),
        (a_short_text, "{} is damaged, or is no state file of pizzabar: it was left as it is"),
        (another_database, "{} is a database of another program: it was left as it is"),
        (newer, "{} was written by a newer pizzabar (schema 999, this one knows 9): it was left as it is"),
        (newer_and_killed, "{} was written by a newer pizzabar (schema 999, this one knows 9): it was left as it is"),
        (damaged, "{} is damaged ("),
        (cut_off, "{} is damaged ("),
    ],
)
async def test_a_file_that_cannot_be_used_is_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / "state.db"
    make(path)
    files = [each for each in (path, tmp_path / "state.db-wal") if each.exists()]
    before = [each.read_bytes() for each in files]

    with pytest.raises(StateFileError) as raised:
        await Database.open(path, Work())

    assert str(raised.value).startswith(message.format(path))
    assert [each.read_bytes() for each in files] == before


async def test_an_empty_file_becomes_a_state_file(tmp_path: Path) -> None:
    """As `touch` or a killed first start leaves it."""
    (tmp_path / "state.db").touch()

    await (await Database.open(tmp_path / "state.db", Work())).close()

    assert (tmp_path / "state.db").stat().st_size > 0


@pytest.mark.parametrize("name", ["directory", "file/state.db", "file/below/state.db"])
async def test_a_path_where_no_file_can_be_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(StateFileError, match=name.split("/")[0]):
        await Database.open(tmp_path / name, Work())


# Killed.

WRITER = """
import asyncio, sys
from pathlib import Path
from pizzabar.local.database import Database
from pizzabar.work import Work

def change(number):
    return lambda connection: connection.execute("INSERT INTO notes VALUES (?)", (str(number),)) and None

async def main():
    database = await Database.open(Path(sys.argv[1]), Work(), durability=sys.argv[2])
    await database.write(lambda connection: connection.execute("CREATE TABLE notes (text)") and None)
    number = 0
    while True:
        numbers = range(number, number + 3)
        await asyncio.gather(*(database.write(change(each)) for each in numbers))
        await database.durable()
        number += 3
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("durability", DURABILITIES)
@pytest.mark.parametrize("acknowledged", [3, 300])
async def test_every_acknowledged_write_survives_a_kill(
    tmp_path: Path, durability: Durability, acknowledged: int
) -> None:
    path = tmp_path / "state.db"
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(path), durability, stdout=PIPE)
    assert writer.stdout is not None
    last = 0
    while last < acknowledged:
        last = int(await writer.stdout.readline())
    writer.kill()
    rest = await writer.stdout.read()
    last = max([last, *(int(line) for line in rest.splitlines(keepends=True) if line.endswith(b"\n"))])
    await writer.wait()

    database = await Database.open(path, Work())

    kept = await database.read(notes)
    assert kept == [str(number) for number in range(len(kept))]
    assert len(kept) >= last
    await database.close()


async def turns_of_the_loop(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


class copy_of:
    """What another process would find if this one were killed now."""

    def __init__(self, path: Path) -> None:
        self._copy = path.with_name("copy.db")
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{self._copy}{suffix}")

    def __enter__(self) -> sqlite3.Connection:
        self._connection = sqlite3.connect(self._copy)
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
