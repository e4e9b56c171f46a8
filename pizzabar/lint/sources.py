"""
The code of functions: the files that are run, from the handler's on through all that it imports beside it.

Files that no handler reaches are not read. Nor is code that is not there as its author wrote it: a zip file, or what
is still to be compiled.
"""

import ast
import posixpath
from collections.abc import Callable, Iterator

from pizzabar.cloudformation.node import Position
from pizzabar.lint import javascript_imports, python_imports
from pizzabar.lint.javascript import Token, tokens
from pizzabar.lint.subject import Subject, position_at
from pizzabar.record import record
from pizzabar.resource import Resource

FUNCTION = "AWS::Lambda::Function"
MOST_FILES = 200
"""Files of one function that are read; more is what somebody else has written, or a bundle."""
_EXTENSIONS = (".js", ".mjs", ".cjs")


@record
class Script:
    """A file in JavaScript."""

    file: str
    text: str
    tokens: tuple[Token, ...]

    def place(self, offset: int) -> Position:
        """Give the place of an offset in the text."""
        return position_at(self.text, offset, self.file)


@record
class Module:
    """A file in Python."""

    file: str
    tree: ast.Module


Source = Script | Module


def folder_of(function: Resource) -> str | None:
    """Give the folder of a function's code, as its template names it; None for what is no folder."""
    code = function.properties.get("Code")
    return posixpath.normpath(code) if isinstance(code, str) and "://" not in code else None


def sources_of(subject: Subject, function: Resource) -> tuple[Source, ...]:
    """Read the files of a function that its handler reaches."""
    key = f"sources of {function.logical_id}"
    return subject.remembered(key, lambda: _sources_of(subject, function))


def _sources_of(subject: Subject, function: Resource) -> tuple[Source, ...]:
    folder, handler = folder_of(function), str(function.properties.get("Handler", ""))
    runtime = str(function.properties.get("Runtime", ""))
    if folder is None:
        return ()
    if runtime.startswith("nodejs"):
        first = _script(subject, posixpath.normpath(posixpath.join(folder, handler.rpartition(".")[0])))
        return tuple(_reached(subject, first, lambda file, text: _read_script(subject, file, text)))
    if runtime.startswith("python"):
        module = handler.rpartition(".")[0].replace(".", "/")
        first = _module(subject, posixpath.join(folder, module))
        return tuple(_reached(subject, first, lambda file, text: _read_module(subject, folder, file, text)))
    return ()


_Read = Callable[[str, str], tuple[Source, list[str]] | None]


def _reached(subject: Subject, first: str | None, read: _Read) -> Iterator[Source]:
    seen = {first}
    ahead = [] if first is None else [first]
    while ahead and len(seen) <= MOST_FILES:
        file = ahead.pop(0)
        try:
            done = read(file, subject.read_file(file))
        except (OSError, ValueError):
            continue
        if done is None:
            continue
        source, others = done
        yield source
        for other in others:
            if other not in seen:
                seen.add(other)
                ahead.append(other)


def _read_script(subject: Subject, file: str, text: str) -> tuple[Source, list[str]]:
    script = Script(file, text, tokens(text))
    found = [
        _script(subject, posixpath.normpath(posixpath.join(posixpath.dirname(file), each.specifier)))
        for each in javascript_imports.imports(script.tokens)
        if each.specifier.startswith(".")
    ]
    return script, [each for each in found if each is not None]


def _script(subject: Subject, path: str) -> str | None:
    """Find the file that Node.js takes for a path."""
    if path.endswith(_EXTENSIONS) and subject.is_there(path):
        return path
    candidates = (f"{path}{ending}" for ending in (*_EXTENSIONS, *(f"/index{each}" for each in _EXTENSIONS)))
    return next((each for each in candidates if subject.is_there(each)), None)


def _read_module(subject: Subject, folder: str, file: str, text: str) -> tuple[Source, list[str]] | None:
    try:
        module = Module(file, ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return None
    found: list[str] = []
    for each in python_imports.imports(module.tree):
        base = folder
        if each.level:
            base = posixpath.normpath(posixpath.join(posixpath.dirname(file), *[".."] * (each.level - 1)))
        parts = [part for part in each.module.split(".") if part]
        # The packages on the way are run, too; a name that is taken may be a module.
        paths = [parts[:count] for count in range(1, len(parts) + 1)] + [[*parts, name] for name in each.names]
        places = [_module(subject, posixpath.join(base, *path)) for path in paths]
        found += [place for place in places if place is not None]
    return module, found


def _module(subject: Subject, path: str) -> str | None:
    """Find the file that Python takes for a path."""
    path = posixpath.normpath(path)
    return next((each for each in (f"{path}.py", f"{path}/__init__.py") if subject.is_there(each)), None)
