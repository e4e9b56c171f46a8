"""
JSONPath: which parts of a document an expression names.

Pure. The language is Jayway's, which ``$input.json`` and ``$input.path`` speak: a definite path names one value, an
indefinite one (``..``, ``*``, a slice, several indices, a filter) a list of those that are there.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
https://goessner.net/articles/JsonPath/
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from pizzabar.documents import JSON
from pizzabar.errors import PizzabarError
from pizzabar.record import record

MAX_FOUND = 100_000
"""Values that an expression may name on its way."""

MAX_DEPTH = 30
"""How deeply filters may be nested."""


class InvalidPath(PizzabarError):
    """Raised for a text that is not a JSONPath, or one that is not supported."""


class _Missing:
    """What a definite path gives when its value is not there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()

_Select = Callable[[JSON, JSON], Iterator[JSON]]


@record
class JsonPath:
    """An expression, ready to be applied."""

    selectors: tuple[_Select, ...]
    is_definite: bool

    def find(self, document: JSON) -> list[JSON]:
        """Give every value that the path names."""
        found = [document]
        for select in self.selectors:
            following: list[JSON] = []
            for value in found:
                for selected in select(value, document):
                    following.append(selected)
                    if len(following) > MAX_FOUND:
                        raise InvalidPath(f"a path may name at most {MAX_FOUND} values")
            found = following
        return found

    def get(self, document: JSON) -> JSON:
        """Give the value of a definite path or ``MISSING``; of an indefinite one, the list of values."""
        found = self.find(document)
        if not self.is_definite:
            return found
        return found[0] if found else MISSING


@lru_cache(maxsize=1024)
def compile_path(text: str) -> JsonPath:
    """Read an expression; one without ``$`` starts at the root too. Raise ``InvalidPath``."""
    stripped = text.strip()
    if not stripped:
        raise InvalidPath("json can not be null or empty")
    if stripped[0] not in "$@":
        stripped = "$." + stripped
    reader = _Reader(stripped, 1, 0)
    path = reader.path()
    if reader.position != len(stripped):
        raise InvalidPath(f"Could not parse token starting at position {reader.position}: {text}")
    return path


