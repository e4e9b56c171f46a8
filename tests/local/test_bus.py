"""What only the local transport does."""

from pathlib import Path

import pytest

from pizzabar.local import bus
from tests.seams.test_transport import MISSING, delivery, local


async def test_of_dead_letters_the_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "KEPT_DEAD_LETTERS", 2)
    async with local(tmp_path)() as targets:
        await targets.transport.open(targets.send, targets.bury)
        for name in "abc":
            targets.failures[name] = [MISSING]
            await targets.transport.deliver([delivery(name)])

        assert [name for name, *_ in await targets.dead()] == ["b", "c"]
        # Those that have a queue got all of them.
        assert [letter.delivery.event_id for letter in targets.buried] == ["a", "b", "c"]
