"""
The JSONata engine: jsonata-python, held to what the reference (jsonata 2.0.6) answers.

The library is imported with the first definition that has JSONata, for it takes 40 ms and raises the recursion limit
of the process. What it answers otherwise than the reference is put right here: functions of its own, division by
zero, numbers as text, the words of errors, and Python's exceptions where JSONata has errors.

https://docs.jsonata.org/overview
"""

import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast
from urllib.parse import unquote

from pizzabar.documents import JSON

_limit = sys.getrecursionlimit()
from jsonata import Jsonata  # noqa: E402
from jsonata.functions import Functions  # noqa: E402
from jsonata.jexception import JException  # noqa: E402
from jsonata.utils import Utils  # noqa: E402

sys.setrecursionlimit(_limit)

DEEPEST = 100
"""The levels that an expression may nest, as on AWS."""

TOO_DEEP = (
    "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive. "
    f"Depth={DEEPEST + 1} max={DEEPEST}"
)
FRAMES = 10_000
"""Python frames that they may take."""

MOST_NUMBERS = 873_782
"""The numbers of a range that fit into what a value may take of memory on AWS, 6,990,256 bytes."""

MOST_STEPS = 500_000
"""Evaluations of parts that an expression may take, so that none holds up the others for long."""

BUILT_IN = frozenset(Jsonata.static_frame.bindings)
"""The names of JSONata's own functions."""

NULL: Any = Utils.NULL_VALUE
UNDEFINED: Any = None
"""What the library has for nothing; a null is ``NULL``."""


