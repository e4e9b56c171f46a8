"""
Modules that a Python program imports.

Pure. What stands under ``if TYPE_CHECKING`` is not imported when the program runs; what stands in a ``try`` that
catches ``ImportError`` may be missing.
"""

import ast
import sys
from collections.abc import Iterable, Iterator

from pizzabar.record import record

BUILT_IN = sys.stdlib_module_names


@record
class Import:
    """A module that is asked for, by its dotted name, and where; ``level`` counts the dots before it.

    ``names`` are those that are taken out of it, which may be modules themselves.
    """

    module: str
    line: int
    column: int
    level: int = 0
    names: tuple[str, ...] = ()

    @property
    def package(self) -> str | None:
        """The package that is to be installed, by the name it is imported by; None for what is there in any case."""
        name = self.module.partition(".")[0]
        return None if self.level or name in BUILT_IN else name


def imports(program: ast.Module) -> Iterator[Import]:
    """Go through the imports of a program, wherever they stand."""
    yield from _imports(program.body)


def _imports(statements: Iterable[ast.AST]) -> Iterator[Import]:
    for node in statements:
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Import(alias.name, node.lineno, node.col_offset + 1)
            case ast.ImportFrom():
                names = tuple(alias.name for alias in node.names)
                yield Import(node.module or "", node.lineno, node.col_offset + 1, node.level, names)
            case ast.If() if _is_type_checking(node.test):
                yield from _imports(node.orelse)
            case ast.Try() if any(_catches_import_error(handler.type) for handler in node.handlers):
                for handler in node.handlers:
                    yield from _imports(handler.body)
                yield from _imports([*node.orelse, *node.finalbody])
            case _:
                yield from _imports(ast.iter_child_nodes(node))


def _is_type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"


def _catches_import_error(type: ast.expr | None) -> bool:
    if isinstance(type, ast.Tuple):
        return any(map(_catches_import_error, type.elts))
    name = getattr(type, "id", getattr(type, "attr", ""))
    return name in ("ImportError", "ModuleNotFoundError", "Exception")
