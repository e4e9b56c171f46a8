"""
The pytest plugin: a world for each test that asks for one.

A test that is a coroutine gets an ``AsyncWorld``, any other a ``World``; what runs coroutines (pytest-asyncio, anyio)
is the test's own choice. Nothing is imported before a fixture is asked for.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pizzabar.testing.world import AsyncWorld, World

MakeWorld = Callable[..., "World | AsyncWorld"]


def _opened(request: pytest.FixtureRequest, closing: ExitStack, application: Any, **settings: Any) -> Any:
    from pizzabar.testing.world import AsyncWorld, World

    world: World | AsyncWorld
    if inspect.iscoroutinefunction(request.function):
        world = AsyncWorld(application, **settings)
    else:
        world = World(application, **settings)
    closing.callback(world._shut)
    world._start()
    return world


@pytest.fixture
def pizzabar(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give the pizza bar, or the world of the marker ``pizzabar``, in memory and on virtual time."""
    marker = request.node.get_closest_marker("pizzabar")
    given = (None,) if marker is None or not marker.args else marker.args
    with ExitStack() as closing:
        yield _opened(request, closing, *given, **({} if marker is None else marker.kwargs))


@pytest.fixture
def pizzabar_server(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give a world like ``pizzabar`` that is served on a free port: ``url`` and ``port`` tell where."""
    marker = request.node.get_closest_marker("pizzabar")
    given = (None,) if marker is None or not marker.args else marker.args
    with ExitStack() as closing:
        yield _opened(request, closing, *given, is_served=True, **({} if marker is None else marker.kwargs))


@pytest.fixture
def pizzabar_template(request: pytest.FixtureRequest) -> Iterator[MakeWorld]:
    """Give a function that opens the world of a template: ``pizzabar_template("template.yaml", **settings)``.

    A path that is relative is so to the test's own file.
    """
    with ExitStack() as closing:

        def open_template(template: Any, **settings: Any) -> Any:
            return _opened(request, closing, None, template=request.path.parent / template, **settings)

        yield open_template


def pytest_configure(config: pytest.Config) -> None:
    """Tell of the marker."""
    config.addinivalue_line(
        "markers", "pizzabar(application=None, **settings): what the world of the fixtures is of, and its settings"
    )
