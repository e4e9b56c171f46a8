"""
Filter expressions: which traces are wanted.

Pure. Keywords with operators and values, ``service(…) {…}`` and ``edge(…, …) {…}``, joined by AND and OR, where two
that stand side by side are joined by AND. What is not known is refused by name.
https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

import re
from collections.abc import Callable, Mapping, Sequence

from pizzabar.documents import JSON
from pizzabar.record import record
from pizzabar.xray.errors import InvalidRequestException

BOOLEANS = frozenset({"ok", "error", "fault", "throttle", "partial", "inferred", "root", "remote"})
NUMBERS = frozenset({"responsetime", "duration", "http.status"})
TEXTS = frozenset(
    {"http.url", "http.method", "http.useragent", "http.clientip", "user", "name", "type", "resource.arn"}
)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"\\]|\\.)*\")|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<word>[A-Za-z_][\w.:]*)"
    r"|(?P<sign><=|>=|!=|[=<>!(){}\[\],:]))"
)
_COMPARES: Mapping[str, Callable[[JSON, JSON], bool]] = {
    "=": lambda value, wanted: bool(value == wanted),
    "!=": lambda value, wanted: bool(value != wanted),
    "<": lambda value, wanted: bool(value < wanted),
    "<=": lambda value, wanted: bool(value <= wanted),
    ">": lambda value, wanted: bool(value > wanted),
    ">=": lambda value, wanted: bool(value >= wanted),
    "CONTAINS": lambda value, wanted: wanted in value,
    "BEGINSWITH": lambda value, wanted: bool(value.startswith(wanted)),
    "ENDSWITH": lambda value, wanted: bool(value.endswith(wanted)),
}
_OF_TEXTS = frozenset({"=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"})
_OF_NUMBERS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_OF_BOOLEANS = frozenset({"=", "!="})


@record
class View:
    """What an expression sees: the values of keywords, annotations among them; of a trace, its services and edges.

    A keyword may have several values: one that fits is enough.
    """

    values: Mapping[str, Sequence[JSON]]
    services: Sequence["View"] = ()
    edges: Sequence[tuple["View", "View"]] = ()


Filter = Callable[[View], bool]


def read_filter(text: str) -> Filter:
    """Read an expression. Raise ``InvalidRequestException``."""
    return _Reader(text).read() if text.strip() else lambda view: True


class _Reader:
    """Reads one expression from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise self._wrong(f"nothing begins with {text[place:].strip()[:10]!r}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()
        self._next = 0

    def read(self) -> Filter:
        found = self._any()
        if self._next < len(self._tokens):
            raise self._wrong(f"{self._tokens[self._next][1]} is not expected")
        return found

    def _wrong(self, why: str) -> InvalidRequestException:
        return InvalidRequestException(f"Invalid filter expression: {why}, in {self._text}")

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _take(self, *wanted: str) -> bool:
        """Take the next token if it is one of these."""
        kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
        if kind in ("text", "") or text.upper() not in wanted:
            return False
        self._next += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._wrong(f"{sign} is expected" + (f" before {self._peek()}" if self._peek() else " at the end"))

    def _any(self) -> Filter:
        parts = [self._all()]
        while self._take("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda view: any(part(view) for part in parts)

    def _all(self) -> Filter:
        parts = [self._one()]
        while self._take("AND") or (self._peek() and self._peek().upper() not in ("OR", ")", "}")):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda view: all(part(view) for part in parts)

    def _one(self) -> Filter:
        if self._take("!"):
            inner = self._one()
            return lambda view: not inner(view)
        if self._take("("):
            inner = self._any()
            self._expect(")")
            return inner
        kind, word = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
        if kind != "word":
            raise self._wrong(f"a keyword is expected before {word}" if word else "a keyword is expected at the end")
        self._next += 1
        name = word.lower()
        if name == "service":
            return self._service()
        if name == "edge":
            return self._edge()
        if name == "annotation" or name.startswith("annotation."):
            return self._annotation(word)
        if name in BOOLEANS:
            return self._boolean(name)
        if name in NUMBERS or name in TEXTS:
            return self._compared(name, is_number=name in NUMBERS)
        raise self._wrong(f"{word} is not supported")

    def _boolean(self, name: str) -> Filter:
        for sign in _OF_BOOLEANS:
            if self._take(sign):
                wanted = self._value()
                if not isinstance(wanted, bool):
                    raise self._wrong(f"{name} is true or false")
                return _fits(name, sign, wanted)
        return _fits(name, "=", True)

    def _compared(self, name: str, *, is_number: bool) -> Filter:
        signs = _OF_NUMBERS if is_number else _OF_TEXTS
        for sign in sorted(signs):
            if self._take(sign):
                wanted = self._value()
                if isinstance(wanted, str) == is_number or isinstance(wanted, bool):
                    raise self._wrong(f"{name} is a {'number' if is_number else 'text'}")
                return _fits(name, sign, wanted)
        raise self._wrong(f"after {name} stands one of {' '.join(sorted(signs))}")

    def _annotation(self, word: str) -> Filter:
        key = word.partition(".")[2]
        if not key:
            self._expect("[")
            kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
            if kind not in ("word", "text"):
                raise self._wrong("the name of an annotation is expected")
            self._next += 1
            key = text.strip('"')
            self._expect("]")
        name = f"annotation.{key}"
        for sign in sorted(_COMPARES):
            if self._take(sign):
                return _fits(name, sign, self._value())
        return lambda view: bool(view.values.get(name))

    def _value(self) -> JSON:
        kind, text = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
        self._next += 1
        match kind:
            case "text":
                return re.sub(r"\\(.)", r"\1", text[1:-1])
            case "number":
                return float(text)
            case "word" if text.lower() in ("true", "false"):
                return text.lower() == "true"
        raise self._wrong(f"a value is expected before {text}" if text else "a value is expected at the end")

    def _service(self) -> Filter:
        self._expect("(")
        named = _anything if self._peek() == ")" else self._named()
        self._expect(")")
        inner = self._braces()
        return lambda view: any(named(each) and inner(each) for each in view.services)

    def _edge(self) -> Filter:
        self._expect("(")
        source = self._named()
        self._expect(",")
        target = self._named()
        self._expect(")")
        inner = self._braces()
        return lambda view: any(source(caller) and target(called) and inner(called) for caller, called in view.edges)

    def _braces(self) -> Filter:
        if not self._take("{"):
            return _anything
        inner = self._any()
        self._expect("}")
        return inner

    def _named(self) -> Filter:
        """Read which services are meant: a name, or ``id(name: "…", type: "…")``."""
        if not self._take("ID"):
            return _fits("name", "=", self._value())
        self._expect("(")
        wanted: list[Filter] = []
        while True:
            _, key = self._tokens[self._next] if self._next < len(self._tokens) else ("", "")
            key = key.rstrip(":").lower()
            if key not in ("name", "type"):
                raise self._wrong(f"id({key}) is not supported" if key else "id(name: …, type: …) is expected")
            has_colon = self._tokens[self._next][1].endswith(":")
            self._next += 1
            if not has_colon:
                self._expect(":")
            wanted.append(_fits(key, "=", self._value()))
            if not self._take(","):
                break
        self._expect(")")
        return lambda view: all(each(view) for each in wanted)


def _anything(view: View) -> bool:
    return True


def _fits(name: str, sign: str, wanted: JSON) -> Filter:
    compare = _COMPARES[sign]

    def fits(view: View) -> bool:
        return any(_is_alike(value, wanted) and compare(value, wanted) for value in view.values.get(name, ()))

    return fits


def _is_alike(value: JSON, wanted: JSON) -> bool:
    """Whether two values can be compared: both texts, both booleans, or both numbers."""
    kinds = (str, bool)
    return all(isinstance(value, kind) == isinstance(wanted, kind) for kind in kinds)
