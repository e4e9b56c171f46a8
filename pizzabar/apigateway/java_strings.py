"""
The methods of Java's strings.

Pure.
https://docs.oracle.com/javase/8/docs/api/java/lang/String.html
"""

from typing import Any

from pizzabar.apigateway import java_format, java_regex
from pizzabar.apigateway.java_objects import ANY, Methods, Overload, overload
from pizzabar.apigateway.java_text import MAX_TEXT, JavaException, check_length, to_text

MAX_ARGUMENTS = 20
"""Arguments that a format may have."""


def _substring(text: str, begin: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= begin <= last <= len(text):
        raise JavaException(
            "java.lang.StringIndexOutOfBoundsException", f"begin {begin}, end {last}, length {len(text)}"
        )
    return text[begin:last]


def _char_at(text: str, index: int) -> str:
    if not 0 <= index < len(text):
        raise JavaException("java.lang.StringIndexOutOfBoundsException", f"index {index}, length {len(text)}")
    return text[index]


def _replace(text: str, old: str, new: str) -> str:
    if len(new) > len(old) and len(text) * (len(new) + 1) > MAX_TEXT:
        check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _concat(text: str, other: str) -> str:
    check_length(len(text) + len(other))
    return text + other


def _repeat(text: str, count: int) -> str:
    if count < 0:
        raise JavaException("java.lang.IllegalArgumentException", f"count is negative: {count}")
    check_length(len(text) * count)
    return text * count


def _join(_: object, separator: str, items: list[Any]) -> str:
    texts = [to_text(item) for item in items]
    check_length(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _compare(left: str, right: str) -> int:
    for one, other in zip(left, right, strict=False):
        if one != other:
            return ord(one) - ord(other)
    return len(left) - len(right)


def _region_matches(text: str, start: int, other: str, other_start: int, length: int) -> bool:
    if min(start, other_start) < 0 or max(start + length - len(text), other_start + length - len(other)) > 0:
        return False
    return length <= 0 or text[start : start + length] == other[other_start : other_start + length]


# Velocity gathers what is left of the arguments for a method that takes any number of them.
_FORMAT: tuple[Overload, ...] = tuple(
    Overload(lambda _, pattern, *arguments: java_format.format_text(pattern, *arguments), (str, *[object] * count))
    for count in range(MAX_ARGUMENTS + 1)
)

STRINGS: Methods = ANY | {
    "format": _FORMAT,
    "charAt": overload(_char_at, int),
    "codePointAt": overload(lambda text, index: ord(_char_at(text, index)), int),
    "compareTo": overload(_compare, str),
    "compareToIgnoreCase": overload(lambda text, other: _compare(text.lower(), other.lower()), str),
    "concat": overload(_concat, str),
    "contains": overload(lambda text, part: part in text, str),
    "endsWith": overload(lambda text, suffix: text.endswith(suffix), str),
    "equalsIgnoreCase": overload(
        lambda text, other: isinstance(other, str) and text.lower() == other.lower(), object
    ),
    "intern": overload(lambda text: text),
    "contentEquals": overload(lambda text, other: text == other, str),
    "regionMatches": overload(_region_matches, int, str, int, int),
    "indexOf": overload(lambda text, part: text.find(part), str)
    + overload(lambda text, part, start: text.find(part, max(start, 0)), str, int),
    "isBlank": overload(lambda text: not text.strip()),
    "isEmpty": overload(lambda text: not text),
    "join": overload(_join, str, list),
    "lastIndexOf": overload(lambda text, part: text.rfind(part), str)
    + overload(lambda text, part, start: text.rfind(part, 0, start + len(part)) if start >= 0 else -1, str, int),
    "length": overload(len),
    "matches": overload(java_regex.matches, str),
    "repeat": overload(_repeat, int),
    "replace": overload(_replace, str, str),
    "replaceAll": overload(java_regex.replace_all, str, str),
    "replaceFirst": overload(java_regex.replace_first, str, str),
    "split": overload(java_regex.split, str) + overload(java_regex.split, str, int),
    "startsWith": overload(lambda text, prefix: text.startswith(prefix), str)
    + overload(lambda text, prefix, start: start >= 0 and text.startswith(prefix, start), str, int),
    "strip": overload(lambda text: text.strip()),
    "subSequence": overload(_substring, int, int),
    "substring": overload(_substring, int) + overload(_substring, int, int),
    "toCharArray": overload(list),
    "toLowerCase": overload(lambda text: text.lower()),
    "toUpperCase": overload(lambda text: text.upper()),
    # Java trims everything up to the blank.
    "trim": overload(lambda text: text.strip("".join(map(chr, range(33))))),
    "valueOf": overload(lambda _, value: to_text(value), object),
}