class JSONataError(Exception):
    """Raised when an expression cannot be read or evaluated. ``code`` is JSONata's, None where it has none."""

    def __init__(self, code: str | None, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


class TooDeep(Exception):
    """Raised when an expression nests more than it may."""


class OutOfSteps(Exception):
    """Raised when an expression takes too long."""


def parse(text: str) -> Any:
    """Read an expression. Raise ``JSONataError``."""
    try:
        return _Expression(text)
    except JException as error:
        raise _error(error) from None
    except (KeyError, IndexError, AttributeError, ValueError, TypeError, RuntimeError):
        # The library falls over some of what the reference refuses.
        raise JSONataError("S0201", f"Syntax error: {json.dumps(text[-1:])}") from None


def evaluate(expression: Any, bindings: Mapping[str, Any], input: Any = UNDEFINED) -> Any:
    """Evaluate an expression and give its value, which may be ``UNDEFINED``. Raise ``JSONataError``."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(FRAMES)
    try:
        return expression.run(bindings, input)
    except JException as error:
        raise _error(error) from None
    except TooDeep:
        raise JSONataError(None, TOO_DEEP) from None
    except OutOfSteps:
        raise JSONataError(None, "Expression evaluation timeout: Check for infinite loop") from None
    except JSONataError:
        raise
    except Exception:
        # Whatever the library falls over is an expression's fault: nothing of it may end what runs an execution.
        raise JSONataError(None, UNFIT) from None
    finally:
        sys.setrecursionlimit(limit)


UNFIT = "A function cannot be applied to the arguments that it is given"
"""Our words, where the library has none."""
TOO_LARGE = "Expression evaluation memory limit exceeded: Check for excessive memory usage"


def too_large() -> JSONataError:
    """Give the error of a value that takes too much memory."""
    return JSONataError(None, TOO_LARGE)


def is_function(value: Any) -> bool:
    """Whether a value is a function, which has no form as JSON."""
    return not isinstance(value, (dict, list, str, int, float, bool)) and value is not NULL and value is not None


class _Expression(Jsonata):  # type: ignore[misc]
    """An expression, with what the library does otherwise than the reference put right."""

    input: Any
    environment: Any

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.set_validate_input(False)
        self.set_output_convert_nulls(False)
        self.steps = self.depth = 0

    def run(self, bindings: Mapping[str, Any], input: Any) -> Any:
        """Evaluate it."""
        Jsonata.CURRENT.jsonata = self
        self.steps, self.depth = MOST_STEPS, 0
        frame = Jsonata.Frame(Jsonata.static_frame)
        frame.bindings = {**_functions(), **bindings}
        return self.eval(self.ast, input, frame)

    def eval(self, expr: Any, input: Any, environment: Any) -> Any:
        self.steps -= 1
        if self.steps < 0:
            raise OutOfSteps
        self.depth += 1
        if self.depth > DEEPEST:
            raise TooDeep
        kept = self.input, self.environment
        try:
            return self._eval(expr, input, environment)
        finally:
            self.depth -= 1
            self.input, self.environment = kept

    def apply_inner(self, proc: Any, args: Any, input: Any, environment: Any) -> Any:
        if proc is None or isinstance(proc, (str, int, float, bool, dict, list)):
            raise JException("T1006", 0)
        try:
            return super().apply_inner(proc, args, input, environment)
        except JException as error:
            if error.error in ("T0410", "T0411") and isinstance(proc, Jsonata.JFunction):
                raise _mismatch(error, proc, args) from None
            raise
        except (TooDeep, OutOfSteps, JSONataError):
            raise
        except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
            raise _coded(None, str(error)) from None
        except Exception:
            # The library's functions fall over arguments that the reference refuses: null, or nothing, say.
            raise _coded(None, UNFIT) from None

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str | None) -> Any:
        for value in (lhs, rhs):
            if isinstance(value, float) and not math.isfinite(value):
                raise JException("D1001", 0, value)
        if op in ("/", "%") and _is_number(lhs) and _is_number(rhs) and rhs == 0:
            # As in JavaScript: infinite, or no number.
            return math.nan if op == "%" or lhs == 0 else math.copysign(math.inf, lhs)
        if op == "%" and _is_number(lhs) and _is_number(rhs):
            return Utils.convert_number(math.fmod(lhs, rhs))
        return super().evaluate_numeric_expression(lhs, rhs, op)

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        if _is_number(lhs) and _is_number(rhs) and MOST_NUMBERS < rhs - lhs + 1 <= 1_000_000:
            raise _coded(None, TOO_LARGE)
        return super().evaluate_range_expression(lhs, rhs)

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        return (_string(lhs) or "") + (_string(rhs) or "")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _coded(code: str | None, message: str) -> JException:
    """Make an error that has its words already."""
    error = JException(None, -1, "")
    error.error, error.words = code, message
    return error


# The words of errors


_OWN_WORDS: dict[str, str] = {
    "D1002": "Cannot negate a non-numeric value: {1}",
    "D3100": "The radix of the formatBase function must be between 2 and 36.  It was given {3}",
    "S0217": "The object representing the 'parent' cannot be derived from this expression",
    "T0411": "Context value is not a compatible type with argument {1} of function {2}",
}
_PLURALS = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}
_PLACE = re.compile(r"\{\{\{\w+\}\}\}|\{\{\w+\}\}")


def _error(error: JException) -> JSONataError:
    """Give an error in the reference's words."""
    code: str | None = error.error
    if (words := getattr(error, "words", None)) is not None:
        return JSONataError(code, words)
    values = [error.current, error.expected, error.extra]
    if code == "T0412":
        values[2] = _PLURALS.get(values[2], values[2])
    template = JException.error_codes.get(code)
    if code in _OWN_WORDS:
        return JSONataError(code, _OWN_WORDS[code].format(*map(_quoted, values), error.location))
    if template is None:
        return JSONataError(None, str(error.args[0] if error.args else code))
    left = iter(values)

    def fill(place: re.Match[str]) -> str:
        value = next(left, None)
        if place[0].startswith("{{{"):
            return str(value)
        return _quoted(value)

    # The library has another word for functions.
    return JSONataError(code, _PLACE.sub(fill, re.sub(r"\bObject\b", "function", template)))


def _mismatch(error: JException, called: Any, args: Sequence[Any]) -> JException:
    """Name the argument that a function does not take; the library finds another one."""
    name, signature = called.function_name, called.signature
    if error.error == "T0411":
        return JException("T0411", -1, error.current, error.expected, name)
    given = "".join(signature.get_symbol(each) for each in args)
    good, pattern = 0, ""
    for each in signature._params:
        pattern += each.regex
        match = re.match(pattern, given)
        if match is None:
            break
        good = match.end()
    return JException("T0410", -1, good + 1, name)


def _quoted(value: Any) -> str:
    if value is NULL:
        return "null"
    if is_function(value):
        return '""'
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# Functions that answer as the reference does


class _Function(Jsonata.JFunction):  # type: ignore[misc]
    """A function with a signature, which is Python's."""

    def __init__(self, name: str, signature: str, compute: Callable[..., Any]) -> None:
        super().__init__(None, signature)
        self.function_name = name
        self.signature.set_function_name(name)
        self.compute = compute

    def call(self, input: Any, args: Sequence[Any] | None) -> Any:
        given = [*(args or ())]
        return self.compute(*given)

    def get_number_of_args(self) -> int:
        return 0


def function(name: str, signature: str, compute: Callable[..., Any]) -> Any:
    """Make a function for ``bindings``; ``compute`` is given what the signature takes, ``UNDEFINED`` as None.

    It raises ``JSONataError``.
    """

    def call(*arguments: Any) -> Any:
        try:
            return compute(*arguments)
        except JSONataError as error:
            raise _coded(error.code, error.message) from None

    return _Function(name, signature, call)


@cache
def _functions() -> Mapping[str, Any]:
    return {
        name: function(name, signature, compute)
        for name, signature, compute in (
            ("decodeUrl", "<s-:s>", _decode("decodeUrl")),
            ("decodeUrlComponent", "<s-:s>", _decode("decodeUrlComponent")),
            ("distinct", "<x:x>", _distinct),
            ("eval", "<sx?:x>", _no_function),
            ("fromMillis", "<n-s?s?:s>", _from_millis),
            ("number", "<(nsb)-:n>", _number),
            ("power", "<n-n:n>", _power),
            ("replace", "<s-(sf)(sf)n?:s>", _replace),
            ("sort", "<af?:a>", _sort),
            ("string", "<x-b?:s>", _string),
            ("toMillis", "<s-s?:n>", _to_millis),
        )
    }


def _no_function(*_: Any) -> Any:
    # $eval is not there on AWS, and what is not there cannot be invoked.
    raise JSONataError("T1006", "Attempted to invoke a non-function")


def _decode(name: str) -> Callable[[Any], Any]:
    def decode(text: Any) -> Any:
        if text is None:
            return None
        try:
            if re.search(r"%(?![0-9a-fA-F]{2})", text):
                raise ValueError(text)
            return unquote(text, errors="strict")
        except ValueError:
            raise JSONataError("D3140", f"Malformed URL passed to ${name}(): {_quoted(text)}") from None

    return decode


def _distinct(values: Any) -> Any:
    if not isinstance(values, list) or len(values) <= 1:
        return values
    kept = Utils.create_sequence() if Utils.is_sequence(values) else Utils.JList()
    for value in values:
        if not any(_same(value, each) for each in kept):
            kept.append(value)
    return kept


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([Ee][-+]?\d+)?")
_OTHER_BASES = re.compile(r"0x[0-9A-Fa-f]+|0o[0-7]+|0b[01]+", re.IGNORECASE)


def _number(value: Any) -> Any:
    if value is None or _is_number(value):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) and math.isfinite(number := float(value)):
            return Utils.convert_number(number)
        if _OTHER_BASES.fullmatch(value):
            return int(value, 0)
        raise JSONataError("D3030", f"Unable to cast value to a number: {_quoted(value)}")
    raise JSONataError("T0410", 'Argument 1 of function "number" does not match function signature')


