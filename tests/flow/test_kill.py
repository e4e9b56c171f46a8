"""``kill -9`` at any moment: what is promised of the state afterwards."""

import random
from pathlib import Path

import pytest

from tests.flow.victim import Death, check, run

KILLS = 200


@pytest.mark.parametrize("pushed", range(1, 7))
async def test_killed_at_the_push_of_a_status(tmp_path: Path, pushed: int) -> None:
    state = tmp_path / "state.db"

    reports = run(state, Death(pushed=pushed))

    assert sum(kind == "pushed" for kind, _ in reports) == pushed
    await check(state, reports)


@pytest.mark.parametrize("step", range(5))
async def test_killed_within_a_wait(tmp_path: Path, step: int) -> None:
    state = tmp_path / "state.db"

    reports = run(state, Death(waiting_after=step))

    assert sum(kind == "pushed" for kind, _ in reports) == step + 1
    await check(state, reports)


async def test_not_killed_at_all(tmp_path: Path) -> None:
    state = tmp_path / "state.db"

    reports = run(state, Death())

    assert reports[-1][0] == "ended"
    await check(state, reports)


async def test_killed_at_random_points(tmp_path: Path) -> None:
    """Two orders at once; the process dies at a statement chosen by chance, and now and then again as it goes on."""
    chance = random.Random(2022)
    whole = run(tmp_path / "whole.db", Death(), orders=2)
    statements = int(whole[-1][1])

    for number in range(KILLS):
        state = tmp_path / f"{number}.db"
        reports = run(state, Death(statement=chance.randint(1, statements)), orders=2)
        if chance.random() < 0.2:
            again = run(state, Death(statement=chance.randint(1, statements)), orders=0)
            assert not [what for kind, what in again if kind == "pushed"]
        await check(state, reports, orders=2)
