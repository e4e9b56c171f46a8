"""
Ids that a connection's item holds, and that are used again for the next thing the connection asks for.

Seen as such is this: the route ``$connect`` writes an item by ``$context.connectionId``; the item has an attribute
that is the key of another table; and a function that is told of both tables reads the attribute of an item of the
first, goes on with it if it is there, and never clears it. So whatever comes second over a connection is written
where the first is.
"""

import ast
from collections.abc import Collection, Iterator

from pizzabar.cloudformation.node import Position
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.lint.javascript import Token, flat
from pizzabar.lint.sources import FUNCTION, Module, Script, Source, sources_of
from pizzabar.lint.subject import Subject
from pizzabar.lint.tables import hash_key, names_in
from pizzabar.lint.written_items import INTEGRATION, TABLE, WrittenItem, is_context, written_items
from pizzabar.resource import Resource

_AFTER = frozenset({"?", "??", "||", "&&", ")"})
"""What follows a value that is asked whether it is there."""


def check(subject: Subject) -> Iterator[Finding]:
    """Find functions that go on with the id that they find in a connection's item."""
    for item, attribute, target in _ids(subject):
        for function in subject.of(FUNCTION):
            of_connections, of_target = set(names_in(item.table, function)), set(names_in(target, function))
            if not of_connections or not of_target:
                continue
            sources = sources_of(subject, function)
            if any(_clears(source, attribute) for source in sources):
                continue
            for place in _first(sources, of_connections, attribute):
                why = (
                    f"the {attribute} that is found in the connection's item of {item.table.logical_id} is used "
                    f"again, and $connect writes it once per connection: what the connection asks for next is "
                    f"written over what {target.logical_id} has from before"
                )
                yield Finding(CODES["PB102"], place, function.logical_id, why)


def _ids(subject: Subject) -> Iterator[tuple[WrittenItem, str, Resource]]:
    """Give the attributes of connections' items that are the key of another table, and that table."""
    targets = {
        str(route.properties.get("Target"))
        for route in subject.of("AWS::ApiGatewayV2::Route")
        if route.properties["RouteKey"] == "$connect"
    }
    integrations = {
        each.logical_id for each in subject.of(INTEGRATION) if f"integrations/{each.identity.ref}" in targets
    }
    seen = set()
    for item in written_items(subject):
        key = item.attributes.get(hash_key(item.table))
        value = item.rendering.value_of(key.get("S")) if isinstance(key, dict) else None
        if item.template.resource.logical_id not in integrations or not is_context(value, "connectionId"):
            continue
        for table in subject.of(TABLE):
            attribute = hash_key(table)
            found = (item.table.logical_id, attribute, table.logical_id)
            if table is not item.table and attribute in item.attributes and found not in seen:
                seen.add(found)
                yield item, attribute, table


def _first(sources: Collection[Source], variables: Collection[str], attribute: str) -> Iterator[Position]:
    """Give the first place where an attribute of a table's item is asked for, and gone on with."""
    for source in sources:
        if isinstance(source, Script):
            places = _in_script(source, variables, attribute)
        else:
            places = _in_module(source, variables, attribute)
        if (place := next(places, None)) is not None:
            yield place
            return


def _clears(source: Source, attribute: str) -> bool:
    """Whether a program writes the attribute empty, or takes it away."""
    if isinstance(source, Module):
        return any(
            (
                isinstance(node, ast.Dict)
                and any(
                    isinstance(key, ast.Constant)
                    and key.value == attribute
                    and isinstance(value, ast.Constant)
                    and not value.value
                    for key, value in zip(node.keys, node.values, strict=True)
                )
            )
            or (isinstance(node, ast.Constant) and _removes(node.value, attribute))
            for node in ast.walk(source.tree)
        )
    every = list(flat(source.tokens))
    for index, token in enumerate(every):
        if token.kind in ("text", "template") and _removes(token.text, attribute):
            return True
        after = every[index + 1 : index + 3]
        if token.text == attribute and len(after) == 2 and after[0].text in (":", "="):
            is_empty = after[1].kind == "text" and not after[1].text
            if is_empty or after[1].text in ("null", "undefined"):
                return True
    return False


def _removes(text: object, attribute: str) -> bool:
    return isinstance(text, str) and "REMOVE" in text and attribute in text