def _power(base: Any, exponent: Any) -> Any:
    if base is None:
        return None
    try:
        result = float(base) ** float(exponent)
    except (OverflowError, ZeroDivisionError):
        result = math.inf
    if isinstance(result, complex) or not math.isfinite(result):
        raise JSONataError(
            "D3061",
            "The power function has resulted in a value that cannot be represented as a JSON number: "
            f"base={_quoted(base)}, exponent={_quoted(exponent)}",
        )
    return Utils.convert_number(result)


def _replace(text: Any, pattern: Any, replacement: Any, limit: Any = None) -> Any:
    if pattern == "":
        raise JSONataError("D3010", "Second argument of replace function cannot be an empty string")
    if limit is not None and limit < 0:
        raise JSONataError("D3011", "Fourth argument of replace function must evaluate to a positive number")
    return Functions.replace(text, pattern, replacement, limit)


def _sort(values: Any, comes_after: Any = None) -> Any:
    if isinstance(values, list) and comes_after is None:
        is_text = all(isinstance(each, str) for each in values)
        if not is_text and not all(map(_is_number, values)):
            raise JSONataError(
                "D3070",
                "The single argument form of the sort function can only be applied to an array of strings or an array"
                " of numbers.  Use the second argument to specify a comparison function",
            )
    return Functions.sort(values, comes_after)


