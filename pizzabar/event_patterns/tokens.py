"""
Tokens of a JSON text, in the words and with the places of the parser that AWS reads event patterns with.

Pure. That parser is lazy in two ways that show in the places it tells. Of a string it has read no more than the
opening quote until somebody asks for its text; and with the name of a field it has read the beginning of the value
already. So a token has two places: where the parser is when the token is the current one, and where it is when the
text has been asked for. A fault lies at the end of the tokens before it, and is met when they have been read.

What follows the end of the first value is not read, as on AWS; ``Cursor.rest`` tells where it begins.
"""

import re
import unicodedata
from typing import NamedTuple, NoReturn

from pizzabar.documents import JSON
from pizzabar.event_patterns.place import source_at

MAX_DEPTH = 1_000
"""Levels of objects and arrays that are read."""

MAX_TOLD = 256
"""Characters of an unknown word that are told."""

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "/": "/", "\\": "\\"}
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_LITERALS: dict[str, JSON] = {"true": True, "false": False, "null": None}
_WORDS = {"t": "true", "f": "false", "n": "null", "N": "NaN", "I": "Infinity"}
_PLUS = (
    "JSON spec does not allow numbers to have plus signs: enable "
    "`JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow"
)
_NOT_A_NUMBER = "enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
_COMMENT = (
    "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)"
)
_IDENTIFIERS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Nd", "Sc", "Pc", "Mc", "Mn", "Cf"})


class Stop(Exception):
    """Raised when a text is not JSON: why, where if the parser tells, and where the parser is afterwards."""

    def __init__(self, reason: str, place: int | None, after: int | None = None) -> None:
        self.reason = reason
        self.place = place
        self.after = place if after is None else after
        super().__init__(reason)


def fault_in(text: str) -> str | None:
    """Show the place at which a text stops being JSON; None if it is JSON."""
    try:
        _Scanner(text).run()
    except Stop as stop:
        return source_at(text, len(text) if stop.after is None else stop.after)
    return None


class Token(NamedTuple):
    """A piece of JSON text.

    ``kind`` is one of ``{ } [ ]``, "name", "string", "number", "literal"; ``text`` is the name, the string, or what
    is written. ``place`` and ``after`` are offsets in the whole text.
    """

    kind: str
    text: str
    place: int
    after: int


class Cursor:
    """A way through the tokens of a text, with the place that the parser is at."""

    def __init__(self, text: str) -> None:
        scanner = _Scanner(text)
        self._stop: Stop | None = None
        try:
            scanner.run()
        except Stop as stop:
            self._stop = stop
        self._text = text
        self._tokens = scanner.tokens
        self._ends = scanner.ends
        self._is_asked = False
        self.at = -1

    def next(self) -> str:
        """Step to the next token and give its kind, none at the end. Raise ``Stop`` when there is a fault instead."""
        if self.at >= 0 and self._tokens[self.at].after < 0:
            self._fail()
        self.at += 1
        self._is_asked = False
        if self.at < len(self._tokens):
            return self._tokens[self.at].kind
        if self._stop is not None:
            self._fail()
        return ""

    @property
    def kind(self) -> str:
        """The kind of the token."""
        return self._tokens[self.at].kind

    def text(self) -> str:
        """Ask for the text of the token. Raise ``Stop`` when it is a string with a fault."""
        self._is_asked = True
        if self._tokens[self.at].after < 0:
            self._fail()
        return self._tokens[self.at].text

    @property
    def place(self) -> int:
        """Where the parser is."""
        if self.at == len(self._tokens):
            return len(self._text)
        token = self._tokens[self.at]
        return token.after if self._is_asked else token.place

    def rest(self) -> int | None:
        """Tell where what follows the value begins, once all of it has been read; None if nothing does."""
        start = self._tokens[-1].after
        blank = _SPACE.match(self._text, start)
        assert blank is not None
        return None if blank.end() == len(self._text) else blank.end()

    def go_to_end(self, of: int) -> None:
        """Step to the end of the value that a token begins. Raise ``Stop`` when there is a fault before it."""
        if self._tokens[of].kind in ("{", "["):
            if of not in self._ends:
                self._fail()
            of = self._ends[of]
        self.at, self._is_asked = of, False

    def value(self, start: int) -> JSON:
        """Give the value that a token begins; the whole of it must have been read."""
        return self._value(start)[0]

    def _value(self, at: int) -> tuple[JSON, int]:
        token = self._tokens[at]
        at += 1
        if token.kind == "[":
            members: list[JSON] = []
            while self._tokens[at].kind != "]":
                member, at = self._value(at)
                members.append(member)
            return members, at + 1
        if token.kind == "{":
            fields: dict[str, JSON] = {}
            while self._tokens[at].kind != "}":
                name = self._tokens[at].text
                fields[name], at = self._value(at + 1)
            return fields, at + 1
        if token.kind == "literal":
            return _LITERALS[token.text], at
        if token.kind == "number":
            return int(token.text) if token.text.lstrip("-").isdigit() else float(token.text), at
        return token.text, at

    def _fail(self) -> NoReturn:
        assert self._stop is not None
        raise self._stop


