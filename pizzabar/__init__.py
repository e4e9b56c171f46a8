"""
A local-first emulator of event-driven WebSocket back ends on AWS.

``Application`` is for back ends written in Python; ``pizzabar.app`` serves templates.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pizzabar.application import Application as Application

__version__ = "0.1.0"
__all__ = ["Application", "__version__"]


def __getattr__(name: str) -> object:
    """Import what is asked for, and nothing before."""
    if name == "Application":
        from pizzabar.application import Application

        return Application
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
