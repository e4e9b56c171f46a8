"""
JSONPath, in the dialect of Step Functions (that of Java's Jayway).

- A *definite* path (names and single indices only) gives the one value it names; ``PathNotFound`` if there is none.
- An *indefinite* path (``*``, ``..``, slice, union, filter) gives the list of what it finds, which may be empty.
  Yet where its definite beginning leads nowhere, Jayway raises, and so does this.
- A *Reference Path* is definite and without functions; it also says where a value goes.
- A path starts at ``$`` (the input), ``$$`` (the context object) or ``$name`` (a variable).

https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
https://states-language.net/spec.html#path
"""

import re
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import field
from typing import TypeVar

from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError
from pizzabar.record import record

T = TypeVar("T")

DATA = "$"
CONTEXT = "$$"


class InvalidPath(PizzabarError):
    """Raised when a text is not a JSONPath."""


class PathNotFound(PizzabarError):
    """Raised when a document has nothing where a path points; or, on writing, no place for a value."""


Step = Callable[[list[JSON]], Iterator[JSON]]
"""One step of an indefinite path: from the values found so far to those found next."""


@record
class Path:
    """A path, ready to read with. ``root`` is ``$``, ``$$`` or the name of a variable."""

    text: str
    root: str
    names: tuple[str | int, ...]
    """The definite beginning: names and indices."""
    steps: tuple[Step, ...] = field(default=(), compare=False)
    whole: "list[JSON] | None" = field(default=None, compare=False)
    """Where filters that look at the whole document find it while the path is read."""
    function: Callable[[JSON], JSON] | None = field(default=None, compare=False)

    @property
    def is_definite(self) -> bool:
        """Whether the path gives one value rather than a list of those found."""
        return not self.steps

    @property
    def is_reference(self) -> bool:
        """Whether the path is a Reference Path: names one place, as it stands."""
        return not self.steps and self.function is None

    def read(self, document: JSON) -> JSON:
        """Give what the path finds in a document. Raise ``PathNotFound`` when a definite path finds nothing."""
        whole = document
        for name in self.names:
            if type(name) is not int or type(document) is list:
                try:
                    document = document[name]
                    continue
                except (KeyError, IndexError, TypeError):
                    pass
            raise PathNotFound(self.text)
        if self.steps:
            document = [document]
            if self.whole is not None:
                self.whole[:] = [whole]
            for step in self.steps:
                document = list(step(document))
        if self.function is not None:
            return self.function(document)
        return document

    def is_beyond_end(self, document: JSON) -> bool:
        """Whether all that is missing is a member of an array, beyond its end. AWS has null there."""
        if self.steps or self.function is not None or not self.names or not isinstance(self.names[-1], int):
            return False
        for name in self.names[:-1]:
            if isinstance(document, dict) and isinstance(name, str):
                document = document.get(name)
            elif isinstance(document, list) and isinstance(name, int) and -len(document) <= name < len(document):
                document = document[name]
            else:
                return False
        return isinstance(document, list)

    def write(self, document: JSON, value: JSON) -> JSON:
        """Give a document that has a value where the path points; objects on the way are made where missing.

        Raise ``PathNotFound`` when an index does not exist, or what should hold the value cannot.
        """
        holders: list[JSON] = []
        for name in self.names:
            holders.append(document)
            if isinstance(name, str) and isinstance(document, dict):
                document = document.get(name, {})
            elif isinstance(name, int) and isinstance(document, list) and -len(document) <= name < len(document):
                document = document[name]
            else:
                raise PathNotFound(self.text)
        for name in reversed(self.names):
            holder = copy(holders.pop())
            holder[name] = value
            value = holder
        return value


def compile(text: str) -> Path:
    """Read a JSONPath. Raise ``InvalidPath`` when the text is not one."""
    parser = _Parser(text)
    path = parser.path()
    if parser.at != len(text):
        raise InvalidPath(text)
    return path


def _name(name: str) -> Step:
    return lambda values: (value[name] for value in values if isinstance(value, dict) and name in value)


def _names(names: list[str]) -> Step:
    # Jayway gives the members named, as one object for each object found.
    return lambda values: (
        {name: value[name] for name in names if name in value} for value in values if isinstance(value, dict)
    )


def _indices(indices: list[int]) -> Step:
    return lambda values: (
        value[index]
        for value in values
        if isinstance(value, list)
        for index in indices
        if -len(value) <= index < len(value)
    )


def _slice(part: slice) -> Step:
    return lambda values: (member for value in values if isinstance(value, list) for member in value[part])


def _members(value: JSON) -> Iterator[JSON]:
    match value:
        case dict():
            yield from value.values()
        case list():
            yield from value


def _wildcard(values: list[JSON]) -> Iterator[JSON]:
    for value in values:
        yield from _members(value)


