"""
Intrinsic functions: the calls that a payload template may hold in place of a path.

A call is compiled once. Arguments are texts in single quotes, numbers, ``true``, ``false``, ``null``, paths and
calls, at most ten deep. A call that cannot be computed fails its state with ``States.Runtime``.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
https://states-language.net/spec.html#appendix-b
"""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable, Mapping
from functools import partial

from pizzabar.documents import JSON, NotJSON, encode, parse, write
from pizzabar.errors import PizzabarError
from pizzabar.record import record
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.paths import InvalidPath, Path, compile
from pizzabar.stepfunctions.retry import RUNTIME
from pizzabar.stepfunctions.scope import Scope
from pizzabar.uuids import uuid_from

DEEPEST = 10
LONGEST_TEXT = 10_000
LONGEST_RANGE = 1_000


class InvalidIntrinsic(PizzabarError):
    """Raised when a text is not a call of an intrinsic function; ``reason`` says more where more is known."""

    def __init__(self, text: str, reason: str | None = None) -> None:
        self.reason = reason
        super().__init__(reason or text)


class _Failed(Exception):
    """Raised by a function that cannot compute its value from its arguments."""


Expression = Callable[[Scope], JSON]


def is_call(text: str) -> bool:
    """Whether a text is meant as a call of an intrinsic function."""
    return text.startswith("States.")


def compile_call(text: str, read: Callable[[Path], Expression]) -> Expression:
    """Read a call. ``read`` makes a path an expression. Raise ``InvalidIntrinsic`` or ``InvalidPath``."""
    parser = _Parser(text, read)
    call = parser.call(1)
    parser.blanks()
    if parser.at != len(text):
        raise InvalidIntrinsic(text)
    return call


@record
class Function:
    """One intrinsic function: how many arguments it takes, and what it gives."""

    compute: Callable[..., JSON]
    least: int
    most: int | None
    draws: bool = False
    """Whether the function is handed randomness before its arguments."""


def _format(template: JSON, *values: JSON) -> str:
    parts = re.split(r"(?<!\\)((?:\\\\)*)\{\}", _text(template))
    if len(parts) // 2 != len(values):
        raise _Failed("the number of occurrences of {} must be that of the arguments that follow the template")
    written = [_unescape(parts[0])]
    for index, value in enumerate(values):
        written += [
            _unescape(parts[2 * index + 1]),
            value if isinstance(value, str) else write(value),
            _unescape(parts[2 * index + 2]),
        ]
    return "".join(written)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _string_to_json(text: JSON) -> JSON:
    try:
        return parse(_text(text))
    except NotJSON:
        raise _Failed("the argument must be valid JSON") from None


def _array_partition(array: JSON, size: JSON) -> JSON:
    items, length = _array(array), _integer(size)
    if length <= 0:
        raise _Failed("the second argument must be a positive integer")
    return [items[start : start + length] for start in range(0, len(items), length)]


def _array_range(first: JSON, last: JSON, step: JSON) -> JSON:
    start, stop, width = _integer(first), _integer(last), _integer(step)
    if width == 0:
        raise _Failed("the third argument must not be zero")
    numbers = range(start, stop + (1 if width > 0 else -1), width)
    if len(numbers) > LONGEST_RANGE:
        raise _Failed(f"the array must not have more than {LONGEST_RANGE} elements")
    return list(numbers)


def _array_get_item(array: JSON, index: JSON) -> JSON:
    items, at = _array(array), _integer(index)
    if not 0 <= at < len(items):
        raise _Failed("the index is out of the range of the array")
    return items[at]


def _array_unique(array: JSON) -> JSON:
    seen: dict[JSON, JSON] = {}
    for item in _array(array):
        seen.setdefault(_comparable(item), item)
    return list(seen.values())


def _base64_encode(text: JSON) -> str:
    return base64.b64encode(_short(text).encode()).decode()


def _base64_decode(text: JSON) -> str:
    try:
        return base64.b64decode(_short(text), validate=True).decode()
    except (binascii.Error, ValueError):
        raise _Failed("the argument must be Base64") from None


