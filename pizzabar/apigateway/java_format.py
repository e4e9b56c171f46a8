"""
``String.format``: Java's format strings.

Pure. Conversions of strings, booleans, characters and numbers; dates and times are refused by name.
https://docs.oracle.com/javase/8/docs/api/java/util/Formatter.html#syntax
"""

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal

from pizzabar.apigateway.java_text import JavaException, check_length, to_text, type_name

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(<]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")

MAX_WIDTH = 10_000
"""Characters that one conversion may be widened to."""

_CONTEXT = Context(prec=MAX_WIDTH + 400)


def format_text(pattern: str, *arguments: object) -> str:
    """Format. Raise ``JavaException`` as Java does, or for what is not supported."""
    parts: list[str] = []
    following = iter(range(len(arguments)))
    position = 0
    last = 0
    for specifier in _SPECIFIER.finditer(pattern):
        parts.append(_plain(pattern[position : specifier.start()]))
        position = specifier.end()
        flags, letter = specifier[2], specifier[5]
        if letter in "%n":
            parts.append(_pad("%" if letter == "%" else "\n", flags, specifier))
            continue
        last = int(specifier[1]) - 1 if specifier[1] else last if "<" in flags else _next(following, specifier[0])
        if not 0 <= last < len(arguments):
            raise JavaException("java.util.MissingFormatArgumentException", f"Format specifier '{specifier[0]}'")
        parts.append(_pad(_convert(arguments[last], letter, flags, specifier), flags, specifier))
    parts.append(_plain(pattern[position:]))
    check_length(sum(map(len, parts)))
    return "".join(parts)


def _next(following: Iterator[int], specifier: str) -> int:
    try:
        return next(following)
    except StopIteration:
        raise JavaException("java.util.MissingFormatArgumentException", f"Format specifier '{specifier}'") from None


def _plain(text: str) -> str:
    if "%" in text:
        after = text[text.index("%") + 1 :][:1] or "%"
        raise JavaException("java.util.UnknownFormatConversionException", f"Conversion = '{after}'")
    return text


def _pad(text: str, flags: str, specifier: re.Match[str]) -> str:
    width = int((specifier[3] or "0")[:9])
    if width > MAX_WIDTH:
        raise JavaException("java.lang.OutOfMemoryError", f"a conversion may be at most {MAX_WIDTH} wide")
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and specifier[5] in "dxXfeEo":
        sign = text[:1] if text[:1] in ("-", "+", " ") else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _convert(value: object, letter: str, flags: str, specifier: re.Match[str]) -> str:
    precision = int(specifier[4][:9]) if specifier[4] else None
    if precision is not None and precision > MAX_WIDTH:
        raise JavaException("java.lang.OutOfMemoryError", f"a conversion may be at most {MAX_WIDTH} wide")
    match letter:
        case "s" | "S" | "b" | "B":
            is_true = value is not None and value is not False
            text = to_text(value) if letter in "sS" else "true" if is_true else "false"
            text = text[:precision]
            return text.upper() if letter.isupper() else text
        case _ if value is None:
            return "null"
        case "c" if isinstance(value, str) and len(value) == 1:
            return value
        case "d" if type(value) is int:
            return _signed(f"{value:,d}" if "," in flags else str(value), flags)
        case "x" | "X" | "o" if type(value) is int:
            # A negative number is that of its two's complement: of 32 bits, or of 64 if it needs them.
            bits = value if value >= 0 else value + (1 << (32 if value >= -(1 << 31) else 64))
            return format(bits, letter)
        case "f" if isinstance(value, float):
            places = 6 if precision is None else precision
            if value - value != 0:
                return to_text(value)
            number = Decimal(repr(value)).quantize(Decimal((0, (1,), -places)), ROUND_HALF_UP, _CONTEXT)
            return _signed(format(number, ",f" if "," in flags else "f"), flags)
        case "e" | "E" if isinstance(value, float):
            return _signed(format(value, f".{6 if precision is None else precision}{letter}"), flags)
        case "d" | "x" | "X" | "o" | "f" | "e" | "E" | "c":
            raise JavaException("java.util.IllegalFormatConversionException", f"{letter} != {type_name(value)}")
        case _:
            raise JavaException(
                "java.lang.UnsupportedOperationException", f"the conversion {specifier[0]} is not supported"
            )


def _signed(text: str, flags: str) -> str:
    if text.startswith("-"):
        return f"({text[1:]})" if "(" in flags else text
    return ("+" if "+" in flags else " " if " " in flags else "") + text