def _deep(values: list[JSON]) -> Iterator[JSON]:
    """Give each value and all below it, a value before its members."""
    stack = list(reversed(values))
    while stack:
        value = stack.pop()
        if isinstance(value, (dict, list)):
            yield value
            stack.extend(reversed(list(_members(value))))


def _filter(test: Callable[[JSON], bool]) -> Step:
    def step(values: list[JSON]) -> Iterator[JSON]:
        for value in values:
            # Jayway tests an object itself, and an array member by member.
            yield from (member for member in (value if isinstance(value, list) else [value]) if test(member))

    return step


class _Missing:
    """What an operand of a filter stands for when its path finds nothing."""


_MISSING = _Missing()


def _same(left: JSON, right: JSON) -> bool:
    # 1 is 1.0, yet true is not 1.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _ordered(compare: Callable[[JSON, JSON], bool]) -> Callable[[JSON, JSON], bool]:
    def test(left: JSON, right: JSON) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        return _is_number(left) and _is_number(right) and compare(left, right)

    return test


def _is_number(value: JSON) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_COMPARISONS: dict[str, Callable[[JSON, JSON], bool]] = {
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    "<=": _ordered(lambda left, right: left <= right),
    ">=": _ordered(lambda left, right: left >= right),
    "<": _ordered(lambda left, right: left < right),
    ">": _ordered(lambda left, right: left > right),
    "in": lambda left, right: isinstance(right, list) and any(_same(left, member) for member in right),
    "nin": lambda left, right: isinstance(right, list) and not any(_same(left, member) for member in right),
}


def _length(value: JSON) -> JSON:
    return len(value) if isinstance(value, (list, dict, str)) else None


def _numeric(compute: Callable[[list[float]], float]) -> Callable[[JSON], JSON]:
    def function(value: JSON) -> JSON:
        numbers = [member for member in value if _is_number(member)] if isinstance(value, list) else []
        if not numbers:
            raise PathNotFound("Aggregation function attempted to calculate value using empty array")
        return compute(numbers)

    return function


def _member(index: int) -> Callable[[JSON], JSON]:
    def function(value: JSON) -> JSON:
        if not isinstance(value, list) or not value:
            raise PathNotFound("Aggregation function attempted to calculate value using empty array")
        return value[index]

    return function


_FUNCTIONS: dict[str, Callable[[JSON], JSON]] = {
    "length": _length,
    "size": _length,
    "keys": lambda value: list(value) if isinstance(value, dict) else None,
    "min": _numeric(min),
    "max": _numeric(max),
    "sum": _numeric(sum),
    "avg": _numeric(lambda numbers: sum(numbers) / len(numbers)),
    "first": _member(0),
    "last": _member(-1),
}

Operand = Callable[[JSON], JSON]
Test = Callable[[JSON], bool]

