"""
Places in a JSON text: at which line and column a value stands.

Pure. The column is the one after the token that begins the value, as the parser of AWS counts.
"""

import re
from collections.abc import Sequence

from pizzabar.documents import parse

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def place_of(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Give line and column of the value at a path of keys and indices; the text must be JSON."""
    wanted, at, found = tuple(path), list[str | int](), len(text)
    tokens = list(_TOKEN.finditer(text))
    for number, match in enumerate(tokens):
        token = match.group()
        is_key = number + 1 < len(tokens) and tokens[number + 1].group() == ":"
        if token in ":]}" or token == "," or is_key:
            if token in "]}":
                at.pop()
            elif token == "," and isinstance(at[-1], int):
                at[-1] += 1
            elif is_key:
                at[-1] = parse(token)
            continue
        if tuple(at) == wanted:
            # Of keys that are there twice the last one counts.
            found = match.end()
        if token == "[":
            at.append(0)
        elif token == "{":
            at.append("")
    return text.count("\n", 0, found) + 1, found - text.rfind("\n", 0, found)
