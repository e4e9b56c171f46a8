"""
One rendering of a mapping template under way: its variables, its output, its bounds.

Pure. A rendering has bounds: so many iterations and calls, so much text; beyond them it fails, it does not go on.
"""

from collections.abc import Callable
from typing import NoReturn

from pizzabar.apigateway.java_objects import TemplateObject, overload
from pizzabar.apigateway.java_text import MAX_TEXT, JavaException, to_text
from pizzabar.apigateway.velocity_syntax import Place
from pizzabar.errors import PizzabarError

MAX_STEPS = 200_000
"""Iterations of loops, calls of macros and uses of blocks in one rendering."""

MAX_CALLS = 20
"""How deeply macros and blocks may call one another: Velocity's ``velocimacro.max.depth``."""


MAX_WORK = 250_000_000
"""Characters that one rendering may look at: a second's work or two; what takes longer counts more.

A single regular expression that tries endlessly is not bounded: Java, too, has no bound for it.
"""


PRINTED = 40
"""How much a printed character of a list or map counts."""

MEMBER = 10
"""How much a member counts that a range makes or a loop goes over."""


class MappingTemplateError(PizzabarError):
    """Raised when a mapping template fails while it is rendered; AWS answers with an error of its own then."""

    def __init__(self, message: str, place: Place) -> None:
        self.message = message
        self.place = place
        super().__init__(f"{message} at {place}")


class Frame:
    """One rendering under way; ``place`` is that of the last loop, macro, block or string, for what has none."""

    __slots__ = ("calls", "nesting", "out", "place", "steps", "variables", "work", "written")

    def __init__(self, variables: dict[str, object]) -> None:
        self.variables = variables
        self.out: list[str] = []
        self.written = 0
        self.steps = 0
        self.calls = 0
        self.nesting = 0
        self.work = 0
        self.place = Place(1, 1)

    def step(self, place: Place) -> None:
        """Count one iteration or call."""
        self.place = place
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise MappingTemplateError(f"a rendering may take at most {MAX_STEPS} steps", place)
        if self.written > MAX_TEXT:
            raise too_long(place)

    def enter(self, place: Place) -> None:
        """Count one call of a macro or a block; ``leave`` ends it."""
        self.step(place)
        if self.calls >= MAX_CALLS:
            raise MappingTemplateError(f"macros and blocks may call one another at most {MAX_CALLS} deep", place)
        self.calls += 1

    def charge(self, amount: int, place: Place) -> None:
        """Count what a method has to look at."""
        self.work += amount
        if self.work > MAX_WORK:
            raise MappingTemplateError(f"a rendering may look at most at {MAX_WORK} characters", place)

    def leave(self) -> None:
        """End a call."""
        self.calls -= 1


Operation = Callable[[Frame], None]
Value = Callable[[Frame], object]


def too_long(place: Place) -> MappingTemplateError:
    """Make the fault of an output that is too long."""
    return MappingTemplateError(f"a rendering may have at most {MAX_TEXT} characters", place)


class BreakSignal(Exception):
    """``#break`` on its way out, of the innermost scope or of one loop."""

    def __init__(self, loop: "Loop | None" = None) -> None:
        self.loop = loop
        super().__init__()


class StopSignal(Exception):
    """``#stop`` on its way out."""


class Block(TemplateObject):
    """What ``#define`` gives a variable: it is rendered whenever it is printed."""

    java_name = "#define"

    __slots__ = ("operations", "place")

    def __init__(self, operations: tuple[Operation, ...], place: Place) -> None:
        self.operations = operations
        self.place = place

    def render(self, frame: Frame) -> str:
        """Render the block once more."""
        frame.enter(self.place)
        try:
            return render_apart(frame, self.operations)
        finally:
            frame.leave()


class Loop(TemplateObject):
    """``$foreach``

    https://velocity.apache.org/engine/1.7/user-guide.html#loops
    """

    java_name = "$foreach"
    __slots__ = ("index", "parent", "size")

    def __init__(self, size: int, parent: object) -> None:
        self.size = size
        self.index = 0
        self.parent = parent if isinstance(parent, Loop) else None

    def topmost(self) -> "Loop":
        """Give the outermost loop around this one."""
        loop = self
        while loop.parent is not None:
            loop = loop.parent
        return loop

    def stop(self) -> NoReturn:
        """Leave the loop, as ``#break($foreach)`` does."""
        raise BreakSignal(self)

    properties = {
        "index": lambda loop: loop.index,
        "count": lambda loop: loop.index + 1,
        "hasNext": lambda loop: loop.index + 1 < loop.size,
        "first": lambda loop: loop.index == 0,
        "last": lambda loop: loop.index + 1 == loop.size,
        "parent": lambda loop: loop.parent,
        "topmost": lambda loop: loop.topmost(),
    }
    methods = {
        "getIndex": overload(lambda loop: loop.index),
        "getCount": overload(lambda loop: loop.index + 1),
        "getParent": overload(lambda loop: loop.parent),
        "getTopmost": overload(lambda loop: loop.topmost()),
        "hasNext": overload(lambda loop: loop.index + 1 < loop.size),
        "isFirst": overload(lambda loop: loop.index == 0),
        "isLast": overload(lambda loop: loop.index + 1 == loop.size),
        "stop": overload(lambda loop: loop.stop()),
    }


def print_value(frame: Frame, value: object, place: Place) -> str:
    """Print a value that is not null."""
    if type(value) is Block:
        return value.render(frame)
    try:
        if isinstance(value, TemplateObject):
            raise JavaException("java.lang.UnsupportedOperationException", "this object cannot be printed")
        text = to_text(value)
    except JavaException as error:
        raise MappingTemplateError(str(error), place) from None
    frame.charge(len(text) * (PRINTED if isinstance(value, list | dict) else 1), place)
    return text


def render_apart(frame: Frame, operations: tuple[Operation, ...]) -> str:
    """Render into a text of its own: a string, a block."""
    out, frame.out = frame.out, []
    frame.nesting += 1
    try:
        try:
            for operation in operations:
                operation(frame)
        except BreakSignal as signal:
            if signal.loop is not None:
                raise
        return "".join(frame.out)
    finally:
        frame.out = out
        frame.nesting -= 1
