"""
The Velocity Template Language: nodes → functions that render them.

Pure. Each node becomes a closure once, so that a rendering only calls closures.
https://velocity.apache.org/engine/1.7/user-guide.html
"""

from collections.abc import Callable

from pizzabar.apigateway.java_collections import JavaIterator
from pizzabar.apigateway.java_methods import set_member
from pizzabar.apigateway.java_text import MAX_TEXT, JavaException
from pizzabar.apigateway.velocity_rendering import (
    MEMBER,
    Block,
    BreakSignal,
    Frame,
    Loop,
    MappingTemplateError,
    Operation,
    StopSignal,
    Value,
    print_value,
    too_long,
)
from pizzabar.apigateway.velocity_syntax import (
    Branch,
    Break,
    Define,
    Foreach,
    If,
    Literal,
    Macro,
    MacroCall,
    Method,
    Node,
    Property,
    Reference,
    Set,
    Stop,
    Template,
    Text,
)
from pizzabar.apigateway.velocity_values import ExpressionCompiler

_CHANGED = "java.util.ConcurrentModificationException: null"


class Program:
    """A template, ready to be rendered; ``known`` are the variables that AWS gives."""

    def __init__(self, template: Template, known: frozenset[str]) -> None:
        self._operations = Compiler(template, known).block(template.nodes)

    def run(self, variables: dict[str, object]) -> str:
        """Render. Raise ``MappingTemplateError`` when that fails."""
        frame = Frame(variables)
        run(self._operations, frame)
        return "".join(frame.out)


def run(operations: tuple[Operation, ...], frame: Frame) -> None:
    """Render into a frame. Raise ``MappingTemplateError`` when that fails."""
    try:
        for operation in operations:
            operation(frame)
    except (StopSignal, BreakSignal):
        pass
    except RecursionError:
        raise MappingTemplateError("the template or a value is nested too deeply", frame.place) from None
    if frame.written > MAX_TEXT:
        raise too_long(frame.place)


