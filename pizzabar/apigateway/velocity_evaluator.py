"""
The Velocity Template Language: nodes → functions that render them.

Pure. Each node becomes a closure once, so that a rendering only calls closures. A rendering has bounds: so many
iterations and calls, so much text; beyond them it fails, it does not go on.
https://velocity.apache.org/engine/1.7/user-guide.html
"""

import math
from collections.abc import Callable

from pizzabar.apigateway.java_methods import (
    MAX_ITEMS,
    TemplateObject,
    call_method,
    get_index,
    get_property,
    overload,
    set_member,
)
from pizzabar.apigateway.java_text import (
    MAX_TEXT,
    JavaException,
    are_equal,
    check_integer,
    check_length,
    to_text,
    type_name,
)
from pizzabar.apigateway.velocity_syntax import (
    Binary,
    Break,
    Define,
    Expression,
    Foreach,
    If,
    Index,
    Interpolated,
    ListLiteral,
    Literal,
    Macro,
    MacroCall,
    MapLiteral,
    Method,
    Node,
    Place,
    Property,
    Range,
    Reference,
    Set,
    Step,
    Stop,
    Text,
    Unary,
)
from pizzabar.errors import PizzabarError
from pizzabar.record import record

MAX_STEPS = 200_000
"""Iterations of loops, calls of macros and uses of blocks in one rendering."""

MAX_CALLS = 20
"""How deeply macros and blocks may call one another: Velocity's ``velocimacro.max.depth``."""


class MappingTemplateError(PizzabarError):
    """Raised when a mapping template fails while it is rendered; AWS answers with an error of its own then."""

    def __init__(self, message: str, place: Place | None) -> None:
        self.message = message
        self.place = place
        super().__init__(f"{message} at {place}" if place is not None else message)


@record
class Span:
    """What one reference printed: where in the output, where in the template, how it is written, and its value."""

    output_start: int
    output_end: int
    template_start: int
    template_end: int
    expression: str
    value: object


class Frame:
    """One rendering under way."""

    __slots__ = ("calls", "marks", "nesting", "out", "steps", "variables", "written")

    def __init__(self, variables: dict[str, object]) -> None:
        self.variables = variables
        self.out: list[str] = []
        self.written = 0
        self.steps = 0
        self.calls = 0
        self.nesting = 0
        self.marks: list[tuple[int, Reference, object]] = []
        """For a trace: the index in ``out`` of what a reference printed."""

    def step(self, place: Place | None) -> None:
        """Count one iteration or call."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise MappingTemplateError(f"a rendering may take at most {MAX_STEPS} steps", place)
        if self.written > MAX_TEXT:
            raise MappingTemplateError(f"a rendering may have at most {MAX_TEXT} characters", place)

    def enter(self, place: Place | None) -> None:
        """Count one call of a macro or a block; ``leave`` ends it."""
        self.step(place)
        if self.calls >= MAX_CALLS:
            raise MappingTemplateError(f"macros and blocks may call one another at most {MAX_CALLS} deep", place)
        self.calls += 1


Operation = Callable[[Frame], None]
Value = Callable[[Frame], object]


class Program:
    """A template, ready to be rendered; ``traced`` keeps what each reference printed."""

    def __init__(self, nodes: tuple[Node, ...], known: frozenset[str], *, traced: bool) -> None:
        compiler = _Compiler(nodes, known, traced=traced)
        self._operations = compiler.block(nodes)

    def run(self, variables: dict[str, object]) -> tuple[str, list[Span]]:
        """Render. Raise ``MappingTemplateError`` when that fails."""
        frame = Frame(variables)
        try:
            for operation in self._operations:
                operation(frame)
        except (_Stop, _Break):
            pass
        except JavaException as error:
            raise MappingTemplateError(str(error), None) from None
        except RecursionError:
            raise MappingTemplateError("the template or a value is nested too deeply", None) from None
        text = "".join(frame.out)
        if len(text) > MAX_TEXT:
            raise MappingTemplateError(f"a rendering may have at most {MAX_TEXT} characters", None)
        return text, _spans(frame) if frame.marks else []


def _spans(frame: Frame) -> list[Span]:
    starts = [0]
    for piece in frame.out:
        starts.append(starts[-1] + len(piece))
    return [
        Span(starts[index], starts[index + 1], reference.start, reference.end, reference.source, value)
        for index, reference, value in frame.marks
    ]


class _Break(Exception):
    """``#break`` on its way out."""


class _Stop(Exception):
    """``#stop`` on its way out."""


