"""
Reading the text of a mapping template: the position, what is skipped and expected, and the faults that are found.

Pure. A fault does not end the reading: it is noted, and reading goes on behind it, so that all of them are reported.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from pizzabar.apigateway.velocity_syntax import Macro, Place, Span
from pizzabar.errors import Fault, FaultyDocument

T = TypeVar("T")

MAX_DEPTH = 40
"""How deeply directives, brackets and strings may stand in one another."""

MAX_FAULTS = 20
"""After so many faults reading ends: what follows is rarely news."""

_SPACE = re.compile(r"[ \t\r\n]*")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n)")
_FOUND = re.compile(r"\s*\S{1,20}|\s*")


class FaultyTemplate(FaultyDocument):
    """Raised when a mapping template breaks the rules of its language; ``places`` goes with ``faults``."""

    def __init__(self, faults: list[tuple[Place, str]]) -> None:
        self.places = tuple(place for place, _ in faults)
        self.messages = tuple(message for _, message in faults)
        super().__init__([Fault((), f"{place}: {message}") for place, message in faults])

    @property
    def line(self) -> int:
        """The line of the first fault, from 1."""
        return self.places[0].line

    @property
    def column(self) -> int:
        """The column of the first fault, from 1."""
        return self.places[0].column


class SyntaxFault(Exception):
    """A fault that reading can go on behind."""

    def __init__(self, position: int, message: str) -> None:
        self.position = position
        self.message = message
        super().__init__(message)


class GiveUp(Exception):
    """Raised when reading on makes no sense."""


class Lines:
    """Where the lines of a template start."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(r"\n", text))]

    def place(self, position: int) -> Place:
        """Tell the line and the column of a position."""
        line = bisect_right(self._starts, position)
        return Place(line, position - self._starts[line - 1] + 1)


class Source:
    """A whole template while it is read: its lines, the names of its macros, and what was found so far."""

    def __init__(self, text: str, macros: frozenset[str]) -> None:
        self.lines = Lines(text)
        self.macros = macros
        self.defined: dict[str, Macro] = {}
        self.assigned: set[str] = set()
        self.faults: list[tuple[Place, str]] = []

    def note(self, position: int, message: str) -> None:
        """Note a fault. Raise ``GiveUp`` when it is one too many."""
        self.faults.append((self.lines.place(position), message))
        if len(self.faults) >= MAX_FAULTS:
            raise GiveUp


class Reader:
    """Reads one text: the template, or a string in it, whose characters stand at ``offsets`` of the template."""

    def __init__(self, text: str, source: Source, depth: int = 0, offsets: Sequence[int] | None = None) -> None:
        self.text = text
        self.position = 0
        self.source = source
        self.depth = depth
        self._offsets = offsets

    def offset(self, position: int) -> int:
        """Tell where in the template a position of this text is."""
        return position if self._offsets is None else self._offsets[position]

    def place(self, position: int) -> Place:
        """Tell the line and column of a position in the template."""
        return self.source.lines.place(self.offset(position))

    def span(self, start: int, end: int) -> Span:
        """Tell the stretch of the template between two positions."""
        return Span(self.offset(start), self.offset(end))

    def note(self, position: int, message: str) -> None:
        """Note a fault. Raise ``GiveUp`` when it is one too many."""
        self.source.note(self.offset(position), message)

    def match(self, pattern: re.Pattern[str], otherwise: str) -> re.Match[str]:
        """Read what a pattern matches, or raise the fault."""
        match = pattern.match(self.text, self.position)
        if match is None:
            raise SyntaxFault(self.position, otherwise)
        self.position = match.end()
        return match

    def expect(self, token: str, wanted: str = "") -> None:
        """Skip blanks and the token, which must be there."""
        if not self.skip_to(token):
            raise self.unexpected(wanted or token)

    def skip_to(self, token: str) -> bool:
        """Skip blanks, and the token if it stands there."""
        self.skip_space()
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def skip_space(self) -> None:
        """Skip blanks and line ends."""
        match = _SPACE.match(self.text, self.position)
        if match is not None:
            self.position = match.end()

    def skip_line_end(self) -> None:
        """Skip the rest of the line if it is blank."""
        match = _LINE_END.match(self.text, self.position)
        if match is not None:
            self.position = match.end()

    def unexpected(self, wanted: str) -> SyntaxFault:
        """Make the fault of something else than what is wanted."""
        found = _FOUND.match(self.text, self.position)
        name = found[0].strip() if found is not None else ""
        return SyntaxFault(self.position, f"{wanted} is expected, not {name or 'the end'}")

    def nested(self, read: Callable[[], T]) -> T:
        """Read what stands one level deeper."""
        self.depth += 1
        self.check_depth(self.offset(self.position))
        try:
            return read()
        finally:
            self.depth -= 1

    def check_depth(self, offset: int) -> None:
        """Give up what is nested too deeply; ``offset`` is that in the template."""
        if self.depth > MAX_DEPTH:
            self.source.faults.append(
                (self.source.lines.place(offset), f"nothing may be nested more than {MAX_DEPTH} deep")
            )
            raise GiveUp