class Compiler(ExpressionCompiler):
    """Makes closures of nodes.

    The variables known are those that AWS gives and those that the template itself gives a value. A reference to one
    of them that has no value prints nothing, as API Gateway does it; a reference to any other is printed as it is
    written, as Velocity does it.
    """

    def __init__(self, template: Template, known: frozenset[str]) -> None:
        self._known = known | template.assigned
        # A macro may be called before it is defined.
        self._macros = template.macros
        self._bodies: dict[str, tuple[Operation, ...]] = {}
        for name, macro in template.macros.items():
            self._bodies[name] = self.block(macro.body)

    def block(self, nodes: tuple[Node, ...]) -> tuple[Operation, ...]:
        """Make the operations of nodes."""
        return tuple(self.operation(node) for node in nodes if not isinstance(node, Macro))

    def operation(self, node: Node) -> Operation:
        """Make the operation of a node."""
        match node:
            case Text():
                return self._text(node)
            case Reference():
                return self._print(node)
            case Set():
                return self._set(node, self.value(node.value))
            case If(branches):
                return self._if(branches)
            case Foreach():
                return self._foreach(node)
            case MacroCall():
                return self._macro_call(node)
            case Define(variable, body, place=place):
                block = Block(self.block(body), place)

                def define(frame: Frame) -> None:
                    frame.variables[variable] = block

                return define
            case Break():
                return self._break(node)
            case Stop():
                return _stop
            case _:
                raise AssertionError(node)

    def _text(self, node: Text) -> Operation:
        text, length = node.text, len(node.text)

        def print_text(frame: Frame) -> None:
            frame.out.append(text)
            frame.written += length

        return print_text

    def _print(self, reference: Reference) -> Operation:
        value_of = self.reference(reference)
        place = reference.place
        # Backslashes before a reference count only if it has a value: a pair is one, an odd one makes it text.
        # Without a value they stay as they are, but of an odd number half are lost (Velocity 1.7 does so).
        # https://velocity.apache.org/engine/1.7/user-guide.html#escaping_valid_vtl_references
        odd = reference.backslashes % 2
        before = "\\" * ((reference.backslashes + 1) // 2 if odd else reference.backslashes)
        escaped = "\\" * (reference.backslashes // 2) + reference.source if odd else None
        before_value = "\\" * (reference.backslashes // 2)
        if odd or (reference.name not in self._known and not reference.is_quiet):
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
                return
            elif escaped is not None:
                text = ""
            else:
                text = print_value(frame, value, place)
            if escaped is not None:
                frame.out.append(escaped)
                frame.written += len(escaped)
                return
            if before_value:
                frame.out.append(before_value)
            frame.out.append(text)
            frame.written += len(text)
            if frame.written > MAX_TEXT:
                raise too_long(place)

        return print_reference

    def _set(self, node: Set, value_of: Value) -> Operation:
        target = node.target
        name = target.name
        if not target.steps:

            def assign(frame: Frame) -> None:
                # Null is not assigned: the variable keeps what it had (directive.set.null.allowed = false).
                if (value := value_of(frame)) is not None:
                    frame.variables[name] = value

            return assign
        last = target.steps[-1]
        if isinstance(last, Method):
            return _sequence(())
        parent_of = self.steps(name, target.steps[:-1])
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

    def _if(self, branches: tuple[Branch, ...]) -> Operation:
        ways = tuple((self._test(branch), self.block(branch.body)) for branch in branches)

        def choose(frame: Frame) -> None:
            for test, operations in ways:
                if test(frame):
                    for operation in operations:
                        operation(frame)
                    return

        return choose

    def _test(self, branch: Branch) -> Callable[[Frame], bool]:
        return (lambda frame: True) if branch.condition is None else self.condition(branch.condition)

    def _foreach(self, node: Foreach) -> Operation:
        items_of = self.value(node.items)
        iterate = self._iteration(node)
        name, place = node.variable, node.place

        def loop(frame: Frame) -> None:
            iterable = items_of(frame)
            items = _items(iterable)
            frame.charge(len(items) * MEMBER, place)
            variables = frame.variables
            saved = {key: variables.get(key) for key in (name, "foreach", "velocityCount")}
            state = Loop(len(items), saved["foreach"])
            try:
                for index, item in enumerate(items):
                    frame.step(place)
                    if isinstance(iterable, list | dict) and len(iterable) != len(items):
                        if isinstance(iterable, list) and len(iterable) == index:
                            # Java does not notice a change that leaves its iterator at the end.
                            break
                        raise MappingTemplateError(_CHANGED, place)
                    state.index = index
                    variables["foreach"] = state
                    variables["velocityCount"] = index + 1
                    variables[name] = item
                    iterate(frame)
                else:
                    if isinstance(iterable, list) and len(iterable) != len(items):
                        raise MappingTemplateError(_CHANGED, place)
            except BreakSignal as signal:
                if signal.loop is not None and signal.loop is not state:
                    raise
            finally:
                variables.update(saved)

        return loop

    def _iteration(self, node: Foreach) -> Operation:
        """Make what does one iteration, its variables being set."""
        return _sequence(self.block(node.body))

    def _break(self, node: Break) -> Operation:
        if node.scope is None:
            return _break
        scope_of, place = self.value(node.scope), node.place

        def leave(frame: Frame) -> None:
            scope = scope_of(frame)
            if not isinstance(scope, Loop):
                raise MappingTemplateError("the argument of #break is no loop", place)
            raise BreakSignal(scope)

        return leave

    def _macro_call(self, node: MacroCall) -> Operation:
        arguments = tuple(self.value(argument) for argument in node.arguments)
        content = None if node.content is None else Block(self.block(node.content), node.place)
        macro = self._macros.get(node.name)
        if macro is None:
            # Its definition stands in a comment or in a text that is not parsed.
            return self._text(Text(node.source, node.span))
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
            except BreakSignal as signal:
                if signal.loop is not None:
                    raise
            finally:
                variables.update(saved)
                frame.leave()

        return call


def _break(frame: Frame) -> None:
    raise BreakSignal


def _stop(frame: Frame) -> None:
    raise StopSignal


def _items(value: object) -> list[object]:
    """What a loop goes over: the members of a list, the values of a map, of anything else nothing."""
    if isinstance(value, list):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, JavaIterator):
        return value.rest()
    return []


def _sequence(operations: tuple[Operation, ...]) -> Operation:
    if len(operations) == 1:
        return operations[0]

    def run_all(frame: Frame) -> None:
        for operation in operations:
            operation(frame)

    return run_all
