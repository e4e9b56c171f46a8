"""
Places in a pattern's text, as the parser of AWS tells them.

Pure. Lines and columns count from 1, columns in UTF-16 units; a place is that of the next character to be read.
"""

import re

MAX_SHOWN = 500
"""Characters of a text that are shown with a place in it."""

_LINE = re.compile(r"\r\n?|\n")
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Give the line and the column of an offset in a text."""
    line, begin = 1, 0
    for match in _LINE.finditer(text, 0, offset):
        line, begin = line + 1, match.end()
    return line, _units(text[begin:offset]) + 1


def source_at(text: str, offset: int) -> str:
    """Write a text with a place in it."""
    line, column = line_and_column(text, offset)
    shown = _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04X}", text[:MAX_SHOWN])
    left_out = f"[truncated {_units(text) - MAX_SHOWN} chars]" if len(text) > MAX_SHOWN else ""
    return f'[Source: (String)"{shown}"{left_out}; line: {line}, column: {column}]'


def located(text: str, offset: int | None) -> str:
    """Write what follows a reason that is told with its place; nothing for one that is not."""
    return "" if offset is None else f"\n at {source_at(text, offset)}"


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
