"""
Filter patterns: which log events are wanted, by their terms, by the members of JSON, or by their fields.

AWS does not say what a term is; here a message has a term when it contains it, in the same case.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NoReturn

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.logs.errors import InvalidParameterException

MAX_PATTERN = 1024
MAX_DEPTH = 50

Matches = Callable[[str], bool]
_Test = Callable[[JSON], bool]
_MISSING = object()


@lru_cache(maxsize=256)
def read_filter_pattern(text: str) -> Matches:
    """Read a pattern to what tells whether a message matches it. Raise ``InvalidParameterException``."""
    if len(text) > MAX_PATTERN:
        raise InvalidParameterException("1 validation error detected: filterPattern has at most 1024 characters")
    stripped = text.strip()
    if not stripped:
        return lambda message: True
    if stripped.startswith("{"):
        return _JsonPattern(stripped).read()
    if stripped.startswith("["):
        return _FieldsPattern(stripped).read()
    return _read_terms(stripped)


def _refuse() -> NoReturn:
    raise InvalidParameterException("Invalid filter pattern")


def _regex(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error:
        _refuse()


# Terms.

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)+)%|([^\s"]+))(?=\s|$)')


def _read_terms(text: str) -> Matches:
    wanted: list[Matches] = []
    unwanted: list[Matches] = []
    optional: list[Matches] = []
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            _refuse()
        position = match.end()
        sign, phrase, pattern, word = match.groups()
        term = _contains(word if phrase is None else _unescape(phrase)) if pattern is None else _finds(pattern)
        (optional if sign == "?" else unwanted if sign == "-" else wanted).append(term)
        if not text[position:].strip():
            break
    if optional and (wanted or unwanted):
        # Beside others, what is optional is not looked at.
        optional = []

    def matches(message: str) -> bool:
        return (
            all(each(message) for each in wanted)
            and not any(each(message) for each in unwanted)
            and (not optional or any(each(message) for each in optional))
        )

    return matches


def _contains(term: str) -> Matches:
    return lambda message: term in message


def _finds(pattern: str) -> Matches:
    search = _regex(pattern).search
    return lambda message: search(message) is not None


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


# Conditions, which JSON and fields have in common.

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<regex>%(?:[^%\\]|\\.)+%)|(?P<symbol>&&|\|\||!=|<=|>=|[=<>(){},])"""
    r"""|(?P<path>\$(?:\.[A-Za-z0-9_-]+|\[(?:\d+|\*|"[^"]*"|'[^']*')\])*)|(?P<dots>\.\.\.)"""
    r"""|(?P<word>[^\s"%=!<>&|(){},\[\]]+)|(?P<bracket>[\[\]])|(?P<other>\S))"""
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [(str(each.lastgroup), each[str(each.lastgroup)]) for each in _TOKEN.finditer(text)]
        self._tokens.append(("end", ""))
        self._position = 0
        self._depth = 0

    @property
    def _token(self) -> tuple[str, str]:
        return self._tokens[self._position]

    def _take(self, text: str) -> bool:
        kind, found = self._token
        if found != text or kind == "string":
            return False
        self._position += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            _refuse()

    def _next(self) -> tuple[str, str]:
        token = self._token
        self._position += 1
        if token[0] in ("end", "other"):
            _refuse()
        return token

    def _either(self, read: Callable[[], _Test]) -> _Test:
        """Read tests with ``&&`` and, weaker, ``||`` between them."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            _refuse()
        choices = [self._all(read)]
        while self._take("||"):
            choices.append(self._all(read))
        self._depth -= 1
        return choices[0] if len(choices) == 1 else lambda value: any(each(value) for each in choices)

    def _all(self, read: Callable[[], _Test]) -> _Test:
        tests = [read()]
        while self._take("&&"):
            tests.append(read())
        return tests[0] if len(tests) == 1 else lambda value: all(each(value) for each in tests)

    def _comparison(self, operator: str) -> _Test:
        """Read what a value is compared with."""
        kind, text = self._next()
        if kind == "regex":
            if operator not in ("=", "!="):
                _refuse()
            search = _regex(text[1:-1]).search
            found: _Test = lambda value: isinstance(value, str) and search(value) is not None  # noqa: E731
            return found if operator == "=" else _unless(found)
        if kind not in ("string", "word"):
            _refuse()
        is_number = kind == "word" and _NUMBER.fullmatch(text) is not None
        if operator in _ORDERS:
            if not is_number:
                _refuse()
            order, bound = _ORDERS[operator], float(text)
            return lambda value: (number := _number(value)) is not None and order(number, bound)
        if is_number:
            wanted = float(text)
            equal: _Test = lambda value: _number(value) == wanted  # noqa: E731
        else:
            written = _unescape(text[1:-1]) if kind == "string" else text
            parts = [re.escape(part) for part in written.split("*")]
            full = re.compile(".*".join(parts), re.DOTALL).fullmatch
            equal = lambda value: isinstance(value, str) and full(value) is not None  # noqa: E731
        return equal if operator == "=" else _unless(equal)


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _unless(test: _Test) -> _Test:
    return lambda value: value is not _MISSING and not test(value)


def _number(value: JSON) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


# JSON: { $.level = "ERROR" && $.ms > 100 }.


class _JsonPattern(_Parser):
    def read(self) -> Matches:
        self._expect("{")
        test = self._either(self._condition)
        self._expect("}")
        if self._token[0] != "end":
            _refuse()

        def matches(message: str) -> bool:
            if not message.lstrip().startswith("{"):
                return False
            try:
                return test(documents.parse(message))
            except NotJSON:
                return False

        return matches

    def _condition(self) -> _Test:
        if self._take("("):
            inner = self._either(self._condition)
            self._expect(")")
            return inner
        kind, path = self._next()
        if kind != "path" or path == "$":
            _refuse()
        parts = _read_path(path)
        operator = self._next()[1].upper()
        if operator == "IS":
            test = _IS.get(self._next()[1].upper())
            if test is None:
                _refuse()
        elif operator == "NOT" and self._next()[1].upper() == "EXISTS":
            return lambda document: all(value is _MISSING for value in _values(document, parts))
        elif operator == "EXISTS":
            test = lambda value: value is not _MISSING  # noqa: E731
        elif operator in ("=", "!=", *_ORDERS):
            test = self._comparison(operator)
        else:
            _refuse()
        found = test
        return lambda document: any(found(value) for value in _values(document, parts))


_IS: dict[str, _Test] = {
    "TRUE": lambda value: value is True,
    "FALSE": lambda value: value is False,
    "NULL": lambda value: value is None,
}
_PART = re.compile(r"""\.([A-Za-z0-9_-]+)|\[(\d+)\]|\[(\*)\]|\["([^"]*)"\]|\['([^']*)'\]""")


