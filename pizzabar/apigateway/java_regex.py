"""
Java's regular expressions and replacements, in Python's.

Pure. What Java has and Python has not (character class operations, some anchors) is refused by name.
https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html
"""

import re
from functools import lru_cache

from pizzabar.apigateway.java_text import MAX_TEXT, JavaException, check_length

# Without \p classes Python's \d, \s, \w and \b are Java's only in ASCII mode.
_FLAGS = re.ASCII

_POSIX_CLASSES: dict[str, str] = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": r" \t\n\x0b\f\r",
}

_ESCAPES: dict[str, str] = {
    "e": r"\x1b",
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
    "h": r"[ \t\xa0]",
    "R": r"(?:\r\n|[\n\x0b\f\r])",
}

_SUPPORTED_LETTERS = frozenset("dDsSwWbBAtnrfx")


@lru_cache(maxsize=512)
def compile_regex(pattern: str) -> re.Pattern[str]:
    """Translate and compile a pattern. Raise ``JavaException`` when it is none, or not supported."""
    try:
        return re.compile(_translate(pattern), _FLAGS)
    except (re.error, OverflowError, RecursionError) as error:
        raise JavaException("java.util.regex.PatternSyntaxException", f"{error} in {pattern}") from None


def replace_all(text: str, pattern: str, replacement: str) -> str:
    """``String.replaceAll``"""
    return _replace(text, pattern, replacement, 0)


def replace_first(text: str, pattern: str, replacement: str) -> str:
    """``String.replaceFirst``"""
    return _replace(text, pattern, replacement, 1)


def matches(text: str, pattern: str) -> bool:
    """``String.matches``: whether the whole text is a match."""
    return compile_regex(pattern).fullmatch(text) is not None


def split(text: str, pattern: str, limit: int = 0) -> list[str]:
    """``String.split``: without a limit, empty texts at the end are left out."""
    parts: list[str] = []
    position = 0
    for match in compile_regex(pattern).finditer(text):
        if 0 < limit <= len(parts) + 1:
            break
        # Since Java 8 an empty match at the start splits nothing off.
        if match.end() == 0 or (match.start() == match.end() == len(text)):
            continue
        parts.append(text[position : match.start()])
        position = match.end()
    if not parts:
        return [text]
    parts.append(text[position:])
    if limit == 0:
        while parts and not parts[-1]:
            parts.pop()
    return parts


def _replace(text: str, pattern: str, replacement: str, count: int) -> str:
    regex = compile_regex(pattern)
    template = _compile_replacement(replacement, regex)
    if isinstance(template, str):
        if (len(text) + 1) * (len(template) + 1) > MAX_TEXT:
            check_length(len(text) + len(template) * sum(1 for _ in regex.finditer(text)))
        # A text without backslashes is no template in Python's eyes; others are handed over as they are.
        return regex.sub(template if "\\" not in template else lambda match: template, text, count=count)
    length = len(text)

    def substitute(match: re.Match[str]) -> str:
        nonlocal length
        piece = "".join(part if isinstance(part, str) else match[part] or "" for part in template)
        length += len(piece)
        check_length(length)
        return piece

    return regex.sub(substitute, text, count=count)


@lru_cache(maxsize=512)
def _compile_replacement(replacement: str, regex: re.Pattern[str]) -> str | tuple[str | int, ...]:
    """Read a replacement: ``$n`` and ``${name}`` are groups, a backslash takes the next character as it is.

    https://docs.oracle.com/javase/8/docs/api/java/util/regex/Matcher.html#appendReplacement-java.lang.StringBuffer-java.lang.String-
    """
    if "$" not in replacement and "\\" not in replacement:
        return replacement
    parts: list[str | int] = []
    position = 0
    while position < len(replacement):
        character = replacement[position]
        position += 1
        if character == "\\":
            if position == len(replacement):
                raise JavaException("java.lang.IllegalArgumentException", "character to be escaped is missing")
            parts.append(replacement[position])
            position += 1
        elif character == "$":
            group, position = _group(replacement, position, regex)
            parts.append(group)
        else:
            parts.append(character)
    if all(isinstance(part, str) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))
    return tuple(parts)


