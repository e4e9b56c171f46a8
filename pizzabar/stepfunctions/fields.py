"""
The fields of a definition: read by their kind, with every fault entered where it is.

A reader answers with what the field says, or with None when it is absent or faulty.

https://states-language.net/spec.html
"""

from collections.abc import Mapping

from pizzabar.documents import JSON
from pizzabar.errors import pointer
from pizzabar.stepfunctions.errors import Diagnostic
from pizzabar.stepfunctions.intrinsics import InvalidIntrinsic
from pizzabar.stepfunctions.jsonata import (
    QUERY_LANGUAGES,
    InvalidQuery,
    Query,
    compile_query,
    is_function_name,
    is_query,
    of_type,
)
from pizzabar.stepfunctions.jsonata import compile_value as compile_query_template
from pizzabar.stepfunctions.paths import CONTEXT, DATA, InvalidPath, Path, compile
from pizzabar.stepfunctions.payload import Expression, TemplateFault, compile_template, compile_value, reader
from pizzabar.stepfunctions.states import WHOLE

SCHEMA = "SCHEMA_VALIDATION_FAILED"
INVALID_QUERY = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED_QUERY = "UNSUPPORTED_JSONATA_EXPRESSION"
JSONPATH, JSONATA = QUERY_LANGUAGES
LONGEST_TIMEOUT = 99_999_999
"""Seconds that a time-out or a wait may have."""

Place = tuple[str | int, ...]
"""Where something stands in a definition."""


def constant(value: JSON) -> Expression:
    """Make a literal an expression."""
    return lambda scope: value


