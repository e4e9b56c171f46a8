"""
Worlds for tests, and the pytest plugin that hands them out.

``World`` and ``AsyncWorld`` are the whole emulator in this process; with pytest, the fixtures ``pizzabar``,
``pizzabar_server`` and ``pizzabar_template`` give one for each test.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pizzabar.testing.inside import ConnectionRefused, Execution, NotThere, Push
    from pizzabar.testing.sweeping import Outcome, Tried, sweep
    from pizzabar.testing.world import AsyncGuest, AsyncWorld, Guest, World

_HOME = {
    **dict.fromkeys(("ConnectionRefused", "Execution", "NotThere", "Push"), "inside"),
    **dict.fromkeys(("Outcome", "Tried", "sweep"), "sweeping"),
    **dict.fromkeys(("AsyncGuest", "AsyncWorld", "Guest", "World"), "world"),
}

__all__ = [
    "AsyncGuest",
    "AsyncWorld",
    "ConnectionRefused",
    "Execution",
    "Guest",
    "NotThere",
    "Outcome",
    "Push",
    "Tried",
    "World",
    "sweep",
]


def __getattr__(name: str) -> object:
    """Import what is asked for, and nothing before: pytest imports the plugin for every test run."""
    if name in _HOME:
        return getattr(import_module(f"pizzabar.testing.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