def _from_millis(millis: Any, picture: Any = None, zone: Any = None) -> Any:
    try:
        return Functions.datetime_from_millis(millis, picture, zone)
    except KeyError as error:
        code, message = "D3132", f"Unknown component specifier {_quoted(error.args[0])} in date/time picture string"
        raise JSONataError(code, message) from None
    except RuntimeError as error:
        code = "D3134" if "timezone" in str(error) else "D3135"
        raise JSONataError(code, str(error)) from None


def _to_millis(timestamp: Any, picture: Any = None) -> Any:
    try:
        return Functions.datetime_to_millis(timestamp, picture)
    except ValueError:
        raise JSONataError(
            "D3110",
            "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "
            f"{_quoted(timestamp)}",
        ) from None


def _string(value: Any, is_pretty: Any = False) -> Any:
    if value is None or isinstance(value, str):
        return value
    return _write(value, "\n" if is_pretty is True else "")


def _write(value: Any, line: str) -> str:
    """Write a value as ``$string`` does: functions are empty texts, and numbers have 15 digits.

    ``line`` is what a line begins with, or empty where all is one line.
    """
    inner = line and line + "  "
    if isinstance(value, dict):
        colon = ": " if line else ":"
        members = [f"{_quoted(key)}{colon}{_write(each, inner)}" for key, each in value.items()]
        return f"{{{inner}{f',{inner}'.join(members)}{line}}}" if members else "{}"
    if isinstance(value, list):
        parts = [_write(each, inner) for each in value]
        return f"[{inner}{f',{inner}'.join(parts)}{line}]" if parts else "[]"
    if _is_number(value):
        if not math.isfinite(value):
            raise _coded("D3001", "Attempting to invoke string function on Infinity or NaN")
        return number_text(float(f"{value:.15g}"))
    return _quoted(value)


def number_text(number: float) -> str:
    """Write a number as JavaScript does.

    https://tc39.es/ecma262/#sec-numeric-types-number-tostring
    """
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len((whole + fraction).lstrip("0")))
    digits = digits.rstrip("0") or "0"
    size = len(digits)
    if size <= point <= 21:
        return sign + digits + "0" * (point - size)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = f"{point - 1:+d}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if size > 1 else ''}e{power}"


def to_json(value: Any) -> JSON:
    """Give a value as JSON. Raise ``TypeError`` for a function."""
    if value is NULL:
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            # On AWS these are written as texts.
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return int(value) if value.is_integer() and abs(value) < 1 << 63 else value
    if type(value) is int and not -(1 << 63) <= value < 1 << 63:
        # As in JavaScript, where it has the precision of a double.
        return float(value)
    if isinstance(value, dict):
        return {key: to_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [to_json(each) for each in value]
    if is_function(value):
        raise TypeError(value)
    return value


def sequence(values: Iterable[Any]) -> Any:
    """Make a sequence, which is its only member when it has one, and nothing when it has none."""
    made = Utils.create_sequence()
    made.extend(values)
    return made


def moment(now: int, picture: str | None, zone: str | None) -> str:
    """Write a time, given in milliseconds, as ``$now`` does. Raise ``JSONataError``."""
    return cast(str, _from_millis(now, picture, zone))
