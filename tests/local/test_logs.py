"""How logs are kept in the state file."""

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from pizzabar.local.database import _APPLICATION_ID, MIGRATIONS, Database
from pizzabar.local.logs import LocalLogs
from pizzabar.logs.log_group import LogGroup
from pizzabar.logs.store import Batch
from pizzabar.work import Work

FOR_EVER = (0, 1 << 60)


async def test_a_state_file_of_an_earlier_version_keeps_its_logs(tmp_path: Path) -> None:
    """It is brought up to date when it is opened; what is put then is behind what was there."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as earlier:
        earlier.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        for name in MIGRATIONS[:8]:
            earlier.executescript(files("pizzabar.local").joinpath(name).read_text())
        earlier.execute("INSERT INTO log_groups (name, created, retention) VALUES ('g', 1, NULL)")
        streams = [("g", "a", 2), ("g", "b", 3), ("g", "empty", 4)]
        earlier.executemany("INSERT INTO log_streams (log_group, name, created) VALUES (?, ?, ?)", streams)
        events = [
            ("g", "b", 1, 10, 11, 12, b'[[10,"first"],[11,"second"]]'),
            ("g", "a", 2, 20, 20, 22, b'[[20,"third"]]'),
            ("g", "b", 3, 30, 30, 32, b'[[30,"fourth"]]'),
        ]
        earlier.executemany("INSERT INTO log_events VALUES (?, ?, ?, ?, ?, ?, ?)", events)
        earlier.execute("PRAGMA user_version = 8")

    database = await Database.open(path, Work())
    logs = LocalLogs(database)
    (group,) = await logs.load()
    logs.put_events("g", "a", [(40, "fifth")], 42)
    await database.durable()

    assert {
        name: (each.first_event, each.last_event, each.last_ingestion) for name, each in group.streams.items()
    } == {
        "a": (20, 20, 22),
        "b": (10, 30, 32),
        "empty": (None, None, None),
    }
    assert await logs.read("g", None, *FOR_EVER) == [
        Batch(1, "b", 12, [(10, "first"), (11, "second")]),
        Batch(2, "a", 22, [(20, "third")]),
        Batch(3, "b", 32, [(30, "fourth")]),
        Batch(4, "a", 42, [(40, "fifth")]),
    ]
    assert [batch.number for batch in await logs.read("g", "b", 11, 30)] == [1]
    await database.close()


async def test_a_group_that_is_made_again_has_nothing_of_the_one_before(tmp_path: Path) -> None:
    """What was deleted is gone, what was put after that is there, in one commit and after a restart."""
    path = tmp_path / "state.db"
    database = await Database.open(path, Work())
    logs = LocalLogs(database)
    await logs.load()
    for group, message in (("g", "old"), ("other", "kept")):
        logs.put_group(LogGroup(group, 1))
        logs.put_stream(group, "s", 1)
        logs.put_events(group, "s", [(1, message)], 1)
    logs.delete_group("g")
    logs.put_group(LogGroup("g", 2))
    logs.put_stream("g", "s", 2)
    logs.put_events("g", "s", [(2, "new")], 2)
    await database.close()

    database = await Database.open(path, Work())
    logs = LocalLogs(database)
    groups = {group.name: group for group in await logs.load()}

    assert (groups["g"].created, groups["g"].streams["s"].first_event) == (2, 2)
    assert [batch.events for batch in await logs.read("g", None, *FOR_EVER)] == [[(2, "new")]]
    assert [batch.events for batch in await logs.read("other", "s", *FOR_EVER)] == [[(1, "kept")]]
    await database.close()
