r"""
Selection expressions: what API Gateway chooses a route, a template, a model or an integration response by.

Pure. An expression is static text with variables in it, ``$request.body.action`` or ``${request.body.action}``; it is
evaluated once, so that a ``$`` in what comes out means nothing, and ``\$`` is a plain ``$``. A variable whose value
is not there is an empty text.
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-selection-expressions.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from pizzabar.apigateway.java_text import JavaException, to_text
from pizzabar.apigateway.json_path import MISSING, InvalidPath, JsonPath, compile_path
from pizzabar.documents import JSON
from pizzabar.errors import Fault, FaultyDocument
from pizzabar.record import record


class FaultySelection(FaultyDocument):
    """Raised when a selection expression breaks its rules; tells every fault with its column."""


@record
class SelectionValues:
    """What an expression is evaluated on.

    Bodies are parsed documents, ``MISSING`` where there is none or it is not JSON. Header names are compared without
    regard to case. ``status_code`` is that of the integration's answer.
    """

    body: JSON = MISSING
    headers: Mapping[str, str] = field(default_factory=dict)
    querystring: Mapping[str, str] = field(default_factory=dict)
    multivalue_request_headers: Mapping[str, list[str]] = field(default_factory=dict)
    multivalue_querystring: Mapping[str, list[str]] = field(default_factory=dict)
    context: Mapping[str, JSON] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    status_code: int | None = None
    integration_headers: Mapping[str, str] = field(default_factory=dict)
    multivalue_headers: Mapping[str, list[str]] = field(default_factory=dict)
    integration_body: JSON = MISSING
    text: str = ""
    """The body of the request as it was sent."""


Selection = Callable[[SelectionValues], str]
_Variable = Callable[[SelectionValues], JSON]


def compile_selection(text: str) -> Selection:
    """Compile an expression. Raise ``FaultySelection`` with every fault found."""
    faults: list[Fault] = []
    parts = list(_parts(text, faults))
    if faults:
        raise FaultySelection(faults)
    match parts:
        case []:
            return lambda values: ""
        case [str() as static]:
            return lambda values: static
        case [part] if not isinstance(part, str):
            return lambda values: _text(part(values))
        case _:
            return lambda values: "".join([part if isinstance(part, str) else _text(part(values)) for part in parts])


_TOKEN = re.compile(r"\\(\$)|\$(\{)?((?:request|integration|context|stageVariables)\b)?")
_PATH = re.compile(r"(?:\.[\w-]+|\[(?:'[^']*'|\"[^\"]*\"|-?\d+|\*)\])*")


def _parts(text: str, faults: list[Fault]) -> Iterator[str | _Variable]:
    """Take an expression apart into static texts and variables."""
    static: list[str] = []
    position = 0
    while (match := _TOKEN.search(text, position)) is not None:
        static.append(text[position : match.start()])
        position = match.end()
        if match[1] is not None:
            static.append("$")
            continue
        if match[3] is None and match[2] is None:
            # A dollar that begins no variable is one: the route key "$default" may be written without a backslash.
            static.append("$")
            continue
        end = text.find("}", position) if match[2] is not None else None
        if end == -1:
            faults.append(Fault((), f"column {match.start() + 1}: the variable has no closing }}"))
            return
        path = _PATH.match(text, position, len(text) if end is None else end)
        name = (match[3] or "") + (path[0] if path is not None else "")
        if end is not None:
            name = (match[3] or "") + text[position:end]
        position = end + 1 if end is not None else match.end() + (len(path[0]) if path is not None else 0)
        try:
            variable = _variable(name)
        except InvalidPath as error:
            faults.append(Fault((), f"column {match.start() + 1}: {error}"))
            continue
        if "".join(static):
            yield "".join(static)
            static.clear()
        yield variable
    static.append(text[position:])
    if "".join(static):
        yield "".join(static)


def _variable(name: str) -> _Variable:
    """Give the variable of a name. Raise ``InvalidPath`` when there is no such variable."""
    if name in _WHOLE:
        return _WHOLE[name]
    for prefix, make in _FAMILIES.items():
        if (
            name.startswith(prefix)
            and name[len(prefix) : len(prefix) + 1] in (".", "[")
            and len(name) > len(prefix) + 1
        ):
            return make(name[len(prefix) :])
    raise InvalidPath(f"${{{name}}} is not supported")


def _in(document_of: Callable[[SelectionValues], JSON]) -> Callable[[str], _Variable]:
    """Make the family of variables that are paths in a document."""

    def make(path_text: str) -> _Variable:
        path: JsonPath = compile_path("$" + path_text)
        simple = re.fullmatch(r"\.([\w-]+)", path_text)
        if simple is None:
            return lambda values: path.get(document_of(values))
        name = simple[1]

        def get_member(values: SelectionValues) -> JSON:
            document = document_of(values)
            return document.get(name, MISSING) if isinstance(document, Mapping) else MISSING

        return get_member

    return make


def _header_in(headers_of: Callable[[SelectionValues], Mapping[str, JSON]]) -> Callable[[str], _Variable]:
    """Make the family of variables that are headers."""

    def make(path_text: str) -> _Variable:
        quoted = re.fullmatch(r"\.([^\s.\[\]]+)|\['([^']+)'\]", path_text)
        if quoted is None:
            raise InvalidPath(f"{path_text} does not name a header")
        name = (quoted[1] or quoted[2]).lower()

        def get_header(values: SelectionValues) -> JSON:
            return next((value for key, value in headers_of(values).items() if key.lower() == name), MISSING)

        return get_header

    return make


_WHOLE: dict[str, _Variable] = {
    "request.body": lambda values: values.body,
    "integration.response.body": lambda values: values.integration_body,
    "integration.response.statuscode": lambda values: MISSING if values.status_code is None else values.status_code,
}

_FAMILIES: dict[str, Callable[[str], _Variable]] = {
    "request.body": _in(lambda values: values.body),
    "request.header": _header_in(lambda values: values.headers),
    "request.querystring": _in(lambda values: values.querystring),
    "context": _in(lambda values: values.context),
    "stageVariables": _in(lambda values: values.stage_variables),
    "integration.response.body": _in(lambda values: values.integration_body),
    "integration.response.header": _header_in(lambda values: values.integration_headers),
    "integration.response.multivalueheader": _header_in(lambda values: values.multivalue_headers),
}


def _text(value: JSON) -> str:
    """Print a value: an array as ``[item1, item2]``; null and what is not there as an empty text."""
    if type(value) is str:
        return value
    if value is MISSING or value is None:
        return ""
    try:
        return to_text(value)
    except JavaException:
        # Too deep or too long a value names no route.
        return ""
