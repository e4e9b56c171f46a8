"""The state file: group commit, order, durability, and files that are not to be touched."""

import asyncio
import logging
import shutil
import sqlite3
import sys
import threading
from asyncio.subprocess import PIPE
from collections.abc import Callable
from pathlib import Path

import pytest

from pizzabar.errors import ValidationException
from pizzabar.local.database import Database, Durability, StateFileError
from pizzabar.work import Work

DURABILITIES: list[Durability] = ["normal", "full"]


async def open_notes(
    path: Path | None = None, work: Work | None = None, durability: Durability = "normal"
) -> Database:
    """Open a database with one table of our own."""
    database = await Database.open(path, work or Work(), durability=durability)
    await database.write(lambda connection: void(connection.execute("CREATE TABLE IF NOT EXISTS notes (text)")))
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


# Group commit.


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_changes_that_are_ready_together_are_one_transaction(tmp_path: Path, durability: Durability) -> None:
    database = await open_notes(tmp_path / "state.db", durability=durability)
    commits = Commits(database)

    answers = await asyncio.gather(*(database.write(insert(str(number))) for number in range(100)))

    assert answers == [str(number) for number in range(100)]
    assert commits.count == 1
    assert await database.read(notes) == answers
    await database.close()


async def test_changes_of_tasks_that_wake_together_are_one_transaction() -> None:
    """A task that takes a turn or two before it writes still makes it."""
    database = await open_notes()
    commits = Commits(database)

    async def write(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await database.write(insert("x"))

    await asyncio.gather(write(0), write(1), write(2))

    assert commits.count == 1
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_a_change_that_fails_does_not_disturb_the_others(tmp_path: Path, durability: Durability) -> None:
    database = await open_notes(tmp_path / "state.db", durability=durability)

    before, wrong, after = await asyncio.gather(
        database.write(insert("before")),
        database.write(turns_out_wrong),
        database.write(insert("after")),
        return_exceptions=True,
    )

    assert (before, after) == ("before", "after")
    assert isinstance(wrong, RuntimeError)
    assert await database.read(notes) == ["before", "after"]
    await database.close()


async def test_a_refusal_goes_to_its_caller_alone_and_costs_no_second_run() -> None:
    database = await open_notes()
    runs: list[str] = []

    def counted(connection: sqlite3.Connection) -> None:
        runs.append("run")
        connection.execute("INSERT INTO notes VALUES ('counted')")

    answers = await asyncio.gather(database.write(counted), database.write(refuse), return_exceptions=True)

    assert answers[0] is None
    assert isinstance(answers[1], ValidationException)
    assert runs == ["run"]
    assert await database.read(notes) == ["counted"]
    await database.close()


async def test_a_change_whose_caller_has_gone_is_made_all_the_same() -> None:
    database = await open_notes()

    database.write(insert("orphan")).cancel()
    await database.write(insert("other"))

    assert await database.read(notes) == ["orphan", "other"]
    await database.close()


async def test_a_transaction_that_cannot_begin_is_an_answer_too() -> None:
    """Nobody is left waiting when SQLite itself refuses; here, because a transaction is open already."""
    database = await open_notes()
    database._raw.execute("BEGIN")
    database._raw.execute("PRAGMA query_only = on")

    answers = await asyncio.wait_for(
        asyncio.gather(database.write(insert("a")), database.write(insert("b")), return_exceptions=True), 2
    )

    assert all(isinstance(answer, sqlite3.OperationalError) for answer in answers)
    database._raw.execute("PRAGMA query_only = off")
    assert await database.write(insert("c")) == "c"
    await database.close()


# Order.


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_changes_are_made_in_the_order_they_were_handed_in(tmp_path: Path, durability: Durability) -> None:
    """However they were handed in."""
    database = await open_notes(tmp_path / "state.db", durability=durability)

    database.write_behind(insert("1"))
    database.write_soon(insert("2"))
    database.write_behind(insert("3"))
    await database.write(insert("4"))
    database.write_behind(insert("5"))

    assert await database.read(notes) == ["1", "2", "3", "4", "5"]
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
@pytest.mark.parametrize("is_long", [False, True])
async def test_a_read_sees_what_was_written_before(tmp_path: Path, durability: Durability, is_long: bool) -> None:
    database = await open_notes(tmp_path / "state.db", durability=durability)
    writing = database.write(insert("first"))

    assert await database.read(notes, is_long=is_long) == ["first"]

    await writing
    await database.close()


async def test_a_change_that_nobody_waits_for_is_made_soon_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """`settled` does not wait for it, and nothing needs to come after it."""
    database = await open_notes()
    made = asyncio.Event()

    def change(connection: sqlite3.Connection) -> None:
        made.set()

    database.write_behind(change)
    await asyncio.wait_for(made.wait(), 2)

    await database.close()


async def test_a_failing_change_that_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    database = await open_notes()

    with caplog.at_level(logging.ERROR, "pizzabar"):
        database.write_soon(turns_out_wrong)
        await database.write(insert("next"))

    assert "a fault of ours" in caplog.text
    assert await database.read(notes) == ["next"]
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_durable_waits_for_every_change_so_far(tmp_path: Path, durability: Durability) -> None:
    database = await open_notes(tmp_path / "state.db", durability=durability)
    commits = Commits(database)
    database.write_behind(insert("behind"))
    database.write_soon(insert("soon"))

    await database.durable()
    assert commits.count == 1

    await database.durable()
    assert commits.count == 1
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_flush_leaves_nothing_to_write(tmp_path: Path, durability: Durability) -> None:
    database = await open_notes(tmp_path / "state.db", durability=durability)
    database.write_behind(insert("behind"))

    await database.flush()

    with copy_of(tmp_path / "state.db") as other:
        assert notes(other) == ["behind"]
    await database.close()


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_a_commit_under_way_is_work_until_its_caller_has_gone_on(
    tmp_path: Path, durability: Durability
) -> None:
    """A virtual clock that jumps whenever there is rest must not jump in between."""
    work = Work()
    database = await open_notes(tmp_path / "state.db", work, durability)
    await work.settled()
    seen: list[str] = []
    work.on_idle(lambda: seen.append("rest"))

    async def order() -> None:
        await database.write(insert("order"))
        seen.append("written")

    ordering = asyncio.create_task(order())
    await asyncio.sleep(0)
    assert work.is_busy
    await work.settled()

    assert seen == ["written", "rest"]
    await ordering
    await database.close()


async def test_changes_gather_while_a_long_read_is_away() -> None:
    database = await open_notes()
    commits = Commits(database)
    gate = threading.Event()
    reading = asyncio.create_task(database.read(lambda connection: gate.wait(5), is_long=True))
    await asyncio.sleep(0)

    writing = [database.write(insert(text)) for text in ("a", "b")]
    for _ in range(20):
        await asyncio.sleep(0)
    assert commits.count == 0

    gate.set()
    assert await reading
    assert await asyncio.gather(*writing) == ["a", "b"]
    assert commits.count == 1
    await database.close()


async def test_a_long_read_whose_caller_has_gone_still_keeps_the_connection() -> None:
    database = await open_notes()
    commits = Commits(database)
    gate = threading.Event()
    reading = asyncio.create_task(database.read(lambda connection: gate.wait(5), is_long=True))
    await asyncio.sleep(0)
    reading.cancel()
    writing = database.write(insert("later"))
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
    database.write_behind(insert("kept too"))
    await database.close()

    database = await Database.open(path, Work(), durability=durability)

    assert await database.read(notes) == ["kept", "kept too"]
    await database.close()


async def test_full_durability_syncs_each_commit(tmp_path: Path) -> None:
    """SQLite calls it synchronous = FULL (2) as opposed to NORMAL (1); https://sqlite.org/pragma.html."""
    levels = []
    for durability in DURABILITIES:
        database = await Database.open(tmp_path / f"{durability}.db", Work(), durability=durability)
        levels.append(await database.read(lambda connection: connection.execute("PRAGMA synchronous").fetchone()[0]))
        await database.close()

    assert levels == [1, 2]


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
        (newer, "{} was written by a newer pizzabar (schema 999, this one knows 1): it was left as it is"),
        (newer_and_killed, "{} was written by a newer pizzabar (schema 999, this one knows 1): it was left as it is"),
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