def _group(replacement: str, position: int, regex: re.Pattern[str]) -> tuple[int, int]:
    named = re.compile(r"\{([a-zA-Z][a-zA-Z0-9]*)\}").match(replacement, position)
    if named is not None:
        if named[1] not in regex.groupindex:
            raise JavaException("java.lang.IllegalArgumentException", f"No group with name {{{named[1]}}}")
        return regex.groupindex[named[1]], named.end()
    first = replacement[position : position + 1]
    if not first or first not in "0123456789":
        raise JavaException("java.lang.IllegalArgumentException", "Illegal group reference")
    group = int(first)
    if group > regex.groups:
        raise JavaException("java.lang.IndexOutOfBoundsException", f"No group {group}")
    position += 1
    # Further digits belong to the group only while there is such a group.
    while (digit := replacement[position : position + 1]) and digit in "0123456789":
        if group * 10 + int(digit) > regex.groups:
            break
        group = group * 10 + int(digit)
        position += 1
    return group, position


def _translate(pattern: str) -> str:
    """Write a Java pattern as Python reads it."""
    result: list[str] = []
    position = 0
    in_class = False
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            piece, position = _escape(pattern, position, in_class=in_class)
            result.append(piece)
            continue
        position += 1
        if in_class:
            if character == "]":
                in_class = False
            elif character == "[" or pattern.startswith("&&", position - 1):
                raise re.error("unions and intersections of character classes are not supported")
            # Python keeps these for set operations to come.
            is_reserved = character in "|~&" or (character == "-" and result[-1].endswith("-"))
            result.append("\\" + character if is_reserved else character)
        elif character == "[":
            in_class = True
            negation = "^" if pattern.startswith("^", position) else ""
            position += len(negation)
            result.append("[" + negation)
            # Python takes a bracket that comes first as itself, as Java does in none but this place.
            if pattern.startswith("]", position):
                result.append(r"\]")
                position += 1
        elif character == "$":
            result.append(r"(?=\n?\Z)")
        elif pattern.startswith("(?<", position - 1) and pattern[position + 2 : position + 3].isalpha():
            result.append("(?P<")
            position += 2
        else:
            result.append(character)
    return "".join(result)


def _escape(pattern: str, position: int, *, in_class: bool) -> tuple[str, int]:
    """Translate what a backslash begins; tell where it ends."""
    letter = pattern[position + 1 : position + 2]
    if not letter:
        raise re.error("Unexpected internal error")
    if letter == "Q":
        end = pattern.find("\\E", position + 2)
        quoted = pattern[position + 2 : end if end >= 0 else len(pattern)]
        return re.escape(quoted), end + 2 if end >= 0 else len(pattern)
    if letter in "pP":
        name = re.compile(r"\{(?:Is)?(\w+)\}").match(pattern, position + 2)
        if name is None or name[1] not in _POSIX_CLASSES:
            raise re.error(f"{pattern[position : position + 12]} is not supported")
        members = _POSIX_CLASSES[name[1]]
        if in_class and letter == "P":
            raise re.error("a negated class within a class is not supported")
        return (members if in_class else f"[{'^' if letter == 'P' else ''}{members}]"), name.end()
    if letter == "u":
        digits = re.compile(r"[0-9a-fA-F]{4}").match(pattern, position + 2)
        if digits is None:
            raise re.error("Illegal Unicode escape sequence")
        return re.escape(chr(int(digits[0], 16))), position + 6
    if letter == "k":
        name = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)>").match(pattern, position + 2)
        if name is None:
            raise re.error(r"\k is not followed by '<' for named capturing group")
        return f"(?P={name[1]})", name.end()
    if letter in _ESCAPES and not in_class:
        return _ESCAPES[letter], position + 2
    if letter.isalpha() and letter.isascii() and letter not in _SUPPORTED_LETTERS:
        raise re.error(f"\\{letter} is not supported")
    if letter.isalnum() and letter.isascii():
        return "\\" + letter, position + 2
    return re.escape(letter), position + 2