_ROOT = re.compile(r"\$\$|\$([^\W\d]\w*)|\$")
_DOT_NAME = re.compile(r"[^\s.\[\]()*'\",:?@]+")
_FILTER_NAME = re.compile(r"[^\s.\[\]()*'\",:?@=!<>&|~]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_INDEX = re.compile(r"\s*(-?\d+)\s*")
_SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?")
_COMPARISON = re.compile(r"==|!=|<=|>=|=~|<|>|(?:in|nin)(?=[\s\[@$])")
_WORD = re.compile(r"true|false|null")
_REGEX = re.compile(r"/((?:\\.|[^/\\])*)/(i?)")
_SPACE = re.compile(r"\s*")
_WORDS: dict[str, JSON] = {"true": True, "false": False, "null": None}
_DEEPEST = 30


class _Parser:
    """Reads a path from left to right; ``at`` is how far it has come."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.whole: list[JSON] | None = None

    def path(self) -> Path:
        root = self.match(_ROOT)
        if root is None:
            raise InvalidPath(self.text)
        start = root.start()
        name = root[1]
        if name and root.end() < len(self.text) and self.text[root.end()] == "(":
            raise InvalidPath(self.text)
        names, steps, function = self.steps()
        return Path(self.text[start : self.at], name or root[0], tuple(names), tuple(steps), self.whole, function)

    def steps(self) -> tuple[list[str | int], list[Step], Callable[[JSON], JSON] | None]:
        names: list[str | int] = []
        steps: list[Step] = []
        found: str | int | Step
        while True:
            is_deep = self.skip("..")
            if is_deep:
                steps.append(_deep)
            if not is_deep and self.skip("."):
                if (function := self.function()) is not None:
                    return names, steps, function
                # Jayway's reading takes a dot before a bracket for nothing.
                found = self.bracket() if self.skip("[") else self.dot_name()
            elif self.skip("["):
                found = self.bracket()
            elif is_deep:
                found = self.dot_name()
            else:
                return names, steps, None
            if isinstance(found, (str, int)) and not steps:
                names.append(found)
            else:
                match found:
                    case str():
                        steps.append(_name(found))
                    case int():
                        steps.append(_indices([found]))
                    case _:
                        steps.append(found)

    def function(self) -> Callable[[JSON], JSON] | None:
        for name, function in _FUNCTIONS.items():
            if self.skip(f"{name}()"):
                return function
        return None

    def dot_name(self) -> str | Step:
        if self.skip("*"):
            return _wildcard
        name = self.match(_FILTER_NAME if self.depth else _DOT_NAME)
        if name is None or self.peek() == "(":
            raise InvalidPath(self.text)
        return name[0]

    def bracket(self) -> str | int | Step:
        self.blanks()
        if self.skip("*"):
            return self.closed(_wildcard)
        if self.peek() in {"'", '"'}:
            names = [self.quoted()]
            while self.comma():
                names.append(self.quoted())
            return self.closed(names[0] if len(names) == 1 else _names(names))
        if self.skip("?("):
            test = self.either()
            self.expect(")")
            return self.closed(_filter(test))
        if (part := self.match(_SLICE)) is not None:
            start, stop, step = (None if group is None else int(group) for group in part.groups())
            if step == 0:
                raise InvalidPath(self.text)
            return self.closed(_slice(slice(start, stop, step)))
        indices = [self.index()]
        while self.comma():
            indices.append(self.index())
        return self.closed(indices[0] if len(indices) == 1 else _indices(indices))

    def closed(self, found: T) -> T:
        self.expect("]")
        return found

    def index(self) -> int:
        index = self.match(_INDEX)
        if index is None:
            raise InvalidPath(self.text)
        return int(index[1])

    def quoted(self) -> str:
        self.blanks()
        quote = self.peek()
        if quote not in {"'", '"'}:
            raise InvalidPath(self.text)
        self.at += 1
        letters: list[str] = []
        while (letter := self.peek()) != quote:
            if letter == "\\":
                self.at += 1
                letter = self.peek()
            if not letter:
                raise InvalidPath(self.text)
            letters.append(letter)
            self.at += 1
        self.at += 1
        self.blanks()
        return "".join(letters)

    def either(self) -> Test:
        tests = [self.both()]
        while self.skip("||"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def both(self) -> Test:
        tests = [self.test()]
        while self.skip("&&"):
            tests.append(self.test())
        return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)

    def test(self) -> Test:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise InvalidPath(self.text)
        self.blanks()
        test: Test
        if self.skip("!"):
            negated = self.test()
            test = lambda value: not negated(value)  # noqa: E731
        elif self.skip("("):
            test = self.either()
            self.expect(")")
        else:
            test = self.comparison()
        self.blanks()
        self.depth -= 1
        return test

    def comparison(self) -> Test:
        is_path = self.peek() in {"@", "$"}
        left = self.operand()
        operator = self.match(_COMPARISON)
        if operator is None:
            if not is_path:
                raise InvalidPath(self.text)
            return lambda value: left(value) is not _MISSING
        self.blanks()
        if operator[0] == "=~":
            return self.regex(left)
        compare, right = _COMPARISONS[operator[0]], self.operand()
        return lambda value: compare(left(value), right(value))

    def regex(self, left: Operand) -> Test:
        literal = self.match(_REGEX)
        if literal is None:
            raise InvalidPath(self.text)
        try:
            pattern = re.compile(literal[1], re.IGNORECASE if literal[2] else 0)
        except re.error:
            raise InvalidPath(self.text) from None
        return lambda value: isinstance(text := left(value), str) and pattern.fullmatch(text) is not None

    def operand(self) -> Operand:
        self.blanks()
        first = self.peek()
        if first in {"'", '"'}:
            return _constant(self.quoted())
        if first in {"@", "$"}:
            return self.operand_path(first)
        if first == "[":
            return _constant(self.members())
        if (number := self.match(_NUMBER)) is not None:
            self.blanks()
            return _constant(float(number[0]) if set(number[0]) & set(".eE") else int(number[0]))
        if (word := self.match(_WORD)) is not None:
            self.blanks()
            return _constant(_WORDS[word[0]])
        raise InvalidPath(self.text)

    def operand_path(self, first: str) -> Operand:
        self.at += 1
        names, steps, function = self.steps()
        self.blanks()
        path = Path(self.text, first, tuple(names), tuple(steps), None, function)
        whole = None
        if first == "$":
            whole = self.whole = [] if self.whole is None else self.whole

        def read(value: JSON) -> JSON:
            try:
                return path.read(value if whole is None else whole[0])
            except PathNotFound:
                return _MISSING

        return read

    def members(self) -> list[JSON]:
        self.expect("[")
        self.blanks()
        members: list[JSON] = []
        while self.peek() != "]":
            if members:
                self.expect(",")
            members.append(self.operand()(None))
        self.expect("]")
        self.blanks()
        return members

    def comma(self) -> bool:
        self.blanks()
        return self.skip(",")

    def blanks(self) -> None:
        self.match(_SPACE)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def skip(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.skip(token):
            raise InvalidPath(self.text)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found


def _constant(value: JSON) -> Operand:
    return lambda _: value