# JavaScript -------------------------------------------------------------------------------------------------


def _in_script(script: Script, variables: Collection[str], attribute: str) -> Iterator[Position]:
    every = list(flat(script.tokens))
    items = _made_of(every, variables)
    for index, token in enumerate(every):
        if token.kind != "word" or token.text not in items:
            continue
        end = index + 1
        while end + 1 < len(every) and every[end].text in (".", "?.") and every[end + 1].text in ("Item", "S"):
            end += 2
        reads = end + 1 < len(every) and every[end].text in (".", "?.") and every[end + 1].text == attribute
        if reads and _is_asked(every, index, end + 1):
            yield script.place(token.offset)


def _is_asked(every: list[Token], start: int, end: int) -> bool:
    """Whether a value decides what is done: the condition of an ``if``, or what stands before an alternative."""
    if end + 2 < len(every) and every[end + 1].text in (".", "?.") and every[end + 2].text == "S":
        end += 2
    after = every[end + 1].text if end + 1 < len(every) else ""
    before = every[start - 1].text if start else ""
    if after == ")":
        return before == "!" or (before == "(" and start > 1 and every[start - 2].text == "if")
    return after in _AFTER or before in ("!", "&&", "||")


def _made_of(every: list[Token], variables: Collection[str]) -> set[str]:
    """Give the variables that are made of what holds a table's name, one of another."""
    assigned = list(_assignments(every))
    known = set(variables)
    grows = True
    while grows:
        before = len(known)
        for names, value in assigned:
            if any(token.kind in ("word", "text") and token.text in known for token in value):
                known |= names
        grows = len(known) > before
    return known - set(variables)


def _assignments(every: list[Token]) -> Iterator[tuple[set[str], list[Token]]]:
    """Go through ``const name = …`` and ``const { names } = …``."""
    for index, token in enumerate(every):
        if token.text not in ("const", "let", "var"):
            continue
        start = index + 1
        end = start
        while end < len(every) and every[end].text not in ("=", ";"):
            end += 1
        names = {each.text for each in every[start:end] if each.kind == "word"}
        stop = end + 1
        depth = 0
        while stop < len(every):
            text, kind = every[stop].text, every[stop].kind
            if kind == "mark":
                depth += (text in "([{") - (text in ")]}")
            if depth < 0 or (depth == 0 and text in (";", "const", "let", "var", "if", "return", "export")):
                break
            stop += 1
        yield names, every[end + 1 : stop]


# Python -----------------------------------------------------------------------------------------------------


def _in_module(module: Module, variables: Collection[str], attribute: str) -> Iterator[Position]:
    items = _names_made_of(module.tree, variables)
    tests: list[ast.expr] = []
    for node in ast.walk(module.tree):
        match node:
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
                tests.append(test)
            case ast.BoolOp(values=values):
                tests += values[:-1]
            case ast.NamedExpr(value=value):
                tests.append(value)
            case _:
                pass
    for test in tests:
        for node in ast.walk(test):
            if _reads(node, items, attribute):
                assert isinstance(node, ast.expr)
                yield Position(module.file, node.lineno, node.col_offset + 1)


def _reads(node: ast.AST, items: Collection[str], attribute: str) -> bool:
    """Whether an expression is an attribute of an item: ``item["id"]``, ``item.get("id")`` or ``"id" in item``."""
    match node:
        case ast.Subscript(value=item, slice=ast.Constant(value=name)):
            pass
        case ast.Call(func=ast.Attribute(value=item, attr="get"), args=[ast.Constant(value=name), *_]):
            pass
        case ast.Compare(left=ast.Constant(value=name), ops=[ast.In()], comparators=[item]):
            pass
        case _:
            return False
    return name == attribute and any(isinstance(each, ast.Name) and each.id in items for each in ast.walk(item))


def _names_made_of(tree: ast.Module, variables: Collection[str]) -> set[str]:
    assigned = [
        ({each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
    ]
    known: set[str] = set()
    grows = True
    while grows:
        before = len(known)
        for names, value in assigned:
            for each in ast.walk(value):
                is_variable = isinstance(each, ast.Constant) and each.value in variables
                if is_variable or (isinstance(each, ast.Name) and each.id in known):
                    known |= names
        grows = len(known) > before
    return known
