"""
The expressions of the Velocity Template Language: nodes → functions that give their values.

Pure. Each node becomes a closure once, so that a rendering only calls closures.
https://velocity.apache.org/engine/1.7/user-guide.html
"""

from collections.abc import Callable

from pizzabar.apigateway.java_methods import call_method, get_index, get_property, set_member, weight
from pizzabar.apigateway.java_objects import MAX_ITEMS
from pizzabar.apigateway.java_text import JavaException, check_length, type_name
from pizzabar.apigateway.velocity_arithmetic import COMPARISONS, calculate
from pizzabar.apigateway.velocity_rendering import (
    MEMBER,
    Block,
    Frame,
    MappingTemplateError,
    Operation,
    Value,
    print_value,
    render_apart,
)
from pizzabar.apigateway.velocity_syntax import (
    Binary,
    Expression,
    Index,
    Interpolated,
    ListLiteral,
    Literal,
    MapLiteral,
    Method,
    Node,
    Place,
    Property,
    Range,
    Reference,
    Step,
    Unary,
)


class ExpressionCompiler:
    """Makes closures of expressions; those of the nodes in a string are made by whoever makes a template's."""

    def block(self, nodes: tuple[Node, ...]) -> tuple[Operation, ...]:
        """Make the operations of nodes."""
        raise NotImplementedError

    def value(self, expression: Expression) -> Value:
        """Make what evaluates an expression."""
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
            case MapLiteral(pairs, place):
                return self._map(pairs, place)
            case Range(first, last, place):
                return self._range(first, last, place)
            case Unary(operator, operand, place):
                return self._unary(operator, operand, place)
            case Binary("&&", left, right):
                first_of, second_of = self.condition(left), self.condition(right)
                return lambda frame: first_of(frame) and second_of(frame)
            case Binary("||", left, right):
                first_of, second_of = self.condition(left), self.condition(right)
                return lambda frame: first_of(frame) or second_of(frame)
            case Binary("+", left, right, place):
                return self._add(left, right, place)
            case Binary(operator, left, right, place):
                return self._binary(operator, left, right, place)
            case _:
                raise AssertionError(expression)

    def reference(self, reference: Reference) -> Value:
        """Make what evaluates a reference."""
        return self.steps(reference.name, reference.steps)

    def steps(self, name: str, steps: tuple[Step, ...]) -> Value:
        """Make what follows the steps from a variable."""
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
            if type(value) is Block:
                value = value.render(frame)
            given = given_of(frame)
            frame.charge(weight(value, given), place)
            try:
                return call_method(value, name, given)
            except JavaException as error:
                raise MappingTemplateError(
                    f"Invocation of method '{name}' in  class {type_name(value)} threw exception {error}", place
                ) from None

        return ask_method

    def _interpolated(self, nodes: tuple[Node, ...], place: Place) -> Value:
        operations = self.block(nodes)

        def interpolate(frame: Frame) -> object:
            frame.step(place)
            return render_apart(frame, operations)

        return interpolate

    def _map(self, pairs: tuple[tuple[Expression, Expression], ...], place: Place) -> Value:
        members = tuple((self.value(key), self.value(member)) for key, member in pairs)

        def make_map(frame: Frame) -> object:
            result: dict[object, object] = {}
            for key, member in members:
                try:
                    set_member(result, key(frame), member(frame))
                except JavaException as error:
                    raise MappingTemplateError(str(error), place) from None
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
            frame.charge(abs(end - begin) * MEMBER, place)
            return list(range(begin, end + 1)) if begin <= end else list(range(begin, end - 1, -1))

        return make_range

    def condition(self, expression: Expression) -> Callable[[Frame], bool]:
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
            test = self.condition(operand)
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
                return _calculated("+", one, other, place)
            try:
                # A reference without a value joins a string as it is written.
                first = left_source if one is None else print_value(frame, one, place)
                second = right_source if other is None else print_value(frame, other, place)
                check_length(len(first) + len(second))
            except JavaException as error:
                raise MappingTemplateError(str(error), place) from None
            return first + second

        return add

    def _binary(self, operator: str, left: Expression, right: Expression, place: Place) -> Value:
        left_of, right_of = self.value(left), self.value(right)
        compare = COMPARISONS.get(operator)
        if compare is None:
            return lambda frame: _calculated(operator, left_of(frame), right_of(frame), place)

        def test(frame: Frame) -> object:
            one, other = left_of(frame), right_of(frame)
            if isinstance(one, list | dict) and isinstance(other, list | dict):
                # They are compared by what they print.
                print_value(frame, one, place)
                print_value(frame, other, place)
            try:
                return compare(one, other)
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


def _calculated(operator: str, left: object, right: object, place: Place) -> object:
    try:
        return calculate(operator, left, right)
    except JavaException as error:
        raise MappingTemplateError(str(error), place) from None