class _Scanner:
    def __init__(self, text: str) -> None:
        self.tokens: list[Token] = []
        self.ends: dict[int, int] = {}
        self._text = text
        self._at = 0
        self._open: list[tuple[int, int]] = []

    def run(self) -> None:
        character = self._next()
        if not character:
            return
        self._value(character, name=None)
        is_first = True
        while self._open:
            opening, start = self._open[-1]
            is_object = self.tokens[opening].kind == "{"
            character = self._next()
            if not character:
                self._stop_at_end(
                    f": expected close marker for {_kind(is_object)} (start marker at {source_at(self._text, start)})"
                )
            if character in "]}":
                self._close(character, opening, start, is_object)
                is_first = False
                continue
            if not is_first:
                if character != ",":
                    self._unexpected(character, f"was expecting comma to separate {_kind(is_object)} entries")
                character = self._next()
                if not character:
                    self._stop_at_end(f" within/between {_kind(is_object)} entries")
            name = None
            if is_object:
                if character != '"':
                    self._unexpected(character, "was expecting double-quote to start field name")
                name = self._string("name", " in field name")
                character = self._colon()
            depth = len(self._open)
            self._value(character, name)
            is_first = len(self._open) > depth

    def _next(self) -> str:
        """Step over blanks and read a character; give an empty text at the end."""
        match = _SPACE.match(self._text, self._at)
        assert match is not None
        at = match.end()
        if at == len(self._text):
            self._at = at
            return ""
        self._at = at + 1
        character = self._text[at]
        if character < " ":
            told = "only regular white space (\\r, \\n, \\t) is allowed between tokens"
            raise Stop(f"Illegal character ({_describe(character)}): {told}", at, at + 1)
        if character == "/":
            self._unexpected(character, _COMMENT)
        return character

    def _colon(self) -> str:
        character = self._next()
        if character and character != ":":
            self._unexpected(character, "was expecting a colon to separate field name and value")
        if character:
            character = self._next()
        if not character:
            self._stop_at_end(" within/between Object entries")
        return character

    def _close(self, character: str, opening: int, start: int, is_object: bool) -> None:
        if (character == "}") is not is_object:
            wanted = "}" if is_object else "]"
            where = f"(for {_kind(is_object)} starting at {source_at(self._text, start)})"
            raise Stop(f"Unexpected close marker '{character}': expected '{wanted}' {where}", self._at - 1, self._at)
        self._open.pop()
        self.ends[opening] = len(self.tokens)
        self.tokens.append(Token(character, character, self._at, self._at))

    def _value(self, character: str, name: str | None) -> None:
        """Read a value that begins with a character, or its opening, and with it the name before it."""
        start = self._at - 1
        fault: Stop | None = None
        if character in "{[":
            token = Token(character, character, self._at, self._at)
        elif character == '"':
            place = self._at
            try:
                text = self._string("string value", ": was expecting closing quote for a string value")
            except Stop as stop:
                # The fault is inside the string, so it is met when the text is asked for, or stepped over.
                token, fault = Token("string", "", place, -1), stop
            else:
                token = Token("string", text, place, self._at)
        elif character == "-" or "0" <= character <= "9":
            text = self._number(start)
            token = Token("number", text, self._at, self._at)
        else:
            text = self._word(character)
            token = Token("literal", text, self._at, self._at)
        if name is not None:
            self.tokens.append(Token("name", name, token.place, token.place))
        if character in "{[":
            self._open.append((len(self.tokens), start))
            if len(self._open) > MAX_DEPTH:
                raise Stop(
                    f"Document nesting depth ({len(self._open)}) exceeds the maximum allowed ({MAX_DEPTH}, from "
                    "`StreamReadConstraints.getMaxNestingDepth()`)",
                    None,
                )
        self.tokens.append(token)
        if fault is not None:
            raise fault

    def _string(self, what: str, at_end: str) -> str:
        """Read on from after an opening quote to after the closing one."""
        parts: list[str] = []
        while True:
            match = _PLAIN.match(self._text, self._at)
            assert match is not None
            parts.append(match.group())
            self._at = match.end()
            if self._at == len(self._text):
                self._stop_at_end(at_end)
            character = self._text[self._at]
            self._at += 1
            if character == '"':
                return _joined(parts)
            if character != "\\":
                told = f"has to be escaped using backslash to be included in {what}"
                raise Stop(f"Illegal unquoted character ({_describe(character)}): {told}", self._at - 1, self._at)
            parts.append(self._escape())

    def _escape(self) -> str:
        character = self._after_backslash()
        if character in _ESCAPES:
            return _ESCAPES[character]
        if character != "u":
            raise Stop(f"Unrecognized character escape {_describe(character)}", self._at - 1, self._at)
        code = 0
        for _ in range(4):
            digit = self._after_backslash()
            if digit not in "0123456789abcdefABCDEF":
                self._unexpected(digit, "expected a hex-digit for character escape sequence")
            code = code << 4 | int(digit, 16)
        return chr(code)

    def _after_backslash(self) -> str:
        if self._at == len(self._text):
            self._stop_at_end(" in character escape sequence")
        self._at += 1
        return self._text[self._at - 1]

    def _number(self, start: int) -> str:
        text = self._text
        match = _NUMBER.match(text, start)
        if match is None:
            if start + 1 == len(text):
                self._at = len(text)
                self._stop_at_end("No digit following minus sign")
            self._not_in_number(start + 1, "expected digit (0-9) to follow minus sign, for valid numeric value")
        end = self._at = match.end()
        following = text[end : end + 1]
        if match.group().lstrip("-") == "0" and "0" <= following <= "9":
            raise Stop("Invalid numeric value: Leading zeroes not allowed", end)
        if following == "." and not {".", "e", "E"} & set(match.group()):
            self._not_in_number(end + 1, "Decimal point not followed by a digit")
        if following in ("e", "E") and not {"e", "E"} & set(match.group()):
            sign = text[end + 1 : end + 2] in ("+", "-")
            if end + 1 + sign == len(text):
                self._at = len(text)
                self._stop_at_end("expected a digit for number exponent")
            self._not_in_number(end + 1 + sign, "Exponent indicator not followed by a digit")
        return match.group()

    def _not_in_number(self, at: int, comment: str) -> NoReturn:
        # At the end of the text the parser still holds the character before it.
        character = self._text[at] if at < len(self._text) else self._text[-1]
        raise Stop(f"Unexpected character ({_describe(character)}) in numeric value: {comment}", at, at + 1)

    def _word(self, character: str) -> str:
        word = _WORDS.get(character)
        if word is not None:
            matched = 1
            while matched < len(word) and self._text[self._at : self._at + 1] == word[matched]:
                matched += 1
                self._at += 1
            if matched < len(word) or _is_identifier(self._text[self._at : self._at + 1]):
                self._unknown(word[:matched])
            if character in "NI":
                raise Stop(f"Non-standard token '{word}': {_NOT_A_NUMBER}", self._at)
            return word
        if character == "+":
            if self._at == len(self._text):
                self._stop_at_end(" in a Number value")
            raise Stop(f"Unexpected character ('+' (code 43)) in numeric value: {_PLUS}", self._at, self._at + 1)
        if character == "}":
            self._unexpected(character, "expected a value")
        if _is_identifier(character) and not character.isdigit():
            self._unknown(character)
        return self._unexpected(character, f"expected a valid value {_VALUES}")

    def _unknown(self, word: str) -> NoReturn:
        while len(word) < MAX_TOLD and _is_identifier(self._text[self._at : self._at + 1]):
            word += self._text[self._at]
            self._at += 1
        told = f"{word}..." if len(word) >= MAX_TOLD else word
        raise Stop(f"Unrecognized token '{told}': was expecting {_VALUES}", self._at)

    def _unexpected(self, character: str, comment: str) -> NoReturn:
        raise Stop(f"Unexpected character ({_describe(character)}): {comment}", self._at - 1, self._at)

    def _stop_at_end(self, what: str) -> NoReturn:
        raise Stop(f"Unexpected end-of-input{what}", len(self._text))


def _kind(is_object: bool) -> str:
    return "Object" if is_object else "Array"


def _describe(character: str) -> str:
    code = ord(character)
    if unicodedata.category(character) == "Cc":
        return f"(CTRL-CHAR, code {code})"
    return f"'{character}' (code {code} / 0x{code:x})" if code > 255 else f"'{character}' (code {code})"


def _is_identifier(character: str) -> bool:
    """Whether a character could be a part of a name in Java, which is how far an unknown word is told."""
    return bool(character) and unicodedata.category(character) in _IDENTIFIERS


def _joined(parts: list[str]) -> str:
    """Put the parts of a string together; two halves of a character make one."""
    text = "".join(parts)
    if len(parts) > 1 and any("\ud800" <= part <= "\udfff" for part in parts if len(part) == 1):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text
