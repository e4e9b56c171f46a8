"""
A world for a test: the whole emulator in this process, with nothing of it left afterwards.

It lives in an event loop of its own, in a thread. ``World`` is for plain tests, and waits; ``AsyncWorld`` is for
coroutines. Both are context managers.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pizzabar.application import Application
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.errors import PizzabarError
from pizzabar.journal import Hop
from pizzabar.testing.inside import Inside, InsideGuest, Push, assert_frames
from pizzabar.testing.threads import LoopThread
from pizzabar.testing.values import parsed

if TYPE_CHECKING:
    import boto3

P = ParamSpec("P")
T = TypeVar("T")


class _Seen:
    """What is read of a world without waiting."""

    def __init__(self, application: Application | None = None, *, is_served: bool = False, **settings: Any) -> None:
        self._inside = Inside(application, is_served=is_served, settings=settings)
        self._loop: LoopThread | None = None

    @property
    def _in_loop(self) -> LoopThread:
        if self._loop is None:
            raise PizzabarError("the world is not open")
        return self._loop

    @property
    def emulator(self) -> Emulator:
        """The emulator itself. What it does is done in its own loop."""
        return self._inside.emulator

    @property
    def now(self) -> datetime:
        """What time it is in the world."""
        return self._inside.emulator.clock.now()

    @property
    def port(self) -> int | None:
        """The port, if the world is served."""
        return self._inside.port

    @property
    def url(self) -> str:
        """The endpoint of AWS's services. Raise ``PizzabarError`` when the world is not served."""
        if self._inside.port is None:
            raise PizzabarError("the world is not served: is_served=True has it so")
        return f"http://localhost:{self._inside.port}"

    def hops(self, service: str | None = None, operation: str | None = None) -> list[Hop]:
        """Read the hops of the journal, in order: of a service, of an operation."""
        return self._inside.hops(service, operation)

    def events(self, pattern: JSON | None = None, *, bus: str | None = None) -> list[JSON]:
        """Read the events that were put, in order: on a bus, by name or ARN, and as a pattern wants them.

        Raise ``InvalidEventPatternException``.
        """
        return self._inside.events(pattern, bus=bus)

    def pushes(self, connection_id: str | None = None) -> list[Push]:
        """Read what was pushed with ``PostToConnection``, in order: all, or to one connection."""
        return self._inside.pushes(connection_id)

    def assert_event(self, pattern: JSON, *, bus: str | None = None, times: int | None = None) -> JSON:
        """See that an event was put that a pattern wants, ``times`` times if that is given; give the last one.

        Raise ``AssertionError``, which tells of the events that came closest, or ``InvalidEventPatternException``.
        """
        return self._inside.assert_event(pattern, bus=bus, times=times)

    def session(self) -> "boto3.Session":
        """Give a session of boto3 whose clients ask this world, without sockets. Raise ``ImportError``."""
        from pizzabar.testing.boto import session_of

        return session_of(self._inside, self._in_loop)

    def client(self, service: str) -> Any:
        """Give boto3's client of a service, which asks this world, without sockets. Raise ``ImportError``."""
        from pizzabar.testing.boto import client_of

        return client_of(self._inside, self._in_loop, service)

    def _start(self) -> None:
        """Open the world from whatever thread, and wait. Raise ``FaultyTemplate``."""
        if self._loop is None:
            self._loop = LoopThread("pizzabar-world")
        self._loop.do(self._inside.open())

    def _shut(self) -> None:
        """Close the world from whatever thread, and wait."""
        if self._loop is None:
            return
        try:
            self._loop.do(self._inside.close())
        finally:
            loop, self._loop = self._loop, None
            loop.close()


class _Guest:
    """What is read of a client without waiting."""

    def __init__(self, inside: InsideGuest, loop: LoopThread) -> None:
        self._inside = inside
        self._in_loop = loop

    @property
    def connection_id(self) -> str:
        """The id of its connection."""
        assert self._inside.connection is not None
        return self._inside.connection.id

    @property
    def frames(self) -> list[str]:
        """The frames that have come, as texts."""
        return list(self._inside.frames)

    @property
    def received(self) -> list[Any]:
        """The frames that have come: values where they are JSON, else texts."""
        return [parsed(frame) for frame in self._inside.frames]

    @property
    def closed(self) -> tuple[int, str] | None:
        """The code and the reason with which the connection ended; None while it is open."""
        return self._inside.closed

    def take(self) -> list[Any]:
        """Give the frames that have come since the last time."""
        taken = self.received
        self._inside.frames.clear()
        return taken

    def assert_received(self, *expected: Any) -> None:
        """See that these frames have come, in this order, and no others. Raise ``AssertionError``, frame by frame."""
        assert_frames(self._inside.frames, expected)