def _read_path(path: str) -> list[str | int | None]:
    """Give the parts of a path; None stands for every element."""
    parts: list[str | int | None] = []
    for match in _PART.finditer(path, 1):
        name, index, star, *quoted = match.groups()
        if star is not None:
            parts.append(None)
        elif index is not None:
            parts.append(int(index))
        else:
            parts.append(name if name is not None else next(each for each in quoted if each is not None))
    return parts


def _values(document: JSON, parts: list[str | int | None]) -> list[JSON]:
    values: list[JSON] = [document]
    for part in parts:
        inner: list[JSON] = []
        for value in values:
            if part is None and isinstance(value, list):
                inner += value
            elif isinstance(part, int):
                inner.append(value[part] if isinstance(value, list) and part < len(value) else _MISSING)
            else:
                inner.append(value.get(part, _MISSING) if isinstance(value, dict) else _MISSING)
        values = inner or [_MISSING]
    return values


# Fields: [ip, user, status = 4*, ...].


class _FieldsPattern(_Parser):
    def read(self) -> Matches:
        self._expect("[")
        before: list[_Test] = []
        after: list[_Test] | None = None
        while not self._take("]"):
            if self._token[0] == "dots":
                self._position += 1
                if after is not None:
                    _refuse()
                after = []
            else:
                (before if after is None else after).append(self._either(self._field))
            if not self._take(","):
                self._expect("]")
                break
        if self._token[0] != "end" or (not before and after is None):
            _refuse()

        def matches(message: str) -> bool:
            fields = list(_split(message))
            if len(fields) < len(before) + len(after or ()) or (after is None and len(fields) > len(before)):
                return False
            tested = zip(
                [*before, *(after or ())],
                [*fields[: len(before)], *fields[len(fields) - len(after or ()) :]],
                strict=True,
            )
            return all(test(field) for test, field in tested)

        return matches

    def _field(self) -> _Test:
        if self._take("("):
            inner = self._either(self._field)
            self._expect(")")
            return inner
        kind, _ = self._next()
        if kind != "word":
            _refuse()
        for operator in ("=", "!=", *_ORDERS):
            if self._take(operator):
                return self._comparison(operator)
        return lambda value: True


_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|(\S+)')


def _split(message: str) -> Iterator[str]:
    """Give the fields of a message; one may be in quotation marks or brackets."""
    for match in _FIELD.finditer(message):
        yield next(each for each in match.groups() if each is not None)
