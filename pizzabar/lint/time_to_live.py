"""
Times to live that are written in milliseconds. DynamoDB reads the attribute as seconds since the epoch, so that such
an item expires in tens of thousands of years.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
"""

import ast
from collections.abc import Iterator, Sequence

from pizzabar.apigateway.velocity_syntax import Binary, Expression, Reference
from pizzabar.cloudformation.node import Position
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.lint.javascript import Token, flat
from pizzabar.lint.sources import FUNCTION, Module, Script, sources_of
from pizzabar.lint.subject import Subject
from pizzabar.lint.tables import is_used_by
from pizzabar.lint.written_items import TABLE, is_context, written_items
from pizzabar.resource import Resource

_MILLISECONDS = ("requestTimeEpoch", "connectedAt")
_THOUSAND = frozenset({"1000", "1e3", "1_000"})


def check(subject: Subject) -> Iterator[Finding]:
    """Find what writes milliseconds into the attribute that a table's items expire by."""
    for table in subject.of(TABLE):
        specification = table.properties.get("TimeToLiveSpecification", {})
        attribute = specification.get("AttributeName") if specification.get("Enabled") else None
        if attribute is not None:
            yield from _of_templates(subject, table, attribute)
            yield from _of_functions(subject, table, attribute)


def _why(what: str, table: Resource, attribute: str) -> str:
    return (
        f"{what} is in milliseconds, and goes into {attribute}, which {table.logical_id} reads as seconds: "
        "the item never expires"
    )


def _of_templates(subject: Subject, table: Resource, attribute: str) -> Iterator[Finding]:
    for item in written_items(subject):
        value = item.attributes.get(attribute) if item.table is table else None
        number = value.get("N") if isinstance(value, dict) else None
        expression = item.rendering.value_of(number)
        source = None if expression is None else milliseconds_in(expression)
        if source is not None:
            template = item.template
            start = source.span.start
            place = subject.place_in(template.resource, template.path, template.text, start, source.source)
            why = _why(source.source, table, attribute)
            yield Finding(CODES["PB101"], place, template.resource.logical_id, why)


def milliseconds_in(expression: Expression) -> Reference | None:
    """Give the time in milliseconds that an expression comes to, if it does: one that is divided does not."""
    match expression:
        case Reference() if is_context(expression, *_MILLISECONDS):
            return expression
        case Binary(operator="+" | "-", left=left, right=right):
            return milliseconds_in(left) or milliseconds_in(right)
        case _:
            return None


def _of_functions(subject: Subject, table: Resource, attribute: str) -> Iterator[Finding]:
    for function in subject.of(FUNCTION):
        if not is_used_by(table, function):
            continue
        for source in sources_of(subject, function):
            places = _in_script(source, attribute) if isinstance(source, Script) else _in_module(source, attribute)
            for place, what in places:
                yield Finding(CODES["PB101"], place, function.logical_id, _why(what, table, attribute))


# JavaScript -------------------------------------------------------------------------------------------------


def _in_script(script: Script, attribute: str) -> Iterator[tuple[Position, str]]:
    """Find what is given to the attribute in object literals, and to variables of its name that go there."""
    every = list(flat(script.tokens))
    for index, token in enumerate(every):
        if token.text != attribute or token.kind not in ("word", "text") or index + 1 == len(every):
            continue
        follows = every[index + 1].text
        if follows == ":" or (follows == "=" and token.kind == "word"):
            value = _expression(every, index + 2)
            if follows == ":" and len(value) == 1 and value[0].kind == "word":
                value = _value_of(every, value[0].text)
            if _is_milliseconds(value):
                yield script.place(token.offset), "Date.now()"


def _expression(every: Sequence[Token], start: int) -> list[Token]:
    """Give the tokens of an expression, up to what ends it."""
    found: list[Token] = []
    depth = 0
    for token in every[start:]:
        if token.kind == "mark":
            if depth == 0 and token.text in (",", ";", "}", ")", "]"):
                break
            depth += (token.text in "([{") - (token.text in ")]}")
        elif (
            token.kind == "word" and token.text in ("const", "let", "var", "await", "return") and depth == 0 and found
        ):
            # A statement of its own, after a line without a semicolon.
            break
        found.append(token)
    return found


def _value_of(every: Sequence[Token], name: str) -> list[Token]:
    for index, token in enumerate(every):
        if token.text == name and index + 1 < len(every) and every[index + 1].text == "=":
            return _expression(every, index + 2)
    return []


def _is_milliseconds(value: Sequence[Token]) -> bool:
    """Whether an expression has the time of a ``Date`` in it, and nothing that divides it."""
    texts = [token.text for token in value]
    asks = any(
        texts[at : at + 3] == ["Date", ".", "now"] or texts[at : at + 2] in ([".", "getTime"], [".", "valueOf"])
        for at in range(len(texts))
    )
    return asks and "Date" in texts and "/" not in texts


# Python -----------------------------------------------------------------------------------------------------


def _in_module(module: Module, attribute: str) -> Iterator[tuple[Position, str]]:
    """Find what is given to the attribute in dictionaries, under a subscript, and to variables of its name."""
    values: dict[str, ast.expr] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
    for node in ast.walk(module.tree):
        given: list[ast.expr] = []
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            given = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == attribute]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                    given += [node.value] if target.slice.value == attribute else []
        for value in given:
            known = values.get(value.id, value) if isinstance(value, ast.Name) else value
            if what := _milliseconds_of(known):
                yield Position(module.file, value.lineno, value.col_offset + 1), what


def _milliseconds_of(value: ast.expr) -> str | None:
    for node in ast.walk(value):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            sides = {ast.unparse(node.left), ast.unparse(node.right)}
            time = next((each for each in sides if each.endswith(("time()", "timestamp()"))), None)
            if time is not None and sides & _THOUSAND:
                return f"{time} * 1000"
    return None
