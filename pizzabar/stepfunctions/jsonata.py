"""
JSONata, the second query language: expressions between ``{%`` and ``%}``, in templates of any depth.

Everything is compiled once, to closures from a scope to a value. An expression sees ``$states`` (its input, result,
error output and context), the variables, and nothing else: there is no implicit context. Time and randomness are the
scope's, so the same scope gives the same values.

The engine is jsonata-python, as the only one of those on PyPI that takes functions of one's own and shows what it has
read: of 585 expressions (``tests/stepfunctions/jsonata/expressions.json``) it answers 552 as jsonata 2.0.6 does, and
with ``jsonata_engine``, which puts the rest right where it can, 564, in the words of their errors, too. jsonatapy (in
Rust) answers 538, ten to fifty times as fast, and takes no functions.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import hashlib
import importlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import cache, lru_cache
from typing import Any

from pizzabar.documents import JSON, NotJSON, parse, write
from pizzabar.errors import PizzabarError
from pizzabar.record import record
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.retry import QUERY_EVALUATION_ERROR
from pizzabar.stepfunctions.scope import Scope
from pizzabar.uuids import uuid_from

QUERY_LANGUAGES = ("JSONPath", "JSONata")
MOST_OF_RANGE = 360_145
"""The numbers that ``$range`` gives on AWS at most."""


Expression = Callable[[Scope], JSON]


class InvalidQuery(PizzabarError):
    """Raised when a text is not a JSONata expression; its text is the engine's, without a code."""


