"""
What a JSONPath state does to its data: paths, payload templates, and the scope they look at.

Everything is compiled once, to closures from a scope to a value. Values are shared, never copied: nobody may
change what an expression gives.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
"""

from collections.abc import Callable, Mapping

from pizzabar.documents import JSON, write
from pizzabar.record import record
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.intrinsics import InvalidIntrinsic, compile_call, is_call
from pizzabar.stepfunctions.paths import CONTEXT, DATA, InvalidPath, Path, PathNotFound, compile
from pizzabar.stepfunctions.retry import RESULT_PATH_MATCH_FAILURE, RUNTIME
from pizzabar.stepfunctions.scope import Scope

Expression = Callable[[Scope], JSON]
"""Something in a definition that has a value only when its state runs."""


Found = Callable[[str], None] | None
"""Is told of the names of variables."""


@record
class TemplateFault:
    """A field of a payload template that does not evaluate; ``path`` leads to the field's owner."""

    path: tuple[str | int, ...]
    message: str


def look(path: Path, scope: Scope) -> JSON:
    """Give what a path finds in a scope. Raise ``PathNotFound`` when it finds nothing."""
    if path.root == DATA:
        return path.read(scope.data)
    if path.root == CONTEXT:
        return path.read(scope.context())
    if path.root in scope.variables:
        return path.read(scope.variables[path.root])
    raise PathNotFound(path.text)


def reader(path: Path, field: str) -> Expression:
    """Make a path an expression, which fails its state when it finds nothing."""
    if path.root == DATA and path.is_reference and not path.names:
        return lambda scope: scope.data

    def read(scope: Scope) -> JSON:
        try:
            return look(path, scope)
        except PathNotFound:
            if path.root == DATA and path.is_beyond_end(scope.data):
                return None
            raise StateFailure(RUNTIME, not_found(path, field, scope)) from None

    return read


def not_found(path: Path, field: str, scope: Scope) -> str:
    """Say that a path finds nothing, as AWS does."""
    if path.root == DATA and scope.data is None:
        return f"Invalid path '{path.text}': Unable to apply Path transformation to null or empty input."
    return (
        f"The JSONPath '{path.text}' specified for the field '{field}' could not be found "
        f"in the input '{write(scope.data)}'"
    )


def place(path: Path | None, raw: JSON, result: JSON) -> JSON:
    """Put a result into the raw input of its state. A path of None drops the result."""
    if path is None:
        return raw
    try:
        return path.write(raw, result)
    except PathNotFound:
        raise StateFailure(
            RESULT_PATH_MATCH_FAILURE, f"Unable to apply ReferencePath {path.text} to input {write(raw)}"
        ) from None


def compile_value(text: str, field: str, found: Found = None) -> Expression:
    """Read a path or a call of an intrinsic function; ``found`` is told of each variable in it.

    Raise ``InvalidPath`` or ``InvalidIntrinsic``.
    """

    def read(path: Path) -> Expression:
        if found is not None and path.root not in (DATA, CONTEXT):
            found(path.root)
        return reader(path, field)

    def argument(path: Path) -> Expression:
        read(path)

        def evaluate(scope: Scope) -> JSON:
            try:
                return look(path, scope)
            except PathNotFound:
                if path.root == DATA and path.is_beyond_end(scope.data):
                    return None
                cause = f"The JsonPath argument for the field '{path.text}' could not be found in the input"
                raise StateFailure(RUNTIME, f"{cause} '{write(scope.data)}'") from None

        return evaluate

    if text.startswith("$"):
        return read(compile(text))
    if is_call(text):
        return compile_call(text, argument)
    raise InvalidPath(text)


def compile_template(template: JSON, faults: list[TemplateFault], found: Found = None) -> Expression:
    """Read a payload template; what is wrong in it is added to ``faults``, and ``found`` is told of each
    variable in it.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
    """
    compiled = _compile(template, (), faults, found)
    return compiled if compiled is not None else lambda scope: template


def _compile(
    template: JSON, path: tuple[str | int, ...], faults: list[TemplateFault], found: Found
) -> Expression | None:
    """Compile a template, or answer None when it is always the same."""
    match template:
        case dict():
            return _compile_object(template, path, faults, found)
        case list():
            return _compile_array(template, path, faults, found)
        case _:
            return None


def _compile_object(
    template: Mapping[str, JSON], path: tuple[str | int, ...], faults: list[TemplateFault], found: Found
) -> Expression | None:
    fields: dict[str, JSON] = {}
    expressions: list[tuple[str, Expression]] = []
    for key, value in template.items():
        name = key.removesuffix(".$")
        if name in fields:
            faults.append(TemplateFault(path, f"The field '{name}' is defined twice: as '{name}' and as '{name}.$'"))
        expression: Expression | None
        if name is not key and name != key:
            expression = _compile_field(key, value, path, faults, found)
        else:
            expression = _compile(value, (*path, key), faults, found)
        fields[name] = value
        if expression is not None:
            expressions.append((name, expression))
    if not expressions:
        return None

    def evaluate(scope: Scope) -> JSON:
        result = fields.copy()
        for name, expression in expressions:
            result[name] = expression(scope)
        return result

    return evaluate


def _compile_field(
    key: str, value: JSON, path: tuple[str | int, ...], faults: list[TemplateFault], found: Found
) -> Expression | None:
    if isinstance(value, str):
        try:
            return compile_value(value, key, found)
        except InvalidIntrinsic as error:
            if error.reason is not None:
                faults.append(TemplateFault((*path, key), error.reason))
                return None
        except InvalidPath:
            pass
    faults.append(
        TemplateFault(
            path, f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
        )
    )
    return None


def _compile_array(
    template: list[JSON], path: tuple[str | int, ...], faults: list[TemplateFault], found: Found
) -> Expression | None:
    compiled = [_compile(member, (*path, index), faults, found) for index, member in enumerate(template)]
    expressions = [(index, expression) for index, expression in enumerate(compiled) if expression is not None]
    if not expressions:
        return None

    def evaluate(scope: Scope) -> JSON:
        result = template.copy()
        for index, expression in expressions:
            result[index] = expression(scope)
        return result

    return evaluate