_ALGORITHMS = {
    "MD5": hashlib.md5,
    "SHA-1": hashlib.sha1,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


def _hash(text: JSON, algorithm: JSON) -> str:
    make = _ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if make is None:
        raise _Failed(f"the second argument must be one of {', '.join(_ALGORITHMS)}")
    return make(_short(text).encode()).hexdigest()


def _json_merge(left: JSON, right: JSON, is_deep: JSON) -> JSON:
    if not isinstance(left, dict) or not isinstance(right, dict):
        raise _Failed("the first two arguments must be objects")
    if is_deep is not False:
        raise _Failed("the third argument must be false: only shallow merging is supported")
    return {**left, **right}


def _math_random(drawn: bytes, low: JSON, high: JSON, *seed: JSON) -> int:
    start, end = _integer(low), _integer(high)
    if start >= end:
        raise _Failed("the first argument must be less than the second")
    if seed:
        drawn = hashlib.sha256(f"{_integer(seed[0])}".encode()).digest()
    return start + int.from_bytes(drawn[:16]) % (end - start)


def _math_add(left: JSON, right: JSON) -> int:
    total = _integer(left) + _integer(right)
    if not -(2**31) <= total < 2**31:
        raise _Failed("the sum must be a 32-bit integer")
    return total


def _string_split(text: JSON, delimiters: JSON) -> JSON:
    letters = _text(delimiters)
    if not letters:
        return [_text(text)]
    # Each letter is a delimiter, and what lies between two neighbours is nothing, not an empty string.
    return [part for part in re.split(f"[{re.escape(letters)}]", _text(text)) if part]


FUNCTIONS: Mapping[str, Function] = {
    "States.Format": Function(_format, 1, None),
    "States.StringToJson": Function(_string_to_json, 1, 1),
    "States.JsonToString": Function(write, 1, 1),
    "States.Array": Function(lambda *items: list(items), 0, None),
    "States.ArrayPartition": Function(_array_partition, 2, 2),
    "States.ArrayContains": Function(
        lambda array, value: _comparable(value) in map(_comparable, _array(array)), 2, 2
    ),
    "States.ArrayRange": Function(_array_range, 3, 3),
    "States.ArrayGetItem": Function(_array_get_item, 2, 2),
    "States.ArrayLength": Function(lambda array: len(_array(array)), 1, 1),
    "States.ArrayUnique": Function(_array_unique, 1, 1),
    "States.Base64Encode": Function(_base64_encode, 1, 1),
    "States.Base64Decode": Function(_base64_decode, 1, 1),
    "States.Hash": Function(_hash, 2, 2),
    "States.JsonMerge": Function(_json_merge, 3, 3),
    "States.MathRandom": Function(_math_random, 2, 3, draws=True),
    "States.MathAdd": Function(_math_add, 2, 2),
    "States.StringSplit": Function(_string_split, 2, 2),
    "States.UUID": Function(uuid_from, 0, 0, draws=True),
}


def _text(value: JSON) -> str:
    if not isinstance(value, str):
        raise _Failed(f"{write(value)} must be a string")
    return value


def _short(value: JSON) -> str:
    if len(text := _text(value)) > LONGEST_TEXT:
        raise _Failed(f"a string must not be longer than {LONGEST_TEXT} characters")
    return text


def _array(value: JSON) -> list[JSON]:
    if not isinstance(value, list):
        raise _Failed(f"{write(value)} must be an array")
    return value


def _integer(value: JSON) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Failed(f"{write(value)} must be a number")
    return math.floor(value + 0.5) if isinstance(value, float) else value


def _comparable(value: JSON) -> JSON:
    """Give something hashable that is equal for equal JSON values: 1 and 1.0, yet not 1 and true."""
    match value:
        case dict():
            return frozenset((key, _comparable(member)) for key, member in value.items())
        case list():
            return tuple(_comparable(member) for member in value)
        case bool() | None:
            return encode(value)
        case _:
            return value


_NAME = re.compile(r"States\.\w+", re.ASCII)
_STRING = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=\s*[,)])")
_WORD = re.compile(r"(true|false|null)(?=\s*[,)])")
_BLANKS = re.compile(r"\s*")
_WORDS: dict[str, JSON] = {"true": True, "false": False, "null": None}


class _Parser:
    """Reads a call from left to right; ``at`` is how far it has come."""

    def __init__(self, text: str, read: Callable[[Path], Expression]) -> None:
        self.text = text
        self.read = read
        self.at = 0

    def call(self, depth: int) -> Expression:
        if depth > DEEPEST:
            raise InvalidIntrinsic(self.text, f"Intrinsic functions must not be nested more than {DEEPEST} deep")
        if (name := self.match(_NAME)) is None:
            raise InvalidIntrinsic(self.text)
        function = FUNCTIONS.get(name[0])
        if function is None:
            raise InvalidIntrinsic(self.text, f"The intrinsic function '{name[0]}' is not supported")
        self.expect("(")
        arguments: list[Expression] = []
        while not self.skip(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.argument(depth, is_template=name[0] == "States.Format" and not arguments))
        if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
            raise InvalidIntrinsic(self.text, f"Invalid number of arguments for {name[0]}")
        return partial(_evaluate, name[0], function, tuple(arguments))

    def argument(self, depth: int, *, is_template: bool) -> Expression:
        self.blanks()
        if (string := self.match(_STRING)) is not None:
            if any(escape not in "'{}\\" for escape in _ESCAPE.findall(string[1])):
                raise InvalidIntrinsic(self.text)
            # The escapes of a template tell its braces from places to fill, so they stay until it is filled.
            return _constant(string[1] if is_template else _unescape(string[1]))
        if (number := self.match(_NUMBER)) is not None:
            return _constant(float(number[0]) if set(number[0]) & set(".eE") else int(number[0]))
        if (word := self.match(_WORD)) is not None:
            return _constant(_WORDS[word[0]])
        if self.text.startswith("$", self.at):
            return self.read(self.path())
        return self.call(depth + 1)

    def path(self) -> Path:
        """Read a path, which ends at the comma or bracket that is not its own."""
        start, open_brackets, quote = self.at, 0, ""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if quote:
                quote = "" if letter == quote else quote
                self.at += letter == "\\"
            elif letter in "'\"":
                quote = letter
            elif letter in "([":
                open_brackets += 1
            elif letter in ")]" and open_brackets:
                open_brackets -= 1
            elif letter in ",)" and not open_brackets:
                break
            self.at += 1
        try:
            return compile(self.text[start : self.at].strip())
        except InvalidPath:
            raise InvalidIntrinsic(self.text) from None

    def blanks(self) -> None:
        self.match(_BLANKS)

    def skip(self, token: str) -> bool:
        self.blanks()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.skip(token):
            raise InvalidIntrinsic(self.text)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found


def _constant(value: JSON) -> Expression:
    return lambda _: value


def _evaluate(name: str, function: Function, arguments: tuple[Expression, ...], scope: Scope) -> JSON:
    values = [argument(scope) for argument in arguments]
    if function.draws:
        values.insert(0, scope.draw())
    try:
        return function.compute(*values)
    except _Failed as failed:
        raise StateFailure(RUNTIME, f"The function '{name}' could not be evaluated: {failed}") from None