def is_query(value: JSON) -> bool:
    """Whether a value of a definition is an expression: it must begin and end with its signs exactly."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith("{%") and value.endswith("%}")


@record
class References:
    """What an expression looks at beside its own variables."""

    variables: frozenset[str]
    states: frozenset[str]
    """The members of ``$states``."""
    top_level: tuple[str, ...]
    """Names that only an implicit context could give."""


@record
class Query:
    """An expression, ready to evaluate. ``text`` is as messages tell it, without the signs."""

    text: str
    references: References
    _parsed: Any = field(compare=False)

    def evaluate(self, scope: Scope, place: str) -> JSON:
        """Give its value. Fail the state with ``States.QueryEvaluationError`` where there is none."""
        engine = _engine()
        try:
            value = engine.evaluate(self._parsed, self._bindings(scope, engine))
        except engine.JSONataError as error:
            end = f": {error.message}" if error.code is None else f". {error.code}: {error.message}"
            raise self.failure(place, f"threw an error during evaluation{end}") from None
        if value is engine.UNDEFINED:
            raise self.failure(place, "returned nothing (undefined).")
        try:
            return engine.to_json(value)
        except TypeError:
            raise self.failure(
                place, "returned an unexpected result type. A function has no representation as JSON."
            ) from None

    def failure(self, place: str, how: str) -> StateFailure:
        """Say that the expression of a field has failed, as AWS does."""
        cause = f"The JSONata expression '{self.text}' specified for the field '{place}' {how}"
        return StateFailure(QUERY_EVALUATION_ERROR, cause, location=place)

    def _bindings(self, scope: Scope, engine: Any) -> dict[str, Any]:
        bindings = {name: scope.variables.get(name) for name in self.references.variables if name in scope.variables}
        bindings = {name: engine.NULL if value is None else value for name, value in bindings.items()}
        states: dict[str, JSON] = {"input": scope.data}
        if scope.more is not None:
            states |= scope.more
        if not self.references.states <= states.keys():
            states["context"] = scope.context()
        bindings["states"] = states
        return bindings | _functions_of(scope, engine)


@lru_cache(maxsize=4096)
def compile_query(text: str) -> Query:
    """Read an expression with its signs. Raise ``InvalidQuery``."""
    inner = text[2:-2].strip()
    engine = _engine()
    try:
        parsed = engine.parse(inner)
    except engine.JSONataError as error:
        raise InvalidQuery(error.message) from None
    return Query(inner, _references(parsed.ast), parsed)


@cache
def _engine() -> Any:
    return importlib.import_module("pizzabar.stepfunctions.jsonata_engine")


def is_function_name(name: str) -> bool:
    """Whether a variable is a function that every expression has."""
    return name in _ALWAYS or name in _engine().BUILT_IN


_ALWAYS = frozenset({"hash", "millis", "now", "parse", "partition", "random", "range", "shuffle", "uuid"})


# Templates


Fault = Callable[[tuple[str | int, ...], Query | None, str], None]
"""Is told of each expression of a template: where, what it is, and what is wrong where it cannot be read."""


def compile_value(value: JSON, place: str, path: tuple[str | int, ...], found: Fault) -> Expression | None:
    """Read a template: expressions in it at any depth. None when it is always the same.

    ``place`` is how causes name the field, ``path`` where it stands.
    """
    match value:
        case str() if is_query(value):
            try:
                query = compile_query(value)
            except InvalidQuery as error:
                found(path, None, str(error))
                return None
            found(path, query, "")
            return lambda scope: query.evaluate(scope, place)
        case dict():
            members = {key: compile_value(each, f"{place}/{key}", (*path, key), found) for key, each in value.items()}
            expressions = [(key, each) for key, each in members.items() if each is not None]
            if not expressions:
                return None
            return lambda scope: value | {key: expression(scope) for key, expression in expressions}
        case list():
            parts = [compile_value(each, f"{place}[{at}]", (*path, at), found) for at, each in enumerate(value)]
            if all(part is None for part in parts):
                return None
            return lambda scope: [
                each if part is None else part(scope) for each, part in zip(value, parts, strict=True)
            ]
        case _:
            return None


TYPES: dict[str, Callable[[JSON], bool]] = {
    "array": lambda value: isinstance(value, list),
    "array or object": lambda value: isinstance(value, (list, dict)),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}
"""The types that fields ask for, by their names in causes."""


def of_type(query: Query, place: str, wanted: str) -> Expression:
    """Make an expression that fails its state when its value has another type than the field asks for."""
    fits = TYPES[wanted]

    def evaluate(scope: Scope) -> JSON:
        value = query.evaluate(scope, place)
        if not fits(value):
            raise query.failure(
                place,
                f"returned an unexpected result type. Expected '{wanted}', but was '{type_name(value)}' for value: "
                f"{write(value)}",
            )
        return value

    return evaluate


def type_name(value: JSON) -> str:
    """Name the type of a value."""
    if value is None:
        return "null"
    return next(name for name in ("array", "boolean", "number", "object", "string") if TYPES[name](value))


# What an expression looks at


def _references(ast: Any) -> References:
    variables: set[str] = set()
    states: set[str] = set()
    top_level: dict[str, None] = {}
    # Each entry: what is read, whether the implicit context is the top level's, and the variables of its own.
    ahead: list[tuple[Any, bool, frozenset[str]]] = [(ast, True, frozenset())]
    while ahead:
        node, is_top, own = ahead.pop()
        match getattr(node, "type", None):
            case "variable":
                if node.value in ("", "$"):
                    if is_top or node.value:
                        top_level["$" + node.value] = None
                elif node.value not in own:
                    variables.add(node.value)
                    if node.value == "states":
                        states.add("")
            case "name" if is_top:
                top_level[node.value] = None
            case "wildcard" | "descendant" if is_top:
                top_level["*" if node.type == "wildcard" else "**"] = None
            case "path":
                first, *others = node.steps
                if getattr(first, "type", None) == "variable" and first.value == "states" and "states" not in own:
                    variables.add("states")
                    states.add(others[0].value if others and others[0].type == "name" else "")
                    ahead += [(each, False, own) for each in _nested(first)]
                else:
                    ahead.append((first, is_top, own))
                ahead += [(each, False, own) for each in others]
            case "lambda":
                bound = own | {each.value for each in node.arguments}
                # A body sees the context that the function was made in.
                ahead.append((node.body, is_top, frozenset(bound)))
            case "block":
                bound = own | {each.lhs.value for each in node.expressions if getattr(each, "type", None) == "bind"}
                ahead += [(each, is_top, frozenset(bound)) for each in reversed(node.expressions)]
            case "bind":
                ahead.append((node.rhs, is_top, own | {node.lhs.value}))
                continue
            case "transform":
                ahead += [(each, False, own) for each in (node.pattern, node.update, getattr(node, "delete", None))]
            case "function" | "partial":
                ahead += [(each, is_top, own) for each in (node.procedure, *node.arguments)]
            case _:
                ahead += [(each, is_top, own) for each in _parts(node)]
        if getattr(node, "type", None) not in (None, "lambda", "block", "bind", "transform"):
            ahead += [(each, False, own) for each in _nested(node)]
    return References(frozenset(variables), frozenset(states), tuple(top_level))


def _parts(node: Any) -> Iterator[Any]:
    """Give the parts of a node that have its own context."""
    for name in ("lhs", "rhs", "expression", "expressions", "condition", "then", "_else", "lhs_object"):
        yield from _nodes(getattr(node, name, None))


def _nested(node: Any) -> Iterator[Any]:
    """Give the parts of a node whose context is what the node gives: predicates, groups, orders."""
    for name in ("stages", "predicate", "group", "terms"):
        for each in _nodes(getattr(node, name, None)):
            inner = getattr(each, "expr", None) or getattr(each, "expression", None)
            yield from _nodes(inner if inner is not None else getattr(each, "lhs_object", None) or each)


def _nodes(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _nodes(each)
    elif hasattr(value, "type"):
        yield value


# The functions that Step Functions has beside JSONata's


def _functions_of(scope: Scope, engine: Any) -> dict[str, Any]:
    """Give the functions that depend on the scope, and those that do not."""
    make = engine.function
    now = int(scope.now.timestamp() * 1000)
    return {
        **_pure_functions(),
        "millis": make("millis", "<:n>", lambda: now),
        "now": make("now", "<s?s?:s>", lambda picture=None, zone=None: engine.moment(now, picture, zone)),
        "random": make("random", "<n?:n>", lambda seed=None: _random(scope, seed)),
        "shuffle": make("shuffle", "<a:a>", lambda values: _shuffle(scope, values)),
        "uuid": make("uuid", "<:s>", lambda: uuid_from(scope.draw())),
    }


@cache
def _pure_functions() -> Mapping[str, Any]:
    engine = _engine()
    make = engine.function
    return {
        "hash": make("hash", "<s-s?:s>", _hash),
        "parse": make("parse", "<s-:x>", _parse),
        "partition": make("partition", "<an?:a<a>>", _partition),
        "range": make("range", "<nnn?:a<n>>", _range),
    }


def _hash(text: Any, algorithm: Any = None) -> Any:
    if text is None or algorithm is None:
        return None
    make = {
        "MD5": hashlib.md5,
        "SHA-1": hashlib.sha1,
        "SHA-256": hashlib.sha256,
        "SHA-384": hashlib.sha384,
        "SHA-512": hashlib.sha512,
    }.get(algorithm)
    if make is None:
        # The code was seen, the words were not.
        names = "MD5, SHA-1, SHA-256, SHA-384, SHA-512"
        raise _engine().JSONataError("D3137", f"Second argument must be one of {names}")
    return make(text.encode()).hexdigest()


def _parse(text: Any) -> Any:
    if text is None:
        return None
    try:
        value = parse(text)
    except NotJSON as error:
        # The code was seen, the words were not.
        raise _engine().JSONataError("D3137", f"Invalid JSON: {error}") from None
    return _engine().NULL if value is None else value


def _partition(values: Any, size: Any) -> Any:
    length = len(values or ()) if size is None else math.trunc(size)
    if length < 0:
        raise _engine().JSONataError("D3137", "Second argument must be zero or greater")
    if not values or length == 0:
        return None
    return [values[start : start + length] for start in range(0, len(values), length)]


def _range(first: Any, last: Any = None, step: Any = None) -> Any:
    """Give the numbers from the first to the last, both included; nothing when there are none."""
    if first is None or last is None or step is None or math.trunc(step) == 0:
        return None
    start, end, width = math.trunc(first), math.trunc(last), math.trunc(step)
    numbers = range(start, end + (1 if width > 0 else -1), width)
    if len(numbers) > MOST_OF_RANGE:
        raise _engine().too_large()
    return _engine().sequence(numbers)


def _random(scope: Scope, seed: Any = None) -> float:
    if seed is None:
        return (int.from_bytes(scope.draw()[:7]) >> 3) / float(1 << 53)
    # With a seed it is what Java's generator begins with.
    # https://docs.oracle.com/javase/8/docs/api/java/util/Random.html
    state: int = (math.trunc(seed) ^ 0x5DEECE66D) & _48_BITS
    state = (state * 0x5DEECE66D + 0xB) & _48_BITS
    high = state >> 22
    state = (state * 0x5DEECE66D + 0xB) & _48_BITS
    return ((high << 27) + (state >> 21)) / float(1 << 53)


_48_BITS = (1 << 48) - 1


def _shuffle(scope: Scope, values: Any) -> Any:
    if not isinstance(values, list):
        return values
    drawn = scope.draw()
    order = sorted(range(len(values)), key=lambda at: hashlib.sha256(drawn + at.to_bytes(4)).digest())
    return [values[at] for at in order]
