"""
Modules that a JavaScript program imports, and variables that it never declares.

Pure.
https://nodejs.org/api/esm.html#import-specifiers
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from pizzabar.lint.javascript import Token, flat
from pizzabar.record import record

BUILT_IN = frozenset(
    {
        *("assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram"),
        *("diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module"),
        *("net", "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream"),
        *("string_decoder", "sys", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi"),
        *("worker_threads", "zlib"),
    }
)
"""Modules of Node.js itself that need no ``node:`` before them."""
_GLOBALS = frozenset(
    {"undefined", "NaN", "Infinity", "globalThis", "process", "console", "arguments", "this", "null", "true", "false"}
)


@record
class Import:
    """A module that is asked for, by what it is called, and where."""

    specifier: str
    offset: int

    @property
    def package(self) -> str | None:
        """The package that it is in; None for a file, and for what Node.js has itself."""
        name = self.specifier
        if name.startswith((".", "/", "#", "node:", "file:", "data:", "http:", "https:")) or not name:
            return None
        parts = name.split("/")
        package = "/".join(parts[:2]) if name.startswith("@") else parts[0]
        return None if package in BUILT_IN else package


def imports(program: Sequence[Token]) -> Iterator[Import]:
    """Go through the imports of a program: ``import``, ``export … from``, ``import(…)``, ``require(…)``."""
    every = list(flat(program))
    for index, token in enumerate(every):
        before = every[index - 1].text if index else ""
        if token.kind != "word" or before in (".", "?."):
            continue
        if token.text in ("require", "import") and _texts(every, index + 1, 1) == ["("]:
            argument = every[index + 2] if index + 2 < len(every) else None
            closes = _texts(every, index + 3, 1) in ([")"], [","])
            if argument is not None and closes and _is_plain(argument):
                yield Import(argument.text, token.offset)
        elif token.text in ("import", "export"):
            yield from _declared(every, index)


def _declared(every: Sequence[Token], index: int) -> Iterator[Import]:
    """Read a declaration up to its module."""
    first = every[index + 1] if index + 1 < len(every) else None
    if first is None:
        return
    if first.kind == "text" and every[index].text == "import":
        yield Import(first.text, every[index].offset)
        return
    if every[index].text == "export" and first.text not in ("{", "*"):
        return
    if first.text == ".":
        return
    for at in range(index + 1, min(index + 400, len(every))):
        token = every[at]
        if token.kind == "word" and token.text == "from" and at + 1 < len(every) and every[at + 1].kind == "text":
            yield Import(every[at + 1].text, every[index].offset)
            return
        # What stands in a clause of names; anything else ends the declaration.
        if token.kind not in ("word", "text") and token.text not in ("{", "}", ",", "*"):
            return


def _is_plain(token: Token) -> bool:
    return token.kind == "text" or (token.kind == "template" and not token.substitutions)


def _texts(every: Sequence[Token], start: int, count: int) -> list[str]:
    return [token.text for token in every[start : start + count]]


def undeclared(program: Sequence[Token]) -> Iterator[Token]:
    """Find variables that stand alone in ``${…}`` and are named nowhere else in the program, so never declared."""
    alone = [
        part[0]
        for token in flat(program)
        for part in token.substitutions
        if len(part) == 1 and part[0].kind == "word"
    ]
    uses = Counter(token.text for token in flat(program) if token.kind == "word")
    times = Counter(token.text for token in alone)
    for token in alone:
        if uses[token.text] == times[token.text] and token.text not in _GLOBALS:
            yield token