def _of_guest(
    method: Callable[Concatenate[InsideGuest, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["Guest", P], T]:
    @wraps(method)
    def done(self: "Guest", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._in_loop.do(method(self._inside, *args, **kwargs))

    return done


def _of_async_guest(
    method: Callable[Concatenate[InsideGuest, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["AsyncGuest", P], Coroutine[Any, Any, T]]:
    @wraps(method)
    async def done(self: "AsyncGuest", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._in_loop.awaited(method(self._inside, *args, **kwargs))

    return done


class Guest(_Guest):
    """A client of a WebSocket API, without a socket."""

    send = _of_guest(InsideGuest.send)
    close = _of_guest(InsideGuest.leave)

    def vanish(self) -> None:
        """Go without a goodbye."""
        self.close(1006)


class AsyncGuest(_Guest):
    """A client of a WebSocket API, without a socket."""

    send = _of_async_guest(InsideGuest.send)
    close = _of_async_guest(InsideGuest.leave)

    async def vanish(self) -> None:
        """Go without a goodbye."""
        await self.close(1006)


def _done(method: Callable[Concatenate[Inside, P], Coroutine[Any, Any, T]]) -> Callable[Concatenate["World", P], T]:
    @wraps(method)
    def done(self: "World", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._in_loop.do(method(self._inside, *args, **kwargs))

    return done


def _awaited(
    method: Callable[Concatenate[Inside, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["AsyncWorld", P], Coroutine[Any, Any, T]]:
    @wraps(method)
    async def done(self: "AsyncWorld", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._in_loop.awaited(method(self._inside, *args, **kwargs))

    return done


class World(_Seen):
    """A world: ``with World(template="template.yaml") as world``; without a template it is the pizza bar.

    ``application`` is a back end written in Python. The keywords are settings; ``is_served`` opens a port.
    """

    call = _done(Inside.call)
    settled = _done(Inside.settled)
    advance = _done(Inside.advance)
    break_hops = _done(Inside.break_hops)
    broken = _done(Inside.broken)
    mend_hops = _done(Inside.mend_hops)
    items = _done(Inside.items)
    item = _done(Inside.item)
    executions = _done(Inside.executions)
    history = _done(Inside.history)
    logs = _done(Inside.logs)
    messages = _done(Inside.messages)
    assert_item = _done(Inside.assert_item)
    assert_execution = _done(Inside.assert_execution)
    _connect = _done(Inside.connect)

    def open(self) -> None:
        """Open the world. Raise ``FaultyTemplate``."""
        self._start()

    def connect(self, *args: Any, **kwargs: Any) -> Guest:
        """Connect to a stage: ``connect(stage=None, *, api=None, headers=None, query=None)``.

        Raise ``ConnectionRefused`` or ``NotThere``.
        """
        return Guest(self._connect(*args, **kwargs), self._in_loop)

    def close(self) -> None:
        """Close the world; nothing is left."""
        self._shut()

    def __enter__(self) -> "World":
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncWorld(_Seen):
    """A world for coroutines: ``async with AsyncWorld(template="template.yaml") as world``. See ``World``."""

    call = _awaited(Inside.call)
    settled = _awaited(Inside.settled)
    advance = _awaited(Inside.advance)
    break_hops = _awaited(Inside.break_hops)
    broken = _awaited(Inside.broken)
    mend_hops = _awaited(Inside.mend_hops)
    items = _awaited(Inside.items)
    item = _awaited(Inside.item)
    executions = _awaited(Inside.executions)
    history = _awaited(Inside.history)
    logs = _awaited(Inside.logs)
    messages = _awaited(Inside.messages)
    assert_item = _awaited(Inside.assert_item)
    assert_execution = _awaited(Inside.assert_execution)
    _connect = _awaited(Inside.connect)

    async def open(self) -> None:
        """Open the world. Raise ``FaultyTemplate``."""
        if self._loop is None:
            self._loop = LoopThread("pizzabar-world")
        await self._loop.awaited(self._inside.open())

    async def connect(self, *args: Any, **kwargs: Any) -> AsyncGuest:
        """Connect to a stage: ``connect(stage=None, *, api=None, headers=None, query=None)``.

        Raise ``ConnectionRefused`` or ``NotThere``.
        """
        return AsyncGuest(await self._connect(*args, **kwargs), self._in_loop)

    async def close(self) -> None:
        """Close the world; nothing is left."""
        # Whoever is cancelled meanwhile leaves nothing either.
        await asyncio.shield(asyncio.to_thread(self._shut))

    async def __aenter__(self) -> "AsyncWorld":
        try:
            await self.open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
