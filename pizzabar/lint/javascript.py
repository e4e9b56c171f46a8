"""
JavaScript, read to tokens: enough to tell names from texts and comments.

Pure. A text or a regular expression is one token; a template literal is a token that holds those of its
substitutions. Where a slash may begin a regular expression or divide, the token before it decides; what does not end
on its line divides.
https://tc39.es/ecma262/#sec-ecmascript-language-lexical-grammar
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from pizzabar.record import record

Kind = Literal["word", "text", "template", "number", "regex", "mark"]


@record
class Token:
    """A piece of a program and where it begins; ``text`` of a text is its value without the quotes."""

    kind: Kind
    text: str
    offset: int
    substitutions: tuple[tuple["Token", ...], ...] = ()


_TOKEN = re.compile(
    r"(?P<blank>\s+|//[^\n]*|/\*.*?(?:\*/|\Z)|\A#![^\n]*)"
    r"|(?P<word>[#@]?[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?)"
    r"|(?P<mark>=>|===|!==|==|!=|<=|>=|\?\?=?|\?\.(?!\d)|\|\|=?|&&=?|\*\*|\+\+|--|\.\.\.|[-+*/%]=|.)",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?![*/])(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[A-Za-z]*")
_BEFORE_REGEX = frozenset(
    {"return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "await", "yield"}
)
_ENDS_VALUE = frozenset({")", "]"})


def tokens(program: str) -> tuple[Token, ...]:
    """Read a program. What is no JavaScript gives some tokens or other."""
    found, _ = _read(program, 0, is_substitution=False)
    return tuple(found)


def _read(program: str, start: int, *, is_substitution: bool) -> tuple[list[Token], int]:
    """Read up to the end, or to the brace that ends a substitution; give where that is."""
    found: list[Token] = []
    at, depth = start, 0
    while at < len(program):
        if program[at] == "`":
            token, at = _template(program, at)
            found.append(token)
            continue
        if program[at] == "/" and _may_be_regex(found) and (regex := _REGEX.match(program, at)):
            found.append(Token("regex", regex[0], at))
            at = regex.end()
            continue
        match = _TOKEN.match(program, at)
        assert match is not None
        text = match[0]
        if is_substitution and text == "}" and depth == 0:
            return found, at
        depth += (text == "{") - (text == "}")
        match match.lastgroup:
            case "word":
                found.append(Token("word", text, at))
            case "number":
                found.append(Token("number", text, at))
            case "text":
                found.append(Token("text", _unquoted(text), at))
            case "mark":
                found.append(Token("mark", text, at))
            case _:
                pass
        at = match.end()
    return found, at


def _template(program: str, start: int) -> tuple[Token, int]:
    """Read a template literal."""
    at = start + 1
    parts: list[tuple[Token, ...]] = []
    while at < len(program) and program[at] != "`":
        if program[at] == "\\":
            at += 2
        elif program.startswith("${", at):
            inside, at = _read(program, at + 2, is_substitution=True)
            parts.append(tuple(inside))
            at += 1
        else:
            at += 1
    return Token("template", program[start + 1 : at], start, tuple(parts)), at + 1


def _may_be_regex(before: Sequence[Token]) -> bool:
    if not before:
        return True
    last = before[-1]
    if last.kind == "word":
        return last.text in _BEFORE_REGEX
    return last.kind == "mark" and last.text not in _ENDS_VALUE


def _unquoted(text: str) -> str:
    inside = text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]
    return re.sub(r"\\(.)", r"\1", inside, flags=re.DOTALL)


def flat(program: Sequence[Token]) -> Iterator[Token]:
    """Go through tokens, those of template literals among them."""
    for token in program:
        yield token
        for part in token.substitutions:
            yield from flat(part)
