"""
Records: frozen to the type checker, and cheap to make and to declare.

Freezing at run time makes ``__init__`` some five times slower, and much of an order is the making of records. And of
the six methods that a frozen dataclass has compiled for it at import, this compiles one: with some two hundred
records that is a fifth of the time to start. So it is mypy that sees to it that nobody changes one.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a class a slotted dataclass that must not be changed; equal and hashed by its fields."""
    made = dataclass(slots=True, repr=False, eq=False)(cls)
    values = _reader(tuple(field.name for field in fields(made)))  # type: ignore[arg-type]

    def is_equal(self: object, other: object) -> bool:
        return values(self) == values(other) if type(self) is type(other) else NotImplemented

    methods: dict[str, Callable[..., Any]] = {
        "__eq__": is_equal,
        "__hash__": lambda self: hash(values(self)),
        "__repr__": _repr,
    }
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    return made


def _reader(names: tuple[str, ...]) -> Callable[[object], Any]:
    """Make a function that gives the values of fields."""
    return attrgetter(*names) if names else lambda self: ()


def _repr(self: Any) -> str:
    shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{type(self).__qualname__}({shown})"
