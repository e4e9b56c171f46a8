"""
Parameter mappings: headers, query strings and path parameters of a request to a backend, and of an answer.

Pure. ``integration.request.header.X-Table: route.request.querystring.table`` maps what the right side names to the
place on the left. The right side is a part of the request (``route.request…``) or of the backend's answer
(``integration.response…``), a stage variable, a variable of the context, or a text in single quotes.
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-data-mapping.html
"""

import re
from collections.abc import Callable, Mapping

from pizzabar.apigateway.selection import FaultySelection, SelectionValues, compile_selection
from pizzabar.errors import Fault, FaultyDocument
from pizzabar.record import record


class FaultyMapping(FaultyDocument):
    """Raised when a parameter mapping breaks its rules."""


Values = Callable[[SelectionValues], list[str]]


@record
class ParameterMapping:
    """Where something goes, ``header``, ``querystring`` or ``path``, under which name, and what."""

    place: str
    name: str
    values: Values


_REQUEST = re.compile(r"integration\.request\.(header|querystring|path)\.([^\s.]+)")
_RESPONSE = re.compile(r"route\.response\.(header)\.([^\s.]+)")
_MULTIVALUE = re.compile(r"route\.request\.multivalue(header|querystring)\.([^\s.\[\]]+)")
_OF_REQUEST = ("route.request.header.", "route.request.querystring.", "route.request.body")
_OF_BOTH = ("stageVariables.", "context.")
_OF_RESPONSE = ("integration.response.header.", "integration.response.multivalueheader.", "integration.response.body")


def compile_request_parameter(target: str, source: str) -> ParameterMapping:
    """Compile an entry of ``RequestParameters``. Raise ``FaultyMapping``."""
    return _compile(_REQUEST, target, source, (*_OF_REQUEST, *_OF_BOTH))


def compile_response_parameter(target: str, source: str) -> ParameterMapping:
    """Compile an entry of ``ResponseParameters``. Raise ``FaultyMapping``."""
    return _compile(_RESPONSE, target, source, (*_OF_RESPONSE, *_OF_BOTH))


def faults_in(
    mappings: Mapping[str, str], compile_parameter: Callable[[str, str], ParameterMapping], name: str
) -> list[Fault]:
    """Tell what is wrong in the mappings of a property."""
    faults = []
    for target, source in mappings.items():
        try:
            compile_parameter(target, source)
        except FaultyMapping as error:
            faults += [Fault((name, target), fault.message) for fault in error.faults]
    return faults


def compile_source(source: str) -> Values:
    """Compile what the right side of a request parameter names. Raise ``FaultyMapping``."""
    return _source(source, (*_OF_REQUEST, *_OF_BOTH))


def _compile(form: re.Pattern[str], target: str, source: str, known: tuple[str, ...]) -> ParameterMapping:
    place = form.fullmatch(target)
    if place is None:
        raise FaultyMapping(
            [Fault((), f"Invalid mapping expression specified: {target} is no place for a parameter")]
        )
    return ParameterMapping(place[1], place[2], _source(source, known))


def _source(text: str, known: tuple[str, ...]) -> Values:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        static = [text[1:-1]]
        return lambda values: static
    if text in known and text == "route.request.body":
        # The whole of it is documented for REST APIs alone, which send it as it came.
        return lambda values: [values.text] if values.text else []
    if "route.request.body" in known and (multivalue := _MULTIVALUE.fullmatch(text)) is not None:
        return _multivalue(multivalue[1], multivalue[2])
    if text.startswith(known):
        try:
            select = compile_selection(f"${{{text.removeprefix('route.')}}}")
        except FaultySelection:
            pass
        else:
            # What is not there is not sent.
            return lambda values: [text] if (text := select(values)) else []
    raise FaultyMapping([Fault((), f"Invalid mapping expression specified: {text}")])


def _multivalue(place: str, name: str) -> Values:
    if place == "querystring":
        return lambda values: values.multivalue_querystring.get(name, [])
    lower = name.lower()
    return lambda values: [
        value for key, given in values.multivalue_request_headers.items() if key.lower() == lower for value in given
    ]


def mapped(mappings: tuple[ParameterMapping, ...], values: SelectionValues, place: str) -> list[tuple[str, str]]:
    """Give the names and values that mappings send to a place."""
    return [(each.name, value) for each in mappings if each.place == place for value in each.values(values)]