_NAME = re.compile(r"[^\s.\[\]()'\"?,=!<>&|~@]+")
_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_SLICE = re.compile(r"\s*(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*(?::\s*(-?\d{1,9})?\s*)?\]", re.ASCII)
_INDICES = re.compile(r"\s*(-?\d{1,9}(?:\s*,\s*-?\d{1,9})*)\s*\]", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,300}(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_COMPARISON = re.compile(r"==|!=|<=|>=|<|>|=~|in\b|nin\b")
_REGEX = re.compile(r"/((?:[^/\\]|\\.)*)/(i?)")
_WORDS: dict[str, JSON] = {"true": True, "false": False, "null": None}


class _Reader:
    """Reads one expression from a position on."""

    def __init__(self, text: str, position: int, depth: int) -> None:
        self.text = text
        self.position = position
        self.depth = depth

    def path(self) -> JsonPath:
        selectors: list[_Select] = []
        is_definite = True
        while (segment := self._segment()) is not None:
            select, is_single = segment
            selectors.append(select)
            is_definite = is_definite and is_single
        return JsonPath(tuple(selectors), is_definite)

    def _segment(self) -> tuple[_Select, bool] | None:
        text = self.text
        if text.startswith("..", self.position):
            self.position += 2
            if text.startswith("[", self.position):
                select, _ = self._bracket()
            elif text.startswith("*", self.position):
                self.position += 1
                select = _every
            else:
                select = _member(self._name())
            return _descend(select), False
        if text.startswith(".", self.position):
            self.position += 1
            if text.startswith("*", self.position):
                self.position += 1
                return _every, False
            if text.startswith("[", self.position):
                return self._bracket()
            name = self._name()
            if text.startswith("(", self.position):
                return self._function(name)
            return _member(name), True
        if text.startswith("[", self.position):
            return self._bracket()
        return None

    def _name(self) -> str:
        match = _NAME.match(self.text, self.position)
        if match is None:
            raise InvalidPath(f"Path must not end with or lack a name at position {self.position}: {self.text}")
        self.position = match.end()
        return match[0]

    def _function(self, name: str) -> tuple[_Select, bool]:
        end = self.text.find(")", self.position)
        if name not in _FUNCTIONS or self.text[self.position : end + 1] != "()":
            raise InvalidPath(f"{name}() is not supported: {self.text}")
        self.position = end + 1
        function = _FUNCTIONS[name]

        def select(value: JSON, root: JSON) -> Iterator[JSON]:
            yield function(value)

        return select, True

    def _bracket(self) -> tuple[_Select, bool]:
        self.position += 1
        self._skip_space()
        text = self.text
        if (match := re.compile(r"\*\s*\]").match(text, self.position)) is not None:
            self.position = match.end()
            return _every, False
        if text.startswith("?", self.position):
            return self._filter_bracket()
        if (match := _INDICES.match(text, self.position)) is not None:
            self.position = match.end()
            indices = [int(index) for index in match[1].split(",")]
            return _elements(indices), len(indices) == 1
        if (match := _SLICE.match(text, self.position)) is not None:
            self.position = match.end()
            bounds = [int(bound) if bound else None for bound in match.groups()]
            if bounds[2] == 0:
                raise InvalidPath(f"a slice cannot have a step of 0: {text}")
            return _slice(slice(*bounds)), False
        names = [self._quoted()]
        while self._skip_to(","):
            names.append(self._quoted())
        self._expect("]")
        # Several names give an object with those of them that are there.
        return (_member(names[0]) if len(names) == 1 else _members(names)), True

    def _quoted(self) -> str:
        self._skip_space()
        match = _QUOTED.match(self.text, self.position)
        if match is None:
            raise InvalidPath(f"Could not parse token starting at position {self.position}: {self.text}")
        self.position = match.end()
        return re.sub(r"\\(.)", r"\1", match[1] if match[1] is not None else match[2])

    # Filters

    def _filter_bracket(self) -> tuple[_Select, bool]:
        self.position += 1
        self._expect("(")
        condition = self._either()
        self._expect(")")
        self._expect("]")

        def select(value: JSON, root: JSON) -> Iterator[JSON]:
            candidates = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
            for candidate in candidates:
                if condition(candidate, root):
                    yield candidate

        return select, False

    def _either(self) -> Callable[[JSON, JSON], bool]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise InvalidPath(f"filters may be nested at most {MAX_DEPTH} deep")
        alternatives = [self._both()]
        while self._skip_to("||"):
            alternatives.append(self._both())
        self.depth -= 1
        return lambda value, root: any(condition(value, root) for condition in alternatives)

    def _both(self) -> Callable[[JSON, JSON], bool]:
        conditions = [self._condition()]
        while self._skip_to("&&"):
            conditions.append(self._condition())
        return lambda value, root: all(condition(value, root) for condition in conditions)

    def _condition(self) -> Callable[[JSON, JSON], bool]:
        if self._skip_to("!"):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise InvalidPath(f"filters may be nested at most {MAX_DEPTH} deep")
            negated = self._condition()
            self.depth -= 1
            return lambda value, root: not negated(value, root)
        if self._skip_to("("):
            condition = self._either()
            self._expect(")")
            return condition
        left = self._operand()
        self._skip_space()
        match = _COMPARISON.match(self.text, self.position)
        if match is None:
            return lambda value, root: left(value, root) is not MISSING
        self.position = match.end()
        if match[0] == "=~":
            regex = self._regex()
            return lambda value, root: isinstance(text := left(value, root), str) and bool(regex.fullmatch(text))
        compare = _COMPARISONS[match[0]]
        right = self._operand()
        return lambda value, root: compare(left(value, root), right(value, root))

    def _operand(self) -> Callable[[JSON, JSON], JSON]:
        self._skip_space()
        text, start = self.text, self.position
        if text[start : start + 1] in ("@", "$"):
            is_root = text[start] == "$"
            self.position += 1
            path = self.path()
            return lambda value, root: path.get(root if is_root else value)
        constant = self._constant()
        return lambda value, root: constant

    def _constant(self) -> JSON:
        self._skip_space()
        text, start = self.text, self.position
        if text[start : start + 1] in ("'", '"'):
            return self._quoted()
        if self._skip_to("["):
            items: list[JSON] = []
            while not self._skip_to("]"):
                if items:
                    self._expect(",")
                self._skip_space()
                if self.text.startswith("[", self.position):
                    raise InvalidPath(f"a list within a list is not supported: {text}")
                items.append(self._constant())
            return items
        if (number := _NUMBER.match(text, start)) is not None:
            self.position = number.end()
            return float(number[0]) if any(sign in number[0] for sign in ".eE") else int(number[0])
        for word, value in _WORDS.items():
            if text.startswith(word, start):
                self.position += len(word)
                return value
        raise InvalidPath(f"Could not parse token starting at position {start}: {text}")

    def _regex(self) -> re.Pattern[str]:
        self._skip_space()
        match = _REGEX.match(self.text, self.position)
        if match is None:
            raise InvalidPath(f"a regular expression between slashes is expected: {self.text}")
        self.position = match.end()
        try:
            return re.compile(match[1], re.IGNORECASE if match[2] else 0)
        except (re.error, OverflowError, FutureWarning) as error:
            raise InvalidPath(f"{error}: {self.text}") from None

    def _skip_space(self) -> None:
        match = _SPACE.match(self.text, self.position)
        if match is not None:
            self.position = match.end()

    def _skip_to(self, token: str) -> bool:
        self._skip_space()
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._skip_to(token):
            raise InvalidPath(f"{token} is expected at position {self.position}: {self.text}")


def _member(name: str) -> _Select:
    def select(value: JSON, root: JSON) -> Iterator[JSON]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return select


def _members(names: list[str]) -> _Select:
    def select(value: JSON, root: JSON) -> Iterator[JSON]:
        if isinstance(value, dict):
            yield {name: value[name] for name in names if name in value}

    return select


def _elements(indices: list[int]) -> _Select:
    def select(value: JSON, root: JSON) -> Iterator[JSON]:
        if isinstance(value, list):
            for index in indices:
                if -len(value) <= index < len(value):
                    yield value[index]

    return select


def _slice(bounds: slice) -> _Select:
    def select(value: JSON, root: JSON) -> Iterator[JSON]:
        if isinstance(value, list):
            yield from value[bounds]

    return select


def _every(value: JSON, root: JSON) -> Iterator[JSON]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descend(select: _Select) -> _Select:
    def select_below(value: JSON, root: JSON) -> Iterator[JSON]:
        # Depth first, each value before what is in it.
        waiting = [value]
        while waiting:
            current = waiting.pop()
            yield from select(current, root)
            waiting.extend(reversed(list(_every(current, root))))

    return select_below


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_equal(left: JSON, right: JSON) -> bool:
    if _is_number(left) and _is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def _ordered(test: Callable[[JSON, JSON], bool]) -> Callable[[JSON, JSON], bool]:
    return lambda left, right: (
        ((_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)))
        and test(left, right)
    )


def _is_in(left: JSON, right: JSON) -> bool:
    return isinstance(right, list) and any(_is_equal(left, item) for item in right)


_COMPARISONS: dict[str, Callable[[JSON, JSON], bool]] = {
    "==": _is_equal,
    "!=": lambda left, right: not _is_equal(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "in": _is_in,
    "nin": lambda left, right: not _is_in(left, right),
}

_FUNCTIONS: dict[str, Callable[[JSON], JSON]] = {
    "length": lambda value: len(value) if isinstance(value, list | dict | str) else None,
    "size": lambda value: len(value) if isinstance(value, list | dict | str) else None,
    "keys": lambda value: list(value) if isinstance(value, dict) else None,
}