def is_integer(value: JSON) -> bool:
    """Whether a value is an integer; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _looks_like_path(text: str) -> bool:
    return text.startswith(("$.", "$[", "$$.", "States.")) or text == "$"


class Fields:
    """Reads fields and gathers their faults."""

    def __init__(self) -> None:
        self.faults: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        """What is allowed, and is hardly what was meant."""
        self.state_name = ""
        """The state that is read."""
        self.references: dict[str, dict[str, None]] = {}
        """The variables that each state looks at."""

    def refer(self, variable: str) -> None:
        """Note that the state looks at a variable."""
        self.references.setdefault(self.state_name, {})[variable] = None

    def fault(self, place: Place, message: str, code: str = SCHEMA) -> None:
        self.faults.append(Diagnostic(code, message, pointer(place)))

    def warn_of_paths(self, value: JSON, place: Place, code: str, message: str) -> None:
        """Warn of each text in a literal that looks like a path or a call, which it is not there."""
        match value:
            case str() if _looks_like_path(value):
                self.warnings.append(Diagnostic(code, message, pointer(place)))
            case dict():
                for key, each in value.items():
                    if not key.endswith(".$"):
                        self.warn_of_paths(each, (*place, key), code, message)
            case list():
                for at, each in enumerate(value):
                    self.warn_of_paths(each, (*place, at), code, message)

    def known_fields(
        self,
        document: Mapping[str, JSON],
        place: Place,
        known: frozenset[str],
        others: Mapping[str, str] | None = None,
    ) -> None:
        """Tell of the fields that are not known; ``others`` gives the query language that knows one."""
        for name in document:
            if name not in known and others is not None and name in others:
                here = JSONPATH if others[name] == JSONATA else JSONATA
                self.fault(
                    place,
                    f"The QueryLanguage is set to '{here}', but field '{name}' is only supported for the"
                    f" '{others[name]}' QueryLanguage",
                )
            elif name not in known:
                # AWS tells the owner of the field.
                self.fault(place, f"Field '{name}' is not supported")

    def required(self, document: Mapping[str, JSON], place: Place, names: tuple[str, ...]) -> None:
        if missing := [name for name in names if name not in document]:
            self.fault(place, f"These fields are required: [{', '.join(missing)}]")

    def at_most_one(self, document: Mapping[str, JSON], names: tuple[str, ...], place: Place) -> None:
        if len([name for name in names if name in document]) > 1:
            self.fault(place, f"Only one of these fields is allowed: [{', '.join(names)}]")

    def exactly_one(self, document: Mapping[str, JSON], names: tuple[str, ...], place: Place) -> None:
        self.at_most_one(document, names, place)
        if not any(name in document for name in names):
            self.fault(place, f"One of these fields is required: [{', '.join(names)}]")

    def query_language(self, document: Mapping[str, JSON], place: Place, default: str) -> str:
        """Read the query language of a machine or a state."""
        language = document.get("QueryLanguage", default)
        at = (*place, "QueryLanguage")
        if language not in QUERY_LANGUAGES:
            languages = ", ".join(QUERY_LANGUAGES)
            told = f"Value should be one of the following: [{languages}]"
            if not isinstance(language, str):
                told = "Expected value of type [STRING]"
            self.fault(at, told)
            # As AWS goes on reading it.
            return JSONATA
        if language == JSONPATH and default == JSONATA:
            self.fault(place, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
        return str(language)

    def string(
        self, document: Mapping[str, JSON], name: str, place: Place, *, may_be_empty: bool = False
    ) -> str | None:
        if name not in document:
            return None
        value = document[name]
        if not isinstance(value, str):
            self.fault((*place, name), "Expected value of type String")
            return None
        if not value and not may_be_empty:
            self.fault((*place, name), "Value must not be empty")
            return None
        return value

    def integer(
        self, document: Mapping[str, JSON], name: str, place: Place, least: int, most: int | None
    ) -> int | None:
        if name not in document:
            return None
        value: JSON = document[name]
        if not is_integer(value):
            self.fault((*place, name), "Expected value of type Integer")
            return None
        if value < least or (most is not None and value > most):
            bounds = f"at least {least}" if most is None else f"between {least} and {most}"
            self.fault((*place, name), f"The value for the field '{name}' must be {bounds}")
            return None
        return int(value)

    def seconds(self, document: Mapping[str, JSON], name: str, place: Place) -> Expression | None:
        """Read a time-out and its form that ends in ``Path``."""
        path_name = f"{name}Path"
        self.at_most_one(document, (name, path_name), place)
        literal = self.integer(document, name, place, 1, LONGEST_TIMEOUT)
        path = self.reference(document, path_name, place)
        return constant(literal) if literal is not None else self.read_at(path, path_name)

    def array(
        self, document: Mapping[str, JSON], name: str, place: Place, *, may_be_empty: bool = False
    ) -> list[JSON]:
        if name not in document:
            return []
        value = document[name]
        if not isinstance(value, list):
            self.fault((*place, name), "Expected value of type Array")
            return []
        if not value and not may_be_empty:
            self.fault((*place, name), "Value must not be empty")
        return value

    def path(self, document: Mapping[str, JSON], name: str, place: Place, *, is_reference: bool) -> Path | None:
        text = self.string(document, name, place)
        if text is None:
            return None
        try:
            path = compile(text)
        except InvalidPath:
            path = None
        if path is None or (is_reference and not path.is_reference):
            kind = "Reference Path" if is_reference else "JSONPath"
            self.fault((*place, name), f"The value for the field '{name}' must be a valid {kind}")
            return None
        if path.root not in (DATA, CONTEXT):
            self.refer(path.root)
        return path

    def reference(self, document: Mapping[str, JSON], name: str, place: Place) -> Path | None:
        return self.path(document, name, place, is_reference=True)

    def read_at(self, path: Path | None, name: str) -> Expression | None:
        return None if path is None else reader(path, name)

    def data_path(self, document: Mapping[str, JSON], name: str, place: Place) -> Expression | None:
        """Read InputPath or OutputPath: null stands for an empty object."""
        if name in document and document[name] is None:
            return constant({})
        path = self.path(document, name, place, is_reference=False)
        return None if path is None or path == WHOLE else reader(path, name)

    def result_path(self, document: Mapping[str, JSON], place: Place) -> Path | None:
        if "ResultPath" not in document:
            return WHOLE
        if document["ResultPath"] is None:
            return None
        path = self.reference(document, "ResultPath", place)
        if path is not None and path.root != DATA:
            self.fault((*place, "ResultPath"), "The value for the field 'ResultPath' must be a valid Reference Path")
        return path

    def value(self, document: Mapping[str, JSON], name: str, place: Place) -> Expression | None:
        """Read a path or a call of an intrinsic function."""
        text = self.string(document, name, place)
        if text is None:
            return None
        try:
            return compile_value(text, name, self.refer)
        except (InvalidPath, InvalidIntrinsic):
            self.fault(
                (*place, name),
                f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call",
            )
            return None

    def template(self, document: Mapping[str, JSON], name: str, place: Place) -> Expression | None:
        if name not in document:
            return None
        faults: list[TemplateFault] = []
        expression = compile_template(document[name], faults, self.refer)
        for fault in faults:
            self.fault((*place, name, *fault.path), fault.message)
        self.warn_of_paths(
            document[name],
            (*place, name),
            "NO_DOLLAR",
            "No .$ on a field that appears to be a JSONPath or an intrinsic function",
        )
        return expression

    # JSONata

    def queries(
        self,
        document: Mapping[str, JSON],
        name: str,
        place: Place,
        *,
        members: frozenset[str] = frozenset(),
        prefix: str = "",
    ) -> Expression | None:
        """Read a template with JSONata in it. ``members`` are those of ``$states`` that the field has beside the
        input and the context, ``prefix`` is where the owner stands in its state."""
        if name not in document:
            return None
        value = document[name]

        def found(path: tuple[str | int, ...], query: Query | None, message: str) -> None:
            self.check_query((*place, *path), query, message, members)

        expression = compile_query_template(value, f"{prefix}{name}", (name,), found)
        return constant(value) if expression is None else expression

    def query(
        self, document: Mapping[str, JSON], name: str, place: Place, wanted: str, *, prefix: str = ""
    ) -> Expression | None:
        """Read a field that is an expression, of a type that is wanted; None if it is something else."""
        value = document.get(name)
        if not is_query(value):
            return None
        at = (*place, name)
        try:
            query = compile_query(value)
        except InvalidQuery as error:
            self.check_query(at, None, str(error), frozenset())
            return constant(None)
        self.check_query(at, query, "", frozenset())
        return of_type(query, f"{prefix}{name}", wanted)

    def check_query(self, at: Place, query: Query | None, message: str, members: frozenset[str]) -> None:
        if query is None:
            self.fault(at, message, INVALID_QUERY)
            return
        for name in query.references.top_level:
            where = "" if name == "$$" else " at the top level"
            self.fault(at, f"Reference to '{name}'{where} is not supported.", UNSUPPORTED_QUERY)
        for name in sorted(query.references.states & ({"result", "errorOutput"} - members)):
            self.fault(at, f"Field '$states.{name}' does not exist.", UNSUPPORTED_QUERY)
        for name in sorted(query.references.variables - {"states"}):
            if not is_function_name(name):
                self.refer(name)

    def seconds_query(self, document: Mapping[str, JSON], name: str, place: Place) -> Expression | None:
        """Read a number of seconds, as a literal or an expression."""
        query = self.query(document, name, place, "number")
        if query is not None:
            return query
        literal = self.integer(document, name, place, 1, LONGEST_TIMEOUT)
        return None if literal is None else constant(literal)
