"""
The text of a template, YAML or JSON, read to nodes.

CloudFormation reads YAML 1.1, with these rules of its own, which hold here:

- ``!Name`` is the short form of the function ``Fn::Name``; any other tag is a fault.
- Dates stay text: ``Version: 2012-10-17`` needs no quotes.
- A name is text and stands once in its object; ``null`` is no value of a template.

Aliases and merges (``*name``, ``<<``) are read too, as the SAM CLI does before it sends a template. What they
expand to is bounded, and so is the depth, so that no text takes long to read.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

import re
from collections.abc import Callable
from typing import Any

from pizzabar.cloudformation.node import Node, Position, Report, Special, did_you_mean

MOST_BYTES = 1_000_000
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
MOST_VALUES = 100_000
MOST_LEVELS = 100

TAGS = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{
        f"!{name}": f"Fn::{name}"
        for name in (
            *("And", "Base64", "Cidr", "Equals", "FindInMap", "GetAZs", "GetAtt", "If", "ImportValue", "Join"),
            *("Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
        )
    },
}
"""Short forms of functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

YAML = "tag:yaml.org,2002:"


def read(text: str, file: str, report: Report, *, allows_null: bool = False) -> Node | None:
    """Read a text to a node. What is wrong is reported; None is answered when nothing can be made of it."""
    start = Position(file, 1, 1)
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        report(_position_at(text, error.start, file), "Template format error: the text is not Unicode")
        return None
    if size > MOST_BYTES:
        report(start, f"Template may not exceed {MOST_BYTES} bytes in size.")
        return None
    language = "JSON" if text.lstrip().startswith("{") else "YAML"
    if language == "JSON":
        if "\\u" in text:
            text = _ESCAPE.sub(_joined, text)
        if "\t" in text:
            text = _INDENTATION.sub(lambda blanks: " " * len(blanks[0]), text)

    # Only whoever reads a template pays for the import.
    import yaml

    # The events of the parser rather than its nodes: those are composed by recursion in C, which a deep text
    # brings down together with the process.
    parser: Any = None
    building = _Building(file, report, allows_null=allows_null)
    handlers: dict[type, Callable[[Any], None]] = {
        yaml.ScalarEvent: building.scalar,
        yaml.MappingStartEvent: building.open_mapping,
        yaml.SequenceStartEvent: building.open_list,
        yaml.MappingEndEvent: building.close,
        yaml.SequenceEndEvent: building.close,
        yaml.AliasEvent: building.alias,
        yaml.DocumentStartEvent: building.document,
    }
    try:
        parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        while not isinstance(event := parser.get_event(), yaml.StreamEndEvent):
            if handler := handlers.get(type(event)):
                handler(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = start if mark is None else Position(file, mark.line + 1, mark.column + 1)
        report(where, f"Template format error: {language} not well-formed: {error.problem or error.context}")
        return None
    except yaml.reader.ReaderError as error:
        where = _position_at(text, error.position, file)
        report(where, f"Template format error: {language} not well-formed: {error.reason}")
        return None
    except _TooMuch as error:
        report(error.position, f"Template format error: {error}")
        return None
    finally:
        if parser is not None:
            parser.dispose()
    return building.root


class _TooMuch(Exception):
    def __init__(self, position: Position, message: str) -> None:
        self.position = position
        super().__init__(message)


class _Open:
    """An object or a list whose end has not been read."""

    def __init__(self, event: Any, position: Position, *, is_mapping: bool) -> None:
        self.position = position
        self.is_mapping = is_mapping
        self.tag: str | None = event.tag
        self.anchor: str | None = event.anchor
        self.members: dict[str, Node] = {}
        self.items: list[Node] = []
        self.merges: list[Node] = []
        self.size = 1
        # The name that was read and has no value yet.
        self.key: str | None = None
        self.key_place: Position | None = None


class _Building:
    def __init__(self, file: str, report: Report, *, allows_null: bool) -> None:
        self.file = file
        self.report = report
        self.allows_null = allows_null
        self.root: Node | None = None
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.documents = 0

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise _TooMuch(self._position(event), "the file holds more than one document")

    def scalar(self, event: Any) -> None:
        position = self._position(event)
        tag, text = event.tag, event.value
        value: Any = text
        if tag is None:
            if event.implicit[0]:
                if text == "<<" and self._awaits_key():
                    self.open[-1].key, self.open[-1].key_place = "<<", None
                    return
                value = plain_scalar(text)
        elif tag.startswith(YAML):
            value = self._tagged(tag, text, position)
            tag = None
        if value is None and not self._awaits_key() and not self.allows_null:
            path = self._path()
            self.report(position, f"[{path}] 'null' values are not allowed in templates")
            value = Special.UNKNOWN
        self._put(value, position, tag, event.anchor, 1)

    def open_mapping(self, event: Any) -> None:
        self._start(event, is_mapping=True)

    def open_list(self, event: Any) -> None:
        self._start(event, is_mapping=False)

    def close(self, event: Any) -> None:
        done = self.open.pop()
        members = done.members
        if done.merges:
            members = {}
            for merged in reversed(done.merges):
                members |= merged.value if isinstance(merged.value, dict) else {}
            members |= done.members
        value = members if done.is_mapping else done.items
        tag = done.tag
        if tag is not None and tag.startswith(YAML):
            if tag.removeprefix(YAML) != ("map" if done.is_mapping else "seq"):
                self.report(done.position, f"The tag !!{tag.removeprefix(YAML)} is not supported")
            tag = None
        self._put(value, done.position, tag, done.anchor, done.size)

    def alias(self, event: Any) -> None:
        position = self._position(event)
        known = self.anchors.get(event.anchor)
        if known is None:
            self.report(position, f"Template format error: unknown alias {event.anchor}")
            known = Node(Special.UNKNOWN, position), 1
        node, size = known
        self._put(node.value, position, None, None, size)

    def _start(self, event: Any, *, is_mapping: bool) -> None:
        position = self._position(event)
        if len(self.open) >= MOST_LEVELS:
            raise _TooMuch(position, f"values are nested more than {MOST_LEVELS} levels deep")
        # An alias inside of what it stands for has nothing to stand for yet.
        self.anchors.pop(event.anchor, None)
        self.open.append(_Open(event, position, is_mapping=is_mapping))

    def _put(self, value: Any, position: Position, tag: str | None, anchor: str | None, size: int) -> None:
        """Hand a value that is complete to the object or list around it."""
        around = self.open[-1] if self.open else None
        key_place = around.key_place if around is not None else None
        if tag is not None and tag != "!":
            function = TAGS.get(tag)
            if function is None:
                self.report(position, f"Unknown tag {tag}{did_you_mean(tag, TAGS)}")
                value = Special.UNKNOWN
            else:
                value = {function: Node(value, position, position)}
                size += 1
        if around is not None and around.is_mapping and around.key is None:
            self._name(around, value, position)
            return
        node = Node(value, position, key_place)
        if anchor is not None:
            self.anchors[anchor] = node, size
        if around is None:
            self.root = node
            return
        around.size += size
        if around.size > MOST_VALUES:
            raise _TooMuch(position, f"the template holds more than {MOST_VALUES} values")
        if not around.is_mapping:
            around.items.append(node)
            return
        key, around.key, around.key_place = around.key, None, None
        assert key is not None
        if key is _FAULTY:
            return
        if key == "<<" and key_place is None:
            self._merge(around, node)
        elif key in around.members:
            first = around.members[key].place.line
            where = position if key_place is None else key_place
            self.report(where, f"Duplicate key {key}; it stands on line {first} already")
        else:
            around.members[key] = node

    def _name(self, around: _Open, value: Any, position: Position) -> None:
        if not isinstance(value, str):
            if value is not Special.UNKNOWN:
                message = f"[{self._path()}] map keys must be strings; received {_kind(value)} instead"
                quotes = "" if isinstance(value, dict | list) else "; put it in quotes"
                self.report(position, f"Template format error: {message}{quotes}")
            value = _FAULTY
        around.key, around.key_place = value, position

    def _merge(self, around: _Open, node: Node) -> None:
        merged = node.value if isinstance(node.value, list) else [node]
        if all(isinstance(member.value, dict) for member in merged):
            around.merges.extend(merged)
        else:
            self.report(node.position, "Template format error: << takes an object or a list of objects")

    def _tagged(self, tag: str, text: str, position: Position) -> Any:
        """Give the value of a scalar with a tag of YAML's own."""
        name = tag.removeprefix(YAML)
        if name == "str":
            return text
        value = plain_scalar(text)
        if name not in _TAGGED:
            self.report(position, f"The tag !!{name} is not supported")
        elif not isinstance(value, _TAGGED[name]):
            self.report(position, f"Template format error: {text!r} is no !!{name}")
        else:
            return value
        return Special.UNKNOWN

    def _awaits_key(self) -> bool:
        return bool(self.open) and self.open[-1].is_mapping and self.open[-1].key is None

    def _position(self, event: Any) -> Position:
        mark = event.start_mark
        return Position(self.file, mark.line + 1, mark.column + 1)

    def _path(self) -> str:
        parts = [opened.key if opened.is_mapping else str(len(opened.items)) for opened in self.open]
        return "/" + "/".join(part for part in parts if part is not None)


# The name of a member that is left out; told from a name that is written so by its identity.
_FAULTY = "(faulty)"


def _kind(value: Any) -> str:
    match value:
        case bool():
            return f"boolean [{str(value).lower()}]"
        case int() | float():
            return f"numeric [{value}]"
        case None:
            return "null"
        case _:
            return "a map" if isinstance(value, dict) else "a list"


_TAGGED: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}