class _Block(TemplateObject):
    """What ``#define`` gives a variable: it is rendered whenever it is printed."""

    java_name = "#define"

    __slots__ = ("operations", "place")

    def __init__(self, operations: tuple[Operation, ...], place: Place) -> None:
        self.operations = operations
        self.place = place

    def render(self, frame: Frame) -> str:
        frame.enter(self.place)
        try:
            return _render_apart(frame, self.operations)
        finally:
            frame.calls -= 1


class _Loop(TemplateObject):
    """``$foreach``

    https://velocity.apache.org/engine/1.7/user-guide.html#loops
    """

    java_name = "$foreach"
    __slots__ = ("index", "parent", "size")

    def __init__(self, size: int, parent: object) -> None:
        self.size = size
        self.index = 0
        self.parent = parent if isinstance(parent, _Loop) else None

    def topmost(self) -> "_Loop":
        loop = self
        while loop.parent is not None:
            loop = loop.parent
        return loop

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
        "hasNext": overload(lambda loop: loop.index + 1 < loop.size),
        "isFirst": overload(lambda loop: loop.index == 0),
        "isLast": overload(lambda loop: loop.index + 1 == loop.size),
    }


class _Compiler:
    """Makes closures of nodes.

    ``known`` are the variables that AWS gives; those that the template itself gives a value are added. A reference to
    one of them that has no value prints nothing, as API Gateway does it; a reference to any other is printed as it
    is written, as Velocity does it.
    """

    def __init__(self, nodes: tuple[Node, ...], known: frozenset[str], *, traced: bool) -> None:
        self._traced = traced
        self._macros: dict[str, Macro] = {}
        self._bodies: dict[str, tuple[Operation, ...]] = {}
        self._known = set(known)
        self._gather(nodes)
        for name, macro in self._macros.items():
            self._bodies[name] = self.block(macro.body)

    def _gather(self, nodes: tuple[Node, ...]) -> None:
        """Find the macros, which may be called before they are defined, and the variables that are given a value."""
        for node in nodes:
            match node:
                case Set(target, value):
                    if not target.steps:
                        self._known.add(target.name)
                    if isinstance(value, Interpolated):
                        self._gather(value.nodes)
                case If(branches, otherwise):
                    for _, body in branches:
                        self._gather(body)
                    self._gather(otherwise)
                case Foreach(variable, _, body):
                    self._known.update((variable, "foreach", "velocityCount"))
                    self._gather(body)
                case Macro(name, parameters, body):
                    self._macros.setdefault(name, node)
                    self._known.update(parameters)
                    self._gather(body)
                case MacroCall(content=content):
                    if content is not None:
                        self._known.add("bodyContent")
                        self._gather(content)
                case Define(variable, body):
                    self._known.add(variable)
                    self._gather(body)
                case _:
                    pass

    # Nodes

    def block(self, nodes: tuple[Node, ...]) -> tuple[Operation, ...]:
        return tuple(self._operation(node) for node in nodes if not isinstance(node, Macro))

    def _operation(self, node: Node) -> Operation:
        match node:
            case Text(text):
                return _text(text)
            case Reference():
                return self._print(node)
            case Set(target, value):
                return self._set(target, value)
            case If(branches, otherwise):
                return self._if(branches, otherwise)
            case Foreach():
                return self._foreach(node)
            case MacroCall():
                return self._macro_call(node)
            case Define(variable, body, place):
                block = _Block(self.block(body), place)

                def define(frame: Frame) -> None:
                    frame.variables[variable] = block

                return define
            case Break():
                return _break
            case Stop():
                return _stop
            case _:
                raise AssertionError(node)

    def _print(self, reference: Reference) -> Operation:
        value_of = self.reference(reference)
        traced = self._traced
        place = reference.place
        # Backslashes before a reference count only if it has a value: a pair is one, an odd one makes it text.
        # https://velocity.apache.org/engine/1.7/user-guide.html#escaping_valid_vtl_references
        before = "\\" * reference.backslashes
        escaped = "\\" * (reference.backslashes // 2) + reference.source if reference.backslashes % 2 else None
        before_value = "\\" * (reference.backslashes // 2)
        if reference.backslashes % 2 or (reference.name not in self._known and not reference.is_quiet):
            nothing = before + reference.source
        else:
            nothing = before

        def print_reference(frame: Frame) -> None:
            value = value_of(frame)
            if type(value) is str:
                text = value
            elif value is None:
                frame.out.append(nothing)
                frame.written += len(nothing)
                if traced and not frame.nesting:
                    frame.marks.append((len(frame.out) - 1, reference, None))
                return
            elif escaped is not None:
                text = ""
            else:
                text = _printed(frame, value, place)
            if escaped is not None:
                frame.out.append(escaped)
                return
            if before_value:
                frame.out.append(before_value)
            frame.out.append(text)
            frame.written += len(text)
            if traced and not frame.nesting:
                frame.marks.append((len(frame.out) - 1, reference, value))

        return print_reference

    def _set(self, target: Reference, expression: Expression) -> Operation:
        value_of = self.value(expression)
        name = target.name
        if not target.steps:

            def assign(frame: Frame) -> None:
                # Null is not assigned: the variable keeps what it had (directive.set.null.allowed = false).
                if (value := value_of(frame)) is not None:
                    frame.variables[name] = value

            return assign
        last = target.steps[-1]
        if isinstance(last, Method):
            return _text("")
        parent_of = self._steps(name, target.steps[:-1])
        key_of = self.value(Literal(last.name) if isinstance(last, Property) else last.key)
        place = last.place

        def assign_member(frame: Frame) -> None:
            value = value_of(frame)
            parent = parent_of(frame)
            if value is None or parent is None:
                return
            try:
                set_member(parent, key_of(frame), value)
            except JavaException as error:
                raise MappingTemplateError(str(error), place) from None

        return assign_member

    def _if(
        self, branches: tuple[tuple[Expression, tuple[Node, ...]], ...], otherwise: tuple[Node, ...]
    ) -> Operation:
        compiled = tuple((self._condition(condition), self.block(body)) for condition, body in branches)
        last = self.block(otherwise)

        def choose(frame: Frame) -> None:
            chosen = last
            for condition, operations in compiled:
                if condition(frame):
                    chosen = operations
                    break
            for operation in chosen:
                operation(frame)

        return choose

    def _foreach(self, node: Foreach) -> Operation:
        items_of = self.value(node.items)
        body = self.block(node.body)
        name, place = node.variable, node.place

        def loop(frame: Frame) -> None:
            items = _items(items_of(frame))
            variables = frame.variables
            saved = {key: variables.get(key) for key in (name, "foreach", "velocityCount")}
            state = _Loop(len(items), saved["foreach"])
            try:
                for index, item in enumerate(items):
                    frame.step(place)
                    state.index = index
                    variables["foreach"] = state
                    variables["velocityCount"] = index + 1
                    variables[name] = item
                    for operation in body:
                        operation(frame)
            except _Break:
                pass
            finally:
                variables.update(saved)

        return loop

    def _macro_call(self, node: MacroCall) -> Operation:
        macro = self._macros.get(node.name)
        if macro is None:
            raise AssertionError(node)
        arguments = tuple(self.value(argument) for argument in node.arguments)
        content = None if node.content is None else _Block(self.block(node.content), node.place)
        bodies, name, parameters, place = self._bodies, node.name, macro.parameters, node.place

        def call(frame: Frame) -> None:
            frame.enter(place)
            variables = frame.variables
            given: dict[str, object] = dict.fromkeys(parameters)
            given.update(zip(parameters, [argument(frame) for argument in arguments], strict=False))
            if content is not None:
                given["bodyContent"] = content
            saved = {key: variables.get(key) for key in given}
            variables.update(given)
            try:
                for operation in bodies[name]:
                    operation(frame)
            except _Break:
                pass
            finally:
                variables.update(saved)
                frame.calls -= 1

        return call

    # Expressions

    def value(self, expression: Expression) -> Value:
        match expression:
            case Literal(constant):
                return lambda frame: constant
            case Reference():
                return self.reference(expression)
            case Interpolated(nodes, place):
                return self._interpolated(nodes, place)
            case ListLiteral(items):
                members = tuple(self.value(item) for item in items)
                return lambda frame: [member(frame) for member in members]
            case MapLiteral(pairs):
                return self._map(pairs)
            case Range(first, last, place):
                return self._range(first, last, place)
            case Unary(operator, operand, place):
                return self._unary(operator, operand, place)
            case Binary("&&", left, right):
                first_of, second_of = self._condition(left), self._condition(right)
                return lambda frame: first_of(frame) and second_of(frame)
            case Binary("||", left, right):
                first_of, second_of = self._condition(left), self._condition(right)
                return lambda frame: first_of(frame) or second_of(frame)
            case Binary("+", left, right, place):
                return self._add(left, right, place)
            case Binary(operator, left, right, place):
                return self._binary(operator, left, right, place)
            case _:
                raise AssertionError(expression)

    def reference(self, reference: Reference) -> Value:
        return self._steps(reference.name, reference.steps)

    def _steps(self, name: str, steps: tuple[Step, ...]) -> Value:
        asks = tuple(self._ask(step) for step in steps)
        if not asks:
            return lambda frame: frame.variables.get(name)
        if len(asks) == 1:
            (ask,) = asks

            def get_one(frame: Frame) -> object:
                value = frame.variables.get(name)
                return None if value is None else ask(frame, value)

            return get_one

        def get(frame: Frame) -> object:
            value = frame.variables.get(name)
            for ask in asks:
                if value is None:
                    return None
                value = ask(frame, value)
            return value

        return get

    def _ask(self, step: Step) -> Callable[[Frame, object], object]:
        place = step.place
        match step:
            case Property(name):

                def ask_property(frame: Frame, value: object) -> object:
                    if type(value) is dict:
                        return value.get(name)
                    try:
                        return get_property(value, name)
                    except JavaException as error:
                        raise MappingTemplateError(str(error), place) from None

                return ask_property
            case Index(key):
                key_of = self.value(key)

                def ask_index(frame: Frame, value: object) -> object:
                    try:
                        return get_index(value, key_of(frame))
                    except JavaException as error:
                        raise MappingTemplateError(str(error), place) from None

                return ask_index
            case Method(name, arguments):
                return self._ask_method(name, arguments, place)
            case _:
                raise AssertionError(step)

    def _ask_method(
        self, name: str, arguments: tuple[Expression, ...], place: Place
    ) -> Callable[[Frame, object], object]:
        given_of = _arguments(tuple(self.value(argument) for argument in arguments))

        def ask_method(frame: Frame, value: object) -> object:
            if type(value) is _Block:
                value = value.render(frame)
            given = given_of(frame)
            try:
                return call_method(value, name, given)
            except JavaException as error:
                raise MappingTemplateError(
                    f"Invocation of method '{name}' in  class {type_name(value)} threw exception {error}", place
                ) from None

        return ask_method

    def _interpolated(self, nodes: tuple[Node, ...], place: Place) -> Value:
        self._gather(nodes)
        operations = self.block(nodes)

        def interpolate(frame: Frame) -> object:
            frame.step(place)
            return _render_apart(frame, operations)

        return interpolate

    def _map(self, pairs: tuple[tuple[Expression, Expression], ...]) -> Value:
        members = tuple((self.value(key), self.value(member)) for key, member in pairs)

        def make_map(frame: Frame) -> object:
            result: dict[object, object] = {}
            for key, member in members:
                set_member(result, key(frame), member(frame))
            return result

        return make_map

    def _range(self, first: Expression, last: Expression, place: Place) -> Value:
        first_of, last_of = self.value(first), self.value(last)

        def make_range(frame: Frame) -> object:
            begin, end = first_of(frame), last_of(frame)
            if type(begin) is not int or type(end) is not int:
                return None
            if abs(end - begin) >= MAX_ITEMS:
                raise MappingTemplateError(f"a range may have at most {MAX_ITEMS} members", place)
            return list(range(begin, end + 1)) if begin <= end else list(range(begin, end - 1, -1))

        return make_range

    def _condition(self, expression: Expression) -> Callable[[Frame], bool]:
        """Make the test of ``#if``: false and null are false, an empty string is true.

        What is neither a reference nor a comparison is false, whatever it stands for: ``#if("a")``, ``#if(1)``.
        """
        match expression:
            case Literal(bool(constant)):
                return lambda frame: constant
            case Reference():
                value_of = self.reference(expression)
                return lambda frame: (value := value_of(frame)) is not None and value is not False
            case Unary("!") | Binary("&&" | "||" | "==" | "!=" | "<" | "<=" | ">" | ">="):
                test = self.value(expression)
                return lambda frame: test(frame) is True
            case _:
                return lambda frame: False

    def _unary(self, operator: str, operand: Expression, place: Place) -> Value:
        if operator == "!":
            test = self._condition(operand)
            return lambda frame: not test(frame)
        value_of = self.value(operand)

        def negate(frame: Frame) -> object:
            value = value_of(frame)
            return -value if isinstance(value, int | float) and not isinstance(value, bool) else None

        return negate

    def _add(self, left: Expression, right: Expression, place: Place) -> Value:
        left_of, right_of = self.value(left), self.value(right)
        left_source = left.source if isinstance(left, Reference) else "null"
        right_source = right.source if isinstance(right, Reference) else "null"

        def add(frame: Frame) -> object:
            one, other = left_of(frame), right_of(frame)
            if not (isinstance(one, str) or isinstance(other, str)):
                return _calculate("+", one, other, place)
            try:
                # A reference without a value joins a string as it is written.
                first = left_source if one is None else _printed(frame, one, place)
                second = right_source if other is None else _printed(frame, other, place)
                check_length(len(first) + len(second))
            except JavaException as error:
                raise MappingTemplateError(str(error), place) from None
            return first + second

        return add

    def _binary(self, operator: str, left: Expression, right: Expression, place: Place) -> Value:
        left_of, right_of = self.value(left), self.value(right)
        compare = _COMPARISONS.get(operator)
        if compare is None:
            return lambda frame: _calculate(operator, left_of(frame), right_of(frame), place)

        def test(frame: Frame) -> object:
            try:
                return compare(left_of(frame), right_of(frame))
            except JavaException as error:
                raise MappingTemplateError(str(error), place) from None

        return test


def _arguments(values: tuple[Value, ...]) -> Callable[[Frame], tuple[object, ...]]:
    """Evaluate arguments; the usual counts without a loop."""
    match values:
        case ():
            return lambda frame: ()
        case (first,):
            return lambda frame: (first(frame),)
        case (first, second):
            return lambda frame: (first(frame), second(frame))
        case _:
            return lambda frame: tuple([value(frame) for value in values])


def _text(text: str) -> Operation:
    length = len(text)

    def print_text(frame: Frame) -> None:
        frame.out.append(text)
        frame.written += length

    return print_text


def _break(frame: Frame) -> None:
    raise _Break


def _stop(frame: Frame) -> None:
    raise _Stop


def _printed(frame: Frame, value: object, place: Place) -> str:
    if type(value) is _Block:
        return value.render(frame)
    try:
        if isinstance(value, TemplateObject):
            raise JavaException("java.lang.UnsupportedOperationException", "this object cannot be printed")
        return to_text(value)
    except JavaException as error:
        raise MappingTemplateError(str(error), place) from None


def _render_apart(frame: Frame, operations: tuple[Operation, ...]) -> str:
    """Render into a text of its own: a string, a block."""
    out, frame.out = frame.out, []
    frame.nesting += 1
    try:
        try:
            for operation in operations:
                operation(frame)
        except _Break:
            pass
        return "".join(frame.out)
    finally:
        frame.out = out
        frame.nesting -= 1


def _items(value: object) -> list[object]:
    """What a loop goes over: the members of a list, the values of a map, of anything else nothing."""
    if isinstance(value, list):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    return []


def _calculate(operator: str, left: object, right: object, place: Place) -> object:
    """Calculate as Velocity does: what cannot be calculated is null."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    try:
        if isinstance(left, int) and isinstance(right, int):
            result = _INTEGER_OPERATIONS[operator](left, right)
            return None if result is None else check_integer(result)
        return _DOUBLE_OPERATIONS[operator](float(left), float(right))
    except OverflowError:
        return math.inf
    except JavaException as error:
        raise MappingTemplateError(str(error), place) from None


def _divide(left: int, right: int) -> int | None:
    if right == 0:
        return None
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) is (right < 0) else -quotient


def _remainder(left: int, right: int) -> int | None:
    if right == 0:
        return None
    remainder = abs(left) % abs(right)
    return -remainder if left < 0 else remainder


# Integers have no overflow: Velocity turns to the next larger type.
_INTEGER_OPERATIONS: dict[str, Callable[[int, int], int | None]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": _remainder,
}

_DOUBLE_OPERATIONS: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else None,
    "%": lambda left, right: math.fmod(left, right) if right and math.isfinite(left) else None,
}


def _compare_numbers(test: Callable[[float, float], bool]) -> Callable[[object, object], bool]:
    def compare(left: object, right: object) -> bool:
        if isinstance(left, bool) or isinstance(right, bool):
            return False
        return isinstance(left, int | float) and isinstance(right, int | float) and test(left, right)

    return compare


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "==": are_equal,
    "!=": lambda left, right: not are_equal(left, right),
    "<": _compare_numbers(lambda left, right: left < right),
    "<=": _compare_numbers(lambda left, right: left <= right),
    ">": _compare_numbers(lambda left, right: left > right),
    ">=": _compare_numbers(lambda left, right: left >= right),
}
