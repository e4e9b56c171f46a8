"""What is told of something that takes a while."""

import asyncio
import io

import pytest

from pizzabar.local.progress import CLEAR, Progress


class Terminal(io.StringIO):
    """A terminal that keeps what it is sent; it says when that was so often."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited: dict[int, asyncio.Future[None]] = {}
        self.count = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.count += 1
        if self.count in self.awaited:
            self.awaited[self.count].set_result(None)
        return super().write(text)


async def test_elsewhere_it_is_a_line_at_the_beginning_and_one_at_the_end() -> None:
    told: list[str] = []
    with Progress(told.append, io.StringIO()).of("Tell: installing dough"):
        assert told == ["Tell: installing dough ..."]

    last = told[-1]
    assert last.startswith("Tell: installing dough: done in 0.")


async def test_on_a_terminal_it_is_a_line_that_changes() -> None:
    told: list[str] = []
    terminal = Terminal()
    terminal.awaited[3] = asyncio.get_running_loop().create_future()
    with Progress(told.append, terminal).of("Tell: installing dough"):
        await terminal.awaited[3]
        assert told == []

    first, second, *_, last = terminal.getvalue().split(CLEAR)[1:]
    assert (first[1:], second[1:]) == (" Tell: installing dough  0 s",) * 2
    assert first[0] != second[0]
    # The line is cleared for what comes after it.
    assert last == ""
    assert len(told) == 1


async def test_what_fails_is_not_told_as_done() -> None:
    told: list[str] = []
    terminal = Terminal()
    with pytest.raises(OSError, match="full"), Progress(told.append, terminal).of("Tell: installing dough"):
        raise OSError("full")

    assert told == []
    assert terminal.getvalue().endswith(CLEAR)