# Scalars of YAML 1.1 (https://yaml.org/type/), without timestamps and what JSON cannot write (.inf, .nan).
_WORDS: dict[str, bool | None] = {
    **{spelling: True for word in ("yes", "true", "on") for spelling in (word, word.title(), word.upper())},
    **{spelling: False for word in ("no", "false", "off") for spelling in (word, word.title(), word.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0b(?P<binary>[01_]+)|0x(?P<hexadecimal>[0-9a-fA-F_]+)|0(?P<octal>[0-7_]+)"
    r"|(?P<decimal>0|[1-9][0-9_]*)|(?P<sexagesimal>[1-9][0-9_]*(?::[0-5]?[0-9])+))"
)
_BASES = {"binary": 2, "octal": 8, "decimal": 10, "hexadecimal": 16}
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)")


def plain_scalar(text: str) -> str | int | float | bool | None:
    """Give the value of a scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS or len(text) > 64:
        return text
    if found := _INTEGER.fullmatch(text):
        number = _integer(found)
        return text if number is None else number
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        return text if number in (float("inf"), float("-inf")) else number
    return text


def _integer(found: re.Match[str]) -> int | float | None:
    kind = found.lastgroup or "decimal"
    digits = found[kind].replace("_", "")
    if not digits:
        return None
    if kind == "sexagesimal":
        number = 0
        for part in digits.split(":"):
            number = number * 60 + int(part)
    else:
        number = int(digits, _BASES[kind])
    if found["sign"] == "-":
        number = -number
    return number if -(2**63) <= number < 2**64 else float(number)


_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
"""Of JSON; YAML allows no tabs there, and libyaml alone overlooks them."""
_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL)


def _joined(escape: re.Match[str]) -> str:
    """Write the two escapes that JSON needs for a character beyond 16 bits as the one that YAML has."""
    if escape[1] is None:
        return escape[0]
    return f"\\U{0x10000 + ((int(escape[1], 16) - 0xD800) << 10) + int(escape[2], 16) - 0xDC00:08x}"


def _position_at(text: str, index: int, file: str) -> Position:
    before = text[:index]
    return Position(file, before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)
